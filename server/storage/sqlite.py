"""One SQLite file: an engine for the writer, one for many readers, and the locks that keep other processes in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from server.storage import driver
from server.storage.locks import DataInUse, FileLock

BUSY_TIMEOUT_MS = 5_000
"""How long a statement, or a turn, waits for another process (an operator's command) before it fails."""
POOL_WAIT_S = 5.0
"""How long a reader waits for a connection before it is refused (reliability D9)."""
_CHECKPOINT_PAGES = 4_000
"""A commit that leaves more pages than this in the log copies them into the file, and its senders wait for that.

It should seldom come to it: `tidy` copies them in quiet moments, at about 2,500. The bound keeps the log at 16 MB,
all that a reader has to look through. Once copied, the log is written again from its start, and that is the cheaper
half of durability: fdatasync takes 0.13 ms where pages are written over and 0.22 to 0.30 where the file grows (ext4).
`synchronous=FULL` stays: with less, a commit is acknowledged that a power cut undoes.
"""


class SqliteBackend:
    """Implements `engines.Backend` on a file; holds the lock of who serves it."""

    def __init__(self, path: Path, *, exclusive: bool) -> None:
        """Open the file, creating its folder. Raises DataInUse when another process serves it and this one wants to."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._checkpoints = exclusive
        self._serving = FileLock(path.with_name(f"{path.name}.serving"))
        if exclusive and not self._serving.take(wait=False):
            self._serving.close()
            message = f"Another hearth-server serves {path.parent}. Stop it first, or choose another --data-dir."
            raise DataInUse(message)
        self._turns = FileLock(path.with_name(f"{path.name}.writing"))
        self.writing = _writing_engine(path, checkpoints=exclusive)
        self.reading = _reading_engine(path)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the file against other processes, for the length of a batch and its checkpoint (decision 0005)."""
        with self._turns.held(BUSY_TIMEOUT_MS / 1000):
            yield

    def enter(self, connection: Connection) -> None:
        """Nothing: the transaction began with the write lock."""

    def enter_migration(self, connection: Connection) -> None:
        """The file holds messages: it is its owner's alone from the first byte."""
        del connection
        self.path.chmod(0o600)

    def was_committed(self, ticket: None) -> bool:
        """No: a commit in this process that fails has been undone."""
        del ticket
        return False

    def tidy(self, connection: Connection) -> None:
        """Copy the log into the file as far as no reader needs it; the next batch begins the log anew."""
        if self._checkpoints:
            driver.run(connection, "PRAGMA wal_checkpoint(PASSIVE)", (), driver.nothing)

    def interrupt(self) -> None:
        """Nothing: every wait for a file has an end."""

    def is_outage(self, error: DBAPIError) -> bool:
        """Whether another process holds the file."""
        return _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))

    def is_full(self, error: DBAPIError) -> bool:
        """Whether the disk, or the size allowed, is used up."""
        return _name(error) == "SQLITE_FULL"

    def close(self) -> None:
        """Let other processes serve the file."""
        self._turns.close()
        self._serving.close()


def _name(error: DBAPIError) -> str:
    """SQLite's own name for what happened."""
    return str(getattr(error.orig, "sqlite_errorname", ""))


def _writing_engine(path: Path, *, checkpoints: bool) -> Engine:
    """The engine of the one writing connection: each transaction takes the write lock at once (BEGIN IMMEDIATE).

    A read transaction that becomes a writing one fails without waiting (reliability, finding 9). `checkpoints` is for
    the serving process alone: SQLite before 3.51.3 corrupts the log when two connections reset it at once (finding 10).
    What is deleted is overwritten, as Debian's SQLite does unasked: a tombstone's text is not to be found in the file.
    """
    engine = _engine(path, NullPool)
    pages = _CHECKPOINT_PAGES if checkpoints else 0
    durable = ["journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={pages}"]
    _prepare(engine, [*durable, "foreign_keys=ON", "secure_delete=ON"])
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def _reading_engine(path: Path) -> Engine:
    """The engine of the readers: connections that cannot write, each `BEGIN` one snapshot."""
    engine = _engine(path, QueuePool, pool_size=8, max_overflow=56, pool_timeout=POOL_WAIT_S)
    _prepare(engine, ["query_only=ON", "foreign_keys=ON", "wal_autocheckpoint=0"])
    _begin_with(engine, "BEGIN")
    return engine


def _engine(path: Path, pool: type[NullPool | QueuePool], **options: float) -> Engine:
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
    """Open every transaction with this statement.

    By the dialect rather than by an event, which would cost each transaction twice its statement's time.
    """

    def begin(dbapi_connection: PoolProxiedConnection) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute(statement)
        cursor.close()

    engine.dialect.do_begin = begin  # type: ignore[method-assign]
