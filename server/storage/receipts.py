"""Who has read one message, and when they first had: seen in `members` and `marks`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, bindparam, or_, select

from server.storage.query import Query, only, pair
from server.storage.tables import marks, members

_HERE, _SEATED = members.c.conversation_id == bindparam("here"), members.c.left_at.is_(None)
_OTHERS = members.c.user_id != bindparam("sender")


def _readers() -> Select[Any]:
    """The members past a place who let others see it, with the time of their first mark at or past it."""
    first = (
        select(marks.c.read_at)
        .where(
            marks.c.conversation_id == members.c.conversation_id,
            marks.c.user_id == members.c.user_id,
            marks.c.position >= bindparam("place"),
        )
        .order_by(marks.c.position)
        .limit(1)
        .correlate(members)
        .scalar_subquery()
    )
    return select(members.c.user_id, first.label("first")).where(
        _HERE,
        _SEATED,
        _OTHERS,
        members.c.read_position >= bindparam("place"),
        members.c.hides_receipts.is_(False),
    )


_READERS = Query(_readers(), pair)
_UNREAD_BY = Query(
    select(members.c.user_id).where(
        _HERE,
        _SEATED,
        _OTHERS,
        or_(members.c.read_position < bindparam("place"), members.c.unread_from <= bindparam("place")),
    ),
    only,
)


def readers(connection: Connection, conversation_id: int, sender_id: int, position: int) -> list[tuple[int, int]]:
    """Who but the sender has read the message at a place, with the milliseconds since 1970; the first reader first."""
    found = _READERS.all(connection, here=conversation_id, sender=sender_id, place=position)
    return sorted([(user_id, read_at) for user_id, read_at in found if read_at is not None], key=lambda one: one[::-1])


def unread_by(connection: Connection, conversation_id: int, sender_id: int, position: int) -> list[int]:
    """For whom the message at a place counts, or may count, as unread."""
    return _UNREAD_BY.all(connection, here=conversation_id, sender=sender_id, place=position)
