"""One PostgreSQL database, which several serving processes share: each batch takes its turn by an advisory lock."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent.monkey
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT_S = 5
"""How long a batch waits for its turn, or a row, before all its jobs are refused."""
_STATEMENT_TIMEOUT_S = 10
_IDLE_TIMEOUT_S = 5
"""A process that stands still in the middle of a batch loses its connection, and with it the turn, after so long."""
_CONNECT_TIMEOUT_S = 5
_MIGRATION_WAIT_S = 60
"""Processes that start together migrate one after the other."""
_OUTCOME_WAIT_S = 5.0
"""How long a commit without an answer is looked into, so that a restart of the database need not be noticed."""
_TURN = 0x68656172
"""The advisory lock's number ("hear"), the same in every process; PostgreSQL keeps it apart for each database."""
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
"""A database whose machine is gone without a word is noticed after 25 s at most (libpq)."""
# Classes of SQLSTATE: the connection, too many of them, an operator stepping in.
_AWAY_CLASSES = ("08", "57")
# No memory; too many connections; locks not to be had in time.
_AWAY_STATES = ("53200", "53300", "55P03")
_DISK_FULL = "53100"
_DRIVER_MISSING = 'PostgreSQL needs its driver. Run: pip install "hearth[server,cluster]"'

# What goes wrong is raised as well; the driver's own warnings tell it twice.
logging.getLogger("psycopg").setLevel(logging.ERROR)

# The writer waits in a native thread of its own, where gevent's sleep would start a second hub.
_native_sleep = gevent.monkey.get_original("time", "sleep")
_Plain: type[socket.socket] = gevent.monkey.get_original("socket", "socket")
"""Sockets that know nothing of hubs, of which the writer's thread and the server have one each."""


class PostgresBackend:
    """Implements `engines.Backend` on a PostgreSQL server (13 or later)."""

    def __init__(self, url: URL) -> None:
        """Prepare the engines; nothing connects yet. Raises ValueError where the driver is not installed."""
        timeouts = {
            "statement_timeout": _STATEMENT_TIMEOUT_S * 1000,
            "lock_timeout": LOCK_TIMEOUT_S * 1000,
            "idle_in_transaction_session_timeout": _IDLE_TIMEOUT_S * 1000,
        }
        only_reads = {"default_transaction_isolation": r"repeatable\ read", "default_transaction_read_only": "on"}
        self.writing = _engine(url, "writer", timeouts, poolclass=NullPool)
        event.listen(self.writing, "do_connect", self._connect)
        event.listen(self.writing, "connect", _insist_on_durability)
        event.listen(self.writing, "close", self._let_go)
        self._line: socket.socket | None = None
        # 20 and 10 more: reliability D9. Several processes need as many connections each (docs/operating.md).
        pool = {"pool_size": 20, "max_overflow": 10, "pool_timeout": 5.0, "pool_pre_ping": True}
        self.reading = _engine(url, "reader", {**timeouts, **only_reads}, **pool)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nothing: the turn is taken inside the transaction, and ends with it whatever becomes of this process."""
        yield

    def enter(self, connection: Connection) -> str:
        """Take the turn, and the transaction's own number.

        One batch at a time over all processes: numbers are counted in memory between reading and storing them, and
        batches cannot wait for each other's rows in a circle (decision 0018).
        """
        take = f"SELECT pg_advisory_xact_lock({_TURN}), CAST(pg_current_xact_id() AS text)"
        return str(connection.exec_driver_sql(take).one()[1])

    def enter_migration(self, connection: Connection) -> None:
        """Take the turn, patiently: other processes may be migrating, and changing a large table takes its time."""
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_MIGRATION_WAIT_S}s'")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        self.enter(connection)

    def was_committed(self, ticket: str) -> bool:
        """Ask the database, on a new connection, until it can say. Raises DBAPIError when it could not in 5 s.

        The turn is taken first: it is free only once the transaction in question has ended either way.
        """
        until = time.monotonic() + _OUTCOME_WAIT_S
        while True:
            try:
                with self.writing.connect() as connection, connection.begin():
                    self.enter(connection)
                    ask = "SELECT pg_xact_status(CAST(CAST(%s AS text) AS xid8))"
                    return bool(connection.exec_driver_sql(ask, (ticket,)).scalar_one() == "committed")
            except DBAPIError:
                if time.monotonic() > until:
                    raise
                _native_sleep(0.2)

    def tidy(self, connection: Connection) -> None:
        """Nothing: the server has processes for that."""

    def interrupt(self) -> None:
        """Cut the writer's connection, whatever it is doing: a server that stands still keeps no time-outs."""
        line = self._line
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _connect(self, dialect: Dialect, _record: object, given: list[Any], named: dict[str, Any]) -> Any:  # noqa: ANN401 - the driver's own object
        """Connect the writer, and keep a handle of our own on its line.

        SQLAlchemy's connection is its thread's alone: asked from another one, it may connect anew and wait for that.
        """
        connection = dialect.connect(*given, **named)
        self._let_go()
        self._line = _Plain(fileno=os.dup(connection.fileno()))
        return connection

    def _let_go(self, *_closing: object) -> None:
        """The writer's connection is being closed, or another one has taken its place."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def is_outage(self, error: DBAPIError) -> bool:
        """Whether the server is away, or the turn could not be had in time."""
        state = _state(error)
        if error.connection_invalidated or state.startswith(_AWAY_CLASSES) or state in _AWAY_STATES:
            return True
        # What libpq says of connecting has no code; the driver has kinds of its own for it (a time-out is one).
        return not state and isinstance(error, OperationalError)

    def is_full(self, error: DBAPIError) -> bool:
        """Whether the server's disk is used up."""
        return _state(error) == _DISK_FULL

    def close(self) -> None:
        """Nothing is held."""


def _state(error: DBAPIError) -> str:
    """The SQLSTATE, or nothing."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def _engine(url: URL, role: str, settings: dict[str, Any], **pool: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's options
    """An engine whose connections have these settings; errors are logged, so they keep the values to themselves."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    connect = {"application_name": f"hearth {role}", "connect_timeout": _CONNECT_TIMEOUT_S, **_KEEPALIVE}
    try:
        engine = create_engine(url, connect_args={**connect, "options": options}, hide_parameters=True, **pool)
    except ModuleNotFoundError as error:
        raise ValueError(_DRIVER_MISSING) from error
    event.listen(engine, "handle_error", _leave_out_rows)
    return engine


def _leave_out_rows(context: ExceptionContext) -> None:
    """PostgreSQL quotes the row in the details of some errors; keep its first line alone."""
    original, shown = context.original_exception, context.sqlalchemy_exception
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if primary is not None:
        original.args = (primary,)
        if shown is not None:
            shown.args = (f"({type(original).__name__}) {primary}",)


def _insist_on_durability(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own object
    """An acknowledged message is on disk, also where the database's operator has switched that off for others."""
    ask = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    with dbapi_connection.cursor() as cursor:
        cursor.execute(ask)
    dbapi_connection.commit()
