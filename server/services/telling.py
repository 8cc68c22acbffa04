"""Telling what changed in a conversation's own fields, or in what is somebody's own: numbered, shaped, announced."""

from __future__ import annotations

import msgspec

from protocol.ids import new_uid
from protocol.shapes import Happening, Own
from protocol.signals import OwnUpdated
from server.services.ports import Announcement
from server.services.shaping import one_conversation, shape_own, shape_sent
from server.storage import conversations, messages, stars
from server.storage.members import Seat
from server.storage.messages import NewMessage
from server.storage.unit import Unit


def tell_conversation(unit: Unit, conversation_id: int, user_ids: tuple[int, ...]) -> None:
    """The conversation's own fields, its pins among them, have changed: its next number, told to these people."""
    conversations.set_version(unit.connection, conversation_id, unit.next_version(conversation_id), unit.now_ms)
    told = one_conversation(unit.connection, conversation_id, viewer_id=None)
    unit.announce(Announcement(event="conversation_updated", payload=told, user_ids=user_ids))


def tell_own(unit: Unit, conversation_id: int, user_id: int) -> Own:
    """What is somebody's alone in a conversation has changed: the next number of their own counter, told to them."""
    number = unit.next_user_version(user_id)
    stars.set_own_version(unit.connection, conversation_id, user_id, number)
    own = shape_own(unit.connection, user_id, [conversation_id])[conversation_id]
    signal = OwnUpdated(conversation_id=conversation_id, own=own, user_version=number)
    unit.announce(Announcement(event="own_updated", payload=signal, user_ids=(user_id,)))
    return own


def tell_happening(unit: Unit, seat: Seat, happening: Happening, content: str, user_ids: tuple[int, ...]) -> None:
    """Write what the owner of a seat has done as the conversation's next message, `content` saying it in English."""
    new = NewMessage(
        uid=new_uid(),
        conversation_id=seat.conversation_id,
        sender_id=seat.user_id,
        type="system",
        content=content,
        content_hash="",
        reply_to_uid=None,
        mentions=None,
        happening=msgspec.json.encode(happening).decode(),
    )
    place = conversations.take_place(unit.connection, seat.conversation_id, unit.now_ms)
    row = messages.add(unit.connection, new, seat, place, unit.now_ms)
    told = shape_sent(unit.connection, row, [])
    unit.announce(Announcement(event="new_message", payload=told, user_ids=user_ids))
