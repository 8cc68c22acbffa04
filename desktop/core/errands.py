"""Tasks that run beside everything else for as long as a session lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

LOG = logging.getLogger(__name__)

CANCEL_AGAIN_S = 0.2


class Errands:
    """Owns the tasks that were started and have not ended; what one of them raises is logged and ends no other."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run until it ends by itself, or `close` ends it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Let every task end soon."""
        for task in tuple(self._tasks):
            task.cancel()

    async def close(self) -> None:
        """End every task; asked more than once, as asyncio.wait_for of Python 3.11 may lose a cancellation."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=CANCEL_AGAIN_S)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Log what a task raised."""
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            LOG.error("a task of the session failed", exc_info=task.exception())
