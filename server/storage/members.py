"""Rows of `members` and `marks`: who has a seat, how far they have read and when. What is theirs alone: own_facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, func, insert, select, update

from protocol.shapes import MemberRole
from server.storage.query import Asked, Query, Within, only, pair
from server.storage.tables import BigId, conversations, marks, members, messages, server_facts, users


class MemberRow(Struct, frozen=True):
    """A seat as everybody in the conversation sees it; times in milliseconds since 1970."""

    conversation_id: int
    user_id: int
    role: MemberRole
    joined_at: int
    left_at: int | None
    read_position: int
    read_at: int | None
    version: int


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
    own_read_position: int
    hides_receipts: bool

    @property
    def read_to(self) -> int:
        """How far the owner has read for themselves, which others may not have been told."""
        return max(self.read_position, self.own_read_position)

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
    members.c.own_read_position,
    members.c.hides_receipts,
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
_CHANGED = _query(select(*_COLUMNS).where(_HERE, _NEWER).order_by(members.c.version).limit(bindparam("most")))
_CHANGED_AMONG = _query(
    select(*_COLUMNS)
    .join_from(members, _ASKED.table, _ASKED.key == members.c.conversation_id)
    .where(members.c.version > _ASKED.value)
)
_SEATS = _query(select(*_COLUMNS).where(_HERE, _SEATED).order_by(members.c.joined_at, members.c.user_id))
_THOSE = _query(select(*_COLUMNS).where(_HERE, Within(members.c.user_id, "ids")).order_by(members.c.version))
_VACATED = Query(
    select(members.c.user_id).where(_HERE, members.c.left_at.is_not(None), Within(members.c.user_id, "ids")), only
)
_HEIR = Query(
    select(members.c.user_id)
    .join_from(members, users, users.c.user_id == members.c.user_id)
    .where(_HERE, _SEATED, users.c.deactivated_at.is_(None))
    .order_by(case((members.c.role == "admin", 0), else_=1), members.c.joined_at, members.c.user_id)
    .limit(1),
    only,
)
_NOTHING_OWN: dict[str, Any] = {
    "unread_from": None,
    "pinned": False,
    "muted_until": None,
    "archived": False,
    "notify": "all",
    "blocked": False,
    "hides_typing": False,
    "hides_receipts": False,
    "draft": None,
    "draft_reply_to_uid": None,
    "draft_written_at": None,
}
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
    """Seats with a greater version, by version; those that have become empty too."""
    return _CHANGED.all(connection, here=conversation_id, version=version, most=most)


def changed_among(connection: Connection, since: Mapping[int, int]) -> dict[int, list[MemberRow]]:
    """Seats with a greater version than the one given for their conversation, all of them, by version."""
    found: dict[int, list[MemberRow]] = {}
    if since:
        for row in _CHANGED_AMONG.all(connection, asked=since):
            found.setdefault(row.conversation_id, []).append(row)
    return found


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


def those(connection: Connection, conversation_id: int, user_ids: Collection[int]) -> list[MemberRow]:
    """The seats of these people, empty ones too, the one changed last at the end."""
    return _THOSE.all(connection, here=conversation_id, ids=list(user_ids)) if user_ids else []


def vacated(connection: Connection, conversation_id: int, user_ids: Collection[int]) -> set[int]:
    """Which of these have had a seat that is empty now."""
    return set(_VACATED.all(connection, here=conversation_id, ids=list(user_ids)))


def seat_again(connection: Connection, conversation_id: int, user_id: int, version: int, now_ms: int) -> None:
    """Give somebody the seat that they had before, at this number; nothing that was their own in it is left.

    How far others know them to have read stays, for that never decreases.
    """
    anew = {"role": "member", "joined_at": now_ms, "left_at": None, "version": version}
    connection.execute(update(members).where(*_of(conversation_id, user_id)).values(**anew, **_NOTHING_OWN))


def set_role(connection: Connection, conversation_id: int, user_id: int, role: MemberRole, version: int) -> None:
    """Give a member another role, at this number."""
    connection.execute(update(members).where(*_of(conversation_id, user_id)).values(role=role, version=version))


def leave(connection: Connection, conversation_id: int, user_id: int, version: int, now_ms: int) -> None:
    """Empty a seat, at this number; the row stays, for others to be told by."""
    left = {"role": "member", "left_at": now_ms, "version": version}
    connection.execute(update(members).where(*_of(conversation_id, user_id)).values(**left, **_NOTHING_OWN))


def heir(connection: Connection, conversation_id: int) -> int | None:
    """Who owns a group once its owner has left: the oldest admin, else the oldest member, of those with an account."""
    return _HEIR.first(connection, here=conversation_id)


def all_of(connection: Connection, conversation_id: int) -> list[MemberRow]:
    """Every seat of a conversation, in order of joining."""
    return _SEATS.all(connection, here=conversation_id)


def _of(conversation_id: int, user_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """One seat."""
    return members.c.conversation_id == conversation_id, members.c.user_id == user_id


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
