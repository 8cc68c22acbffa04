"""What is somebody's alone in a conversation: the columns of `members` that only the owner of the seat sees."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, bindparam, case, exists, func, or_, select, update

from protocol.shapes import MemberRole, Notify
from server.storage.query import Query, Within, only, pair
from server.storage.tables import conversations, members, mentions, messages, stars


class OwnRow(Struct, frozen=True):
    """A seat as its owner alone sees it, unread messages counted; times in milliseconds since 1970.

    `read_to`: how far the owner has read, shown to others or not. A draft that was forgotten keeps its time.
    """

    conversation_id: int
    role: MemberRole
    unread_from: int | None
    unread_count: int
    pinned: bool
    muted_until: int | None
    archived: bool
    mentions: int
    has_stars: bool
    notify: Notify
    blocked: bool
    hides_typing: bool
    hides_receipts: bool
    read_to: int
    draft: str | None
    draft_reply_to_uid: str | None
    draft_written_at: int | None
    last_position: int


_THEIRS = members.c.user_id == bindparam("who")
_SEATED = members.c.left_at.is_(None)


def _read_to() -> ColumnElement[int]:
    """How far the owner has read for themselves, which others may not have been told."""
    shown, own = members.c.read_position, members.c.own_read_position
    return case((own > shown, own), else_=shown)


def _start() -> ColumnElement[int]:
    """After which place the unread begin: where the owner has read to, or less where they marked unread."""
    before_mark, read_to = members.c.unread_from - 1, _read_to()
    return case((before_mark < read_to, before_mark), else_=read_to)


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
    members.c.notify,
    members.c.blocked,
    members.c.hides_typing,
    members.c.hides_receipts,
    _read_to().label("read_to"),
    members.c.draft,
    members.c.draft_reply_to_uid,
    members.c.draft_written_at,
    conversations.c.last_position,
).join_from(members, conversations, conversations.c.conversation_id == members.c.conversation_id)
_OWN = Query(_OWN_FACTS.where(_THEIRS, Within(members.c.conversation_id, "numbers"), _SEATED), OwnRow)


def own_of(connection: Connection, user_id: int, conversation_ids: Collection[int]) -> dict[int, OwnRow]:
    """What is somebody's alone in each of these conversations."""
    if not conversation_ids:
        return {}
    rows = _OWN.all(connection, who=user_id, numbers=list(conversation_ids))
    return {row.conversation_id: row for row in rows}


def change(connection: Connection, conversation_id: int, user_id: int, own_version: int, **values: Any) -> None:  # noqa: ANN401 - of any column
    """Give somebody's own facts of a conversation other values, at this number of their counter."""
    theirs = (members.c.conversation_id == conversation_id, members.c.user_id == user_id)
    connection.execute(update(members).where(*theirs).values(own_version=own_version, **values))


def _state() -> ColumnElement[int]:
    """One number for what a send must know of a seat; 0 for nearly all of them."""
    awake = or_(members.c.muted_until.is_(None), members.c.muted_until <= bindparam("now"))
    return case((members.c.blocked, BLOCKS), else_=0) + case((members.c.archived & awake, RETURNS), else_=0)


BLOCKS, RETURNS = 1, 2
"""Bits of a seat's state: its owner has blocked the other person; a message brings the conversation back to them."""
STATE = _state()
"""The state as a column, for whoever reads seats anyway; the time is given as `now`, milliseconds since 1970."""
_STATES = Query(
    select(members.c.user_id, STATE.label("state")).where(
        members.c.conversation_id == bindparam("here"), _SEATED, or_(members.c.blocked, members.c.archived)
    ),
    pair,
)


def states(connection: Connection, conversation_id: int, now_ms: int) -> dict[int, int]:
    """The states of a conversation's seats by user, of those that have one."""
    return dict(_STATES.all(connection, here=conversation_id, now=now_ms))


# Who is told that somebody is there, types or looks.

_SUBJECT = members.alias("subject")
_OTHER = case(
    (conversations.c.user1_id == _SUBJECT.c.user_id, conversations.c.user2_id), else_=conversations.c.user1_id
)
_BLOCKED_BY = (
    select(_OTHER)
    .select_from(_SUBJECT)
    .join(conversations, conversations.c.conversation_id == _SUBJECT.c.conversation_id)
    .where(_SUBJECT.c.user_id == bindparam("who"), _SUBJECT.c.blocked)
)
_BLOCKS_AMONG = Query(
    select(_SUBJECT.c.user_id, _OTHER)
    .select_from(_SUBJECT)
    .join(conversations, conversations.c.conversation_id == _SUBJECT.c.conversation_id)
    .where(Within(_SUBJECT.c.user_id, "ids"), _SUBJECT.c.blocked),
    pair,
)
_MINE = members.alias("mine")
_SHARED = _MINE.c.conversation_id == members.c.conversation_id
_SEEN_BY = Query(
    select(members.c.user_id)
    .distinct()
    .join_from(_MINE, members, _SHARED)
    .where(_MINE.c.user_id == bindparam("who"), _MINE.c.left_at.is_(None), _SEATED)
    .where(members.c.user_id != bindparam("who"), members.c.user_id.not_in(_BLOCKED_BY)),
    only,
)
_BLOCKERS_OF = Query(
    select(members.c.user_id)
    .join_from(_MINE, members, _SHARED)
    .where(_MINE.c.user_id == bindparam("who"), members.c.blocked, members.c.user_id != bindparam("who")),
    only,
)
_HIDING = exists().where(
    _SUBJECT.c.conversation_id == bindparam("here"), _SUBJECT.c.user_id == bindparam("who"), _SUBJECT.c.hides_typing
)
_SEEN_TYPING_BY = Query(
    select(members.c.user_id).where(
        members.c.conversation_id == bindparam("here"),
        _SEATED,
        members.c.user_id != bindparam("who"),
        members.c.user_id.not_in(_BLOCKED_BY),
        ~_HIDING,
    ),
    only,
)


def seen_by(connection: Connection, user_id: int) -> list[int]:
    """Who may know whether somebody is there: those who share a conversation, less those whom they have blocked."""
    return _SEEN_BY.all(connection, who=user_id)


def seen_typing_by(connection: Connection, conversation_id: int, user_id: int) -> list[int]:
    """Who may know that somebody types here: the other members, but nobody where they hide it."""
    return _SEEN_TYPING_BY.all(connection, here=conversation_id, who=user_id)


def blockers_of(connection: Connection, user_id: int) -> set[int]:
    """Who has blocked somebody."""
    return set(_BLOCKERS_OF.all(connection, who=user_id))


def blocks_of(connection: Connection, user_ids: Collection[int]) -> set[tuple[int, int]]:
    """Whom each of these has blocked, as pairs of who has blocked and who is."""
    return set(_BLOCKS_AMONG.all(connection, ids=list(user_ids))) if user_ids else set()
