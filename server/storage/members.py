"""Rows of `members` and `marks`: who has a seat, how far they have read and when, and what is theirs alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, exists, func, insert, select, update

from protocol.shapes import MemberRole
from server.storage.query import Asked, Query, Within, only, pair
from server.storage.tables import BigId, conversations, marks, members, mentions, messages, server_facts, stars, users


class MemberRow(Struct, frozen=True):
    """A seat as everybody in the conversation sees it; times in milliseconds since 1970."""

    conversation_id: int
    user_id: int
    role: MemberRole
    joined_at: int
    read_position: int
    read_at: int | None
    version: int


class OwnRow(Struct, frozen=True):
    """A seat as its owner alone sees it, unread messages counted."""

    conversation_id: int
    role: MemberRole
    unread_from: int | None
    unread_count: int
    pinned: bool
    muted_until: int | None
    archived: bool
    mentions: int
    has_stars: bool


class Seat(Struct, frozen=True):
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
    role: MemberRole

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
    members.c.role,
).join_from(members, conversations, members.c.conversation_id == conversations.c.conversation_id)


_HERE, _THEIRS = members.c.conversation_id == bindparam("here"), members.c.user_id == bindparam("who")
_NEWER = members.c.version > bindparam("version")
_AMONG = Within(members.c.conversation_id, "numbers")
_ASKED = Asked()


def _query(query: Select[Any]) -> Query[MemberRow]:
    """A question over `_COLUMNS`."""
    return Query(query, MemberRow)


def _contacts() -> Select[Any]:
    """Who shares a conversation with somebody, without themselves."""
    mine = members.alias("mine")
    return (
        select(members.c.user_id)
        .distinct()
        .join_from(mine, members, members.c.conversation_id == mine.c.conversation_id)
        .where(mine.c.user_id == bindparam("who"), mine.c.left_at.is_(None), _SEATED)
        .where(members.c.user_id != bindparam("who"))
    )


def _first_members() -> Select[Any]:
    """The seats of each conversation, the first `most` in order of joining."""
    place = func.row_number().over(
        partition_by=members.c.conversation_id, order_by=[members.c.joined_at, members.c.user_id]
    )
    ranked = select(*_COLUMNS, place.label("place")).where(_AMONG, _SEATED).subquery()
    query = select(*[ranked.c[column.name] for column in _COLUMNS]).where(ranked.c.place <= bindparam("most"))
    return query.order_by(ranked.c.conversation_id, ranked.c.place)


_SEAT_OF = Query(_SEAT.where(_HERE, _THEIRS, _SEATED), Seat)
_IDS_OF = Query(select(members.c.user_id).where(_HERE, _SEATED).order_by(members.c.joined_at, members.c.user_id), only)
_CONVERSATION_IDS = Query(select(members.c.conversation_id).where(_THEIRS, _SEATED), only)
_CONTACTS = Query(_contacts(), only)
_OF_CONVERSATIONS = _query(_first_members())
_ONE = _query(select(*_COLUMNS).where(_HERE, _THEIRS))
_CHANGED = _query(select(*_COLUMNS).where(_HERE, _NEWER, _SEATED).order_by(members.c.version).limit(bindparam("most")))
_CHANGED_AMONG = _query(
    select(*_COLUMNS)
    .join_from(members, _ASKED.table, _ASKED.key == members.c.conversation_id)
    .where(members.c.version > _ASKED.value, _SEATED)
)
_STANDING = Query(
    select(
        users.c.user_version,
        select(server_facts.c.value).where(server_facts.c.name == "epoch").scalar_subquery(),
    ).where(users.c.user_id == bindparam("who")),
    pair,
)
_COUNT = Query(
    select(func.count()).select_from(
        select(members.c.version).where(_HERE, _NEWER).limit(bindparam("most")).subquery()
    ),
    int,
)


def seat(connection: Connection, conversation_id: int, user_id: int) -> Seat | None:
    """The seat of somebody, or None when they have none there or the conversation does not exist."""
    return _SEAT_OF.first(connection, here=conversation_id, who=user_id)


def ids(connection: Connection, conversation_id: int) -> tuple[int, ...]:
    """Who has a seat, in order of joining."""
    return tuple(_IDS_OF.all(connection, here=conversation_id))


def conversation_ids(connection: Connection, user_id: int) -> set[int]:
    """Where somebody has a seat."""
    return set(_CONVERSATION_IDS.all(connection, who=user_id))


def contacts(connection: Connection, user_id: int) -> set[int]:
    """Who shares a conversation with somebody, without themselves."""
    return set(_CONTACTS.all(connection, who=user_id))


def of_conversations(
    connection: Connection, conversation_ids: Collection[int], most: int
) -> dict[int, list[MemberRow]]:
    """The seats of each conversation, the first `most` in order of joining."""
    found: dict[int, list[MemberRow]] = {}
    if not conversation_ids:
        return found
    for row in _OF_CONVERSATIONS.all(connection, numbers=list(conversation_ids), most=most):
        found.setdefault(row.conversation_id, []).append(row)
    return found


def one(connection: Connection, conversation_id: int, user_id: int) -> MemberRow:
    """A seat that the caller knows to exist."""
    return _ONE.all(connection, here=conversation_id, who=user_id)[0]


def changed_since(connection: Connection, conversation_id: int, version: int, most: int) -> list[MemberRow]:
    """Seats with a greater version, by version."""
    return _CHANGED.all(connection, here=conversation_id, version=version, most=most)


def changed_among(connection: Connection, since: Mapping[int, int]) -> dict[int, list[MemberRow]]:
    """Seats with a greater version than the one given for their conversation, all of them, by version."""
    found: dict[int, list[MemberRow]] = {}
    if since:
        for row in _CHANGED_AMONG.all(connection, asked=since):
            found.setdefault(row.conversation_id, []).append(row)
    return found


def _start() -> ColumnElement[int]:
    """After which place the unread begin: the read cursor, or less where the owner marked unread."""
    before_mark = members.c.unread_from - 1
    return case((before_mark < members.c.read_position, before_mark), else_=members.c.read_position)


def _unread() -> ColumnElement[int]:
    """How many messages of others lie after the read cursor, or from where the owner marked unread.

    Places have no gaps, so there are as many messages as places, less the owner's and what others have deleted: two
    ranges of two indexes, in place of looking at each message (50,000 unread: 0.1 ms, where that took 580).
    """
    start = _start()
    after = (messages.c.conversation_id == members.c.conversation_id, messages.c.position > start)
    theirs = messages.c.sender_id == members.c.user_id

    def counted(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        query = select(func.count()).select_from(messages).where(*after, *conditions)
        return query.correlate(members).scalar_subquery()

    return (
        conversations.c.last_position - start - counted(theirs) - counted(~theirs, messages.c.deleted_at.is_not(None))
    )


def _mentions() -> ColumnElement[int]:
    """How many of the unread name the owner."""
    same = (mentions.c.user_id == members.c.user_id, mentions.c.conversation_id == members.c.conversation_id)
    query = select(func.count()).select_from(mentions).where(*same, mentions.c.position > _start())
    return query.correlate(members).scalar_subquery()


def _has_stars() -> ColumnElement[bool]:
    """Whether the owner has starred anything here: few have, and only for them it is asked what."""
    same = (stars.c.user_id == members.c.user_id, stars.c.conversation_id == members.c.conversation_id)
    return exists().where(*same).correlate(members)


_OWN_FACTS = select(
    members.c.conversation_id,
    members.c.role,
    members.c.unread_from,
    _unread().label("unread_count"),
    members.c.pinned,
    members.c.muted_until,
    members.c.archived,
    _mentions().label("mentions"),
    _has_stars().label("has_stars"),
).join_from(members, conversations, conversations.c.conversation_id == members.c.conversation_id)
_OWN = Query(_OWN_FACTS.where(_THEIRS, _AMONG, _SEATED), OwnRow)


def own_of(connection: Connection, user_id: int, conversation_ids: Collection[int]) -> dict[int, OwnRow]:
    """What is somebody's alone in each of these conversations."""
    if not conversation_ids:
        return {}
    rows = _OWN.all(connection, who=user_id, numbers=list(conversation_ids))
    return {row.conversation_id: row for row in rows}


