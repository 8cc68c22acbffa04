"""How far one has read: moved here at once, reported in time, and counted until the server has confirmed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from desktop.core.pace import Pace
from desktop.core.ports import Api, Live
from desktop.core.receipts import ReadReporter
from desktop.core.store import Store
from desktop.core.unread import Unread, is_news, is_settled, unread_of
from desktop.core.updates import Cursor, Update
from protocol.commands import MarkRead


class Reading:
    """Owns the reporter of one's own cursors, and what is unread with it."""

    def __init__(
        self,
        store: Store,
        live: Live,
        api: Api,
        pace: Pace,
        *,
        own_id: int,
        is_connected: Callable[[], bool],
        ingest: Callable[[Update], None],
    ) -> None:
        """`ingest` is the session's waist."""
        self._store = store
        self._own_id = own_id
        self._live = live
        self._api = api
        self._pace = pace
        self._is_connected = is_connected
        self._ingest = ingest
        self._histories = 0
        self._reporter = ReadReporter(self._report, pace.report_wait_s, is_connected)

    def mark(self, conversation_id: int, position: int) -> bool:
        """Everything up to `position` was seen; tells whether that is news. The report to the server is coalesced."""
        held = self._store.of(conversation_id)
        return is_news(held, self._own_id, position) and self._reporter.mark(conversation_id, position)

    def forget(self, conversation_id: int) -> None:
        """Drop what was read here: the user wants it unread."""
        self._reporter.forget(conversation_id)

    def begin_epoch(self) -> None:
        """Another history: what was read in the one before counts for nothing in this one."""
        self._histories += 1
        self._reporter.clear()

    def settle(self, conversation_ids: Iterable[int]) -> None:
        """Cursors that the server has confirmed need no report any more."""
        for conversation_id in conversation_ids:
            held, reading = self._store.of(conversation_id), self._reporter.reading(conversation_id)
            if reading is not None and is_settled(held, self._own_id, reading):
                self._reporter.forget(conversation_id)

    def unread(self, conversation_id: int) -> Unread:
        """What is unread in a conversation."""
        return unread_of(self._store.of(conversation_id), self._own_id, self._reporter.reading(conversation_id))

    def wake(self) -> None:
        """The line is up: report what was read meanwhile."""
        self._reporter.wake()

    async def close(self) -> None:
        """Report what is left, within a moment."""
        await self._reporter.close(can_report=self._is_connected())

    async def _report(self, conversation_id: int, position: int) -> None:
        """Report a cursor, and take the answer as news. Raises Refused or Unreachable."""
        command, history = MarkRead(conversation_id=conversation_id, position=position), self._histories
        if self._is_connected():
            answer = await self._live.call("mark_read", command, self._pace.answer_s)
            position = int(answer.get("read_position") or position)
        else:
            await self._api.mark_read(command)
        if history == self._histories:
            self._ingest(Update(cursors=(Cursor(conversation_id, self._own_id, position),)))
