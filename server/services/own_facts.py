"""What is somebody's alone in a conversation: pinned to the top, muted, archived, blocked, hidden."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import UNSET, structs

from protocol.commands import PatchOwn
from protocol.shapes import Own
from protocol.signals import OwnUpdated
from protocol.times import from_wire
from server.services import refusals
from server.services.access import Access
from server.services.ports import Actor, Announcement, PresenceBook
from server.services.shaping import shape_counted, shape_own
from server.storage import own_facts
from server.storage.members import Seat
from server.storage.unit import Database, Unit

_UNTIL_MAX_MS = 253_402_300_799_000
"""The last second of the year 9999, which every client can read: muted for good."""


class OwnFacts:
    """Changes what the caller has chosen for a conversation; the only writer of those columns but the draft's."""

    def __init__(self, database: Database, access: Access, presence: PresenceBook) -> None:
        self._database = database
        self._access = access
        self._presence = presence

    def patch(self, actor: Actor, conversation_id: int, command: PatchOwn) -> Own:
        """Change what is named; what is absent stays, and what is so already takes no number.

        Raises Refused: `not_found`; `invalid_request` for a time that is none, and for blocking a group.
        """
        wanted = _wanted(command)

        def job(unit: Unit) -> tuple[Own, tuple[int, ...]]:
            seat = self._access.seat(actor, conversation_id, unit.connection)
            if wanted.get("blocked") and seat.kind != "direct":
                raise refusals.invalid("blocked", "Only one person can be blocked. Mute this group, or leave it.")
            known = own_facts.own_of(unit.connection, actor.user_id, [conversation_id])[conversation_id]
            changed = {name: value for name, value in wanted.items() if getattr(known, name) != value}
            if not changed:
                return shape_own(unit.connection, actor.user_id, [conversation_id])[conversation_id], ()
            return tell_own(unit, conversation_id, actor.user_id, **changed), _pair(
                seat
            ) if "blocked" in changed else ()

        own, pair = self._database.write(job)
        if pair:
            # One of them is seen no more, or again.
            self._presence.introduce(pair)
        return own


def _wanted(command: PatchOwn) -> dict[str, Any]:
    """The columns to be, from what the command names. Raises Refused (`invalid_request`)."""
    wanted = {name: value for name, value in structs.asdict(command).items() if value is not UNSET}
    until = wanted.get("muted_until")
    if until is not None:
        wanted["muted_until"] = _until(until)
    return wanted


def _until(given: str) -> int:
    """Until when, in milliseconds since 1970. Raises Refused (`invalid_request`)."""
    try:
        return max(0, min(from_wire(given), _UNTIL_MAX_MS))
    except (ValueError, OverflowError):
        message = "'muted_until' is no time. Send one such as 2026-11-22T09:41:07.120Z, or null."
        raise refusals.invalid("muted_until", message) from None


def _pair(seat: Seat) -> tuple[int, ...]:
    """The two people of a direct conversation."""
    return tuple(user_id for user_id in (seat.user1_id, seat.user2_id) if user_id is not None)


def tell_own(unit: Unit, conversation_id: int, user_id: int, **values: Any) -> Own:  # noqa: ANN401 - of any column
    """Store values of somebody's own, at the next number of their counter, and tell their sockets what is theirs now.

    Also without values, where what is derived for them has changed.
    """
    number = unit.next_user_version(user_id)
    own_facts.change(unit.connection, conversation_id, user_id, number, **values)
    own, counted_to = shape_counted(unit.connection, user_id, conversation_id)
    signal = OwnUpdated(conversation_id=conversation_id, own=own, user_version=number, counted_to=counted_to)
    unit.announce(Announcement(event="own_updated", payload=signal, user_ids=(user_id,)))
    return own


def bring_back(unit: Unit, conversation_id: int, user_ids: Collection[int] | None = None) -> None:
    """A message brings the conversation back from the archive of those who have not muted it.

    To be called once the message is announced: what is told then counts it. Without `user_ids` they are looked up.
    """
    if user_ids is None:
        states = own_facts.states(unit.connection, conversation_id, unit.now_ms)
        user_ids = [user_id for user_id, state in states.items() if state & own_facts.RETURNS]
    for user_id in user_ids:
        tell_own(unit, conversation_id, user_id, archived=False)
