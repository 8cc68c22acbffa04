"""The things that travel: users, conversations, members, messages, attachments (contract, Shapes)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Role = Literal["admin", "agent", "member"]
MemberRole = Literal["owner", "admin", "member"]
ConversationKind = Literal["direct", "group"]
MessageType = Literal["text", "image", "video", "file", "system"]
PresenceStatus = Literal["active", "away", "busy", "offline"]
Notify = Literal["all", "mentions", "none"]
HappeningKind = Literal["created", "renamed", "added", "removed", "left", "role", "pinned"]


class User(Struct, kw_only=True, frozen=True):
    """A person or bot as others see them; a higher `version` wins."""

    user_id: int
    username: str
    display_name: str
    avatar_url: str | None = None
    role: Role = "member"
    status_text: str = ""
    is_bot: bool = False
    deactivated_at: str | None = None
    version: int = 1


class Attachment(Struct, kw_only=True, frozen=True):
    """A file beside a message. `message_id` is null while unbound; bytes, pixels, seconds; urls root-relative."""

    attachment_id: int
    message_id: int | None = None
    file_url: str
    file_name: str
    file_type: str
    file_size: int
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    thumbnail_url: str | None = None
    blurhash: str | None = None


class Reaction(Struct, kw_only=True, frozen=True):
    """One emoji under a message and who chose it."""

    emoji: str
    user_ids: list[int]


class ReplyTo(Struct, kw_only=True, frozen=True):
    """The quoted message in brief, derived when read; `content` is cut to 200 characters. `position`: its place."""

    uid: str
    message_id: int
    position: int = 0
    sender_id: int
    sender_name: str
    type: MessageType
    content: str | None = None
    deleted: bool = False


class Happening(Struct, kw_only=True, frozen=True):
    """What a system message tells, for desktops to say in their own language; its `content` says it in English.

    The sender did it; `user_ids` are whom it concerns (added, removed, given a `role`), `title` the new one of a group.
    """

    kind: HappeningKind
    user_ids: list[int] = []
    title: str | None = None
    role: MemberRole | None = None
    message_id: int | None = None


class ForwardedFrom(Struct, kw_only=True, frozen=True):
    """Who wrote a forwarded message first, and when; vouched for by the server, which copied it."""

    sender_id: int
    sender_name: str
    created_at: str


class LinkPreview(Struct, kw_only=True, frozen=True):
    """What the server found behind the first link of a message; `image_url` is root-relative, pixels beside it."""

    url: str
    title: str
    site: str = ""
    description: str = ""
    image_url: str | None = None
    image_width: int | None = None
    image_height: int | None = None
    image_blurhash: str | None = None


class Message(Struct, kw_only=True, frozen=True):
    """One message. `position` is its place for life, `version` the conversation's number of its last change.

    `is_read` = `read`: some member other than the sender has read it; `read_at`: the first such mark.
    The first attachment's `file_*` stand here again for clients written from document A.
    """

    message_id: int
    uid: str
    conversation_id: int
    position: int
    version: int
    sender_id: int
    sender: User
    receiver_id: int | None = None
    content: str | None = None
    type: MessageType = "text"
    attachments: list[Attachment] = []
    reply_to: ReplyTo | None = None
    reactions: list[Reaction] = []
    mentions: list[int] = []
    happening: Happening | None = None
    forwarded_from: ForwardedFrom | None = None
    preview: LinkPreview | None = None
    created_at: str
    edited_at: str | None = None
    deleted_at: str | None = None
    is_read: bool = False
    read: bool = False
    read_at: str | None = None
    file_url: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    file_type: str | None = None


class Member(Struct, kw_only=True, frozen=True):
    """Somebody's seat in a conversation; `read_position` never decreases. `left_at` is set once it is empty."""

    user: User
    role: MemberRole = "member"
    joined_at: str
    left_at: str | None = None
    read_position: int = 0
    read_at: str | None = None
    version: int


class Draft(Struct, kw_only=True, frozen=True):
    """What somebody has begun to write and not sent; of two, the one with the later `written_at` stays."""

    content: str
    reply_to_uid: str | None = None
    written_at: str


class Own(Struct, kw_only=True, frozen=True):
    """The viewer's private facts of a conversation; `unread_from` is the position marked unread from, or null.

    `read_position` counts where receipts are hidden: others do not see it. `mentions` are unread messages that name the
    viewer. `starred` are message ids, newest last. `blocked`: the other person of a direct conversation may not write.
    """

    unread_count: int = 0
    unread_from: int | None = None
    pinned: bool = False
    muted_until: str | None = None
    archived: bool = False
    role: MemberRole = "member"
    notify: Notify = "all"
    mentions: int = 0
    draft: Draft | None = None
    starred: list[int] = []
    blocked: bool = False
    hides_typing: bool = False
    hides_receipts: bool = False
    read_position: int = 0


class Pin(Struct, kw_only=True, frozen=True):
    """A message that a member has pinned for all."""

    message_id: int
    position: int
    user_id: int
    pinned_at: str


class Edit(Struct, kw_only=True, frozen=True):
    """What a message said until `edited_at`."""

    content: str | None
    edited_at: str


class Reader(Struct, kw_only=True, frozen=True):
    """A member who has read a message, and when they first had."""

    user: User
    read_at: str


class Conversation(Struct, kw_only=True, frozen=True):
    """A conversation. `head`: the last number given out; `version`: that of its own fields' last change.

    `own` and `unread_count` are the viewer's and absent from broadcasts. `user1_id` < `user2_id` in a direct one.
    """

    conversation_id: int
    kind: ConversationKind
    title: str | None = None
    avatar_url: str | None = None
    user1_id: int | None = None
    user2_id: int | None = None
    created_at: str
    updated_at: str
    last_message_at: str | None = None
    version: int
    head: int
    last_position: int = 0
    first_position: int = 1
    last_message: Message | None = None
    member_count: int
    members: list[Member] = []
    pins: list[Pin] = []
    own: Own | UnsetType = UNSET
    unread_count: int | UnsetType = UNSET


class Presence(Struct, kw_only=True, frozen=True):
    """Whether somebody is there; `last_seen_at` is null for those never seen."""

    user_id: int
    status: PresenceStatus
    last_seen_at: str | None = None


OWN_ID: dict[str, str] = {
    "User": "user_id",
    "Attachment": "attachment_id",
    "Message": "message_id",
    "Conversation": "conversation_id",
}
"""The field that document A calls `id`, by shape."""
