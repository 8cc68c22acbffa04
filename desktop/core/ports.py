"""What the core needs from outside, in the shapes it thinks in; `net` and `cache` implement these, tests fake them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

from desktop.core.own_ports import OwnApi, OwnFile
from desktop.core.search_words import Asked
from protocol.accounts import Device, PasswordChange, ProfileChange
from protocol.commands import MarkRead, SearchQuery, SendMessage
from protocol.shapes import Attachment, Conversation, Edit, ForwardedFrom, Message, Own, Reader, ReplyTo, User
from protocol.signals import Connected, Found

if TYPE_CHECKING:
    from desktop.core.updates import Update  # It is made of the shapes below.

Place = Literal["newest", "before", "after", "around"]
"""Where a page of history lies: the newest, or beside a position, which only `around` includes."""


class Unreachable(Exception):  # noqa: N818 - a state of the line, not an error of anybody's
    """No answer: the line is down or too slow. What was asked may or may not have happened.

    Where it cannot have happened, because no connection came about, `may_have_arrived` is false.
    """

    def __init__(self, words: str = "", *, may_have_arrived: bool = True) -> None:
        super().__init__(words)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Arrived:
    """A signal off the live line: the event's name and its payload as the struct of `protocol.signals.SIGNALS`."""

    event: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Broken:
    """The live line is gone; whatever arrives later belongs to a new one. `reason` is for the log and the indicator."""

    reason: str


