"""Connections that cannot write, from a pool: each transaction is one snapshot, and nobody waits for one for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import gevent.monkey
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.storage.engines import Backend
from server.storage.failures import Failures

STANDSTILL_S = 15.0
"""Longer than every time-out that a database keeps by itself; then its connection is given up."""


class _StoodStill(Exception):  # noqa: N818 - a reason in the log
    """A database did not answer."""


class Readers:
    """Hands out snapshots; owns the reading connections."""

    def __init__(self, backend: Backend, failures: Failures) -> None:
        """Nothing connects yet."""
        self._backend = backend
        self._failures = failures

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection inside one transaction. Raises Refused (`unavailable`) when none is to be had, or it is lost."""
        try:
            with self._in_time(), self._connection() as connection:
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
        with self._backend.reading.connect() as connection, connection.begin():
            try:
                yield connection
            except Exception:
                raise
            except BaseException:
                # A greenlet killed while it waited: nobody may read the rest of its answer (reliability D8).
                connection.invalidate()
                raise

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
        self._backend.reading.dispose()
