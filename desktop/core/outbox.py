"""What waits to be confirmed: on screen at once, on the wire only once it is on disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from desktop.core.observable import Observable, Topic
from desktop.core.ports import BegunUpload, OutboxEntry, OutboxFile
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Attachment

LOG = logging.getLogger(__name__)

DAY_MS = 24 * 60 * 60 * 1000
"""After so long the user is asked about a message; it is tried on meanwhile, and never dropped (decision 0022)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry and what is not on disk: how far its upload has come (0.0 to 1.0), whether it is on the wire now.

    `problem` is why the last try, at `tried_at_ms`, did not bring it through. While it is `held`, because its writer is
    changing it, it does not go out, nor does what comes after it.
    """

    entry: OutboxEntry
    progress: float | None = None
    on_wire: bool = False
    on_disk: bool = False
    problem: str | None = None
    tried_at_ms: int | None = None
    held: bool = False
    fresh: bool = False
    """Written in this run and never tried, whatever the disk says for the case of a crash."""

    @property
    def may_be_known(self) -> bool:
        """Whether the server may know it already, with just this content."""
        return self.entry.state == "queued" and self.entry.tried and not self.fresh

    def asks_at_ms(self) -> int:
        """When the user is asked about it, by the clock on the wall; one that was set back asks later, no more."""
        return max(self.entry.created_ms, self.entry.kept_ms) + DAY_MS


class Outbox:
    """Owns every command that the server has not confirmed, in order per conversation.

                add()                 line is up              reply, push, sync or history
     (nothing) ───────► queued ─────────────────► sending ──────────────────────────────► (gone: it is in the store)
                          ▲  no answer, retryable   │ │ refused (retryable: false)
                          └─────────────────────────┘ └────────► failed ── discard() ──► (gone)
                          ▲                                         │
                          └──────────────── retry() ────────────────┘
     From any state: a message with this uid arrives from anywhere → gone (confirm). A refusal after that is ignored.

    "sending" is not kept on disk: after a crash nobody knows whether it arrived, so it is queued and sent again under
    the same uid, which the server answers with the same message. Deciding when and how to send is `Delivery`'s.
    """

    def __init__(self, file: OutboxFile) -> None:
        self.changed: Topic[int] = Topic()
        """The id of a conversation whose entries have changed."""
        self.waiting: Observable[int] = Observable(0)
        """How many entries will go out by themselves: those that failed wait for the user."""
        self._file = file
        self._writes: set[asyncio.Future[None]] = set()
        self._entries: dict[str, Waiting] = {}
        self._last_place = 0
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Take up what an earlier run has left."""
        for entry in await self._file.load():
            self._entries[entry.uid] = Waiting(entry, on_disk=True)
            self._last_place = max(self._last_place, entry.place)
        for conversation_id in {waiting.entry.conversation_id for waiting in self._entries.values()}:
            self._tell(conversation_id)

    def entries(self, conversation_id: int) -> list[Waiting]:
        """The messages that wait in a conversation, oldest first."""
        return [waiting for waiting in self._in_order(conversation_id) if waiting.entry.is_message]

    def changes(self, conversation_id: int) -> list[Waiting]:
        """What waits in a conversation to change its messages, oldest first."""
        return [waiting for waiting in self._in_order(conversation_id) if not waiting.entry.is_message]

    def changes_of(self, uid: str) -> list[Waiting]:
        """What waits to change one message, oldest first."""
        return [w for w in self.all() if w.entry.target_uid == uid and not w.entry.is_message]

    def _in_order(self, conversation_id: int) -> list[Waiting]:
        """The entries of a conversation, oldest first."""
        own = [w for w in self._entries.values() if w.entry.conversation_id == conversation_id]
        return sorted(own, key=lambda waiting: waiting.entry.place)

    def next_due(self, conversation_id: int, *, is_connected: bool = True) -> Waiting | None:
        """The oldest entry that may go out; None where nothing waits or the oldest is held or being written to disk.

        A message goes out before what changes it, also where it was queued again after that (core/refill.py). What
        changes messages waits for the line, and keeps back no message that can go without.
        """
        own = self._in_order(conversation_id)
        queued = (w for w in own if w.entry.state == "queued" and (is_connected or w.entry.is_message))
        first = next(queued, None)
        if first is not None and not first.entry.is_message:
            target = self._entries.get(first.entry.target_uid or "")
            first = target if target is not None and target.entry.state == "queued" else first
        return first if first is not None and first.on_disk and not first.held else None

    def conversations(self) -> set[int]:
        """Where anything may go out."""
        return {w.entry.conversation_id for w in self._entries.values() if w.entry.state == "queued"}

    def get(self, uid: str) -> Waiting | None:
        """The entry with this uid, unless it is gone."""
        return self._entries.get(uid)

    @property
    def unsent(self) -> int:
        """Everything that would be lost with the file, failed ones too."""
        return len(self._entries)

    def all(self) -> list[Waiting]:
        """Everything, in the order in which it was written."""
        return sorted(self._entries.values(), key=lambda waiting: waiting.entry.place)

    def add(self, entry: OutboxEntry) -> OutboxEntry:
        """Show an entry at once, at the end of its conversation; `save` must follow."""
        self._last_place += 1
        entry = replace(entry, place=self._last_place)
        self._entries[entry.uid] = Waiting(entry, fresh=True)
        self._tell(entry.conversation_id)
        return entry

    async def save(self, entry: OutboxEntry) -> None:
        """Done when an added entry is durable. Raises what the disk raised; then the entry is gone again."""
        try:
            await self._write_entry(entry.uid, only_logged=False)
        except BaseException:
            self._forget(entry.uid)
            raise
        waiting = self._entries.get(entry.uid)
        if waiting is not None:
            self._entries[entry.uid] = replace(waiting, on_disk=True)
            self._tell(entry.conversation_id)

    def retry(self, uid: str) -> None:
        """Let a failed entry go out again, in its old place."""
        waiting = self._entries.get(uid)
        if waiting is not None and waiting.entry.state == "failed":
            self._change(uid, replace(waiting.entry, state="queued", failure=None), off_wire=True)
            self._write_beside(self._write_entry(uid))

    def discard(self, uid: str) -> OutboxEntry:
        """Take an entry out for good, with what was to change it.

        Raises Refused while it is on the wire, or when it is gone already.
        """
        waiting = self._there(uid)
        _raise_on_wire(waiting)
        for change in self.changes_of(uid):
            self.confirm(change.entry.uid)
        self.confirm(uid)
        return waiting.entry

    def editable(self, uid: str) -> Waiting:
        """The entry, if its text may still change. Raises Refused, saying why, where the server may know it already."""
        waiting = self._there(uid)
        if waiting.entry.kind == "edit":
            _raise_on_wire(waiting)
            return waiting
        if waiting.entry.kind != "send":
            raise Refused(ErrorCode.INVALID_REQUEST, "There is no text to change here. Cancel it instead.")
        if waiting.may_be_known:
            raise Refused(
                ErrorCode.INVALID_REQUEST,
                "This message may have reached the server already, so it cannot be changed any more. "
                "Wait until it is sent, or cancel it and write another one.",
            )
        return waiting

    def hold(self, uid: str) -> None:
        """Keep an entry from going out while its text is changed. Raises Refused where it is too late."""
        self._entries[uid] = replace(self.editable(uid), held=True)

    def release(self, uid: str) -> None:
        """Let it go out again."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._entries[uid] = replace(waiting, held=False)

    async def edit(self, uid: str, text: str, mentions: tuple[int, ...] | None = None) -> None:
        """Change the text in place: same uid, same turn; done when it is on disk. `mentions` stay where none are given.

        Raises Refused where it is too late, and what the disk raised; then the old text stands.
        """
        before = self.editable(uid).entry
        self._change(uid, replace(before, text=text, mentions=before.mentions if mentions is None else mentions))
        try:
            await self._write_entry(uid, only_logged=False)
        except BaseException:
            now = self._entries.get(uid)
            if now is not None and not (now.entry.tried if now.entry.is_message else now.on_wire):
                self._change(uid, replace(now.entry, text=before.text, mentions=before.mentions))
            raise

    def keep_trying(self, uid: str, now_ms: int) -> None:
        """The user was asked about an entry that has waited for long, and wants it sent all the same."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._change(uid, replace(waiting.entry, kept_ms=now_ms))
            self._write_beside(self._write_entry(uid))

    async def set_tried(self, uid: str, tried: bool) -> None:
        """Note on disk that an entry may be on the wire from now on, or that it cannot have been."""
        waiting = self._entries.get(uid)
        if waiting is not None and waiting.entry.tried is not tried:
            self._change(uid, replace(waiting.entry, tried=tried))
            await self._write_entry(uid)

    def note_try(self, uid: str, problem: str, at_ms: int) -> None:
        """Remember why a try did not bring an entry through."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._entries[uid] = replace(waiting, problem=problem, tried_at_ms=at_ms)
            self._tell(waiting.entry.conversation_id)

    def confirm(self, uid: str, message_id: int | None = None) -> bool:
        """The message is in the store under this number, however it came there, or its entry is settled otherwise.

        What waits to change the message knows its number from now on, on disk before the entry leaves it.
        """
        waiting = self._entries.get(uid)
        if waiting is None:
            return False
        for change in self.changes_of(uid) if message_id is not None else ():
            self._change(change.entry.uid, replace(change.entry, target_id=message_id))
            self._write_beside(self._write_entry(change.entry.uid))
        self._forget(uid)
        self._write_beside(self._erase(uid))
        return True

    async def react(self, uid: str, *, on: bool) -> None:
        """Change a waiting reaction in place; done when it is on disk. Raises what the disk raised; then it stands."""
        before = self._there(uid).entry
        self._change(uid, replace(before, on=on))
        try:
            await self._write_entry(uid, only_logged=False)
        except BaseException:
            if uid in self._entries:
                self._change(uid, replace(self._entries[uid].entry, on=before.on))
            raise

    async def forget_numbers(self) -> None:
        """The server's numbers of messages belong to a history that has ended: they are found by their uids again."""
        for uid, waiting in tuple(self._entries.items()):
            if waiting.entry.target_id is not None:
                self._change(uid, replace(waiting.entry, target_id=None))
                await self._write_entry(uid)

    def fail(self, uid: str, failure: str) -> None:
        """The server has refused it for good; ignored where it was confirmed in the meantime."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._change(uid, replace(waiting.entry, state="failed", failure=failure), off_wire=True)
            self._fold(uid)

    async def note_not_there(self, uid: str) -> None:
        """The server cannot have got it: what was to change it can be done here, and it may change further."""
        await self.set_tried(uid, False)
        if uid in self._entries and any(w.entry.kind != "react" for w in self.changes_of(uid)):
            self._fold(uid)

    def is_superfluous(self, waiting: Waiting) -> bool:
        """Whether it changes what is going to be deleted."""
        entry = waiting.entry
        if entry.kind not in {"edit", "react"}:
            return False
        return any(w.entry.kind == "delete" and w.on_disk for w in self.changes_of(entry.target_uid or ""))

    def _fold(self, uid: str) -> None:
        """What was to change a message that is not on the server is done here; reactions wait for one that may be."""
        for change in self.changes_of(uid):
            told, entry = change.entry, self._entries[uid].entry
            if told.kind == "delete":
                self.discard(uid)
                return
            if told.kind == "edit":
                self._change(uid, replace(entry, text=told.text, mentions=told.mentions))
            if told.kind == "edit" or entry.state == "failed":
                self.confirm(told.uid)
        self._write_beside(self._write_entry(uid))

    def set_on_wire(self, uid: str, on_wire: bool) -> None:
        """Note that an entry is being sent, or no longer."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            fresh = waiting.fresh and not on_wire
            self._entries[uid] = replace(waiting, on_wire=on_wire, progress=None, fresh=fresh)
            self._tell(waiting.entry.conversation_id)

    def set_progress(self, uid: str, progress: float) -> None:
        """Note how far the upload of the next file has come, in whole per cent so that few rows are drawn anew."""
        waiting = self._entries.get(uid)
        if waiting is not None and waiting.on_wire:
            self._entries[uid] = replace(waiting, progress=round(progress, 2))
            if self._entries[uid] != waiting:
                self._tell(waiting.entry.conversation_id)

    def keep_begun(self, uid: str, begun: BegunUpload) -> None:
        """Remember on disk what the server knows of its next file, so that a restart goes on from there."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._change(uid, replace(waiting.entry, begun=begun))
            self._write_beside(self._write_entry(uid))

    async def keep_uploads(self, uid: str, uploaded: Sequence[Attachment]) -> None:
        """Remember on disk which of its files are on the server, so that a restart does not upload them again."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._entries[uid] = replace(waiting, progress=None)
            self._change(uid, replace(waiting.entry, uploaded=tuple(uploaded), begun=None))
            await self._write_entry(uid)

    def _there(self, uid: str) -> Waiting:
        """The entry. Raises Refused when it is gone."""
        waiting = self._entries.get(uid)
        if waiting is None:
            raise Refused(ErrorCode.NOT_FOUND, "This message has been sent in the meantime.")
        return waiting

    def _change(self, uid: str, entry: OutboxEntry, *, off_wire: bool = False) -> None:
        """Replace an entry here; `_write_entry` must follow."""
        waiting = replace(self._entries[uid], entry=entry)
        self._entries[uid] = replace(waiting, on_wire=False, progress=None, problem=None) if off_wire else waiting
        self._tell(entry.conversation_id)

    async def _write_entry(self, uid: str, *, only_logged: bool = True) -> None:
        """Write an entry as it is by then, unless it has gone: a late write would bring it back after a restart."""
        async with self._writing:
            waiting = self._entries.get(uid)
            if waiting is not None:
                write = self._file.put(waiting.entry)
                await (self._logged(write) if only_logged else write)

    async def _erase(self, uid: str) -> None:
        """Take an entry off the disk; in the order of the writes, so that it never overtakes the entry's own."""
        async with self._writing:
            await self._logged(self._file.remove(uid))

    async def _logged(self, work: Awaitable[None]) -> None:
        """A write whose failure costs nothing but a repetition: the entry is sent again under its uid."""
        try:
            await work
        except Exception:
            LOG.exception("the outbox could not be written")

    def _write_beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Write without keeping anybody waiting."""
        self.stay_for(asyncio.get_running_loop().create_task(work))

    def stay_for(self, write: asyncio.Future[None]) -> None:
        """Do not close before this write is done: who quits right after sending wants it sent."""
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def settle(self) -> None:
        """Wait for what is being written."""
        while self._writes:
            await asyncio.wait(self._writes)

    async def close(self) -> None:
        """Wait for what is being written, then let go of the file."""
        await self.settle()
        await self._file.close()

    def _forget(self, uid: str) -> None:
        """Take an entry out of memory."""
        waiting = self._entries.pop(uid, None)
        if waiting is not None:
            self._tell(waiting.entry.conversation_id)

    def _tell(self, conversation_id: int) -> None:
        """Tell that the entries of a conversation have changed."""
        self.waiting.value = sum(w.entry.state == "queued" for w in self._entries.values())
        self.changed.publish(conversation_id)


def _raise_on_wire(waiting: Waiting) -> None:
    """Raise Refused while an entry is on the wire; one that uploads can still be stopped."""
    if waiting.on_wire and waiting.progress is None:
        raise Refused(ErrorCode.INVALID_REQUEST, "This message is being sent at this moment. Try again.")
