"""Rows of `stars`: the messages that somebody keeps for themselves."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, insert, select

from server.storage.query import Query, Within, only, pair
from server.storage.tables import stars

_MINE = stars.c.user_id == bindparam("who")
_IN = Query(
    select(stars.c.conversation_id, stars.c.message_id)
    .where(_MINE, Within(stars.c.conversation_id, "numbers"))
    .order_by(stars.c.starred_at, stars.c.message_id),
    pair,
)
_HOLDERS = Query(select(stars.c.user_id).where(stars.c.message_id == bindparam("named")), only)


def of_user(connection: Connection, user_id: int, conversation_ids: Collection[int]) -> dict[int, list[int]]:
    """The messages that somebody has starred in each of these conversations, the latest star last."""
    found: dict[int, list[int]] = {}
    if conversation_ids:
        for conversation_id, message_id in _IN.all(connection, who=user_id, numbers=list(conversation_ids)):
            found.setdefault(conversation_id, []).append(message_id)
    return found


def holders(connection: Connection, message_id: int) -> list[int]:
    """Who has starred a message."""
    return _HOLDERS.all(connection, named=message_id)


def add(connection: Connection, user_id: int, message_id: int, conversation_id: int, now_ms: int) -> None:
    """Star a message that is not starred."""
    row = {"user_id": user_id, "message_id": message_id, "conversation_id": conversation_id, "starred_at": now_ms}
    connection.execute(insert(stars).values(row))


def remove(connection: Connection, user_id: int, message_id: int) -> bool:
    """Take somebody's star away; false where there was none."""
    mine = (stars.c.user_id == user_id, stars.c.message_id == message_id)
    return connection.execute(delete(stars).where(*mine)).rowcount > 0


def clear(connection: Connection, message_id: int) -> None:
    """Take everybody's away."""
    connection.execute(delete(stars).where(stars.c.message_id == message_id))
