"""What waits to be confirmed: on screen at once, on the wire only once it is on disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from desktop.core.observable import Observable, Topic
from desktop.core.ports import OutboxEntry, OutboxFile
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Attachment

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry and what is not on disk: how far its upload has come (0.0 to 1.0), whether it is on the wire now."""

    entry: OutboxEntry
    progress: float | None = None
    on_wire: bool = False
    on_disk: bool = False


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
        self._writes: set[asyncio.Task[None]] = set()
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
        """The entries of a conversation, oldest first."""
        own = [w for w in self._entries.values() if w.entry.conversation_id == conversation_id]
        return sorted(own, key=lambda waiting: waiting.entry.place)

    def next_due(self, conversation_id: int) -> Waiting | None:
        """The oldest entry that may go out; None where nothing waits or the oldest is still being written to disk."""
        queued = (w for w in self.entries(conversation_id) if w.entry.state == "queued")
        first = next(queued, None)
        return first if first is not None and first.on_disk else None

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

    def add(self, entry: OutboxEntry) -> OutboxEntry:
        """Show an entry at once, at the end of its conversation; `save` must follow."""
        self._last_place += 1
        entry = replace(entry, place=self._last_place)
        self._entries[entry.uid] = Waiting(entry)
        self._tell(entry.conversation_id)
        return entry

    async def save(self, entry: OutboxEntry) -> None:
        """Done when an added entry is durable. Raises what the disk raised; then the entry is gone again."""
        try:
            async with self._writing:
                await self._file.put(entry)
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
            self._change(uid, replace(waiting.entry, state="queued", failure=None))

    def discard(self, uid: str) -> OutboxEntry:
        """Take an entry out for good. Raises Refused while it is on the wire, or when it is gone already."""
        waiting = self._entries.get(uid)
        if waiting is None:
            raise Refused(ErrorCode.NOT_FOUND, "This message has been sent in the meantime.")
        if waiting.on_wire and waiting.progress is None:
            raise Refused(ErrorCode.INVALID_REQUEST, "This message is being sent at this moment. Try again.")
        self._forget(uid)
        self._write_beside(self._erase(uid))
        return waiting.entry

    def confirm(self, uid: str) -> bool:
        """The message is in the store, however it came there: its entry is done."""
        waiting = self._entries.get(uid)
        if waiting is None:
            return False
        self._forget(uid)
        self._write_beside(self._erase(uid))
        return True

    def fail(self, uid: str, failure: str) -> None:
        """The server has refused it for good; ignored where it was confirmed in the meantime."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._change(uid, replace(waiting.entry, state="failed", failure=failure))

    def set_on_wire(self, uid: str, on_wire: bool) -> None:
        """Note that an entry is being sent, or no longer."""
        waiting = self._entries.get(uid)
        if waiting is not None:
            self._entries[uid] = replace(waiting, on_wire=on_wire, progress=None)
            self._tell(waiting.entry.conversation_id)

    def set_progress(self, uid: str, progress: float) -> None:
        """Note how far the upload of the next file has come, in whole per cent so that few rows are drawn anew."""
        waiting = self._entries.get(uid)
        if waiting is not None and waiting.on_wire:
            self._entries[uid] = replace(waiting, progress=round(progress, 2))
            if self._entries[uid] != waiting:
                self._tell(waiting.entry.conversation_id)

    async def keep_uploads(self, uid: str, uploaded: Sequence[Attachment]) -> None:
        """Remember on disk which of its files are on the server, so that a restart does not upload them again."""
        waiting = self._entries.get(uid)
        if waiting is None:
            return
        entry = replace(waiting.entry, uploaded=tuple(uploaded))
        self._entries[uid] = replace(waiting, entry=entry, progress=None)
        self._tell(entry.conversation_id)
        await self._write_entry(uid, entry)

    def _change(self, uid: str, entry: OutboxEntry) -> None:
        """Replace an entry here and on disk."""
        self._entries[uid] = replace(self._entries[uid], entry=entry, progress=None, on_wire=False)
        self._tell(entry.conversation_id)
        self._write_beside(self._write_entry(uid, entry))

    async def _write_entry(self, uid: str, entry: OutboxEntry) -> None:
        """Write an entry unless it has gone meanwhile: a late write would bring it back after a restart."""
        async with self._writing:
            if uid in self._entries:
                await self._logged(self._file.put(entry))

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
        task = asyncio.get_running_loop().create_task(work)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """Wait for what is being written, then let go of the file."""
        while self._writes:
            await asyncio.wait(self._writes)
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
