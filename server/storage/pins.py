"""Rows of `pins`: the messages that members have pinned for all."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select

from protocol.shapes import Pin
from protocol.times import to_wire
from server.storage.query import Query, Within, only
from server.storage.tables import messages, pins


class _Row(Struct, frozen=True):
    """A pin with the place of its message."""

    conversation_id: int
    message_id: int
    position: int
    user_id: int
    pinned_at: int

    def to_wire(self) -> Pin:
        """As everybody in the conversation sees it."""
        return Pin(
            message_id=self.message_id,
            position=self.position,
            user_id=self.user_id,
            pinned_at=to_wire(self.pinned_at),
        )


_OF_CONVERSATIONS = Query(
    select(pins.c.conversation_id, pins.c.message_id, messages.c.position, pins.c.user_id, pins.c.pinned_at)
    .join_from(pins, messages, messages.c.message_id == pins.c.message_id)
    .where(Within(pins.c.conversation_id, "numbers"))
    .order_by(pins.c.pinned_at, pins.c.message_id),
    _Row,
)
_IN = Query(select(pins.c.message_id).where(pins.c.conversation_id == bindparam("here")), only)


def of_conversations(connection: Connection, conversation_ids: Collection[int]) -> dict[int, list[Pin]]:
    """What is pinned in each of these conversations, oldest pin first."""
    found: dict[int, list[Pin]] = {}
    if conversation_ids:
        for row in _OF_CONVERSATIONS.all(connection, numbers=list(conversation_ids)):
            found.setdefault(row.conversation_id, []).append(row.to_wire())
    return found


def message_ids(connection: Connection, conversation_id: int) -> set[int]:
    """The numbers of what is pinned in one conversation."""
    return set(_IN.all(connection, here=conversation_id))


def add(connection: Connection, message_id: int, conversation_id: int, user_id: int, now_ms: int) -> None:
    """Pin a message that is not pinned."""
    row = {"message_id": message_id, "conversation_id": conversation_id, "user_id": user_id, "pinned_at": now_ms}
    connection.execute(insert(pins).values(row))


def remove(connection: Connection, message_id: int) -> bool:
    """Unpin a message; false where it was not pinned."""
    return connection.execute(delete(pins).where(pins.c.message_id == message_id)).rowcount > 0
