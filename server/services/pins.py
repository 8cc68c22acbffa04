"""What is kept at hand: messages pinned for all, and messages that somebody has starred for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.shapes import Conversation, Happening, Own
from server.services import refusals
from server.services.changes import may_moderate
from server.services.happenings import tell_happening
from server.services.own_facts import tell_own
from server.services.ports import Actor
from server.services.reactions import refuse_dead
from server.services.shaping import one_conversation, shape_own
from server.services.telling import tell_conversation
from server.storage import pins, stars

if TYPE_CHECKING:
    from server.services.access import Access
    from server.storage.members import Seat
    from server.storage.unit import Database, Unit

PINS_MAX = 100
"""Pinned in one conversation: each of them is told with it."""
STARS_MAX = 500
"""Starred by one person in one conversation (`Own.starred`)."""


class Pins:
    """The only writer of pins and stars."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def pin(self, actor: Actor, message_id: int, *, on: bool) -> Conversation:
        """Pin a message for all, or unpin it; the conversation as the actor sees it. What is so changes nothing.

        In a group its owner and admins may. Raises Refused: `not_found`, `forbidden`, `invalid_request`.
        """

        def job(unit: Unit) -> Conversation:
            row, seat = self._access.message(actor, message_id, unit.connection)
            if seat.kind == "group" and not may_moderate(seat):
                raise refusals.forbidden("Only the owner and the admins of a group pin messages. Ask one of them.")
            if on:
                self._access.check_may_write(seat, unit.connection)
                refuse_dead(row)
            self._pin(unit, seat, message_id, on=on)
            return one_conversation(unit.connection, seat.conversation_id, actor.user_id)

        return self._database.write(job)

    def _pin(self, unit: Unit, seat: Seat, message_id: int, *, on: bool) -> None:
        """Write and tell it, where it changes anything; that something was pinned is a line in the conversation."""
        pinned = pins.message_ids(unit.connection, seat.conversation_id)
        if (message_id in pinned) == on:
            return
        if on and len(pinned) >= PINS_MAX:
            raise refusals.invalid("message_id", f"{PINS_MAX} messages are pinned here. Unpin one first.")
        member_ids = self._access.member_ids(seat.conversation_id, unit.connection)
        if not on:
            pins.remove(unit.connection, message_id)
            tell_conversation(unit, seat.conversation_id, member_ids)
            return
        pins.add(unit.connection, message_id, seat.conversation_id, seat.user_id, unit.now_ms)
        tell_conversation(unit, seat.conversation_id, member_ids)
        tell_happening(unit, seat, seat.user_id, Happening(kind="pinned", message_id=message_id))

    def star(self, actor: Actor, message_id: int, *, on: bool) -> Own:
        """Star a message for oneself, or take the star away; what is one's own afterwards.

        Raises Refused: `not_found`, `invalid_request`.
        """

        def job(unit: Unit) -> Own:
            row, seat = self._access.message(actor, message_id, unit.connection)
            here = seat.conversation_id
            starred = stars.of_user(unit.connection, actor.user_id, [here]).get(here, [])
            if (message_id in starred) == on:
                return shape_own(unit.connection, actor.user_id, [here])[here]
            if on:
                refuse_dead(row)
                if len(starred) >= STARS_MAX:
                    message = f"You have starred {STARS_MAX} messages here. Take a star away first."
                    raise refusals.invalid("message_id", message)
                stars.add(unit.connection, actor.user_id, message_id, here, unit.now_ms)
            else:
                stars.remove(unit.connection, actor.user_id, message_id)
            return tell_own(unit, here, actor.user_id)

        return self._database.write(job)
