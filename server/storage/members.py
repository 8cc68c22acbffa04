"""Rows of `members` and `marks`: who has a seat, how far they have read and when, and what is theirs alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    column,
    func,
    insert,
    select,
    update,
    values,
)

from protocol.shapes import MemberRole
from server.storage.tables import BigId, conversations, marks, members, messages, users


class MemberRow(Struct, frozen=True, kw_only=True):
    """A seat as everybody in the conversation sees it; times in milliseconds since 1970."""

    conversation_id: int
    user_id: int
    role: MemberRole
    joined_at: int
    read_position: int
    read_at: int | None
    version: int


class OwnRow(Struct, frozen=True, kw_only=True):
    """A seat as its owner alone sees it, unread messages counted."""

    conversation_id: int
    role: MemberRole
    unread_from: int | None
    unread_count: int
    pinned: bool
    muted_until: int | None
    archived: bool


class Seat(Struct, frozen=True, kw_only=True):
    """A seat together with its conversation: what deciding a command needs, in one statement."""

    conversation_id: int
    user_id: int
    kind: str
    user1_id: int | None
    user2_id: int | None
    read_position: int
    unread_from: int | None
    last_position: int
    head: int

    @property
    def other_id(self) -> int | None:
        """The other person of a direct conversation."""
        return self.user2_id if self.user_id == self.user1_id else self.user1_id


_SEATED = members.c.left_at.is_(None)
_COLUMNS = [members.c[name] for name in MemberRow.__struct_fields__]
_SEAT = select(
    members.c.conversation_id,
    members.c.user_id,
    conversations.c.kind,
    conversations.c.user1_id,
    conversations.c.user2_id,
    members.c.read_position,
    members.c.unread_from,
    conversations.c.last_position,
    conversations.c.head,
).join_from(members, conversations, members.c.conversation_id == conversations.c.conversation_id)


_HERE, _THEIRS = members.c.conversation_id == bindparam("here"), members.c.user_id == bindparam("who")
# Built once, as every send asks them: building a statement costs more than running it.
_SEAT_OF = _SEAT.where(_HERE, _THEIRS, _SEATED)
_IDS_OF = select(members.c.user_id).where(_HERE, _SEATED).order_by(members.c.joined_at, members.c.user_id)


def seat(connection: Connection, conversation_id: int, user_id: int) -> Seat | None:
    """The seat of somebody, or None when they have none there or the conversation does not exist."""
    row = connection.execute(_SEAT_OF, {"here": conversation_id, "who": user_id}).one_or_none()
    return None if row is None else Seat(**row._mapping)  # noqa: SLF001 - a row's public view


def ids(connection: Connection, conversation_id: int) -> tuple[int, ...]:
    """Who has a seat, in order of joining."""
    return tuple(connection.execute(_IDS_OF, {"here": conversation_id}).scalars())


def conversation_ids(connection: Connection, user_id: int) -> set[int]:
    """Where somebody has a seat."""
    return set(
        connection.execute(select(members.c.conversation_id).where(members.c.user_id == user_id, _SEATED)).scalars()
    )


def contacts(connection: Connection, user_id: int) -> set[int]:
    """Who shares a conversation with somebody, without themselves."""
    mine = members.alias("mine")
    query = (
        select(members.c.user_id)
        .distinct()
        .join_from(mine, members, members.c.conversation_id == mine.c.conversation_id)
        .where(mine.c.user_id == user_id, mine.c.left_at.is_(None), _SEATED, members.c.user_id != user_id)
    )
    return set(connection.execute(query).scalars())


def _rows(connection: Connection, query: Select[Any]) -> list[MemberRow]:
    """The rows of a query over `_COLUMNS`."""
    return [MemberRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - a row's public view


def of_conversations(
    connection: Connection, conversation_ids: Collection[int], most: int
) -> dict[int, list[MemberRow]]:
    """The seats of each conversation, the first `most` in order of joining."""
    found: dict[int, list[MemberRow]] = {}
    if not conversation_ids:
        return found
    place = func.row_number().over(
        partition_by=members.c.conversation_id, order_by=[members.c.joined_at, members.c.user_id]
    )
    ranked = (
        select(*_COLUMNS, place.label("place"))
        .where(members.c.conversation_id.in_(conversation_ids), _SEATED)
        .subquery()
    )
    query = select(*[ranked.c[column.name] for column in _COLUMNS]).where(ranked.c.place <= most)
    for row in _rows(connection, query.order_by(ranked.c.conversation_id, ranked.c.place)):
        found.setdefault(row.conversation_id, []).append(row)
    return found


def one(connection: Connection, conversation_id: int, user_id: int) -> MemberRow:
    """A seat that the caller knows to exist."""
    query = select(*_COLUMNS).where(members.c.conversation_id == conversation_id, members.c.user_id == user_id)
    return _rows(connection, query)[0]


def changed_since(connection: Connection, conversation_id: int, version: int, most: int) -> list[MemberRow]:
    """Seats with a greater version, by version."""
    query = select(*_COLUMNS).where(members.c.conversation_id == conversation_id, members.c.version > version, _SEATED)
    return _rows(connection, query.order_by(members.c.version).limit(most))


def asked_since(since: Mapping[int, int]) -> CTE:
    """Conversations and the versions that somebody has of them, as a table to join."""
    named = values(column("conversation_id", BigId), column("since", BigId), name="asked")
    return named.data(list(since.items())).cte("asked")


def changed_among(connection: Connection, since: Mapping[int, int]) -> dict[int, list[MemberRow]]:
    """Seats with a greater version than the one given for their conversation, all of them, by version."""
    found: dict[int, list[MemberRow]] = {}
    if since:
        asked = asked_since(since)
        query = select(*_COLUMNS).join_from(members, asked, asked.c.conversation_id == members.c.conversation_id)
        for row in _rows(connection, query.where(members.c.version > asked.c.since, _SEATED)):
            found.setdefault(row.conversation_id, []).append(row)
    return found


def _unread() -> ColumnElement[int]:
    """How many messages of others lie after the read cursor, or from where the owner marked unread."""
    before_mark = members.c.unread_from - 1
    start = case((before_mark < members.c.read_position, before_mark), else_=members.c.read_position)
    return (
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.conversation_id == members.c.conversation_id,
            messages.c.position > start,
            messages.c.sender_id != members.c.user_id,
            messages.c.deleted_at.is_(None),
        )
        .correlate(members)
        .scalar_subquery()
    )


_OWN = select(
    members.c.conversation_id,
    members.c.role,
    members.c.unread_from,
    _unread().label("unread_count"),
    members.c.pinned,
    members.c.muted_until,
    members.c.archived,
).where(_SEATED)


def own_of(connection: Connection, user_id: int, conversation_ids: Collection[int]) -> dict[int, OwnRow]:
    """What is somebody's alone in each of these conversations."""
    if not conversation_ids:
        return {}
    query = _OWN.where(members.c.user_id == user_id, members.c.conversation_id.in_(conversation_ids))
    rows = connection.execute(query)
    return {row.conversation_id: OwnRow(**row._mapping) for row in rows}  # noqa: SLF001 - a row's public view


