"""Rows of `edits`: what messages said before they were changed."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select

from server.storage.query import Query
from server.storage.tables import edits

SHOWN = 200
"""So many of the latest versions of a message are told; nobody reads more."""


class EditRow(Struct, frozen=True):
    """What a message said until then, in milliseconds since 1970."""

    content: str | None
    edited_at: int


_OF_MESSAGE = Query(
    select(edits.c.content, edits.c.edited_at)
    .where(edits.c.message_id == bindparam("named"))
    .order_by(edits.c.edited_at.desc())
    .limit(bindparam("most")),
    EditRow,
)


def of_message(connection: Connection, message_id: int) -> list[EditRow]:
    """What a message has said, the oldest first."""
    return _OF_MESSAGE.all(connection, named=message_id, most=SHOWN)[::-1]


def add(connection: Connection, message_id: int, content: str | None, edited_at: int) -> None:
    """Keep what a message said until now."""
    connection.execute(insert(edits).values(message_id=message_id, content=content, edited_at=edited_at))


def clear(connection: Connection, message_id: int) -> None:
    """Forget what a message has said."""
    connection.execute(delete(edits).where(edits.c.message_id == message_id))
