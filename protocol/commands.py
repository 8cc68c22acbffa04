"""What clients ask for: the payloads of REST bodies and socket events, and the catalogue of events (contract)."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from protocol.ids import Id, Position, Uid
from protocol.shapes import MemberRole, Notify


class SentFile(Struct, kw_only=True, frozen=True):
    """A file named in a send: `file_url` decides; the rest is the sender's word and only `file_name` is used."""

    file_url: str
    file_name: str | None = None
    file_type: str | None = None
    file_size: int | None = None


class SendMessage(Struct, kw_only=True, frozen=True):
    """Send into a conversation. Without `uid` the server mints one (a plain client gets no idempotency).

    `forward_of`: send what this message says, with its files, and tell who wrote it; nothing else may be said beside.
    """

    conversation_id: Id
    content: str | None = None
    sender_id: Id | None = None
    receiver_id: Id | None = None
    type: Literal["text", "image", "video", "file", "system"] | None = None
    file_url: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    file_type: str | None = None
    attachments: list[SentFile] = []
    uid: Uid | None = None
    reply_to_uid: Uid | None = None
    mentions: list[Id] = []
    forward_of: Id | None = None


class EditMessage(Struct, kw_only=True, frozen=True):
    """Change the text of one's own message. The same text again changes nothing."""

    message_id: Id
    content: str
    mentions: list[Id] = []


class DeleteMessage(Struct, kw_only=True, frozen=True):
    """Delete one's own message for everybody (an admin of a group: anybody's). Deleting again changes nothing."""

    message_id: Id


class React(Struct, kw_only=True, frozen=True):
    """Put an emoji under a message, or take it away; never a toggle, so that repeating is harmless."""

    message_id: Id
    emoji: str
    on: bool


class OpenGroup(Struct, kw_only=True, frozen=True):
    """Make a group of the caller, its owner, and these people. The same `uid` again answers the same group."""

    kind: Literal["group"]
    title: str
    member_ids: list[Id] = []
    uid: Uid | None = None


class PatchConversation(Struct, kw_only=True, frozen=True):
    """Give a group another title."""

    title: str


class AddMembers(Struct, kw_only=True, frozen=True):
    """Seat these people in a group; who is seated already stays."""

    user_ids: list[Id]


class PatchMember(Struct, kw_only=True, frozen=True):
    """Give a member another role."""

    role: MemberRole


class PatchOwn(Struct, kw_only=True, frozen=True):
    """Change what is the caller's alone in a conversation; what is absent stays. `muted_until` null: no longer."""

    pinned: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    muted_until: str | UnsetType | None = UNSET
    notify: Notify | UnsetType = UNSET
    blocked: bool | UnsetType = UNSET
    hides_typing: bool | UnsetType = UNSET
    hides_receipts: bool | UnsetType = UNSET


class PutDraft(Struct, kw_only=True, frozen=True):
    """Keep what was begun; an empty `content` forgets it. An older `written_at` than the kept one's changes nothing."""

    content: str
    reply_to_uid: Uid | None = None
    written_at: str


class SearchQuery(Struct, kw_only=True, frozen=True):
    """Messages the caller can see: `q` is part of a word, a number or a "phrase"; the others narrow it.

    `from`: a username; `in`: a conversation's number; `before`, `after`: days as YYYY-MM-DD (UTC, `before` excluded,
    `after` included); `has`: file, image, video or link. `limit` at most 100.
    """

    q: str = ""
    from_: str | None = msgspec.field(default=None, name="from")
    in_: Id | None = msgspec.field(default=None, name="in")
    before: str | None = None
    after: str | None = None
    has: Literal["file", "image", "video", "link"] | None = None
    limit: Id | None = None


class OpenConversation(Struct, kw_only=True, frozen=True):
    """Create or get the direct conversation of two people, of whom the caller is one."""

    participant1_id: Id
    participant2_id: Id


class PatchMessage(Struct, kw_only=True, frozen=True):
    """`PATCH /api/messages/{id}`: `is_read` marks read up to here (true) or unread from here (false).

    Or else `content`, with `mentions`, changes the text of one's own message.
    """

    is_read: bool | UnsetType = UNSET
    content: str | UnsetType = UNSET
    mentions: list[Id] = []

    def __post_init__(self) -> None:
        if (self.is_read is UNSET) == (self.content is UNSET):
            raise ValueError("Give either `is_read` or `content`")


