"""The one door for authorisation: who has a seat where, and who may see which message and file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from server.services.ports import Actor
from server.services.refusals import forbidden, not_found
from server.storage import attachments, members, messages, own_facts
from server.storage.attachments import AttachmentRow
from server.storage.members import Seat
from server.storage.messages import MessageRow
from server.storage.unit import Database, Snapshot

T = TypeVar("T")


class Access:
    """Answers who may; owns nothing. What the caller may not see is refused exactly as what does not exist.

    Each question can be asked inside a transaction (`snapshot`), so that the answer is of the same moment as what is
    done about it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def seat(self, actor: Actor, conversation_id: int, snapshot: Snapshot | None = None) -> Seat:
        """The actor's seat in a conversation. Raises Refused (`not_found`)."""
        seat = self._ask(lambda on: members.seat(on, conversation_id, actor.user_id), snapshot)
        if seat is None:
            raise not_found("conversation")
        return seat

    def message(self, actor: Actor, message_id: int, snapshot: Snapshot | None = None) -> tuple[MessageRow, Seat]:
        """A message and the actor's seat in its conversation. Raises Refused (`not_found`)."""

        def find(on: Snapshot) -> tuple[MessageRow | None, Seat | None]:
            row = messages.by_id(on, message_id)
            return row, None if row is None else members.seat(on, row.conversation_id, actor.user_id)

        row, seat = self._ask(find, snapshot)
        if row is None or seat is None:
            raise not_found("message")
        return row, seat

    def attachment(self, actor: Actor, key: str, snapshot: Snapshot | None = None) -> AttachmentRow:
        """The file of an address: its uploader's while unbound, the members' once sent, an avatar everybody's.

        Raises Refused (`not_found`), also when its message is deleted.
        """

        def find(on: Snapshot) -> AttachmentRow | None:
            row = attachments.by_key(on, key)
            return row if row is not None and _may_see(on, actor, row) else None

        row = self._ask(find, snapshot)
        if row is None:
            raise not_found("file")
        return row

    def member_ids(self, conversation_id: int, snapshot: Snapshot | None = None) -> tuple[int, ...]:
        """Who has a seat in a conversation; nobody where there is none."""
        return self._ask(lambda on: members.ids(on, conversation_id), snapshot)

    def check_may_write(self, seat: Seat, snapshot: Snapshot) -> None:
        """Refuse what would be told to somebody who has blocked this seat's owner. Raises Refused (`forbidden`)."""
        if seat.kind == "direct":
            states = own_facts.states(snapshot, seat.conversation_id, 0)
            refuse_blocked([user_id for user_id, state in states.items() if state & own_facts.BLOCKS], seat.user_id)

    def contacts(self, user_id: int, snapshot: Snapshot | None = None) -> set[int]:
        """Who shares a conversation with this user, without themselves."""
        return self._ask(lambda on: members.contacts(on, user_id), snapshot)

    def seen_by(self, user_id: int) -> list[int]:
        """Who may know whether this user is there: those who share a conversation, less those whom they blocked."""
        return self._ask(lambda on: own_facts.seen_by(on, user_id), None)

    def seen_typing_by(self, conversation_id: int, user_id: int) -> list[int]:
        """Who may know that this user types in a conversation."""
        return self._ask(lambda on: own_facts.seen_typing_by(on, conversation_id, user_id), None)

    def blocks_of(self, user_ids: Collection[int]) -> set[tuple[int, int]]:
        """Whom each of these has blocked: pairs of who has blocked, and who is."""
        return self._ask(lambda on: own_facts.blocks_of(on, user_ids), None) if user_ids else set()

    def conversation_ids(self, user_id: int, snapshot: Snapshot | None = None) -> set[int]:
        """Where this user has a seat."""
        return self._ask(lambda on: members.conversation_ids(on, user_id), snapshot)

    def _ask(self, question: Callable[[Snapshot], T], snapshot: Snapshot | None) -> T:
        """The answer inside the given transaction, or in one of its own."""
        if snapshot is not None:
            return question(snapshot)
        with self._database.read() as own:
            return question(own)


def refuse_blocked(blocker_ids: Collection[int], user_id: int) -> None:
    """Refuse what one person would tell the other, who has blocked them; it does not say who has.

    Raises Refused (`forbidden`).
    """
    if any(blocker_id != user_id for blocker_id in blocker_ids):
        raise forbidden("Nothing can be sent in this conversation. Choose another one.")


def _may_see(snapshot: Snapshot, actor: Actor, row: AttachmentRow) -> bool:
    """Whether this file is for this actor."""
    if row.message_id is None:
        # A former avatar has an end as well: it is then nobody's but its owner's until the sweep takes it.
        return row.owner_id == actor.user_id or (row.purpose == "avatar" and row.expires_at is None)
    message = messages.by_id(snapshot, row.message_id)
    if message is None or message.deleted_at is not None:
        return False
    return members.seat(snapshot, message.conversation_id, actor.user_id) is not None
