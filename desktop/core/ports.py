"""What the core needs from outside, in the shapes it thinks in; `net` and `cache` implement these, tests fake them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from protocol.accounts import Device, PasswordChange, ProfileChange
from protocol.commands import MarkRead, SendMessage
from protocol.shapes import Attachment, Conversation, Message, User
from protocol.signals import Connected


class Unreachable(Exception):  # noqa: N818 - a state of the line, not an error of anybody's
    """No answer: the line is down or too slow. What was asked may or may not have happened."""


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
    """Messages ascending, and the conversation's head and last position at the moment of reading."""

    messages: Sequence[Message]
    head: int
    last_position: int


class Cancelled(Exception):  # noqa: N818 - the user's wish, not an error
    """The user cancelled the transfer."""


class Api(Protocol):
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

    async def upload(self, path: Path, progress: Callable[[float], None], cancelled: Callable[[], bool]) -> Attachment:
        """Upload a local file; `progress` gets 0.0 to 1.0 on the loop's thread.

        Raises Cancelled, and OSError when the file is gone.
        """

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


@dataclass(frozen=True, slots=True)
class LocalFile:
    """What is known of a file the user chose before it is uploaded: bytes, and pixels where it is a picture."""

    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One command waiting to be confirmed, as it is on disk. `paths` are its local files, described by `local`.

    The first of them are on the server already as `uploaded`. `place` orders the entries of a conversation; `failure`
    is the server's sentence when `state` is failed.
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
    kind: Literal["send"] = "send"


class OutboxFile(Protocol):
    """The outbox on disk: when an awaited call returns, it is durable (synchronous=FULL)."""

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


@dataclass(slots=True)
class Clock:
    """Time, for tests to own: `now_ms` since 1970 UTC, and the local zone's offset at a moment in seconds."""

    now_ms: Callable[[], int]
    local_offset_s: Callable[[int], int] = field(default=lambda _at_ms: 0)
