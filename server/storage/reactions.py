"""Rows of `reactions`: who has put which emoji under which message."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from protocol.shapes import Reaction
from server.storage.query import Query, Within
from server.storage.tables import reactions


class _Row(Struct, frozen=True):
    """One person's emoji under one message."""

    message_id: int
    emoji: str
    user_id: int
    created_at: int


_OF_MESSAGES = Query(
    select(*[reactions.c[name] for name in _Row.__struct_fields__]).where(Within(reactions.c.message_id, "ids")), _Row
)


def of_messages(connection: Connection, message_ids: Sequence[int]) -> dict[int, list[Reaction]]:
    """The reactions to each of these messages: emoji and people in the order in which they came."""
    if not message_ids:
        return {}
    found: dict[int, dict[str, list[int]]] = {}
    rows = _OF_MESSAGES.all(connection, ids=list(message_ids))
    for row in sorted(rows, key=lambda row: (row.created_at, row.user_id, row.emoji)):
        found.setdefault(row.message_id, {}).setdefault(row.emoji, []).append(row.user_id)
    return {
        message_id: [Reaction(emoji=emoji, user_ids=user_ids) for emoji, user_ids in by_emoji.items()]
        for message_id, by_emoji in found.items()
    }


def add(connection: Connection, message_id: int, emoji: str, user_id: int, now_ms: int) -> None:
    """Put an emoji that is not there yet."""
    row = {"message_id": message_id, "emoji": emoji, "user_id": user_id, "created_at": now_ms}
    connection.execute(insert(reactions).values(row))


def remove(connection: Connection, message_id: int, emoji: str, user_id: int) -> None:
    """Take somebody's emoji away."""
    mine = (reactions.c.message_id == message_id, reactions.c.emoji == emoji, reactions.c.user_id == user_id)
    connection.execute(delete(reactions).where(*mine))


def clear(connection: Connection, message_id: int) -> None:
    """Take everybody's away."""
    connection.execute(delete(reactions).where(reactions.c.message_id == message_id))
