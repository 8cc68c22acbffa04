"""Connections that cannot write, from a pool: each transaction is one snapshot, and nobody waits for one for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import gevent
import gevent.monkey
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.storage.engines import Backend
from server.storage.failures import Failures

STANDSTILL_S = 15.0
"""Longer than every time-out that a database keeps by itself; then its connection is given up."""
_IDLE_MAX = 8
"""So many connections of a file are kept at hand; the pool has the others."""


class _StoodStill(Exception):  # noqa: N818 - a reason in the log
    """A database did not answer."""


class Readers:
    """Hands out snapshots; owns the reading connections."""

    def __init__(self, backend: Backend, failures: Failures) -> None:
        """Nothing connects yet."""
        self._backend = backend
        self._failures = failures
        # A file's connections neither break nor stand still while they lie idle; those over a network may.
        self._is_file = backend.reading.dialect.name == "sqlite"
        self._idle: list[Connection] = []
        self._idle_max = _IDLE_MAX if self._is_file else 0

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection inside one transaction. Raises Refused (`unavailable`) when none is to be had, or it is lost."""
        try:
            with nullcontext() if self._is_file else self._in_time(), self._connection() as connection:
                yield connection
        except DBAPIError as error:
            if self._backend.is_outage(error):
                raise self._failures.refusal(error, "a reader") from error
            raise
        except (PoolTimeout, _StoodStill) as error:
            raise self._failures.refusal(error, "a reader") from error

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection inside its transaction; one that is left in the middle of an answer is not used again."""
        connection = self._taken()
        try:
            with connection.begin():
                yield connection
        except Exception:
            connection.close()
            raise
        except BaseException:
            # A greenlet killed while it waited: nobody may read the rest of its answer (reliability D8).
            connection.invalidate()
            connection.close()
            raise
        self._give_back(connection)

    def _taken(self) -> Connection:
        """A connection that is nobody's: to take one from the pool costs as much as two questions."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._backend.reading.connect()

    def _give_back(self, connection: Connection) -> None:
        """Nobody uses it any more."""
        if len(self._idle) < self._idle_max:
            self._idle.append(connection)
        else:
            connection.close()

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Under gevent, leave the block when the database stands still. Raises _StoodStill."""
        if not gevent.monkey.is_module_patched("socket"):
            yield
            return
        with gevent.Timeout(STANDSTILL_S) as timeout:
            try:
                yield
            except BaseException as late:
                # What gave up its wait may fail once more while it is put away, so the clock says why.
                if timeout.pending:
                    raise
                message = f"no answer in {STANDSTILL_S:.0f} s"
                raise _StoodStill(message) from late

    def close(self) -> None:
        """Close what is not in use."""
        self._idle_max = 0
        while self._idle:
            self._idle.pop().close()
        self._backend.reading.dispose()
