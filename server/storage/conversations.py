"""Rows of `conversations`: found by number, by the two people of a direct one, or as somebody's list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from server.storage.query import Query, Within
from server.storage.tables import conversations, members


class ConversationRow(Struct, frozen=True):
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


def _query(query: Select[Any]) -> Query[ConversationRow]:
    """A question over `_ALL`."""
    return Query(query, ConversationRow)


_SEATED = (members.c.user_id == bindparam("who"), members.c.left_at.is_(None))
_ALIVE = func.coalesce(conversations.c.last_message_at, conversations.c.created_at)
_BY_IDS = _query(_ALL.where(Within(conversations.c.conversation_id, "numbers")))
_BETWEEN = _query(
    _ALL.where(conversations.c.user1_id == bindparam("one"), conversations.c.user2_id == bindparam("two"))
)
_OF_UID = _query(_ALL.where(conversations.c.uid == bindparam("named")))
_OF_USER = _query(
    _ALL.join_from(conversations, members, members.c.conversation_id == conversations.c.conversation_id)
    .where(*_SEATED)
    .order_by(_ALIVE.desc(), conversations.c.conversation_id.desc())
)


class Head(Struct, frozen=True):
    """How far a conversation has counted, and on which number of their own counter somebody's seat is."""

    conversation_id: int
    head: int
    own_version: int


_HEADS = Query(
    select(conversations.c.conversation_id, conversations.c.head, members.c.own_version)
    .join_from(members, conversations, members.c.conversation_id == conversations.c.conversation_id)
    .where(*_SEATED),
    Head,
)


def by_id(connection: Connection, conversation_id: int) -> ConversationRow | None:
    """The conversation of this number."""
    return by_ids(connection, [conversation_id]).get(conversation_id)


def by_ids(connection: Connection, conversation_ids: Collection[int]) -> dict[int, ConversationRow]:
    """These conversations by number; those that do not exist are left out."""
    if not conversation_ids:
        return {}
    return {row.conversation_id: row for row in _BY_IDS.all(connection, numbers=list(conversation_ids))}


def direct_between(connection: Connection, one: int, other: int) -> ConversationRow | None:
    """The direct conversation of two people, in either order."""
    smaller, larger = sorted((one, other))
    return _BETWEEN.first(connection, one=smaller, two=larger)


def of_user(connection: Connection, user_id: int) -> list[ConversationRow]:
    """Where this user has a seat, the most recently alive first."""
    return _OF_USER.all(connection, who=user_id)


def heads_of_user(connection: Connection, user_id: int) -> list[Head]:
    """Every conversation where this user has a seat, and its numbers."""
    return _HEADS.all(connection, who=user_id)


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


def of_uid(connection: Connection, uid: str) -> ConversationRow | None:
    """The group that was made with this uid."""
    return _OF_UID.first(connection, named=uid)


def add_group(connection: Connection, title: str, uid: str | None, now_ms: int) -> int:
    """Insert a group, still without seats and numbers."""
    values = {"kind": "group", "title": title, "uid": uid, "created_at": now_ms, "updated_at": now_ms}
    return int(
        connection.execute(insert(conversations).values(values).returning(conversations.c.conversation_id)).scalar_one()
    )


def set_title(connection: Connection, conversation_id: int, title: str) -> None:
    """Give a group another title; its number is taken by `set_version`."""
    connection.execute(
        update(conversations).where(conversations.c.conversation_id == conversation_id).values(title=title)
    )


def count_members(connection: Connection, conversation_id: int, more: int) -> None:
    """So many more members, or fewer; the conversation's number is taken by `set_version`."""
    connection.execute(
        update(conversations)
        .where(conversations.c.conversation_id == conversation_id)
        .values(member_count=conversations.c.member_count + more)
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
