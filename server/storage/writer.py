"""The single writing connection: whatever waits is written in one transaction and one fsync (group commit).

Under gevent the connection lives in one native thread, so that a slow disk stops no other greenlet, and outcomes and
announcements come out in the hub's thread. Without monkey-patching (tests, operator commands) a plain thread does both.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from server.storage import driver
from server.storage.engines import Backend
from server.storage.failures import Failures, busy
from server.storage.hosts import Signal, host
from server.storage.jobs import Batch, Done, Job, Run, neighbours, outcomes

T = TypeVar("T")
U = TypeVar("U")

_BATCH_MAX = 512
"""Jobs in one transaction, so that the first of them does not wait for ever."""
_WAITING_MAX = 10_000
"""Beyond this many waiting jobs, new ones are refused at once rather than kept in memory (reliability P12)."""

_TIDY_AFTER = 400
"""Jobs after which a quiet moment is used to tidy up: on SQLite they leave about 2,500 pages in the log."""

_log = logging.getLogger(__name__)


class _Unanswered(Exception):  # noqa: N818 - a state, told nobody
    """A commit was sent and its answer never came; holds all that is needed should it have been committed."""

    def __init__(self, ticket: object, units: list[Any], results: list[Any]) -> None:
        super().__init__("the commit was never answered")
        self.ticket = ticket
        self.units = units
        self.results = results


class _Caller:
    """A caller who waits for the outcome."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._outcome: Any = None

    def settle(self, outcome: Any) -> None:  # noqa: ANN401 - whatever the job returned
        """Wake the caller."""
        self._outcome = outcome
        self._signal.set()

    def wait(self) -> Any:  # noqa: ANN401 - whatever the job returned
        """The job's result; raises what it raised."""
        self._signal.wait()
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome


