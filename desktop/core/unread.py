"""How many messages wait to be read, derived from the cursor and what is held."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.core.store import Held


@dataclass(frozen=True, slots=True)
class Unread:
    """`count` of others' messages not read yet, and the position of the first of them.

    `mentions` of these name the user, `first_mention` the first of those held. `marked`: by the user's own wish.
    """

    count: int = 0
    first_position: int | None = None
    mentions: int = 0
    first_mention: int | None = None
    marked: bool = False


NOTHING_UNREAD = Unread()


def unread_of(held: Held, own_id: int, reading: int | None = None) -> Unread:
    """What is unread in a conversation; `reading` is a cursor already reported but not yet confirmed.

    Exact where everything behind the cursor is held. Else the server's own counts, carried on by what came since; and
    where the cursor has moved within what is not held, every position not held counts as somebody else's.
    """
    marked = held.own.unread_from is not None and _is_marked(held, reading)
    start = _read_up_to(held, own_id, reading) if marked else max(own_cursor(held, own_id), reading or 0)
    last = held.last_position
    if start >= last:
        return Unread(marked=True) if marked else NOTHING_UNREAD
    behind = held.between(start + 1, last)
    others = [message for message in behind if message.sender_id != own_id and message.deleted_at is None]
    naming = [message.position for message in others if own_id in message.mentions]
    first_mention = naming[0] if naming else None
    missing = last - start - len(behind)
    if missing == 0:
        first = others[0].position if others else None
        return Unread(len(others), first, len(naming), first_mention, marked)
    told, counted_to = held.own, held.own_counted_to
    count, mentions = len(others) + missing, len(naming)
    if counted_to is not None and start == _read_up_to(held, own_id, None):
        count = told.unread_count + sum(message.position > counted_to for message in others)
        mentions = told.mentions + sum(position > counted_to for position in naming)
    return Unread(count, start + 1 if count else None, mentions, first_mention, marked)


def _read_up_to(held: Held, own_id: int, reading: int | None) -> int:
    """The last position that counts as read: the cursor, or less where one has marked unread and not read since."""
    cursor = max(own_cursor(held, own_id), reading or 0)
    marked = held.own.unread_from
    return min(cursor, marked - 1) if marked is not None and _is_marked(held, reading) else cursor


def _is_marked(held: Held, reading: int | None) -> bool:
    """Whether one has marked unread and not read since."""
    marked = held.own.unread_from
    return marked is not None and (reading is None or reading < marked)


def own_cursor(held: Held, own_id: int) -> int:
    """How far one has read: as others see it, or further where one lets them not see it."""
    return max(held.cursor_of(own_id), held.own.read_position)


def is_settled(held: Held, own_id: int, reading: int) -> bool:
    """Whether what the server has told makes a cursor that was reported from here superfluous."""
    marked = held.own.unread_from
    return own_cursor(held, own_id) >= reading and (marked is None or reading < marked)


def is_news(held: Held, own_id: int, position: int) -> bool:
    """Whether reading up to `position` changes anything."""
    marked = held.own.unread_from
    return position > own_cursor(held, own_id) or (marked is not None and position >= marked)
