"""Tells the server what was read, many small steps as few reports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from desktop.core.ports import Unreachable
from protocol.errors import Refused

LOG = logging.getLogger(__name__)

AGAIN_S = 5.0
"""How long to wait after an answer that did not come although the line is up."""
GOODBYE_S = 1.0
"""How long the end of a session may wait for its last reports."""


class ReadReporter:
    """Owns the cursors that were moved here and not confirmed yet; the furthest of each conversation is reported."""

    def __init__(
        self,
        report: Callable[[int, int], Awaitable[None]],
        delay_s: Callable[[], float],
        is_connected: Callable[[], bool] = lambda: False,
    ) -> None:
        """`report(conversation_id, position)` asks the server; it raises Refused or Unreachable.

        Where it fails while the line is up, it is asked again; else the next connection wakes this. `delay_s()` is how
        long to collect: another time for each desktop, as all of them may read one message at once.
        """
        self._report = report
        self._delay_s = delay_s
        self._is_connected = is_connected
        self._reading: dict[int, int] = {}
        self._sending: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def reading(self, conversation_id: int) -> int | None:
        """The cursor that counts here until the server has confirmed one at least as far."""
        return self._reading.get(conversation_id)

    def mark(self, conversation_id: int, position: int) -> bool:
        """Everything up to `position` was read; tells whether that is further than marked before."""
        if position <= self._reading.get(conversation_id, 0):
            return False
        self._reading[conversation_id] = position
        self.wake()
        return True

    def forget(self, conversation_id: int) -> None:
        """Drop what was read here: the server knows it, or the user wants it unread."""
        self._reading.pop(conversation_id, None)

    def clear(self) -> None:
        """Drop everything: these places are those of a history that has ended."""
        self._reading.clear()

    def wake(self) -> None:
        """Report soon; what is marked until then goes along."""
        if self._reading and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._flush_soon())

    async def close(self, *, can_report: bool) -> None:
        """Report what is left, if the line is up, within a moment; the rest is read again when it is seen again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if can_report:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    for conversation_id, position in tuple(self._reading.items()):
                        await self._told(conversation_id, position)

    async def _flush_soon(self) -> None:
        """Wait a moment, then report until nothing new was marked meanwhile, or the line is down."""
        told: dict[int, int] = {}
        while self._reading and self._reading != told:
            await asyncio.sleep(self._delay_s())
            due = {key: position for key, position in self._reading.items() if told.get(key) != position}
            for conversation_id, position in due.items():
                if await self._told(conversation_id, position):
                    told[conversation_id] = position
                    continue
                if not self._is_connected():
                    return
                await asyncio.sleep(AGAIN_S)
                break

    async def _told(self, conversation_id: int, position: int) -> bool:
        """Report one cursor; False where the line is down, so that the next connection wakes this again."""
        try:
            await self._report(conversation_id, position)
        except Unreachable:
            return False
        except Refused as refusal:
            LOG.info("a read report was refused: %s", refusal.code)
            if refusal.retryable:
                await asyncio.sleep(refusal.retry_after_s or 1.0)
                return False
            self.forget(conversation_id)
        return True
