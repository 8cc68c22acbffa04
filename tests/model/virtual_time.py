"""An asyncio loop on which time passes only when nothing else is to do: hours in milliseconds, the same each time."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

OWNER: contextvars.ContextVar[object] = contextvars.ContextVar("owner")
"""On whose behalf the running code runs; tasks and timers inherit it."""
_AT_ONCE_S = 1e-6
_CANCELLED_OFTEN = 3
"""What is cancelled may wait for another that is being cancelled."""


class _Skipping(selectors.SelectSelector):
    """Instead of waiting for a time, adds it to what was skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; the time asked for passes where nothing is."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits for something that cannot come"
            self.skipped_s += max(timeout, 0.0)
        return ready


class _Inline(ThreadPoolExecutor):
    """Does everything at once: threads know no virtual time."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """The result, or what was raised."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            future.set_exception(error)
        return future


class VirtualLoop(asyncio.SelectorEventLoop):
    """Owns its time, and knows which of its tasks belong to whom."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)
        self._owned: dict[asyncio.Task[Any], object] = {}
        self.set_task_factory(self._make_task)
        self.set_default_executor(_Inline())

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._skipping.skipped_s

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        """A task that remembers its owner."""
        task = asyncio.Task(coroutine, loop=loop, context=context)
        owner = (context or contextvars.copy_context()).get(OWNER, None)
        if owner is not None:
            self._owned[task] = owner
            task.add_done_callback(lambda done: self._owned.pop(done, None))
        return task

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.run_until_complete(asyncio.sleep(seconds))

    def run_now(self) -> None:
        """Let everything happen that needs no time."""
        self.run_for(_AT_ONCE_S)

    def run_as(self, owner: object, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something, and what it starts, on somebody's behalf."""
        context = contextvars.copy_context()
        context.run(OWNER.set, owner)
        return self.run_until_complete(context.run(self.create_task, work))

    def kill(self, owner: object) -> None:
        """End whatever runs on somebody's behalf, without letting it finish anything."""
        for _ in range(_CANCELLED_OFTEN):
            for task in [task for task, whose in self._owned.items() if whose is owner]:
                task.cancel()
            self.run_now()

    def end(self) -> None:
        """Cancel what still runs, and close."""
        for _ in range(_CANCELLED_OFTEN):
            for task in asyncio.all_tasks(self):
                task.cancel()
            self.run_now()
        self.close()
