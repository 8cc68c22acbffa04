"""A small SQLite file on a thread of its own: one connection, one job after the other, asyncio futures out."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

LOG = logging.getLogger(__name__)

DURABLE = ("journal_mode=WAL", "synchronous=FULL")
"""When a commit returns, it survives the loss of power at the price of one fsync (reliability 2.10)."""

T = TypeVar("T")
Migration = Callable[[sqlite3.Connection], None]
Rescue = Callable[[sqlite3.Connection, sqlite3.Connection], int]

_COMPANIONS = ("", "-wal", "-shm", "-journal")


class Database:
    """Owns the file, its thread and its only connection; nobody else writes or checkpoints it.

    A file that SQLite finds broken, or of a newer program, is set aside under another name, not deleted, and `rescue`
    (old, new → rows saved) copies what can still be read into the new one.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        rescue: Rescue | None = None,
        *,
        pragmas: Sequence[str] = DURABLE,
        is_small: bool = True,
    ) -> None:
        """The file is opened by the first job. `migrations[n]` leads from `user_version` n to n + 1.

        A small file is checked at every opening; another one only after a crash, which leaves its WAL behind.
        """
        self._path = path
        self._migrations = migrations
        self._rescue = rescue
        self._pragmas = pragmas
        self._is_small = is_small
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=path.stem)
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    async def run(self, job: Callable[[sqlite3.Connection], T], committed: Migration | None = None) -> T:
        """Do a job in a transaction of its own; done when it is committed, and `committed` is too, before any other.

        Raises sqlite3.Error or OSError, and whatever the job raises: then nothing was written.
        """
        return await asyncio.wrap_future(self._thread.submit(self._in_transaction, job, committed))

    async def set_aside(self, error: Exception) -> None:
        """Its content makes no sense, as `error` says: keep it under another name; the next job begins a new one."""
        await asyncio.wrap_future(self._thread.submit(self._set_aside, error))

    async def close(self) -> None:
        """Finish the jobs that wait, close the file and end the thread; harmless when that is done."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown(wait=False)

    def _in_transaction(self, job: Callable[[sqlite3.Connection], T], committed: Migration | None) -> T:
        """On the thread: the job between BEGIN and COMMIT."""
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = job(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if committed is not None:
            committed(connection)
        return result

    def _close(self) -> None:
        """On the thread: a clean close folds the WAL into the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        """On the thread: the connection, opened, checked and migrated the first time."""
        if self._connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._connection = self._checked()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._connection = self._replaced(error)
        return self._connection

    def _checked(self) -> sqlite3.Connection:
        """Open and check the whole file. Raises sqlite3.DatabaseError if it is broken."""
        has_crashed = self._path.with_name(f"{self._path.name}-wal").exists()
        connection = self._connect(self._path)
        try:
            if self._is_small or has_crashed:
                _check(connection)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, path: Path) -> sqlite3.Connection:
        """A connection that commits only when told, to a file that only its user can read."""
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, timeout=5)
        for pragma in self._pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the file to the newest form, each step whole or not at all."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            message = f"the file has form {version}, this program knows {len(self._migrations)}"
            raise sqlite3.DatabaseError(message)
        for step, migration in enumerate(self._migrations[version:], start=version + 1):
            connection.execute("BEGIN IMMEDIATE")
            migration(connection)
            connection.execute(f"PRAGMA user_version={step}")
            connection.execute("COMMIT")

    def _replaced(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        """Set the broken file aside and begin a new one with whatever can be read out of the old."""
        aside = self._renamed()
        connection = self._checked()
        saved = self._rescued(aside, connection)
        LOG.warning(
            "%s was broken (%s); it is kept as %s, %s rows were saved", self._path.name, error, aside.name, saved
        )
        return connection

    def _set_aside(self, error: Exception) -> None:
        """On the thread: close and rename."""
        self._close()
        if self._path.exists():
            LOG.warning("%s was broken (%s); it is kept as %s", self._path.name, error, self._renamed().name)

    def _renamed(self) -> Path:
        """Give the broken file another name; the result is that."""
        aside = self._path.with_name(f"{self._path.name}.broken-{time.time_ns() // 1_000_000}")
        for suffix in _COMPANIONS:
            part = self._path.with_name(self._path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside

    def _rescued(self, aside: Path, connection: sqlite3.Connection) -> int:
        """How many rows could be copied; a file beyond reading gives none."""
        if self._rescue is None:
            return 0
        try:
            old = sqlite3.connect(aside, isolation_level=None, timeout=5)
        except sqlite3.Error:
            return 0
        try:
            return self._rescue(old, connection)
        except sqlite3.Error as error:
            LOG.info("nothing more can be read: %s", error)
            return 0
        finally:
            old.close()


def _check(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError for a file that SQLite finds inconsistent."""
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)
