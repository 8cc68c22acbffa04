"""Conversations: a person's list, and opening the direct one with somebody."""

from __future__ import annotations

from protocol.commands import OpenConversation
from protocol.shapes import Conversation
from protocol.signals import MemberUpdated
from server.services import refusals
from server.services.access import Access
from server.services.ports import Actor, Announcement, PresenceBook
from server.services.shaping import one_conversation, shape_conversations, shape_members
from server.storage import conversations, members, users
from server.storage.unit import Database, Unit


class Conversations:
    """Lists and opens conversations. The only writer of new ones."""

    def __init__(self, database: Database, access: Access, presence: PresenceBook) -> None:
        self._database = database
        self._access = access
        self._presence = presence

    def list_for(self, actor: Actor, user_id: int) -> list[Conversation]:
        """The actor's conversations with the latest message, newest first. Raises Refused (`not_yourself`)."""
        refusals.not_yourself_if(actor.user_id, user_id)
        with self._database.read() as snapshot:
            return shape_conversations(snapshot, conversations.of_user(snapshot, user_id), user_id)

    def get(self, actor: Actor, conversation_id: int) -> Conversation:
        """One conversation as the actor sees it. Raises Refused (`not_found`)."""
        with self._database.read() as snapshot:
            self._access.seat(actor, conversation_id, snapshot)
            return one_conversation(snapshot, conversation_id, actor.user_id)

    def open_direct(self, actor: Actor, command: OpenConversation) -> tuple[Conversation, bool]:
        """The direct conversation of two people, of whom the actor is one, and whether it was made now.

        Raises Refused: `forbidden`, `invalid_request` (with oneself), `not_found` (no such person, or deactivated).
        """
        pair = {command.participant1_id, command.participant2_id}
        if actor.user_id not in pair:
            raise refusals.forbidden("You can only open your own conversations. Put yourself among the participants.")
        if len(pair) == 1:
            raise refusals.invalid("participant2_id", "Nobody else is named. Choose another person to write to.")
        (other_id,) = pair - {actor.user_id}
        with self._database.read() as snapshot:
            known = conversations.direct_between(snapshot, actor.user_id, other_id)
            if known is not None:
                return one_conversation(snapshot, known.conversation_id, actor.user_id), False
        opened, is_new = self._database.write(lambda unit: self._open(unit, actor, other_id))
        if is_new:
            # Only now: whoever comes or goes before the commit tells nobody here, whoever does so after it tells both.
            self._presence.introduce((actor.user_id, other_id))
        return opened, is_new

    def _open(self, unit: Unit, actor: Actor, other_id: int) -> tuple[Conversation, bool]:
        """In the writing transaction: somebody may have been faster."""
        on = unit.connection
        known = conversations.direct_between(on, actor.user_id, other_id)
        if known is None:
            other = users.load_one(on, other_id)
            if other is None or other.deactivated_at is not None:
                raise refusals.not_found("user")
            conversation_id = _create(unit, actor.user_id, other_id)
        else:
            conversation_id = known.conversation_id
        return one_conversation(on, conversation_id, actor.user_id), known is None


def _create(unit: Unit, one: int, other: int) -> int:
    """Write the conversation at number 1 and its two seats at 2 and 3, and tell both people each of the three."""
    on = unit.connection
    conversation_id = conversations.add_direct(on, one, other, unit.now_ms)
    conversations.set_version(on, conversation_id, unit.next_version(conversation_id), unit.now_ms)
    pair = tuple(sorted((one, other)))
    for user_id in pair:
        members.add(on, conversation_id, user_id, "member", unit.next_version(conversation_id), unit.now_ms)
    told = one_conversation(on, conversation_id, viewer_id=None)
    unit.announce(Announcement(event="conversation_updated", payload=told, user_ids=pair))
    seats = [members.one(on, conversation_id, user_id) for user_id in pair]
    for member in shape_members(on, seats):
        signal = MemberUpdated(conversation_id=conversation_id, member=member)
        unit.announce(Announcement(event="member_updated", payload=signal, user_ids=pair))
    return conversation_id
