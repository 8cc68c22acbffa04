"""Conversations as a batch of sends needs them: read together, counted on in memory, stored together."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct
from sqlalchemy import Connection, select

from server.storage.many import UpdateMany
from server.storage.own_facts import BLOCKS, RETURNS, STATE
from server.storage.query import Query, Within
from server.storage.tables import conversations, members


class Room(Struct, kw_only=True):
    """One conversation with its seats; `head` and `last_position` run ahead of the table until `store`.

    `blocker_ids`: who lets the other person of a direct conversation not write; `returning_ids`: to whom a message
    brings it back from their archive.
    """

    conversation_id: int
    user1_id: int | None
    user2_id: int | None
    head: int
    last_position: int
    member_ids: tuple[int, ...] = ()
    blocker_ids: tuple[int, ...] = ()
    returning_ids: tuple[int, ...] = ()
    written: int = 0

    def seats(self, user_id: int) -> bool:
        """Whether somebody has a seat here."""
        return user_id in self.member_ids

    def other_id(self, user_id: int) -> int | None:
        """The other person of a direct conversation."""
        return self.user2_id if user_id == self.user1_id else self.user1_id

    def take_place(self) -> tuple[int, int]:
        """The next number and the next position, for a message of this batch."""
        self.head += 1
        self.last_position += 1
        self.written += 1
        return self.head, self.last_position


_ROOMS = Query(
    select(
        conversations.c.conversation_id,
        conversations.c.user1_id,
        conversations.c.user2_id,
        conversations.c.head,
        conversations.c.last_position,
    ).where(Within(conversations.c.conversation_id, "numbers")),
    lambda conversation_id, user1_id, user2_id, head, last_position: Room(
        conversation_id=conversation_id, user1_id=user1_id, user2_id=user2_id, head=head, last_position=last_position
    ),
)
_SEATED = Query(
    select(members.c.conversation_id, members.c.user_id, STATE)
    .where(members.c.left_at.is_(None), Within(members.c.conversation_id, "numbers"))
    .order_by(members.c.conversation_id, members.c.joined_at, members.c.user_id),
    lambda conversation_id, user_id, state: (conversation_id, user_id, state),
)
_STORE = UpdateMany(conversations, "conversation_id", ["head", "last_position", "last_message_at"])


def load(connection: Connection, conversation_ids: Collection[int], now_ms: int) -> dict[int, Room]:
    """These conversations by number, with who has a seat in order of joining; unknown ones are left out."""
    numbers = list(conversation_ids)
    rooms = {room.conversation_id: room for room in _ROOMS.all(connection, numbers=numbers)}
    seated: dict[int, list[int]] = {}
    for number, user_id, state in _SEATED.all(connection, numbers=numbers, now=now_ms):
        seated.setdefault(number, []).append(user_id)
        if state:
            _note(rooms[number], user_id, state)
    for number, user_ids in seated.items():
        rooms[number].member_ids = tuple(user_ids)
    return rooms


def _note(room: Room, user_id: int, state: int) -> None:
    """Remember what a send must know of a seat."""
    if state & BLOCKS:
        room.blocker_ids += (user_id,)
    if state & RETURNS:
        room.returning_ids += (user_id,)


def store(connection: Connection, rooms: Iterable[Room], now_ms: int) -> None:
    """Write the numbers of those in which messages were written. The caller holds the turn, so nobody else counts."""
    counted = [
        {
            "conversation_id": room.conversation_id,
            "head": room.head,
            "last_position": room.last_position,
            "last_message_at": now_ms,
        }
        for room in rooms
        if room.written
    ]
    _STORE.run(connection, counted)
