"""The reference merge: the smallest store that follows the contract, against which pushes and syncs are compared."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from protocol.commands import Sync
from protocol.shapes import Conversation, Member, Message, Own, User
from protocol.signals import MessagesRead, Synced
from server.services.ports import Announcement

_ROWS_ONLY: dict[str, Any] = {"own": UNSET, "unread_count": UNSET, "members": [], "last_message": None, "head": 0}
_DERIVED: dict[str, Any] = {**_ROWS_ONLY, "last_position": 0, "last_message_at": None, "updated_at": ""}


class Reference:
    """What one user knows, merged as a lattice: higher version wins, the greater cursor wins.

    Ticks are derived, never merged: a message's own `is_read` only says what was so when it was told.
    """

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.users: dict[int, User] = {}
        self.conversations: dict[int, Conversation] = {}
        self.members: dict[tuple[int, int], Member] = {}
        self.cursors: dict[tuple[int, int], int] = {}
        self.seat_versions: dict[tuple[int, int], int] = {}
        self.messages: dict[int, Message] = {}
        self.own: dict[int, Own] = {}
        self.own_versions: dict[int, int] = {}
        self.user_version = 0
        self._floor: dict[int, int] = {}
        self._numbers: dict[int, set[int]] = {}

    def followed(self, conversation_id: int) -> int:
        """Up to which number everything has been told, without a gap."""
        reached, numbers = self._floor.get(conversation_id, 0), self._numbers.get(conversation_id, set())
        while reached + 1 in numbers:
            reached += 1
        return reached

    def question(self) -> Sync:
        """What this store would ask `sync`."""
        known = self._floor.keys() | self._numbers.keys()
        versions = {str(conversation_id): self.followed(conversation_id) for conversation_id in known}
        return Sync(user_version=self.user_version, versions=versions)

    def hear(self, announcement: Announcement) -> None:
        """Merge one push. Echoes (`message_read`) carry no news."""
        told = announcement.payload
        if announcement.event in ("new_message", "message_updated"):
            self._count(told.conversation_id, told.version)
            self._message(told)
        elif announcement.event == "conversation_updated":
            self._count(told.conversation_id, told.version)
            self._conversation(told)
        elif announcement.event == "member_updated":
            self._count(told.conversation_id, told.member.version)
            self._member(told.conversation_id, told.member)
        elif announcement.event == "messages_read":
            self._count(told.conversation_id, told.version)
            self._moved(told)
        elif announcement.event == "own_updated":
            self._own(told.conversation_id, told.own, told.user_version)
        elif announcement.event == "conversation_removed":
            self._forget(told.conversation_id)

    def take(self, answer: Synced) -> None:
        """Merge an answer of `sync`."""
        self.user_version = max(self.user_version, answer.user_version) if answer.complete else self.user_version
        for conversation_id in answer.gone:
            self._forget(conversation_id)
        for user in answer.users:
            self._user(user)
        for one in answer.conversations:
            self._floor[one.conversation_id] = max(self._floor.get(one.conversation_id, 0), one.head)
            if one.conversation is not None:
                self._conversation(one.conversation)
            for member in one.members:
                self._member(one.conversation_id, member)
            for message in one.messages:
                self._message(message)
        for number, own in answer.own.items():
            self._own(int(number), own, answer.user_version)

    def state(self) -> dict[str, Any]:
        """All that is known, in a form that compares: rows without what is derived, and what is derived from them."""
        return {
            "users": self.users,
            "conversations": {n: replace(row, **_DERIVED) for n, row in self.conversations.items()},
            "members": {key: (row.role, row.joined_at) for key, row in self.members.items() if row.left_at is None},
            "cursors": self.cursors,
            "seat_versions": self.seat_versions,
            "messages": {n: replace(m, is_read=False, read=False, read_at=None) for n, m in self.messages.items()},
            "read": {n: self.is_read(m) for n, m in self.messages.items()},
            "followed": {n: self.followed(n) for n in self._floor.keys() | self._numbers.keys()},
            "unread_from": {n: own.unread_from for n, own in self.own.items() if own.unread_from is not None},
            "unread": {n: self.unread(n) for n in self.conversations},
            "named": {n: self.named(n) for n in self.conversations},
            "own": {n: replace(self.own.get(n, Own()), unread_count=0, mentions=0) for n in self.conversations},
            "starred": {n: own.starred for n, own in self.own.items() if own.starred},
        }

    def is_read(self, message: Message) -> bool:
        """Whether some member other than the sender has read it."""
        return any(
            position >= message.position
            for (conversation_id, user_id), position in self.cursors.items()
            if conversation_id == message.conversation_id and user_id != message.sender_id
        )

    def unread(self, conversation_id: int) -> int:
        """Others' messages past the cursor, or from where this user marked unread."""
        return len(self._unread(conversation_id))

    def named(self, conversation_id: int) -> int:
        """Those of them that name this user."""
        return sum(self.user_id in message.mentions for message in self._unread(conversation_id))

    def _unread(self, conversation_id: int) -> list[Message]:
        own = self.own.get(conversation_id, Own())
        start = max(self.cursors.get((conversation_id, self.user_id), 0), own.read_position)
        marked = own.unread_from
        start = start if marked is None else min(start, marked - 1)
        theirs = [m for m in self.messages.values() if m.sender_id != self.user_id and m.deleted_at is None]
        return [m for m in theirs if m.conversation_id == conversation_id and m.position > start]

    def _forget(self, conversation_id: int) -> None:
        """The user is no member any more: nothing of the conversation is kept."""
        for known in (self.conversations, self.own, self.own_versions, self._floor, self._numbers):
            known.pop(conversation_id, None)
        self.messages = {n: m for n, m in self.messages.items() if m.conversation_id != conversation_id}
        for seats in (self.members, self.cursors, self.seat_versions):
            for key in [key for key in seats if key[0] == conversation_id]:
                del seats[key]

    def _count(self, conversation_id: int, version: int) -> None:
        """One number of a conversation has been told."""
        self._numbers.setdefault(conversation_id, set()).add(version)

    def _user(self, user: User) -> None:
        """A profile, if it is newer."""
        if user.user_id not in self.users or self.users[user.user_id].version < user.version:
            self.users[user.user_id] = user

    def _message(self, message: Message) -> None:
        """A message, if it is newer."""
        self._user(message.sender)
        known = self.messages.get(message.message_id)
        if known is None or known.version < message.version:
            self.messages[message.message_id] = message

    def _conversation(self, conversation: Conversation) -> None:
        """A conversation's own fields, if they are newer."""
        known = self.conversations.get(conversation.conversation_id)
        if known is None or known.version < conversation.version:
            self.conversations[conversation.conversation_id] = conversation
        for member in conversation.members:
            self._member(conversation.conversation_id, member)

    def _member(self, conversation_id: int, member: Member) -> None:
        """A seat, if it is newer, and its cursor, if it is further."""
        key = (conversation_id, member.user.user_id)
        self._user(member.user)
        self.cursors[key] = max(self.cursors.get(key, 0), member.read_position)
        self.seat_versions[key] = max(self.seat_versions.get(key, 0), member.version)
        if key not in self.members or self.members[key].version < member.version:
            self.members[key] = member

    def _moved(self, told: MessagesRead) -> None:
        """A cursor, if it is further; the seat's number is then that of the move."""
        key = (told.conversation_id, told.user_id)
        self.cursors[key] = max(self.cursors.get(key, 0), told.read_position)
        self.seat_versions[key] = max(self.seat_versions.get(key, 0), told.version)

    def _own(self, conversation_id: int, own: Own, version: int) -> None:
        """One's own facts, if their number is not lower."""
        if self.own_versions.get(conversation_id, 0) <= version:
            self.own[conversation_id], self.own_versions[conversation_id] = own, version