def own_changed_since(connection: Connection, user_id: int, user_version: int) -> set[int]:
    """Conversations in which somebody's own facts have a greater number."""
    query = select(members.c.conversation_id).where(
        members.c.user_id == user_id, members.c.own_version > user_version, _SEATED
    )
    return set(connection.execute(query).scalars())


def user_version(connection: Connection, user_id: int) -> int:
    """The last number of the facts that are this user's alone."""
    return int(connection.execute(select(users.c.user_version).where(users.c.user_id == user_id)).scalar_one())


def add(
    connection: Connection, conversation_id: int, user_id: int, role: MemberRole, version: int, now_ms: int
) -> None:
    """Give somebody a seat, at this number."""
    row = {
        "conversation_id": conversation_id,
        "user_id": user_id,
        "role": role,
        "joined_at": now_ms,
        "version": version,
    }
    connection.execute(insert(members).values(row))


def move_cursor(connection: Connection, seat: Seat, position: int, version: int, now_ms: int) -> None:
    """Advance a read cursor to a greater position, at this number, and keep the mark."""
    connection.execute(
        update(members)
        .where(members.c.conversation_id == seat.conversation_id, members.c.user_id == seat.user_id)
        .values(read_position=position, read_at=now_ms, version=version)
    )
    connection.execute(
        insert(marks).values(
            conversation_id=seat.conversation_id, user_id=seat.user_id, position=position, read_at=now_ms
        )
    )


def set_own(connection: Connection, seat: Seat, *, unread_from: int | None, own_version: int) -> None:
    """Where the owner marked unread from, or nowhere; at this number of the owner's counter."""
    connection.execute(
        update(members)
        .where(members.c.conversation_id == seat.conversation_id, members.c.user_id == seat.user_id)
        .values(unread_from=unread_from, own_version=own_version)
    )


def first_reads(connection: Connection, message_ids: Sequence[int]) -> dict[int, int]:
    """When each of these was first read by a member other than its sender; unread ones are left out.

    One look into `marks` per message and reader: the first mark at or past a position is the earliest of that reader.
    """
    if not message_ids:
        return {}
    reader = members.alias("reader")
    first = (
        select(marks.c.read_at)
        .where(
            marks.c.conversation_id == reader.c.conversation_id,
            marks.c.user_id == reader.c.user_id,
            marks.c.position >= messages.c.position,
        )
        .order_by(marks.c.position)
        .limit(1)
        .correlate(messages, reader)
        .scalar_subquery()
    )
    query = (
        select(messages.c.message_id, func.min(first).label("read_at"))
        .join_from(messages, reader, reader.c.conversation_id == messages.c.conversation_id)
        .where(
            messages.c.message_id.in_(message_ids),
            reader.c.user_id != messages.c.sender_id,
            reader.c.read_position >= messages.c.position,
        )
        .group_by(messages.c.message_id)
    )
    return {row.message_id: row.read_at for row in connection.execute(query)}


def count_since(connection: Connection, conversation_id: int, version: int, most: int) -> int:
    """How many seats have a greater version, counted up to `most`."""
    newer = select(members.c.version).where(members.c.conversation_id == conversation_id, members.c.version > version)
    return connection.execute(select(func.count()).select_from(newer.limit(most).subquery())).scalar_one()