class Writer(Generic[U]):
    """Owns the writing connection and the line of waiting jobs.

    write() ──► waiting ──► [ BEGIN · SAVEPOINT job or group … · COMMIT ] ──► done(outcome) ──► told(unit) in order
                                    │ the transaction itself fails
                                    ├──► each job once more, alone ──► its own result or its own refusal
                                    └──► the database is away or held: all are refused, to be tried again
    """

    def __init__(
        self,
        backend: Backend,
        failures: Failures,
        make_unit: Callable[[Connection], U],
        told: Callable[[U], None],
    ) -> None:
        """Take the backend; the connection is opened by the first batch, in the writer's thread.

        `told` is called for each committed unit in commit order and must not block.
        """
        self._backend = backend
        self._failures = failures
        self._make_unit = make_unit
        self._told = told
        self._waiting: deque[Job[U]] = deque()
        self._closed = False
        self._connection: Connection | None = None
        self._written = 0
        self._host = host(self)

    def write(self, run: Run[U, T]) -> T:
        """Line the job up and wait until its batch is committed; raises what it raised, or Refused."""
        caller = _Caller(self._host.signal())
        self.write_later(run, caller.settle)
        return cast("T", caller.wait())

    def write_later(self, run: Run[U, T], done: Done) -> None:
        """Line the job up; `done` gets its result or its exception when its batch is over. Raises Refused when full."""
        if self._closed or len(self._waiting) >= _WAITING_MAX:
            raise busy()
        self._waiting.append(Job(run, done))
        self._host.wake()

    def take(self) -> Batch[U] | None:
        """The next batch, oldest jobs first; None when nothing waits."""
        jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH_MAX))]
        return Batch(jobs) if jobs else None

    def commit(self, batch: Batch[U]) -> None:
        """Write a batch, in the writer's thread; every job of it then has its outcome."""
        try:
            with self._backend.turn():
                self._write(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is: the callers must not wait for ever
            self._drop_connection()
            batch.refuse(self._failures.refusal(error))

    def _write(self, batch: Batch[U]) -> None:
        """All jobs in one transaction; where a job breaks it, each in one of its own, so that only the guilty fail."""
        try:
            self._together(batch, batch.jobs)
        except DBAPIError as error:
            self._drop_connection()
            if len(batch.jobs) == 1 or self._backend.is_outage(error):
                raise
            for job in batch.jobs:
                self._alone(batch, job)

    def _alone(self, batch: Batch[U], job: Job[U]) -> None:
        """One job in a transaction of its own. Raises DBAPIError when the next one would fare no better."""
        try:
            self._together(batch, [job])
        except DBAPIError as error:
            self._drop_connection()
            if self._backend.is_outage(error):
                raise
            job.outcome = self._failures.refusal(error)

    def _together(self, batch: Batch[U], jobs: list[Job[U]]) -> None:
        """These jobs in one transaction; in a second one where the first was lost with its connection, and undone."""
        try:
            units, results = self._transaction(jobs)
        except _Unanswered as unanswered:
            self._drop_connection()
            if self._backend.was_committed(unanswered.ticket):
                units, results = unanswered.units, unanswered.results
            else:
                units, results = self._transaction(jobs)
        except DBAPIError as error:
            # A connection that was lost says nothing about the next one; one that cannot be had is not "invalidated".
            if not error.connection_invalidated:
                raise
            self._drop_connection()
            units, results = self._transaction(jobs)
        self._written += len(jobs)
        batch.units += units
        for job, result in zip(jobs, results, strict=True):
            job.outcome = result

    def _transaction(self, jobs: Sequence[Job[U]]) -> tuple[list[U], list[Any]]:
        """One transaction: its units, and the outcome of each job.

        Raises DBAPIError when it cannot begin or go on or was not committed, _Unanswered when it may have been.
        """
        if self._connection is None:
            self._connection = self._backend.writing.connect()
        connection = self._connection
        units: list[U] = []
        results: list[Any] = []
        with connection.begin() as transaction:
            ticket = self._backend.enter(connection)
            way = _SAVEPOINT if len(jobs) > 1 else _WHOLE
            for group in neighbours(jobs):
                self._attempt(connection, group, units, results, way)
            try:
                transaction.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise _Unanswered(ticket, units, results) from error
                raise
        return units, results

    def _attempt(
        self, connection: Connection, group: list[Job[U]], units: list[U], results: list[Any], way: _WayBack
    ) -> None:
        """Run a group with a way back; what fails is undone, and a group is then tried one by one."""
        unit = self._make_unit(connection)
        way.mark(connection)
        failure: Exception | None = None
        away = False
        try:
            answered = outcomes(unit, group)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            way.undo(connection, error)
            failure = self._failures.told(error)
            away = isinstance(error, DBAPIError) and self._backend.is_outage(error)
        way.forget(connection)
        if failure is None:
            units.append(unit)
            results += answered
        elif away or len(group) == 1:
            results += [failure] * len(group)
        else:
            for job in group:
                self._attempt(connection, [job], units, results, way)

    @staticmethod
    def answer(batch: Batch[U]) -> None:
        """The batch is over: hand out the outcomes."""
        for job in batch.jobs:
            try:
                job.done(job.outcome)
            except Exception:  # noqa: BLE001 - the next caller gets theirs
                _log.exception("an answer could not be handed out")

    def tell(self, batch: Batch[U]) -> None:
        """Tell what was committed, in the order of commits."""
        for unit in batch.units:
            try:
                self._told(unit)
            except Exception:  # noqa: BLE001 - what is on disk stays acknowledged, and the next unit is told
                _log.exception("an announcement failed after its commit")

    @property
    def is_untidy(self) -> bool:
        """Whether a quiet moment should be used."""
        return self._written >= _TIDY_AFTER

    def tidy(self) -> None:
        """Use a quiet moment, in the writer's thread; what fails is tried again later, and matters to no job."""
        self._written = 0
        try:
            if self._connection is not None:
                with self._backend.turn():
                    self._backend.tidy(self._connection)
        except Exception as error:  # noqa: BLE001 - nobody waits for this, and the next batch says what is wrong
            self._drop_connection()
            _log.info("tidying up failed: %s", error)

    def _drop_connection(self) -> None:
        """Start the next transaction on a new connection."""
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._connection.close()
        self._connection = None

    def interrupt(self) -> None:
        """Cut the connection under a batch that waits for ever; its jobs are then settled like those of any other."""
        self._backend.interrupt()

    def disconnect(self) -> None:
        """Close the connection, in the writer's thread; SQLite's last connection to close does the final checkpoint."""
        try:
            with self._backend.turn():
                self._drop_connection()
                self._backend.writing.dispose()
        except OSError as error:
            _log.warning("closing without the final checkpoint, which the next start does: %s", error)

    def close(self) -> None:
        """Write what waits, refuse what comes, and let go of the connection."""
        if not self._closed:
            self._closed = True
            self._host.close()


class _WayBack:
    """How what a job did is undone: to a savepoint, or with the transaction where the job is all there is in it."""

    def __init__(self, mark: str, undo: str, forget: str) -> None:
        self._mark, self._undo, self._forget = mark, undo, forget

    def mark(self, connection: Connection) -> None:
        """Remember where the job begins."""
        if self._mark:
            driver.run(connection, self._mark, (), driver.nothing)

    def undo(self, connection: Connection, error: Exception) -> None:
        """Go back to where it began; raises what broke the transaction where there is nothing to go back to.

        SQLite undoes the whole transaction by itself when the disk is full or fails, and the savepoint with it.
        """
        try:
            driver.run(connection, self._undo, (), driver.nothing)
        except SQLAlchemyError:
            if isinstance(error, DBAPIError):
                raise error from None
            raise

    def forget(self, connection: Connection) -> None:
        """The job is over."""
        if self._forget:
            driver.run(connection, self._forget, (), driver.nothing)


_SAVEPOINT = _WayBack("SAVEPOINT job", "ROLLBACK TO SAVEPOINT job", "RELEASE SAVEPOINT job")
_WHOLE = _WayBack("", "ROLLBACK", "")
