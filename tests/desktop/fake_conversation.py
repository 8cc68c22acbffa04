"""One conversation of a FakeServer (tests/desktop/doubles.py)."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from protocol.shapes import Conversation, Edit, Member, Message, Own, Pin


class FakeConversation:
    """Rows of one conversation with the one counter that numbers their changes."""

    def __init__(self, row: Conversation) -> None:
        self.row = row
        self.head = 0
        self.members: dict[int, Member] = {}
        self.messages: list[Message] = []
        self.unread_from: dict[int, int] = {}
        self.pins: list[Pin] = []
        self.starred: dict[int, list[int]] = {}
        self.own: dict[int, Own] = {}
        self.drafts_at: dict[int, int] = {}
        self.drafts_late_ms = 0
        """How far the server's clock is behind the desktops': a time to come counts as its own."""
        self.left: dict[int, Member] = {}
        self.listed_most = 1000
        """A conversation's row lists so many members, and so does `sync`."""
        self.edits: dict[int, list[Edit]] = {}

    def next_version(self) -> int:
        """The next number of the counter."""
        self.head += 1
        return self.head

    def own_of(self, user_id: int) -> Own:
        """The private facts of one member."""
        unread_from = self.unread_from.get(user_id)
        cursor = self.members[user_id].read_position
        start = cursor if unread_from is None else min(cursor, unread_from - 1)
        behind = [m for m in self.messages[start:] if m.sender_id != user_id and m.deleted_at is None]
        return structs.replace(
            self.own.get(user_id, Own()),
            unread_count=len(behind),
            unread_from=unread_from,
            mentions=sum(user_id in m.mentions for m in behind),
            role=self.members[user_id].role,
            starred=list(self.starred.get(user_id, ())),
        )

    def keep_own(self, user_id: int, **facts: Any) -> None:
        """Change what is one member's own."""
        self.own[user_id] = structs.replace(self.own.get(user_id, Own()), **facts)

    def seats(self) -> list[Member]:
        """Every seat there is or was."""
        return [*self.members.values(), *self.left.values()]

    def shown(self, user_id: int | None = None) -> Conversation:
        """The conversation as it travels; with `own` for a viewer."""
        last = self.message_at(len(self.messages)) if self.messages else None
        own = {} if user_id is None else {"own": self.own_of(user_id)}
        return structs.replace(
            self.row,
            head=self.head,
            last_position=len(self.messages),
            last_message=last,
            last_message_at=last.created_at if last else None,
            member_count=len(self.members),
            members=list(self.members.values())[: self.listed_most],
            pins=list(self.pins),
            **own,
        )

    def message_at(self, position: int) -> Message:
        """A message with what is derived when it is read."""
        message = self.messages[position - 1]
        readers = [m for m in self.members.values() if m.user.user_id != message.sender_id]
        is_read = any(m.read_position >= position for m in readers)
        return structs.replace(message, is_read=is_read, read=is_read)
