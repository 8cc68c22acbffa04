"""What this account knows, merged as a lattice: late, twice or out of order, the result is the same (idea 2)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from desktop.core.quotes import retold
from desktop.core.updates import UNTOLD, Cursor, Followed, OwnFacts, Seat, Update
from protocol.shapes import Conversation, Member, Message, Own, Presence, User

NO_CURSOR = Cursor(0, 0, 0)
NEVER_TOLD = (UNTOLD, -1)
"""The number of one's own facts before any were told."""
HELD_MOST = 1000
HELD_KEPT = 500
"""Beyond the most, a conversation's oldest messages are let go down to this many; the disk brings them back."""


@dataclass(slots=True)
class Changes:
    """What a merge has changed, so that only the lists concerned are derived anew."""

    conversations: set[int] = field(default_factory=set)
    users: set[int] = field(default_factory=set)


class Held:
    """One conversation as far as it is known: its row, members, cursors, one's own facts, and messages by position.

    Positions are contiguous from `first_position` on the server, so what is missing between two held ones is a hole.
    """

    def __init__(self, conversation_id: int) -> None:
        self.conversation_id = conversation_id
        self.conversation: Conversation | None = None
        self.members: dict[int, Member] = {}
        self.cursors: dict[int, Cursor] = {}
        self.messages: dict[int, Message] = {}
        self.positions: list[int] = []
        self._places: dict[str, int] = {}
        self._answers: dict[str, set[int]] = {}
        self.stale: set[int] = set()
        self.jumps = 0
        """How often many rows were jumped over: what was read from the disk before may be old after."""
        self.own = Own()
        self._own_number = NEVER_TOLD
        self.own_counted_to: int | None = None
        self.last_position = 0

    @property
    def first_position(self) -> int:
        """The first position there is for this viewer."""
        return 1 if self.conversation is None else self.conversation.first_position

    def between(self, first: int, last: int | None) -> Sequence[Message]:
        """The messages held from position `first` to `last`, both included; to the end without `last`."""
        start = bisect_left(self.positions, first)
        end = len(self.positions) if last is None else bisect_right(self.positions, last)
        return [self.messages[position] for position in self.positions[start:end]]

    def count_between(self, first: int, last: int) -> int:
        """How many positions from `first` to `last` are held."""
        return bisect_right(self.positions, last) - bisect_left(self.positions, first)

    def has_all(self, first: int, last: int) -> bool:
        """Whether every position from `first` to `last` is held and current."""
        if self.count_between(first, last) < last - first + 1:
            return False
        return not self.stale or not any(first <= position <= last for position in self.stale)

    def last_message(self) -> Message | None:
        """The newest message held."""
        return self.messages[self.positions[-1]] if self.positions else None

    def by_uid(self, uid: str) -> Message | None:
        """The message with this uid, if it is held."""
        position = self._places.get(uid)
        return None if position is None else self.messages.get(position)

    def cursor_of(self, user_id: int) -> int:
        """How far a member has read; 0 when nothing is known."""
        return self.cursors.get(user_id, NO_CURSOR).position

    def read_by_others(self, user_id: int) -> int:
        """How far somebody other than `user_id` has read: own messages up to here carry two ticks."""
        return max((c.position for c in self.cursors.values() if c.user_id != user_id), default=0)

    def merge_message(self, message: Message) -> bool:
        """Take a message if it is new or of a higher version; tells whether anything changed."""
        position = message.position
        known = self.messages.get(position)
        self.last_position = max(self.last_position, position)
        if known is not None and known.uid != message.uid:
            # A place is one message's for life. This tells of another history, by an answer that was faster than the
            # greeting (core/session.py, begin_epoch): what is held must still be there then, to be sent again.
            return False
        if known is not None and known.version >= message.version:
            if known.version == message.version:
                self.stale.discard(position)
            return False
        if known is not None:
            self._forget(known)
        else:
            insort(self.positions, position)
        self._hold(message)
        self.stale.discard(position)
        return True

    def _hold(self, message: Message) -> None:
        """Put a message in its place, and let it and its answers agree on what it says."""
        if message.reply_to is not None:
            self._answers.setdefault(message.reply_to.uid, set()).add(message.position)
            original = self.by_uid(message.reply_to.uid)
            message = message if original is None else retold(message, original)
        self.messages[message.position] = message
        self._places[message.uid] = message.position
        for position in self._answers.get(message.uid, ()):
            self.messages[position] = retold(self.messages[position], message)

    def _forget(self, message: Message) -> None:
        """Take a message out of its place."""
        del self.messages[message.position]
        self._places.pop(message.uid, None)
        if message.reply_to is not None:
            answers = self._answers[message.reply_to.uid]
            answers.discard(message.position)
            if not answers:
                del self._answers[message.reply_to.uid]

    def merge_old(self, message: Message) -> bool:
        """Take a message that may be old: news of it wins, and until then it counts as not current."""
        position = message.position
        known = self.messages.get(position)
        if known is not None and known.version >= message.version:
            return False
        self.merge_message(message)
        self.stale.add(position)
        return True

    def merge_conversation(self, told: Conversation) -> bool:
        """Take the conversation's own fields if they are newer; the last position only grows."""
        grown = told.last_position > self.last_position
        self.last_position = max(self.last_position, told.last_position)
        if self.conversation is not None and self.conversation.version >= told.version:
            return grown
        self.conversation = told
        return True

    def merge_member(self, member: Member) -> bool:
        """Take a seat if it is newer, and its cursor if that is further."""
        user_id = member.user.user_id
        cursor = Cursor(self.conversation_id, user_id, member.read_position, member.read_at, member.version)
        moved = self.merge_cursor(cursor)
        known = self.members.get(user_id)
        if known is not None and known.version >= member.version:
            return moved
        self.members[user_id] = member
        return True

    def merge_cursor(self, cursor: Cursor) -> bool:
        """Take a cursor if it is further; cursors never go back."""
        known = self.cursors.get(cursor.user_id, NO_CURSOR)
        if (cursor.position, cursor.version) <= (known.position, known.version):
            return False
        self.cursors[cursor.user_id] = cursor
        return True

    def merge_own(self, facts: OwnFacts) -> bool:
        """Take one's own facts if they are newer: by their number, then by the position they count to."""
        number = (facts.user_version, facts.counted_to)
        if number <= self._own_number:
            return False
        changed = self.own != facts.own
        self.own, self._own_number = facts.own, number
        self.own_counted_to = facts.counted_to or self.last_position
        return changed

    def let_go(self, below: int) -> None:
        """Forget the oldest messages below a position where too many are held: an account is larger than its memory."""
        if len(self.positions) <= HELD_MOST:
            return
        cut = min(bisect_left(self.positions, below), len(self.positions) - HELD_KEPT)
        for position in self.positions[:cut]:
            self._forget(self.messages[position])
            self.stale.discard(position)
        del self.positions[:cut]

    def leave_out(self, position: int) -> None:
        """Hold nothing at a position: what was told cannot be shown."""
        message = self.messages.get(position)
        if message is not None:
            self._forget(message)
            self.positions.remove(position)
            self.stale.discard(position)

    def set_fresh_from(self, position: int) -> None:
        """Everything held below `position` may be old: readable, but fetched again before it is paged through."""
        self.jumps += 1
        self.stale.update(self.positions[: bisect_left(self.positions, position)])


