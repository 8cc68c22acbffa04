"""Fills the stores that servers are measured on: ours and the references' with the same people and messages.

Ours goes straight into the tables of server/storage, because a million sends would take the run's whole time.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from string import Template
from typing import Any

from sqlalchemy import Connection, func, select

from server.app import build_house
from server.config import load_config
from server.services.ports import Silence
from server.storage import tables

REFERENCE = Path(__file__).parent / "reference-node"
CONTENT = "Shall we meet at six by the fire?"
_CHUNK = 10_000
_EPOCH_MS = 1_780_000_000_000
_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Stock:
    """What a store holds. Conversation n is between the users 2n - 1 and 2n; the crowd's comes after the last pair.

    `long` messages lie in conversation 1, the others evenly in the rest.
    """

    pairs: int
    messages: int = 0
    long: int = 0
    crowd: int = 0

    @property
    def written(self) -> str:
        """In one word, for file names."""
        return "-".join(map(str, astuple(self)))

    @property
    def people(self) -> int:
        """Everybody has the numbers 1 to this."""
        return max(2 * self.pairs, self.crowd)

    def size_of(self, conversation_id: int) -> int:
        """How many messages lie in a conversation; those of conversation 1 have the first ids."""
        if conversation_id > self.pairs:
            return 0
        if conversation_id == 1 and self.long:
            return self.long
        others = self.pairs - (1 if self.long else 0)
        return (self.messages - self.long) // others if others else 0


def seed_sqlite(path: Path, stock: Stock) -> None:
    """The references' tables on SQLite."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_sql("tables-sqlite.sql"))
        database.executemany("INSERT INTO conversations VALUES (?, ?, ?, NULL)", _reference_conversations(stock))
        for number in range(1, stock.pairs + 1):
            database.executemany(
                "INSERT INTO messages (conversationId, senderId, content, createdAt) VALUES (?, ?, ?, ?)",
                ((number, 2 * number - 1, CONTENT, "2026-05-28T20:26:40.000Z") for _ in range(stock.size_of(number))),
            )


def postgres_script(stock: Stock) -> str:
    """The references' tables on PostgreSQL, as one script."""
    tables, rows = (_sql(name) for name in ("tables-postgres.sql", "stock-postgres.sql"))
    sizes = {"first": stock.size_of(1), "others": stock.size_of(2)}
    return tables + Template(rows).substitute(sizes, pairs=stock.pairs, crowd=stock.crowd, content=CONTENT)


def _sql(name: str) -> str:
    """A script that lies beside the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def _reference_conversations(stock: Stock) -> Iterator[tuple[int, int, int]]:
    """Number and users; the documents know two users each, so the crowd's has two that are not real."""
    for number in range(1, stock.pairs + 1):
        yield number, 2 * number - 1, 2 * number
    if stock.crowd:
        yield stock.pairs + 1, 0, 1


def seed_ours(data_dir: Path, stock: Stock, database_url: str = "") -> None:
    """Our tables. Everybody has one session, of their own number."""
    overrides = {"data_dir": data_dir, "database_url": database_url or None}
    house = build_house(load_config({}, overrides=overrides), Silence(), Silence(), exclusive=False)
    house.database.write(lambda unit: _fill(unit.connection, stock))
    house.database.close()
    if not database_url:
        # Only a serving process checkpoints: its first send would copy the whole log.
        with closing(sqlite3.connect(data_dir / "hearth.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill(connection: Connection, stock: Stock) -> None:
    """Insert everything, chunk by chunk."""
    for table, rows in (
        (tables.users, _users(stock)),
        (tables.sessions, _sessions(stock)),
        (tables.conversations, _conversations(stock)),
        (tables.members, _members(stock)),
        (tables.messages, _messages(stock)),
    ):
        for chunk in _chunks(rows):
            connection.execute(table.insert(), chunk)
    if connection.dialect.name == "postgresql":
        _count_on(connection)


def _count_on(connection: Connection) -> None:
    """PostgreSQL does not see the ids that were given."""
    for table in (tables.users, tables.sessions, tables.conversations, tables.messages):
        (key,) = table.primary_key.columns
        highest = select(func.max(key)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, key.name), highest)))


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """So many rows at a time."""
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _users(stock: Stock) -> Iterator[dict[str, Any]]:
    """People without a password: nobody logs in with one."""
    for number in range(1, stock.people + 1):
        name = f"person-{number}"
        yield {
            "user_id": number,
            "username": name,
            "username_key": name,
            "display_name": name,
            "search_key": name,
            "role": "member",
            "created_at": _EPOCH_MS,
        }


def _sessions(stock: Stock) -> Iterator[dict[str, Any]]:
    """One device each."""
    for number in range(1, stock.people + 1):
        yield {
            "session_id": number,
            "user_id": number,
            "device_name": "benchmark",
            "kind": "device",
            "created_at": _EPOCH_MS,
            "last_seen_at": _EPOCH_MS,
            "expires_at": _EPOCH_MS + _YEARS_MS,
        }


def _conversations(stock: Stock) -> Iterator[dict[str, Any]]:
    """The pairs' at number 1 with seats at 2 and 3, as services/conversations.py makes them; the crowd's likewise."""
    for number in range(1, stock.pairs + 1):
        size = stock.size_of(number)
        yield {
            "conversation_id": number,
            "kind": "direct",
            "title": None,
            "user1_id": 2 * number - 1,
            "user2_id": 2 * number,
            "created_at": _EPOCH_MS,
            "updated_at": _EPOCH_MS,
            "last_message_at": _EPOCH_MS + size if size else None,
            "version": 1,
            "head": 3 + size,
            "last_position": size,
            "member_count": 2,
        }
    if stock.crowd:
        yield {
            "conversation_id": stock.pairs + 1,
            "kind": "group",
            "title": "Everybody",
            "user1_id": None,
            "user2_id": None,
            "created_at": _EPOCH_MS,
            "updated_at": _EPOCH_MS,
            "last_message_at": None,
            "version": 1,
            "head": 1 + stock.crowd,
            "last_position": 0,
            "member_count": stock.crowd,
        }


def _members(stock: Stock) -> Iterator[dict[str, Any]]:
    """The seats, in the order of their versions."""
    for number in range(1, stock.pairs + 1):
        yield _seat(number, 2 * number - 1, 2)
        yield _seat(number, 2 * number, 3)
    for user_id in range(1, stock.crowd + 1):
        yield _seat(stock.pairs + 1, user_id, 1 + user_id)


def _seat(conversation_id: int, user_id: int, version: int) -> dict[str, Any]:
    """One seat; nothing has been read."""
    return {
        "conversation_id": conversation_id,
        "user_id": user_id,
        "role": "member",
        "joined_at": _EPOCH_MS,
        "version": version,
    }


def _messages(stock: Stock) -> Iterator[dict[str, Any]]:
    """Every message, conversation by conversation; uids are random, as those of desktops are."""
    source = random.Random(stock.messages)  # noqa: S311 - no secrets
    number = 0
    for conversation_id in range(1, stock.pairs + 1):
        for position in range(1, stock.size_of(conversation_id) + 1):
            number += 1
            digits = f"{source.getrandbits(128):032x}"
            yield {
                "message_id": number,
                "uid": f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}",
                "conversation_id": conversation_id,
                "position": position,
                "version": 3 + position,
                "sender_id": 2 * conversation_id - 1,
                "type": "text",
                "content": CONTENT,
                "content_hash": digits * 2,
                "created_at": _EPOCH_MS + position,
            }
