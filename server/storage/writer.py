"""The single writing connection: whatever waits is written in one transaction and one fsync (group commit).

Under gevent the connection lives in one native thread, so that a slow disk stops no other greenlet, and results and
announcements come out in the hub's thread. Without monkey-patching (tests, operator commands) a plain thread does both.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import gevent.event
import gevent.lock
import gevent.monkey
import gevent.threadpool
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from protocol.errors import ErrorCode, Refused
from server.storage.locks import FileLock

T = TypeVar("T")
U = TypeVar("U")

_BATCH_MAX = 512
"""Jobs in one transaction, so that the first of them does not wait for ever."""
_WAITING_MAX = 10_000
"""Beyond this many waiting jobs, new ones are refused at once rather than kept in memory (reliability P12)."""

_log = logging.getLogger(__name__)


class _Job(Generic[U]):
    """One waiting job, and afterwards its unit with its result or its exception."""

    def __init__(self, run: Callable[[U], Any], done: _Signal) -> None:
        self.run = run
        self.done = done
        self.unit: U | None = None
        self.result: Any = None
        self.error: BaseException | None = None

    def attempt(self, make_unit: Callable[[Connection], U], connection: Connection) -> None:
        """Run inside a savepoint; an exception undoes this job alone, and is kept for the caller."""
        self.unit, self.error = make_unit(connection), None
        connection.exec_driver_sql("SAVEPOINT job")
        try:
            self.result = self.run(self.unit)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            self.error = error
            _undo(connection, error)
        connection.exec_driver_sql("RELEASE job")


def _undo(connection: Connection, error: Exception) -> None:
    """Roll back to where the job began; raises what broke the transaction where there is nothing to go back to.

    SQLite undoes the whole transaction by itself when the disk is full or fails, and the savepoint with it.
    """
    try:
        connection.exec_driver_sql("ROLLBACK TO job")
    except DBAPIError:
        if isinstance(error, DBAPIError):
            raise error from None
        raise


class _Signal(Protocol):
    """What a caller waits on: threading.Event and gevent's Event alike."""

    def set(self) -> Any:  # noqa: ANN401 - the two disagree, and nobody reads it
        """Wake whoever waits."""

    def wait(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - the two disagree, and nobody reads it
        """Wait until it is set."""


class Writer(Generic[U]):
    """Owns the writing connection and the line of waiting jobs.

    write() ──► waiting ──► [ BEGIN IMMEDIATE · SAVEPOINT job … · COMMIT ] ──► told(unit) in order ──► write() returns
                                    │ the transaction itself fails
                                    └──► each job once more, alone ──► its own result or its own refusal
    """

    def __init__(
        self, engine: Engine, lock: FileLock, make_unit: Callable[[Connection], U], told: Callable[[U], None]
    ) -> None:
        """Take the engine; the connection is opened by the first batch, in the writer's thread.

        `lock` keeps other processes out for the length of a batch, its checkpoint included. `told` is called for each
        committed unit in commit order and must not block.
        """
        self._engine = engine
        self._lock = lock
        self._make_unit = make_unit
        self._told = told
        self._waiting: deque[_Job[U]] = deque()
        self._closed = False
        self._connection: Connection | None = None
        self._hosted: _Host = _GreenHost(self) if gevent.monkey.is_module_patched("threading") else _ThreadHost(self)

    def write(self, job: Callable[[U], T]) -> T:
        """Line the job up and wait until its batch is committed; raises what it raised, or Refused."""
        if self._closed or len(self._waiting) >= _WAITING_MAX:
            raise Refused(ErrorCode.UNAVAILABLE, "The server is too busy to store this. Try again.", retry_after_s=1.0)
        waiting = _Job(job, self._hosted.signal())
        self._waiting.append(waiting)
        self._hosted.wake()
        waiting.done.wait()
        if waiting.error is not None:
            raise waiting.error
        result: T = waiting.result
        return result

    def take(self) -> list[_Job[U]]:
        """The jobs of the next batch, oldest first."""
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH_MAX))]

    def commit(self, batch: list[_Job[U]]) -> None:
        """Write a batch, in the writer's thread; every job of it then has a result or an error."""
        try:
            with self._lock.held():
                try:
                    self._transaction(batch)
                except DBAPIError as error:
                    self._drop_connection()
                    self._alone(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it is: the callers must not wait for ever
            self._drop_connection()
            for job in batch:
                job.error = _refusal(error)

    def _alone(self, batch: list[_Job[U]], error: DBAPIError) -> None:
        """The transaction failed as a whole: give every job one of its own, so that only the guilty one fails."""
        for job in batch:
            failure = error
            if len(batch) > 1:
                try:
                    self._transaction([job])
                    continue
                except DBAPIError as again:
                    self._drop_connection()
                    failure = again
            job.error = _refusal(failure)

    def _transaction(self, batch: list[_Job[U]]) -> None:
        """One transaction over the batch; raises DBAPIError when it cannot begin, go on or commit."""
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            for job in batch:
                job.attempt(self._make_unit, self._connection)

    @staticmethod
    def answer(batch: list[_Job[U]]) -> None:
        """The batch is over: wake the callers."""
        for job in batch:
            job.done.set()

    def tell(self, batch: list[_Job[U]]) -> None:
        """Tell what was committed, in the order of commits."""
        for job in batch:
            if job.error is None and job.unit is not None:
                try:
                    self._told(job.unit)
                except Exception:  # noqa: BLE001 - what is on disk stays acknowledged, and the next unit is told
                    _log.exception("an announcement failed after its commit")

    def _drop_connection(self) -> None:
        """Start the next transaction on a new connection."""
        if self._connection is not None:
            with contextlib.suppress(DBAPIError, sqlite3.Error):
                self._connection.close()
        self._connection = None

    def disconnect(self) -> None:
        """Close the connection, in the writer's thread; the last connection to close does the final checkpoint."""
        with self._lock.held():
            self._drop_connection()
            self._engine.dispose()

    def close(self) -> None:
        """Write what waits, refuse what comes, and let go of the file."""
        if not self._closed:
            self._closed = True
            self._hosted.close()


class _Host(Protocol):
    """Where batches run and how callers wait."""

    def signal(self) -> _Signal:
        """Something a caller can wait on."""

    def wake(self) -> None:
        """A job is waiting."""

    def close(self) -> None:
        """Run the remaining jobs and end."""


class _ThreadHost:
    """A plain thread that runs batches and tells them."""

    def __init__(self, writer: Writer[Any]) -> None:
        self._writer = writer
        self._jobs = threading.Semaphore(0)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def signal(self) -> _Signal:
        """An event between threads."""
        return threading.Event()

    def wake(self) -> None:
        """Count one more job."""
        self._jobs.release()

    def _run(self) -> None:
        """Batch after batch until closed and drained."""
        while True:
            self._jobs.acquire()
            batch = self._writer.take()
            if batch:
                self._writer.commit(batch)
                self._writer.tell(batch)
                self._writer.answer(batch)
            elif self._closing:
                self._writer.disconnect()
                return

    def close(self) -> None:
        """Wait for the thread to finish what waits."""
        self._closing = True
        self._jobs.release()
        self._thread.join()


class _GreenHost:
    """A greenlet that hands each batch to one native thread, and tells the batch in the hub's thread."""

    def __init__(self, writer: Writer[Any]) -> None:
        self._writer = writer
        self._pool = gevent.threadpool.ThreadPool(1)
        self._jobs = gevent.event.Event()
        self._closing = False
        self._greenlet = gevent.spawn(self._run)

    def signal(self) -> _Signal:
        """An event between greenlets."""
        event: _Signal = gevent.event.Event()
        return event

    def wake(self) -> None:
        """Have the greenlet look at the line."""
        self._jobs.set()

    def _run(self) -> None:
        """Batch after batch until closed and drained; while one is being written, the next gathers."""
        while True:
            self._jobs.wait()
            self._jobs.clear()
            while batch := self._writer.take():
                self._pool.apply(self._writer.commit, (batch,))
                # An answer must not wait for a listener whose line is full.
                self._writer.answer(batch)
                self._writer.tell(batch)
            if self._closing:
                self._pool.apply(self._writer.disconnect)
                return

    def close(self) -> None:
        """Wait for the greenlet to finish what waits, then end its thread."""
        self._closing = True
        self._jobs.set()
        self._greenlet.join()
        self._pool.kill()


def _refusal(error: Exception) -> Refused:
    """What a caller is told when the database itself fails; the log has the rest (without the statement's values)."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    _log.error("the database refused a transaction: %s", reason)
    if "full" in str(reason):
        return Refused(ErrorCode.STORAGE_FULL, "The server's disk is full. Tell its operator, and try again later.")
    return Refused(ErrorCode.UNAVAILABLE, "The server could not store this just now. Try again shortly.")
