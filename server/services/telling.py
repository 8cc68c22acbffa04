"""Telling what changed in a conversation's own fields: numbered, shaped, announced."""

from __future__ import annotations

from server.services.ports import Announcement
from server.services.shaping import one_conversation
from server.storage import conversations
from server.storage.unit import Unit


def tell_conversation(unit: Unit, conversation_id: int, user_ids: tuple[int, ...]) -> None:
    """The conversation's own fields, its pins among them, have changed: its next number, told to these people."""
    conversations.set_version(unit.connection, conversation_id, unit.next_version(conversation_id), unit.now_ms)
    told = one_conversation(unit.connection, conversation_id, viewer_id=None)
    unit.announce(Announcement(event="conversation_updated", payload=told, user_ids=user_ids))
