"""Rows of `conversations`: found by number, by the two people of a direct one, or as somebody's list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from server.storage.tables import conversations, members


class ConversationRow(Struct, frozen=True, kw_only=True):
    """One row; times in milliseconds since 1970. `last_message_at` is null before the first message."""

    conversation_id: int
    kind: Literal["direct", "group"]
    title: str | None
    user1_id: int | None
    user2_id: int | None
    created_at: int
    updated_at: int
    last_message_at: int | None
    version: int
    head: int
    last_position: int
    member_count: int


_COLUMNS = [conversations.c[name] for name in ConversationRow.__struct_fields__]
_ALL = select(*_COLUMNS)


def _rows(connection: Connection, query: Select[Any]) -> list[ConversationRow]:
    """The rows of a query over `_ALL`."""
    return [ConversationRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - a row's public view


def by_id(connection: Connection, conversation_id: int) -> ConversationRow | None:
    """The conversation of this number."""
    return next(iter(_rows(connection, _ALL.where(conversations.c.conversation_id == conversation_id))), None)


def by_ids(connection: Connection, conversation_ids: Collection[int]) -> dict[int, ConversationRow]:
    """These conversations by number; those that do not exist are left out."""
    if not conversation_ids:
        return {}
    rows = _rows(connection, _ALL.where(conversations.c.conversation_id.in_(conversation_ids)))
    return {row.conversation_id: row for row in rows}


def direct_between(connection: Connection, one: int, other: int) -> ConversationRow | None:
    """The direct conversation of two people, in either order."""
    smaller, larger = sorted((one, other))
    query = _ALL.where(conversations.c.user1_id == smaller, conversations.c.user2_id == larger)
    return next(iter(_rows(connection, query)), None)


def of_user(connection: Connection, user_id: int) -> list[ConversationRow]:
    """Where this user has a seat, the most recently alive first."""
    alive = func.coalesce(conversations.c.last_message_at, conversations.c.created_at)
    query = _ALL.join_from(conversations, members, members.c.conversation_id == conversations.c.conversation_id).where(
        members.c.user_id == user_id, members.c.left_at.is_(None)
    )
    return _rows(connection, query.order_by(alive.desc(), conversations.c.conversation_id.desc()))


def heads_of_user(connection: Connection, user_id: int) -> dict[int, int]:
    """Number and head of every conversation where this user has a seat."""
    query = (
        select(conversations.c.conversation_id, conversations.c.head)
        .join_from(members, conversations, members.c.conversation_id == conversations.c.conversation_id)
        .where(members.c.user_id == user_id, members.c.left_at.is_(None))
    )
    return {row.conversation_id: row.head for row in connection.execute(query)}


def add_direct(connection: Connection, one: int, other: int, now_ms: int) -> int:
    """Insert the direct conversation of two people, still without seats and numbers."""
    smaller, larger = sorted((one, other))
    values = {
        "kind": "direct",
        "user1_id": smaller,
        "user2_id": larger,
        "created_at": now_ms,
        "updated_at": now_ms,
        "member_count": 2,
    }
    return int(
        connection.execute(insert(conversations).values(values).returning(conversations.c.conversation_id)).scalar_one()
    )


def set_version(connection: Connection, conversation_id: int, version: int, now_ms: int) -> None:
    """The conversation's own fields changed at this number."""
    connection.execute(
        update(conversations)
        .where(conversations.c.conversation_id == conversation_id)
        .values(version=version, updated_at=now_ms)
    )


# Built once, as every send asks it: building a statement costs more than running it.
_TAKE_PLACE = (
    update(conversations)
    .where(conversations.c.conversation_id == bindparam("here"))
    .values(
        head=conversations.c.head + 1,
        last_position=conversations.c.last_position + 1,
        last_message_at=bindparam("at"),
    )
    .returning(conversations.c.head, conversations.c.last_position)
)


def take_place(connection: Connection, conversation_id: int, now_ms: int) -> tuple[int, int]:
    """The next number and the next position of a conversation, for a message written now."""
    row = connection.execute(_TAKE_PLACE, {"here": conversation_id, "at": now_ms}).one()
    return row.head, row.last_position
