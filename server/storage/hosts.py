"""Where the writer's batches run: a native thread beside gevent's hub, or a plain thread where there is no hub."""

from __future__ import annotations

import threading
from typing import Any, Protocol

import gevent
import gevent.event
import gevent.monkey
import gevent.threadpool

from server.storage.jobs import Batch

_native_lock = gevent.monkey.get_original("_thread", "allocate_lock")
STANDSTILL_S = 15.0
"""Longer than every time-out that a database keeps by itself; then its connection is cut."""
_QUIET_S = 0.002
"""So long without a batch is a quiet moment. At 200 messages a second, 3 ms are left until the next."""


class Worker(Protocol):
    """The writer, as its host sees it."""

    def take(self) -> Batch[Any] | None:
        """The next batch; None when nothing waits."""

    def commit(self, batch: Batch[Any]) -> None:
        """Write a batch; never raises."""

    def answer(self, batch: Batch[Any]) -> None:
        """Give every caller their outcome."""

    def tell(self, batch: Batch[Any]) -> None:
        """Tell what was committed."""

    def interrupt(self) -> None:
        """Make a batch that waits for ever fail; called beside `commit`, from another thread."""

    @property
    def is_untidy(self) -> bool:
        """Whether there is something to do in a quiet moment."""

    def tidy(self) -> None:
        """Do it, beside no `commit`; never raises."""

    def disconnect(self) -> None:
        """Close the connection."""


class Signal(Protocol):
    """What a caller waits on: threading.Event and gevent's Event alike."""

    def set(self) -> Any:  # noqa: ANN401 - the two disagree, and nobody reads it
        """Wake whoever waits."""

    def wait(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - the two disagree, and nobody reads it
        """Wait until it is set."""


class Host(Protocol):
    """Where batches run and how callers wait."""

    def signal(self) -> Signal:
        """Something a caller can wait on."""

    def wake(self) -> None:
        """A job is waiting."""

    def close(self) -> None:
        """Run the remaining jobs and end."""


def host(worker: Worker) -> Host:
    """The host that fits this process."""
    return GreenHost(worker) if gevent.monkey.is_module_patched("threading") else ThreadHost(worker)


class ThreadHost:
    """A plain thread that runs batches and tells them; answers come last, for their callers look at what was told."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._jobs = threading.Semaphore(0)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def signal(self) -> Signal:
        """An event between threads."""
        return threading.Event()

    def wake(self) -> None:
        """Count one more job."""
        self._jobs.release()

    def _run(self) -> None:
        """Batch after batch until closed and drained."""
        while True:
            if not self._jobs.acquire(timeout=_QUIET_S if self._worker.is_untidy else None):
                self._worker.tidy()
                continue
            batch = self._worker.take()
            if batch is not None:
                self._worker.commit(batch)
                self._worker.tell(batch)
                self._worker.answer(batch)
            elif self._closing:
                self._worker.disconnect()
                return

    def close(self) -> None:
        """Wait for the thread to finish what waits."""
        self._closing = True
        self._jobs.release()
        self._thread.join()


class GreenHost:
    """A greenlet that hands each batch to one native thread, then answers and tells it in the hub's thread.

    The thread lives as long as the host, and the two wake each other by a lock and by the loop's own signal: half of
    what a task for a pool costs (decision 0025).
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._jobs = gevent.event.Event()
        self._closing = False
        self._batch: Batch[Any] | None = None
        self._given = _native_lock()
        self._given.acquire()
        self._hub = gevent.get_hub()
        # What keeps the loop waiting while a batch is under way is the timer; the signal would do so for ever.
        self._written = self._hub.loop.async_(ref=False)
        self._greenlet = gevent.Greenlet(self._run)
        self._written.start(self._greenlet.switch)
        self._pool = gevent.threadpool.ThreadPool(1)
        self._thread = self._pool.spawn(self._write)
        self._greenlet.start()

    def signal(self) -> Signal:
        """An event between greenlets."""
        event: Signal = gevent.event.Event()
        return event

    def wake(self) -> None:
        """Have the greenlet look at the line."""
        self._jobs.set()

    def _run(self) -> None:
        """Batch after batch until closed and drained; while one is being written, the next gathers."""
        while True:
            self._jobs.wait()
            self._jobs.clear()
            while (batch := self._worker.take()) is not None:
                self._commit(batch)
                # An answer must not wait for a listener whose line is full.
                self._worker.answer(batch)
                self._worker.tell(batch)
            if self._closing:
                return

    def _commit(self, batch: Batch[Any]) -> None:
        """Have the thread write a batch; a database that stands still is left (its machine may answer for it)."""
        self._batch = batch
        late = self._hub.loop.timer(STANDSTILL_S, STANDSTILL_S)
        late.start(self._worker.interrupt)
        self._given.release()
        self._hub.switch()
        late.stop()
        late.close()

    def _write(self) -> None:
        """In the thread: what it is given, until it is given nothing."""
        while True:
            if not self._given.acquire(timeout=_QUIET_S if self._worker.is_untidy else -1):
                self._worker.tidy()
                continue
            if self._batch is None:
                self._worker.disconnect()
                return
            self._worker.commit(self._batch)
            self._batch = None
            self._written.send()

    def close(self) -> None:
        """Wait for the greenlet to finish what waits, then end its thread."""
        self._closing = True
        self._jobs.set()
        self._greenlet.join()
        self._given.release()
        self._thread.get()
        self._written.stop()
        self._written.close()
        self._pool.kill()
