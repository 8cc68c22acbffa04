"""How many messages wait to be read, derived from the cursor and what is held."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.core.store import Held


@dataclass(frozen=True, slots=True)
class Unread:
    """`count` of others' messages not read yet, and the position of the first of them."""

    count: int = 0
    first_position: int | None = None


NOTHING_UNREAD = Unread()


def unread_of(held: Held, own_id: int, reading: int | None = None) -> Unread:
    """What is unread in a conversation; `reading` is a cursor already reported but not yet confirmed.

    Exact where everything behind the cursor is held. Else the server's own count, carried on by what came since; and
    where the cursor has moved within what is not held, every position not held counts as somebody else's.
    """
    start = _read_up_to(held, own_id, reading)
    last = held.last_position
    if start >= last:
        return NOTHING_UNREAD
    behind = held.between(start + 1, last)
    others = [m.position for m in behind if m.sender_id != own_id and m.deleted_at is None]
    missing = last - start - len(behind)
    if missing == 0:
        return Unread(len(others), others[0]) if others else NOTHING_UNREAD
    counted_to = held.own_counted_to
    if counted_to is not None and start == _read_up_to(held, own_id, None):
        count = held.own.unread_count + sum(position > counted_to for position in others)
    else:
        count = len(others) + missing
    return Unread(count, start + 1) if count else NOTHING_UNREAD


def _read_up_to(held: Held, own_id: int, reading: int | None) -> int:
    """The last position that counts as read: the cursor, or less where one has marked unread and not read since."""
    cursor = max(held.cursor_of(own_id), reading or 0)
    marked = held.own.unread_from
    if marked is None or (reading is not None and reading >= marked):
        return cursor
    return min(cursor, marked - 1)


def is_settled(held: Held, own_id: int, reading: int) -> bool:
    """Whether what the server has told makes a cursor that was reported from here superfluous."""
    marked = held.own.unread_from
    return held.cursor_of(own_id) >= reading and (marked is None or reading < marked)


def is_news(held: Held, own_id: int, position: int) -> bool:
    """Whether reading up to `position` changes anything."""
    marked = held.own.unread_from
    return position > held.cursor_of(own_id) or (marked is not None and position >= marked)