class Live(Protocol):
    """The live socket: one connection at a time, no reconnection of its own (that is `core.sync.SyncLoop`'s)."""

    async def open(self) -> Connected:
        """Connect and authenticate; the result is the server's greeting. Raises Refused or Unreachable.

        What arrived before a Broken never mixes with what comes after the next open().
        """

    async def call(self, event: str, payload: Struct | Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """Emit and wait for the acknowledgement (the mapping with `ok: true`).

        Raises Refused, or Unreachable at once when the line breaks.
        """

    async def next(self) -> Arrived | Broken:
        """The next thing that happens on the line, in the order of arrival."""

    async def close(self) -> None:
        """Disconnect; harmless when not connected."""

    @property
    def latency_ms(self) -> int | None:
        """The last measured round trip, or None."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Messages ascending, and the conversation's head and last position at the moment of reading.

    Not `is_whole` where the server could not be asked: positions may be missing or old, so it is to be asked again.
    """

    messages: Sequence[Message]
    head: int
    last_position: int
    is_whole: bool = True


class Cancelled(Exception):  # noqa: N818 - the user's wish, not an error
    """The user cancelled the transfer."""


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """An upload in pieces as the server knows it by `url`, of a file with so many bytes, last changed then (ns)."""

    url: str
    size: int
    changed_ns: int


class MessageApi(Protocol):
    """What REST does to one message, named by the server's number. Repeating changes nothing more.

    Each raises Refused or Unreachable.
    """

    async def pin(self, message_id: int, on: bool) -> Conversation:
        """Pin a message for all, or no longer."""

    async def star(self, message_id: int, on: bool) -> Own:
        """Keep a message at hand for oneself, or no longer."""

    async def remove_preview(self, message_id: int) -> Message:
        """Take the link preview off one's own message."""

    async def readers(self, message_id: int) -> list[Reader]:
        """Who has read a message, and when."""

    async def edits(self, message_id: int) -> list[Edit]:
        """What a message said before, oldest first."""


class Api(MessageApi, OwnApi, Protocol):
    """REST, as coroutines that never block the loop.

    Each raises Refused or Unreachable; 401 is refreshed and repeated inside.
    """

    async def history(
        self,
        conversation_id: int,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> HistoryPage:
        """A page of messages; without a place the newest."""

    async def open_direct(self, own_id: int, other_id: int) -> Conversation:
        """Create or get the direct conversation with somebody."""

    async def search(self, query: SearchQuery) -> Found:
        """The newest messages of one's conversations that answer."""

    async def users(self, query: str) -> list[User]:
        """People one may write to."""

    async def send(self, command: SendMessage) -> Message:
        """The REST twin of the socket's `send_message`."""

    async def mark_read(self, command: MarkRead) -> None:
        """The REST twin of the socket's `mark_read`."""

    async def mark_unread(self, message_id: int) -> None:
        """Unread from this message on."""

    async def verify(self, uids: Sequence[str]) -> list[str]:
        """Which of these uids of one's own the server has not got."""

    async def upload(
        self,
        path: Path,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
        begun: BegunUpload | None = None,
        keep: Callable[[BegunUpload], None] = lambda _begun: None,
    ) -> Attachment:
        """Upload a local file; `progress` gets 0.0 to 1.0 on the loop's thread.

        A large one goes in pieces: `keep` gets, on the loop's thread, what to pass as `begun` to go on after a restart.
        Raises Cancelled, and OSError when the file is gone.
        """

    async def abandon(self, begun: BegunUpload) -> None:
        """Have the server forget an upload that nobody wants any more."""

    async def download(self, url: str, target: Path, progress: Callable[[float], None] | None = None) -> None:
        """A file of the server into `target`, whole or not at all."""

    async def picture(self, url: str) -> bytes:
        """The bytes of a thumbnail, picture or avatar (bounded by the image limit)."""

    async def change_profile(self, change: ProfileChange) -> User:
        """One's own name and status text."""

    async def change_avatar(self, path: Path) -> User:
        """One's own picture."""

    async def change_password(self, change: PasswordChange) -> None:
        """A new password; other sessions end."""

    async def devices(self) -> list[Device]:
        """One's sessions."""

    async def end_device(self, device_id: int) -> None:
        """End one of them."""

    async def logout(self) -> None:
        """End this session on the server."""


OutboxState = Literal["queued", "failed"]
EntryKind = Literal["send", "forward", "edit", "delete", "react"]
"""A `forward` sends what another message says; the last three change a message, their target."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """What is known of a file the user chose before it is uploaded: bytes, and pixels where it is a picture."""

    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One command waiting to be confirmed, as it is on disk. `paths` are its local files, described by `local`.

    The first of them are on the server already as `uploaded`, a part of the next one perhaps as `begun`. `place` orders
    the entries of a conversation; `failure` is the server's sentence when `state` is failed. `tried`: it may have been
    on the wire, so the server may know it under its uid with just this content. `kept_ms`: when the user was last asked
    about it and said to keep trying.

    What answers a message shows it as `reply_to` was when the answer was written. Whatever is about another message
    names it by `target_uid`, and by `target_id` once the server's number for it is known: an edit with its new `text`,
    a reaction with `emoji` and `on`, a forward with who wrote it first. `again`: it was sent before, to a server that
    was restored since; another device may have brought it back already, perhaps as it was before an edit.
    """

    uid: str
    conversation_id: int
    place: int
    text: str
    paths: tuple[str, ...] = ()
    local: tuple[LocalFile, ...] = ()
    uploaded: tuple[Attachment, ...] = ()
    created_ms: int = 0
    state: OutboxState = "queued"
    failure: str | None = None
    reply_to_uid: str | None = None
    kind: EntryKind = "send"
    begun: BegunUpload | None = None
    tried: bool = True
    kept_ms: int = 0
    reply_to: ReplyTo | None = None
    mentions: tuple[int, ...] = ()
    target_uid: str | None = None
    target_id: int | None = None
    emoji: str = ""
    on: bool = True
    forwarded_from: ForwardedFrom | None = None
    as_file: bool = False
    """Pictures and films among the files are to be shown as files."""
    again: bool = False

    @property
    def is_message(self) -> bool:
        """Whether it becomes a message of its own."""
        return self.kind in {"send", "forward"}

    @property
    def is_numbered(self) -> bool:
        """Whether it names a message by the server's number, which another history has given to another message.

        Such a command goes over the live line alone: that has told which history the server is in.
        """
        return self.kind != "send"


class OutboxFile(Protocol):
    """The outbox on disk: when an awaited call returns, it is durable (synchronous=FULL)."""

    @property
    def own(self) -> OwnFile:
        """What is kept beside it: drafts, and choices that were not answered."""

    async def load(self) -> list[OutboxEntry]:
        """Everything that waits, by place."""

    async def put(self, entry: OutboxEntry) -> None:
        """Write or replace by uid. Raises OSError or sqlite3.Error when the disk refuses; then nothing was written."""

    async def remove(self, uid: str) -> None:
        """Forget; harmless when unknown."""

    async def keep(self, name: str, data: bytes) -> Path:
        """Hold bytes that lie nowhere else (a pasted picture) as a file until no entry names it. Raises OSError.

        Looked through by `load`: what no entry names then is gone.
        """

    async def close(self) -> None:
        """Let go of the file; the session does so when it ends."""

    async def measure(self, path: Path) -> LocalFile:
        """Look at a file that is to be sent. Raises OSError where it cannot be read; IsADirectoryError for a folder."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far is followed once an update was merged: by conversation, and one's own counter (None: not moved)."""

    versions: Mapping[int, int] = field(default_factory=dict)
    own_version: int | None = None


@dataclass(frozen=True, slots=True)
class CachedState:
    """What a desktop knew when it ended: the list with its last messages as one update, and the server's history.

    `unverified` is what a restored server has not yet been asked about (core/refill.py).
    """

    rows: Update
    epoch: str | None = None
    unverified: Sequence[OutboxEntry] = ()


@dataclass(frozen=True, slots=True)
class CachedPage:
    """The messages held nearest to a place, ascending, holes and all; those at the positions `old` may be old."""

    messages: Sequence[Message] = ()
    old: frozenset[int] = frozenset()


class Cache(Protocol):
    """What this account knows, across restarts: merged by the same rule as the store, behind it by a moment.

    It may be behind or empty, never wrong: progress is durable only together with the rows it covers. Nothing raises;
    where the disk refuses, it says so in the log and knows nothing.
    """

    async def load(self) -> CachedState:
        """What an earlier run has left."""

    def save(self, update: Update, reached: Reached) -> None:
        """Merge behind; the order of the calls is kept, and each is on disk whole or not at all."""

    async def page(self, conversation_id: int, place: Place, position: int, limit: int) -> CachedPage:
        """At most `limit` messages; everything saved before counts."""

    async def find(self, asked: Asked) -> Sequence[Message]:
        """The newest messages on this computer that answer a question."""

    async def begin_epoch(self, epoch: str, since_ms: int) -> Sequence[OutboxEntry]:
        """Forget another history than this one, except for one's own messages since then, which are the result.

        All in one step, so that a crash leaves the one or the other. The same history again forgets nothing.
        """

    def verified(self, uids: Sequence[str]) -> None:
        """These are on the server, or in the outbox's file: forget them."""

    async def close(self) -> None:
        """Write what is left and let go of the file."""


@dataclass(slots=True)
class Clock:
    """Time, for tests to own: `now_ms` since 1970 UTC, and the local zone's offset at a moment in seconds.

    `passed_ms` counts from anywhere and only forward: what was measured by it survives a clock that is set.
    """

    now_ms: Callable[[], int]
    local_offset_s: Callable[[int], int] = field(default=lambda _at_ms: 0)
    passed_ms: Callable[[], int] = field(default=lambda: time.monotonic_ns() // 1_000_000)


class Notices(Protocol):
    """The desktop's notifications (desktop/core/notices.py decides): at most one a conversation."""

    def show(self, conversation_id: int, title: str, text: str, count: int, message_id: int) -> None:
        """Show one in the place of the conversation's earlier one: so many messages, of which this is the newest.

        Not to be seen in it where the user hides text or sender: they are not in title and text then.
        """

    def withdraw(self, conversation_id: int) -> None:
        """Take the conversation's away, if it is still there."""


class Idle(Protocol):
    """Whether anybody is there."""

    def seconds(self) -> float | None:
        """Since when nobody has touched keyboard or mouse of this computer; None where the system does not say."""
