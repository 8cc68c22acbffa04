"""Drafts and unanswered choices on disk, beside the outbox: what nobody else knows yet is never in the cache alone."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from desktop.cache.database import DURABLE, Database
from desktop.core.own_ports import KeptDraft, OwnKept
from protocol.commands import PatchOwn

LOG = logging.getLogger(__name__)

T = TypeVar("T")

FILE_NAME = "own.sqlite3"
PRAGMAS = (*DURABLE, "secure_delete=ON")
"""What was sent, or written otherwise, stands in the file no longer."""
_PUT = {
    table: f"INSERT INTO {table} (conversation_id, body) VALUES (?, ?) "  # noqa: S608 - of the two names below
    "ON CONFLICT (conversation_id) DO UPDATE SET body=excluded.body"
    for table in ("drafts", "choices")
}


def _first_form(connection: sqlite3.Connection) -> None:
    """Form 1: each as JSON by its conversation."""
    for table in _PUT:
        connection.execute(f"CREATE TABLE {table} (conversation_id INTEGER PRIMARY KEY, body BLOB NOT NULL)")


def _readable(connection: sqlite3.Connection, table: str, kind: type[T]) -> Iterator[tuple[int, T]]:
    """The rows of a table; one that cannot be understood is left where it is, and told."""
    for conversation_id, body in connection.execute(f"SELECT conversation_id, body FROM {table}"):  # noqa: S608 - own
        try:
            yield conversation_id, msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            LOG.warning("what is kept of conversation %s in %s cannot be read: %s", conversation_id, table, error)


def _read(connection: sqlite3.Connection) -> OwnKept:
    """Everything."""
    drafts = [draft for _, draft in _readable(connection, "drafts", KeptDraft)]
    return OwnKept(drafts, dict(_readable(connection, "choices", PatchOwn)))


def _forget_known(connection: sqlite3.Connection) -> None:
    """Remove the drafts that the server has."""
    known = [(place,) for place, draft in _readable(connection, "drafts", KeptDraft) if draft.known]
    connection.executemany("DELETE FROM drafts WHERE conversation_id=?", known)


class SqliteOwnFile:
    """`core.own_ports.OwnFile` in one account's folder. What the disk refuses is told in the log alone."""

    def __init__(self, folder: Path, *, stays: bool = True) -> None:
        """The file is made in `folder` by the first call, readable by its user alone.

        Who does not stay signed in leaves nothing in it that the server has.
        """
        self._stays = stays
        self._database = Database(folder / FILE_NAME, [_first_form], pragmas=PRAGMAS)

    async def load(self) -> OwnKept:
        """Everything kept."""
        return await self._run(_read) or OwnKept()

    async def keep_draft(self, draft: KeptDraft) -> None:
        """Write or replace by conversation."""
        row = (draft.conversation_id, msgspec.json.encode(draft))
        await self._run(lambda connection: connection.execute(_PUT["drafts"], row))

    async def keep_choice(self, conversation_id: int, change: PatchOwn | None) -> None:
        """Write or replace by conversation; None: it was answered."""
        if change is None:
            forget = "DELETE FROM choices WHERE conversation_id=?"
            await self._run(lambda connection: connection.execute(forget, (conversation_id,)))
        else:
            row = (conversation_id, msgspec.json.encode(change))
            await self._run(lambda connection: connection.execute(_PUT["choices"], row))

    async def forget_draft(self, conversation_id: int) -> None:
        """A conversation is gone."""
        forget = "DELETE FROM drafts WHERE conversation_id=?"
        await self._run(lambda connection: connection.execute(forget, (conversation_id,)))

    async def close(self) -> None:
        """Close the file and end its thread."""
        if not self._stays:
            await self._run(_forget_known)
        await self._database.close()

    async def _run(self, job: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do a job; None where the disk refuses."""
        try:
            return await self._database.run(job)
        except (OSError, sqlite3.Error) as error:
            LOG.warning("drafts and choices cannot be kept: %s", error)
            return None