class Store:
    """Owns every `Held`, the people and their presence. Only `merge` adds to it; `clear` and `let_go` forget."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.users: dict[int, User] = {}
        self.presence: dict[int, Presence] = {}

    def of(self, conversation_id: int) -> Held:
        """What is held of a conversation; an empty one where nothing is known yet."""
        return self.held.get(conversation_id) or self.held.setdefault(conversation_id, Held(conversation_id))

    def find(self, uid: str) -> Message | None:
        """The message with this uid, wherever it stands."""
        return next((found for held in self.held.values() if (found := held.by_uid(uid)) is not None), None)

    def listed(self) -> Iterable[Held]:
        """The conversations that are known by their row: a message alone does not list one."""
        return (held for held in self.held.values() if held.conversation is not None)

    def clear(self) -> None:
        """Forget everything confirmed: the server tells another history."""
        self.held.clear()
        self.users.clear()
        self.presence.clear()

    def merge(self, update: Update) -> Changes:
        """Take what is newer out of an update. Merging it again, or after others, changes nothing more."""
        changes = Changes()
        for conversation_id in update.gone:
            if self.held.pop(conversation_id, None) is not None:
                changes.conversations.add(conversation_id)
        self._merge_people(update, changes)
        touched = changes.conversations
        touched.update(c.conversation_id for c in update.conversations if self._of(c).merge_conversation(c))
        touched.update(s.conversation_id for s in update.seats if self._of(s).merge_member(s.member))
        self._merge_followed(update.followed)
        touched.update(m.conversation_id for m in update.messages if self._of(m).merge_message(m))
        touched.update(m.conversation_id for m in update.old if self._of(m).merge_old(m))
        touched.update(c.conversation_id for c in update.cursors if self._of(c).merge_cursor(c))
        touched.update(o.conversation_id for o in update.own if self._of(o).merge_own(o))
        return changes

    def leave_out(self, update: Update) -> None:
        """Hold nothing of an update that cannot be shown (core/intake.py): its messages and conversations' own rows."""
        for message in (*update.messages, *update.old):
            self._of(message).leave_out(message.position)
        for told in update.conversations:
            self._of(told).conversation = None

    def _of(self, row: Conversation | Seat | Message | Cursor | OwnFacts) -> Held:
        """Where a row belongs."""
        return self.of(row.conversation_id)

    def _merge_followed(self, followed: Iterable[Followed]) -> None:
        """Note where a jump over many rows has left old ones behind."""
        for step in followed:
            if step.fresh_from is not None:
                self.of(step.conversation_id).set_fresh_from(step.fresh_from)

    def _merge_people(self, update: Update, changes: Changes) -> None:
        """Take newer profiles, wherever they stand, and the last presence told."""
        senders = (message.sender for message in (*update.messages, *update.old))
        seated = (seat.member.user for seat in update.seats)
        for user in (*update.users, *seated, *senders):
            known = self.users.get(user.user_id)
            if known is None or known.version < user.version:
                self.users[user.user_id] = user
                changes.users.add(user.user_id)
        for presence in update.presence:
            if self.presence.get(presence.user_id) != presence:
                self.presence[presence.user_id] = presence
                changes.users.add(presence.user_id)
