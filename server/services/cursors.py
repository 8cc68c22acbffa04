"""Read cursors: how far somebody has read, which only grows, and where they privately marked unread again."""

from __future__ import annotations

import msgspec

from protocol.commands import MarkAsRead, MarkRead, PatchMessage
from protocol.shapes import Message
from protocol.signals import MessagesRead
from protocol.times import to_wire
from server.services import refusals
from server.services.access import Access
from server.services.own_facts import tell_own
from server.services.ports import Actor, Announcement
from server.services.shaping import shape_messages
from server.storage import members, messages
from server.storage.members import Seat
from server.storage.unit import Database, Unit

ECHOES_MAX = 100
"""`message_read` is told for at most so many of the newest messages of one advance (contract)."""
TOLD_MEMBERS_MAX = 50
"""In larger conversations cursors are told by `sync` alone (contract, `messages_read`)."""


class Cursors:
    """Moves cursors; the only writer of marks and of `unread_from`."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def mark_read(self, actor: Actor, command: MarkRead) -> int:
        """Everything up to a position (clamped to the last), or everything committed so far, is read.

        Returns the cursor's place afterwards; one that is already further stays. Raises Refused (`not_yourself`,
        `not_found`).
        """
        refusals.not_yourself_if(actor.user_id, command.user_id)

        def job(unit: Unit) -> int:
            seat = self._access.seat(actor, command.conversation_id, unit.connection)
            wanted = seat.last_position if command.position is None else min(command.position, seat.last_position)
            return self._advance(unit, seat, wanted)

        return self._database.write(job)

    def mark_as_read(self, actor: Actor, command: MarkAsRead) -> int:
        """The actor has read up to this message. Raises Refused (`not_found`)."""

        def job(unit: Unit) -> int:
            row, seat = self._access.message(actor, command.message_id, unit.connection)
            if command.conversation_id is not None and row.conversation_id != command.conversation_id:
                raise refusals.not_found("message")
            return self._advance(unit, seat, row.position)

        return self._database.write(job)

    def patch(self, actor: Actor, message_id: int, command: PatchMessage) -> Message:
        """`is_read` true: read up to here. False: unread from here, for the actor alone, and answered as unread.

        One's own message changes nothing. Raises Refused (`not_found`).
        """

        def job(unit: Unit) -> Message:
            row, seat = self._access.message(actor, message_id, unit.connection)
            own = row.sender_id == actor.user_id
            if not own and command.is_read:
                self._advance(unit, seat, row.position)
            elif not own:
                tell_own(unit, seat.conversation_id, seat.user_id, unread_from=row.position)
            message = shape_messages(unit.connection, [row])[0]
            if own or command.is_read:
                return message
            return msgspec.structs.replace(message, is_read=False, read=False, read_at=None)

        return self._database.write(job)

    def _advance(self, unit: Unit, seat: Seat, position: int) -> int:
        """Move the cursor forward and tell the members, unless the owner hides it; clear a mark that is now read.

        What the owner is told is counted anew and numbered at each move, for a desktop that holds only part of a
        conversation cannot count.
        """
        advances = position > seat.read_to
        clears = seat.unread_from is not None and position >= seat.unread_from
        if not advances and not clears:
            return seat.read_to
        own: dict[str, int | None] = {"unread_from": None} if clears else {}
        if advances and seat.hides_receipts:
            own["own_read_position"] = position
        elif advances:
            version = unit.next_version(seat.conversation_id)
            members.move_cursor(unit.connection, seat, position, version, unit.now_ms)
            self._tell(unit, seat, position, version)
        tell_own(unit, seat.conversation_id, seat.user_id, **own)
        return max(position, seat.read_to)

    def _tell(self, unit: Unit, seat: Seat, position: int, version: int) -> None:
        """Tell the members the new place, and plain clients of a direct conversation each message newly read."""
        member_ids = self._access.member_ids(seat.conversation_id, unit.connection)
        if len(member_ids) > TOLD_MEMBERS_MAX:
            return
        moved = MessagesRead(
            conversation_id=seat.conversation_id,
            user_id=seat.user_id,
            read_position=position,
            read_at=to_wire(unit.now_ms),
            version=version,
        )
        coalesce = f"read:{seat.conversation_id}:{seat.user_id}"
        unit.announce(Announcement(event="messages_read", payload=moved, user_ids=member_ids, coalesce=coalesce))
        if seat.kind != "direct":
            return
        span = (seat.read_position, position)
        rows = messages.newly_read(unit.connection, seat.conversation_id, seat.user_id, span, ECHOES_MAX)
        for message in shape_messages(unit.connection, rows):
            unit.announce(Announcement(event="message_read", payload=message, user_ids=member_ids))
