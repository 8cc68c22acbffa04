"""Coroutines started from Qt's slots: kept alive, cancelled with their owner, and never silent when they fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class Tasks:
    """The running coroutines of one owner. asyncio itself holds tasks only weakly."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Run `work` on the loop; False, and nothing happens, while no loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            work.close()
            return False
        task = loop.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return True

    def cancel(self) -> None:
        """End everything that still runs."""
        for task in tuple(self._running):
            task.cancel()

    def _done(self, task: asyncio.Task[Any]) -> None:
        """Let go of a task, and say so where it ended in an error nobody has caught."""
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task of the window failed", exc_info=error)
