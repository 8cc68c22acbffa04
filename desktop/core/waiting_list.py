"""What waits in the outbox, since when and why, as the outbox panel shows it; and what a person can do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePath

from desktop.core.bubble import Connection, Line
from desktop.core.delivery import Delivery
from desktop.core.observable import Topic
from desktop.core.outbox import Outbox, Waiting
from desktop.core.ports import Clock, EntryKind
from desktop.core.sync import OutboxCounts, SyncLoop
from protocol.errors import Refused
from protocol.shapes import Message

LOOK_AGAIN_S = 3600.0
"""The longest wait before looking whether something has waited for a day: the clock may be set, the computer sleep."""


class Why(Enum):
    """Why a message is still here."""

    FAILED = auto()
    """The server has refused it for good; its sentence is the reason."""
    SAVING = auto()
    """It is being written to disk."""
    UPLOADING = auto()
    SENDING = auto()
    """On the wire; the answer is awaited."""
    SIGNED_OUT = auto()
    TOO_OLD = auto()
    LIMITED = auto()
    """The server's limit holds until `until_ms`."""
    BEHIND = auto()
    """Earlier ones of its conversation go first."""
    OFFLINE = auto()
    HELD = auto()
    """Its text is being changed."""
    NO_ANSWER = auto()
    """The line is up, but the last try has not brought it through; it is tried again."""
    NEXT = auto()
    """The line is up and its turn comes now."""


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that waits with its message; `size` in bytes, None where it is not known any more."""

    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One waiting message. `problem` is the server's or the line's sentence about the last try, at `tried_at_ms`.

    `until_ms` is when a limit ends or the line is tried next. `asks`: it has waited for more than a day, and the user
    is asked whether to keep trying. `fixed` says why its text cannot change any more; None where it can.

    By its `kind` it may be a change of another message instead: of the one that says `about`, with `emoji`, put there
    or taken away (`on`).
    """

    uid: str
    conversation_id: int
    title: str
    text: str
    files: tuple[WaitingFile, ...]
    since_ms: int
    why: Why
    problem: str | None = None
    tried_at_ms: int | None = None
    until_ms: int | None = None
    progress: float | None = None
    asks: bool = False
    fixed: str | None = None
    can_cancel: bool = True
    kind: EntryKind = "send"
    about: str = ""
    emoji: str = ""
    on: bool = True