def standing(connection: Connection, user_id: int) -> tuple[int, str]:
    """The last number of the facts that are this user's alone, and the epoch that it counts in."""
    return _STANDING.all(connection, who=user_id)[0]


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
    """When each of these was first read by a member other than its sender; unread ones are left out."""
    return dict(_FIRST_READS.all(connection, ids=list(message_ids))) if message_ids else {}


def _first_reads() -> Select[Any]:
    """One look into `marks` per message and reader: the first mark at or past a position is that reader's earliest."""
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
    return (
        select(messages.c.message_id, func.min(first).label("read_at"))
        .join_from(messages, reader, reader.c.conversation_id == messages.c.conversation_id)
        .where(
            Within(messages.c.message_id, "ids"),
            reader.c.user_id != messages.c.sender_id,
            reader.c.read_position >= messages.c.position,
        )
        .group_by(messages.c.message_id)
    )


_FIRST_READS = Query(_first_reads(), pair)


class _Mark(Struct, frozen=True):
    """Up to where a reader had read at a time."""

    user_id: int
    position: int
    read_at: int


def _marks_within() -> Select[Any]:
    """The marks of each reader that lie in a range of places, and the first one past it; the furthest first."""
    later = marks.alias("later")
    last = bindparam("last", type_=BigId)
    past = select(func.min(later.c.position)).where(
        later.c.conversation_id == members.c.conversation_id,
        later.c.user_id == members.c.user_id,
        later.c.position >= last,
    )
    same = (marks.c.conversation_id == members.c.conversation_id) & (marks.c.user_id == members.c.user_id)
    return (
        select(marks.c.user_id, marks.c.position, marks.c.read_at)
        .join_from(members, marks, same)
        .where(
            _HERE,
            members.c.read_position >= bindparam("first"),
            marks.c.position >= bindparam("first"),
            marks.c.position <= func.coalesce(past.correlate(members).scalar_subquery(), last),
        )
        .order_by(marks.c.position.desc())
    )


_MARKS_WITHIN = Query(_marks_within(), _Mark)


def first_reads_within(
    connection: Connection, conversation_id: int, placed: Sequence[tuple[int, int, int]]
) -> dict[int, int]:
    """As `first_reads`, for messages that lie close together in one conversation.

    Each is its position, its number and its sender, ascending. The database looks once for each reader rather than for
    each message and reader.
    """
    first, last = placed[0][0], placed[-1][0]
    found = _MARKS_WITHIN.all(connection, here=conversation_id, first=first, last=last)
    if not found:
        return {}
    found.reverse()
    earliest: dict[int, int] = {}
    reads: dict[int, int] = {}
    for position, message_id, sender_id in reversed(placed):
        while found and found[-1].position >= position:
            mark = found.pop()
            earliest[mark.user_id] = mark.read_at
        times = [read_at for user_id, read_at in earliest.items() if user_id != sender_id]
        if times:
            reads[message_id] = min(times)
    return reads


def count_since(connection: Connection, conversation_id: int, version: int, most: int) -> int:
    """How many seats have a greater version, counted up to `most`."""
    return sum(_COUNT.all(connection, here=conversation_id, version=version, most=most))