class JoinUserRoom(Struct, kw_only=True, frozen=True):
    """Confirm one's own room and ask for both spellings."""

    user_id: Id


class JoinConversation(Struct, kw_only=True, frozen=True):
    """Tell that one is looking at a conversation."""

    conversation_id: Id
    user_id: Id | None = None


class LeaveConversation(Struct, kw_only=True, frozen=True):
    """Tell that one has looked away."""

    conversation_id: Id
    user_id: Id | None = None


class Typing(Struct, kw_only=True, frozen=True):
    """Typing, or no longer."""

    conversation_id: Id
    user_id: Id | None = None
    is_typing: bool = True


class MarkRead(Struct, kw_only=True, frozen=True):
    """Everything up to `position` is read; without it, everything committed so far."""

    conversation_id: Id
    user_id: Id | None = None
    position: Position | None = None


class MarkAsRead(Struct, kw_only=True, frozen=True):
    """Document B's spelling: read up to this message."""

    message_id: Id
    conversation_id: Id | None = None


class SetPresence(Struct, kw_only=True, frozen=True):
    """How one wants to be seen; invisible is told to others as offline."""

    status: Literal["active", "away", "busy", "invisible"]


class Sync(Struct, kw_only=True, frozen=True):
    """What the client has: the epoch it knows, its own counter, and the version followed to in each conversation."""

    epoch: str | None = None
    user_version: Position = 0
    versions: dict[str, Position] = {}


class Digest(Struct, kw_only=True, frozen=True):
    """The client's conversations: how many, and the sum over (conversation_id × 1,000,003 + version) mod 2**53."""

    epoch: str
    count: Position
    sum: Position


class Verify(Struct, kw_only=True, frozen=True):
    """Which of the caller's own uids has the server not got?"""

    uids: list[Uid]


class Page(Struct, kw_only=True, frozen=True):
    """Query of a list: `limit` alone gives the newest; none of them gives all (the newest 10,000)."""

    limit: Id | None = None
    before: Position | None = None
    after: Position | None = None
    around: Position | None = None


class PageOf(Page, kw_only=True, frozen=True):
    """Document A's spelling of a page: the conversation stands in the query."""

    conversation_id: Id


class ListOf(Struct, kw_only=True, frozen=True):
    """Document A's spelling of a person's conversations; without `user_id`, the caller's."""

    user_id: Id | None = None


class CommandEvent(Struct, kw_only=True, frozen=True):
    """One row of the catalogue: payload, the field a bare value stands for, and the documents that name it."""

    payload: type[Struct]
    does: str
    bare: str | None = None
    documents: str = ""


COMMANDS: dict[str, CommandEvent] = {
    "join_user_room": CommandEvent(
        payload=JoinUserRoom, bare="user_id", documents="A", does="confirm the own room; both spellings from here on"
    ),
    "join_conversation": CommandEvent(
        payload=JoinConversation, bare="conversation_id", documents="AB", does="look at a conversation"
    ),
    "leave_conversation": CommandEvent(
        payload=LeaveConversation, bare="conversation_id", documents="B", does="look away"
    ),
    "send_message": CommandEvent(payload=SendMessage, documents="AB", does="send; acknowledged after the commit"),
    "typing": CommandEvent(
        payload=Typing, documents="A", does="typing, or no longer; repeated every 3 s, expires after 6 s"
    ),
    "mark_read": CommandEvent(payload=MarkRead, documents="A", does="read everything, or up to a position"),
    "mark_as_read": CommandEvent(payload=MarkAsRead, documents="B", does="read up to a message"),
    "edit_message": CommandEvent(payload=EditMessage, does="change the text of one's own message"),
    "delete_message": CommandEvent(payload=DeleteMessage, does="leave a tombstone where a message was"),
    "react": CommandEvent(payload=React, does="put an emoji under a message, or take it away"),
    "set_presence": CommandEvent(payload=SetPresence, does="how to be seen"),
    "sync": CommandEvent(payload=Sync, does="what is new since these versions"),
    "digest": CommandEvent(payload=Digest, does="is anything stale?"),
}
"""Every event a client may emit; any other name is refused before it is dispatched."""


def digest_sum(versions: dict[int, int]) -> int:
    """The `sum` of a digest over conversation id → version followed to, alike on both sides."""
    return sum(conversation_id * 1_000_003 + version for conversation_id, version in versions.items()) % 2**53