class WaitingList:
    """Owns the question whether a message has waited for too long; all else is derived from outbox, line and limit."""

    def __init__(
        self,
        outbox: Outbox,
        delivery: Delivery,
        line: SyncLoop,
        clock: Clock,
        *,
        title: Callable[[int], str],
        find: Callable[[str], Message | None],
    ) -> None:
        """`title` names a conversation, `find` knows messages by uid, as far as they are held."""
        self.changed: Topic[None] = Topic()
        """Something about the rows may be different."""
        self._outbox = outbox
        self._delivery = delivery
        self._line = line
        self._clock = clock
        self._title = title
        self._find = find
        self._timer: asyncio.TimerHandle | None = None
        outbox.changed.subscribe(lambda _identity: self._look())
        delivery.limit.subscribe(lambda _limit: self.changed.publish(None))
        line.connection.subscribe(lambda _connection: self._look())

    def rows(self) -> list[WaitingRow]:
        """Everything that waits, in the order in which it was written."""
        connection, seen, rows = self._line.connection.value, set[int](), []
        for waiting in self._outbox.all():
            entry = waiting.entry
            rows.append(self._row(waiting, connection, behind=entry.conversation_id in seen))
            if entry.state == "queued" and (entry.is_message or connection.line is Line.CONNECTED):
                seen.add(entry.conversation_id)  # What changes messages keeps none back while the line is down.
        return rows

    def retry(self, uid: str) -> None:
        """Try now: a failed message is queued again, and nobody waits for a back-off. A limit of the server's holds."""
        self._outbox.retry(uid)
        self._hurry()

    def retry_all(self) -> None:
        """Try everything now, the failed ones too."""
        for waiting in self._outbox.all():
            self._outbox.retry(waiting.entry.uid)
        self._hurry()

    def discard(self, uid: str) -> None:
        """Throw a message away. Raises Refused, in words, where it is too late for that."""
        waiting = self._outbox.get(uid)
        if waiting is not None and waiting.progress is not None:
            self._delivery.cancel_upload(uid)
        else:
            self._outbox.discard(uid)

    def hold(self, uid: str) -> None:
        """Its text is going to be changed: it waits for that. Raises Refused, in words, where it is too late."""
        self._outbox.hold(uid)

    def release(self, uid: str) -> None:
        """It may go out."""
        self._outbox.release(uid)
        self._delivery.wake()

    def keep_trying(self, uid: str) -> None:
        """The answer to the question of a day: asked again a day from now."""
        self._outbox.keep_trying(uid, self._clock.now_ms())
        self._hurry()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _hurry(self) -> None:
        """Let delivery and line try at once."""
        self._delivery.wake()
        if self._line.connection.value.line is not Line.CONNECTED:
            self._line.retry_now()

    def _look(self) -> None:
        """Count who asks for the user now, tell it, and look again when the next one will."""
        now_ms, everything = self._clock.now_ms(), self._outbox.all()
        queued = [waiting for waiting in everything if waiting.entry.state == "queued"]
        overdue = sum(waiting.asks_at_ms() <= now_ms for waiting in queued)
        self._line.set_outbox(OutboxCounts(len(queued), overdue, len(everything) - len(queued)))
        self.changed.publish(None)
        self.close()
        ahead = [waiting.asks_at_ms() - now_ms for waiting in queued if waiting.asks_at_ms() > now_ms]
        if ahead:
            wait_s = min(min(ahead) / 1000, LOOK_AGAIN_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._look)

    def _row(self, waiting: Waiting, connection: Connection, *, behind: bool) -> WaitingRow:
        """One message as it stands now."""
        entry = waiting.entry
        why = self._why(waiting, connection.line, behind=behind)
        return WaitingRow(
            uid=entry.uid,
            conversation_id=entry.conversation_id,
            title=self._title(entry.conversation_id),
            text=entry.text,
            files=tuple(_files(waiting)),
            since_ms=entry.created_ms,
            why=why,
            problem=self._problem(why, waiting),
            tried_at_ms=waiting.tried_at_ms,
            until_ms=self._until_ms(why, connection),
            progress=waiting.progress,
            asks=entry.state == "queued" and waiting.asks_at_ms() <= self._clock.now_ms(),
            fixed=self._fixed(entry.uid),
            can_cancel=not waiting.on_wire or waiting.progress is not None,
            kind=entry.kind,
            about="" if entry.is_message else self._said(entry.target_uid or ""),
            emoji=entry.emoji,
            on=entry.on,
        )

    def _said(self, uid: str) -> str:
        """What a message says, sent or waiting; empty where it is not known here."""
        message, waiting = self._find(uid), self._outbox.get(uid)
        if message is not None:
            return message.content or next((file.file_name for file in message.attachments), "")
        return "" if waiting is None else waiting.entry.text

    def _why(self, waiting: Waiting, line: Line, *, behind: bool) -> Why:
        """What holds a message up, the nearest reason first."""
        held = {Line.SIGNED_OUT: Why.SIGNED_OUT, Line.TOO_OLD: Why.TOO_OLD}.get(line)
        limited = self._delivery.limit.value.until_ms > self._clock.now_ms()
        reasons = (
            (waiting.entry.state == "failed", Why.FAILED),
            (waiting.progress is not None, Why.UPLOADING),
            (waiting.on_wire, Why.SENDING),
            (not waiting.on_disk, Why.SAVING),
            (waiting.held, Why.HELD),
            (behind, Why.BEHIND),
            (held is not None, held or Why.OFFLINE),
            (limited, Why.LIMITED),
            (line is not Line.CONNECTED, Why.OFFLINE),
            (waiting.problem is not None, Why.NO_ANSWER),
        )
        return next((why for holds, why in reasons if holds), Why.NEXT)

    def _problem(self, why: Why, waiting: Waiting) -> str | None:
        """The sentence that goes with a reason."""
        if why is Why.LIMITED:
            return self._delivery.limit.value.words
        return waiting.entry.failure if why is Why.FAILED else waiting.problem

    def _until_ms(self, why: Why, connection: Connection) -> int | None:
        """When something changes by itself, where that is known."""
        if why is Why.LIMITED:
            return self._delivery.limit.value.until_ms
        return connection.retry_at_ms if why is Why.OFFLINE else None

    def _fixed(self, uid: str) -> str | None:
        """Why the text cannot change any more."""
        try:
            self._outbox.editable(uid)
        except Refused as refusal:
            return refusal.message
        return None


def _files(waiting: Waiting) -> Iterator[WaitingFile]:
    """Its files: those on this computer, else those that the server has already."""
    entry = waiting.entry
    if not entry.paths:
        yield from (WaitingFile(file.file_name, file.file_size) for file in entry.uploaded)
    for number, path in enumerate(entry.paths):
        size = entry.local[number].size if number < len(entry.local) else None
        yield WaitingFile(PurePath(path).name, size)
