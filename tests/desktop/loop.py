"""One qasync loop on Qt's thread for a test, since pytest-qt knows no qasync."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

T = TypeVar("T")


class QLoop:
    """Runs coroutines on a qasync loop; Qt's events are served meanwhile. Owns the loop."""

    def __init__(self, app: QApplication) -> None:
        self.loop = QEventLoop(app, already_running=False)
        self.troubles: list[str] = []
        self.loop.set_exception_handler(self._keep_trouble)
        asyncio.set_event_loop(self.loop)

    def __call__(self, scene: Coroutine[Any, Any, T], timeout_s: float = 30.0) -> T:
        """The scene's result; raises what it raises, and TimeoutError after `timeout_s` seconds."""
        result: T = self.loop.run_until_complete(asyncio.wait_for(scene, timeout_s))
        return result

    def close(self) -> None:
        """Let cancelled things end, delete what Qt was asked to delete, and close the loop."""
        left = [task for task in asyncio.all_tasks(self.loop) if not task.done()]
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.loop.close()
        asyncio.set_event_loop(None)
        # The loop is in reference cycles, and its Qt timers may only be destroyed on this thread; left to chance,
        # the collector runs in whatever thread allocates next.
        del self.loop
        gc.collect()
        self.troubles += [f"left running: {task!r}" for task in left]

    def _keep_trouble(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Remember what asyncio could only report, to fail the test at its end."""
        self.troubles.append(f"{context.get('message')}: {context.get('exception')!r}")
