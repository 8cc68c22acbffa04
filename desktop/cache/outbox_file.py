"""The outbox on disk: its own small file, so that rebuilding any cache never touches what was not sent yet."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from desktop.cache.database import DURABLE, Database
from desktop.cache.local_files import measured
from desktop.cache.own_file import SqliteOwnFile
from desktop.core.ports import LocalFile, OutboxEntry

LOG = logging.getLogger(__name__)

FILE_NAME = "outbox.sqlite3"
PRAGMAS = (*DURABLE, "secure_delete=ON")
"""What was sent stands in the file no longer: it may be deleted elsewhere."""


def _first_form(connection: sqlite3.Connection) -> None:
    """Form 1: an entry as JSON beside what it is ordered and found by."""
    connection.execute(
        "CREATE TABLE outbox (uid TEXT PRIMARY KEY, conversation_id INTEGER NOT NULL, place INTEGER NOT NULL, "
        "body BLOB NOT NULL)"
    )


def _second_form(connection: sqlite3.Connection) -> None:
    """Form 2: what changes a message waits, too. A program without it would send them as messages."""
    connection.execute("ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'send'")


def _put(connection: sqlite3.Connection, entry: OutboxEntry) -> None:
    """Write or replace one entry."""
    connection.execute(
        "INSERT INTO outbox (uid, conversation_id, place, kind, body) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (uid) DO UPDATE SET conversation_id=excluded.conversation_id, place=excluded.place, "
        "kind=excluded.kind, body=excluded.body",
        (entry.uid, entry.conversation_id, entry.place, entry.kind, msgspec.json.encode(entry)),
    )


def _readable(connection: sqlite3.Connection) -> Iterator[OutboxEntry]:
    """The entries, by place; one that cannot be understood is left where it is, and told."""
    for uid, body in connection.execute("SELECT uid, body FROM outbox ORDER BY place"):
        try:
            yield msgspec.json.decode(body, type=OutboxEntry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            LOG.warning("the entry %s of the outbox cannot be read: %s", uid, error)


def _rescue(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Copy entry by entry until the broken file gives no more, by the table first and then by its index."""
    saved = 0
    for query in ("SELECT body FROM outbox NOT INDEXED", "SELECT body FROM outbox ORDER BY uid"):
        try:
            for (body,) in old.execute(query):
                _put(new, msgspec.json.decode(body, type=OutboxEntry))
                saved += 1
        except (sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
            LOG.info("the broken outbox ends here: %s", error)
    return min(saved, int(new.execute("SELECT count(*) FROM outbox").fetchone()[0]))


class SqliteOutboxFile:
    """`core.ports.OutboxFile` in one account's folder. When an awaited call returns, it is durable."""

    def __init__(self, folder: Path, *, stays: bool = True) -> None:
        """The file is made in `folder` by the first call, readable by its user alone; `stays` as in own_file.py."""
        forms = [_first_form, _second_form]
        self._database = Database(folder / FILE_NAME, forms, _rescue, pragmas=PRAGMAS)
        self._kept = folder / "kept"
        self.own = SqliteOwnFile(folder, stays=stays)

    async def load(self) -> list[OutboxEntry]:
        """Everything that waits, by place. Raises OSError or sqlite3.Error when the disk refuses."""
        entries = await self._database.run(lambda connection: list(_readable(connection)))
        await asyncio.to_thread(self._forget_all_but, {path for entry in entries for path in entry.paths})
        return entries

    async def put(self, entry: OutboxEntry) -> None:
        """Write or replace by uid. Raises OSError or sqlite3.Error when the disk refuses; then nothing was written."""
        await self._database.run(lambda connection: _put(connection, entry))

    async def remove(self, uid: str) -> None:
        """Forget; harmless when unknown."""
        await self._database.run(lambda connection: _delete(connection, uid))

    async def keep(self, name: str, data: bytes) -> Path:
        """Write bytes into a folder beside the outbox, durably. Raises OSError; then nothing was written."""
        return await asyncio.to_thread(self._write, name, data)

    def _write(self, name: str, data: bytes) -> Path:
        """One folder a file, so that its name stays its own."""
        self._kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = Path(tempfile.mkdtemp(dir=self._kept)) / name
        try:
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        return path

    def _forget_all_but(self, needed: set[str]) -> None:
        """Remove kept files that no entry names."""
        for path in self._kept.glob("*/*"):
            if str(path) not in needed:
                shutil.rmtree(path.parent, ignore_errors=True)

    async def measure(self, path: Path) -> LocalFile:
        """Look at a file that is to be sent, in a worker thread. Raises OSError where it cannot be read."""
        return await asyncio.to_thread(measured, path)

    async def close(self) -> None:
        """Close the file and end its thread."""
        await self._database.close()


def _delete(connection: sqlite3.Connection, uid: str) -> None:
    """Take one entry out."""
    connection.execute("DELETE FROM outbox WHERE uid=?", (uid,))
