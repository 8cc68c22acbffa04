"""SQLAlchemy engines on one SQLite file: one for the writer, one for many readers, each with its pragmas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool, QueuePool

BUSY_TIMEOUT_MS = 5_000
"""How long a statement waits for another process (an operator's command) before it fails."""
_CHECKPOINT_PAGES = 1_000
"""SQLite's own default: a commit that leaves more pages than this in the log copies them into the file."""


def database_path(url: str) -> Path:
    """The file behind `sqlite:///…`. Raises ValueError for any other address."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        message = "The database address must be sqlite:/// followed by a file's path."
        raise ValueError(message)
    return Path(parsed.database)


def writing_engine(path: Path, *, checkpoints: bool) -> Engine:
    """The engine of the one writing connection: each transaction takes the write lock at once (BEGIN IMMEDIATE).

    A read transaction that becomes a writing one fails without waiting (reliability, finding 9). `checkpoints` is for
    the serving process alone: SQLite before 3.51.3 corrupts the log when two connections reset it at once (finding 10).
    """
    engine = _engine(path, NullPool)
    pages = _CHECKPOINT_PAGES if checkpoints else 0
    _prepare(engine, ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"wal_autocheckpoint={pages}"])
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def reading_engine(path: Path) -> Engine:
    """The engine of the readers: connections that cannot write, each `BEGIN` one snapshot."""
    engine = _engine(path, QueuePool, pool_size=8, max_overflow=56)
    _prepare(engine, ["query_only=ON", "foreign_keys=ON", "wal_autocheckpoint=0"])
    _begin_with(engine, "BEGIN")
    return engine


def _engine(path: Path, pool: type[NullPool | QueuePool], **options: int) -> Engine:
    """An engine on the file; its connections may wander between threads, one at a time.

    What fails is logged with its traceback, so errors keep the values (texts, hashes) to themselves.
    """
    settings: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    address = f"sqlite:///{path}"
    return create_engine(address, poolclass=pool, connect_args=settings, hide_parameters=True, **options)


def _prepare(engine: Engine, pragmas: list[str]) -> None:
    """Set the pragmas on every new connection, and leave transactions to us rather than to the sqlite3 module."""

    def on_connect(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own object, untyped
        dbapi_connection.isolation_level = None
        for pragma in pragmas:
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", on_connect)


def _begin_with(engine: Engine, statement: str) -> None:
    """Open every transaction with this statement."""

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    event.listen(engine, "begin", on_begin)
