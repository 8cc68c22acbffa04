"""Reactions: an emoji put under a message, or taken away; never a toggle, so that repeating is harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from protocol.commands import React
from protocol.emoji import one_emoji
from protocol.shapes import Message
from server.services import refusals
from server.services.changes import tell_updated
from server.services.ports import Actor
from server.services.shaping import shape_messages
from server.storage import messages, reactions

if TYPE_CHECKING:
    from server.services.access import Access
    from server.storage.messages import MessageRow
    from server.storage.unit import Database, Unit

EMOJI_MAX = 20
"""Different emoji under one message."""


class Reactions:
    """The only writer of reactions."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def react(self, actor: Actor, command: React) -> Message:
        """Put an emoji there or take it away; the message afterwards. What is so already changes nothing.

        Raises Refused: `not_found`, `forbidden`, `invalid_request` (no emoji, too many, a tombstone or a system line).
        """
        emoji = one_emoji(command.emoji)
        if emoji is None:
            raise refusals.invalid("emoji", "This is not one emoji. Send exactly one.")
        return self._database.write(lambda unit: self._react(unit, actor, command, emoji))

    def _react(self, unit: Unit, actor: Actor, command: React, emoji: str) -> Message:
        """In the writing transaction."""
        on = unit.connection
        row, seat = self._access.message(actor, command.message_id, on)
        there = {one.emoji: one.user_ids for one in reactions.of_messages(on, [row.message_id]).get(row.message_id, [])}
        if (actor.user_id in there.get(emoji, [])) == command.on:
            return shape_messages(on, [row])[0]
        if command.on:
            self._access.check_may_write(seat, on)
            refuse_dead(row)
            if emoji not in there and len(there) >= EMOJI_MAX:
                raise refusals.invalid("emoji", f"{EMOJI_MAX} different emoji are there. Choose one of them.")
            reactions.add(on, row.message_id, emoji, actor.user_id, unit.now_ms)
        else:
            reactions.remove(on, row.message_id, emoji, actor.user_id)
        version = unit.next_version(row.conversation_id)
        messages.change(on, row.message_id, version, {})
        return tell_updated(unit, [replace(row, version=version)], self._access.member_ids(row.conversation_id, on))


def refuse_dead(row: MessageRow) -> None:
    """Raise Refused (`invalid_request`) for a tombstone, and for a line that only tells what happened."""
    if row.deleted_at is not None:
        raise refusals.invalid("message_id", "This message was deleted. Choose another one.")
    if row.type == "system":
        raise refusals.invalid("message_id", "This line only tells what happened. Choose a message.")
