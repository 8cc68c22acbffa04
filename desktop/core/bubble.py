"""The rows of a timeline and of the conversation list as the face gets them: derived, immutable, without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from protocol.shapes import ConversationKind, Happening, LinkPreview, MemberRole, MessageType, Pin, PresenceStatus


class Tick(Enum):
    """How far a message of one's own has come."""

    NONE = auto()
    """Not one's own."""
    WAITING = auto()
    """A clock: in the outbox."""
    SENT = auto()
    """✓ stored by the server."""
    READ = auto()
    """✓✓ read by somebody."""
    FAILED = auto()
    """Refused for good: Retry, Edit, Copy, Delete."""


@dataclass(frozen=True, slots=True)
class BubbleFile:
    """One file in a bubble; sizes in bytes and pixels.

    `url` is root-relative once uploaded, `path` the local file while sending. `blurhash` is shown until the picture is.

    `progress` is 0.0 to 1.0 while uploading, else None.
    """

    kind: Literal["image", "video", "file"]
    name: str
    size: int
    mime: str
    url: str | None = None
    thumbnail_url: str | None = None
    path: str | None = None
    width: int | None = None
    height: int | None = None
    progress: float | None = None
    blurhash: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that is answered, in brief; `text` is one line at most 200 characters long.

    `position` is where it stands; 0 where that is not known.
    """

    uid: str
    message_id: int
    sender_id: int
    sender_name: str
    type: MessageType
    text: str = ""
    deleted: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class BubbleReaction:
    """One emoji under a bubble: who chose it by name, oneself among them where `own`; own ones that wait count."""

    emoji: str
    count: int
    names: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it is shown. `key` is its uid for life; `position` is None while in the outbox.

    `failure` is the server's sentence when `tick` is FAILED. `first_in_group`/`last_in_group`: neighbours of one sender
    within 5 minutes and one day are a group (behaviour 11).
    """

    key: str
    conversation_id: int
    message_id: int | None
    position: int | None
    version: int
    sender_id: int
    sender_name: str
    sender_avatar_url: str | None
    own: bool
    type: MessageType
    text: str
    files: tuple[BubbleFile, ...]
    at_ms: int
    tick: Tick
    failure: str | None = None
    edited: bool = False
    deleted: bool = False
    first_in_group: bool = True
    last_in_group: bool = True
    edited_at_ms: int | None = None
    quote: Quote | None = None
    reactions: tuple[BubbleReaction, ...] = ()
    names_me: bool = False
    mentions: tuple[tuple[int, str], ...] = ()
    """Who is named in the text: user id and display name."""
    forwarded_from: str | None = None
    preview: LinkPreview | None = None
    pinned: bool = False
    starred: bool = False
    changing: bool = False
    """An edit or deletion of it waits in the outbox; `text` is the new one already."""


@dataclass(frozen=True, slots=True)
class HappeningLine:
    """A grey line: somebody made, renamed, joined or left a group; who did it and to whom, by name."""

    key: str
    message_id: int
    position: int
    version: int
    at_ms: int
    happening: Happening
    actor_id: int
    actor_name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DayLine:
    """The pill between two days; `at_ms` is local midnight of the later day."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """The divider where reading began (behaviours 1 and 2)."""

    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Messages between two known ranges that are not held: never painted as neighbours, filled when seen."""

    key: str
    after_position: int
    before_position: int


Row = Bubble | HappeningLine | DayLine | UnreadLine | Hole


@dataclass(frozen=True, slots=True)
class Preview:
    """The second line of a conversation row: words, media icon (by `type`), "You:" when `own`, and the tick."""

    type: MessageType | None = None
    text: str = ""
    own: bool = False
    sender_name: str | None = None
    tick: Tick = Tick.NONE
    deleted: bool = False
    happening: HappeningLine | None = None
    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One row of the list. `colour_seed` picks the avatar's colour; `presence` is None where it has no meaning.

    `draft`: what was begun in it. `typists`: who types now, by name. `marked_unread` by the user's own wish.
    """

    conversation_id: int
    title: str
    avatar_url: str | None
    colour_seed: int
    peer_id: int | None
    preview: Preview
    at_ms: int | None
    unread: int
    presence: PresenceStatus | None
    typing: bool = False
    kind: ConversationKind = "direct"
    mentions: int = 0
    marked_unread: bool = False
    pinned: bool = False
    muted: bool = False
    archived: bool = False
    blocked: bool = False
    draft: str | None = None
    typists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above a timeline; `typing` names who types now, `last_seen_ms` where offline and known.

    `status_text` is what the other one says of themselves; empty in a group.
    """

    conversation_id: int
    title: str
    avatar_url: str | None
    colour_seed: int
    peer_id: int | None
    presence: PresenceStatus | None
    last_seen_ms: int | None = None
    typing: tuple[str, ...] = ()
    status_text: str = ""
    kind: ConversationKind = "direct"
    member_count: int = 0
    own_role: MemberRole = "member"
    muted: bool = False
    blocked: bool = False
    pins: tuple[Pin, ...] = ()


class Line(Enum):
    """The state of the line to the server."""

    CONNECTED = auto()
    CONNECTING = auto()
    UPDATING = auto()
    OFFLINE = auto()
    SIGNED_OUT = auto()
    """The session was revoked: log in again; nothing local is lost."""
    TOO_OLD = auto()
    """Server or app speak no common protocol; `reason` says which to update."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What the indicator shows; `latency_ms` when connected, `waiting` in the outbox, `retry_at_ms` the next try.

    Of those `overdue` have waited for more than a day; `failed` ones were refused for good and wait for the user.
    """

    line: Line
    latency_ms: int | None = None
    waiting: int = 0
    retry_at_ms: int | None = None
    reason: str | None = None
    since_ms: int = 0
    overdue: int = 0
    failed: int = 0

    @property
    def asking(self) -> int:
        """Messages that need the user."""
        return self.overdue + self.failed
