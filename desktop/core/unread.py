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
    others = [m.position for m in held.between(start + 1, last) if m.sender_id != own_id]
    missing = last - start - held.count_between(start + 1, last)
    if missing == 0:
        return Unread(len(others), others[0]) if others else NOTHING_UNREAD
    counted_to = held.own_counted_to
    if counted_to is not None and start == _read_up_to(held, own_id, None):
        count = held.own.unread_count + sum(position > counted_to for position in others)
    else:
        count = len(others) + missing
    return Unread(count, start + 1) if count else NOTHING_UNREAD


def _read_up_to(held: Held, own_id: int, reading: int | None) -> int:
    """The last position that counts as read: what is being reported, a wish to see it unread again, or the cursor."""
    if reading is not None:
        return max(reading, 0)
    if held.own.unread_from is not None:
        return held.own.unread_from - 1
    return held.cursor_of(own_id)
