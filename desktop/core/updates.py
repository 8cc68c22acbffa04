"""News in the one shape that the store merges, whichever way it came (docs/architecture.md, idea 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from desktop.core.ports import Arrived, CachedPage, HistoryPage
from protocol.shapes import Conversation, Member, Message, Own, Presence, User
from protocol.signals import (
    Advance,
    ConversationRemoved,
    MemberUpdated,
    MessagesRead,
    OwnUpdated,
    Synced,
    SyncedConversation,
    UserTyping,
)

UNTOLD = -1
"""Instead of a number of one's own counter, of which 0 is the first."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a member has read; `version` is the member row's, 0 when only the position is known."""

    conversation_id: int
    user_id: int
    position: int
    read_at: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's row with the conversation it stands in."""

    conversation_id: int
    member: Member


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """One's private facts of a conversation at a number of one's own counter; `UNTOLD` where that was not told.

    `counted_to` is the last position that `own.unread_count` knows of, 0 where that was not told.
    """

    conversation_id: int
    own: Own
    user_version: int = UNTOLD
    counted_to: int = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """A conversation is complete up to `version`; what is held below position `fresh_from` may be old."""

    conversation_id: int
    version: int
    fresh_from: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Rows to be merged; `numbers` are versions told one by one, `followed` those reached by a whole answer.

    Likewise `own_number` and `own_followed` for one's own counter. What is `kept` comes from the disk; the messages
    `old` come from there and may have changed since on the server.
    """

    messages: tuple[Message, ...] = ()
    old: tuple[Message, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    seats: tuple[Seat, ...] = ()
    cursors: tuple[Cursor, ...] = ()
    own: tuple[OwnFacts, ...] = ()
    users: tuple[User, ...] = ()
    presence: tuple[Presence, ...] = ()
    typing: tuple[UserTyping, ...] = ()
    gone: tuple[int, ...] = ()
    numbers: tuple[tuple[int, int], ...] = ()
    followed: tuple[Followed, ...] = ()
    own_number: int | None = None
    own_followed: int | None = None
    kept: bool = False


def of_message(message: Message) -> Update:
    """A message told by itself: pushed, or as the answer to one's own send."""
    return Update(messages=(message,), numbers=((message.conversation_id, message.version),))


def of_page(conversation_id: int, page: HistoryPage) -> Update:
    """A page of history. Its numbers are not counted: only news moves what has been followed."""
    return Update(messages=tuple(m for m in page.messages if m.conversation_id == conversation_id))


def of_cached(page: CachedPage) -> Update:
    """A page read back from the disk."""
    return Update(
        messages=tuple(m for m in page.messages if m.position not in page.old),
        old=tuple(m for m in page.messages if m.position in page.old),
        kept=True,
    )


def of_conversation(conversation: Conversation) -> Update:
    """A conversation told by itself, with the members it lists and, where it is an answer to oneself, `own`."""
    identity = conversation.conversation_id
    seats = tuple(Seat(identity, member) for member in conversation.members)
    told = conversation.own
    own = (OwnFacts(identity, told, counted_to=conversation.last_position),) if isinstance(told, Own) else ()
    last = () if conversation.last_message is None else (conversation.last_message,)
    rows = [conversation.version, *(member.version for member in conversation.members)]
    return Update(
        conversations=(conversation,),
        seats=seats,
        messages=last,
        own=own,
        numbers=tuple((identity, version) for version in rows + [message.version for message in last]),
    )


def _of_read(read: MessagesRead) -> Update:
    """A cursor that moved."""
    cursor = Cursor(read.conversation_id, read.user_id, read.read_position, read.read_at, read.version)
    return Update(cursors=(cursor,), numbers=((read.conversation_id, read.version),))


def _of_member(told: MemberUpdated) -> Update:
    """A seat that was taken or changed."""
    seat = Seat(told.conversation_id, told.member)
    return Update(seats=(seat,), numbers=((told.conversation_id, told.member.version),))


def _of_own(told: OwnUpdated) -> Update:
    """One's own facts."""
    return Update(
        own=(OwnFacts(told.conversation_id, told.own, told.user_version, told.counted_to),),
        own_number=told.user_version,
    )


def _of_removed(told: ConversationRemoved) -> Update:
    """A conversation one is no member of any more."""
    return Update(gone=(told.conversation_id,))


def _of_advance(told: Advance) -> Update:
    """A number that carries nothing."""
    return Update(numbers=((told.conversation_id, told.version),))


_PUSHED: dict[str, Callable[[Any], Update]] = {
    "new_message": of_message,
    "message_updated": of_message,
    "messages_read": _of_read,
    "conversation_updated": of_conversation,
    "member_updated": _of_member,
    "own_updated": _of_own,
    "conversation_removed": _of_removed,
    "advance": _of_advance,
    "user_updated": lambda user: Update(users=(user,)),
    "presence": lambda presence: Update(presence=(presence,)),
    "user_typing": lambda typing: Update(typing=(typing,)),
}
"""Signals that carry news. `message_sent` and `message_read` are echoes for plain clients and not among them."""


def of_arrived(arrived: Arrived) -> Update | None:
    """The news in a signal, or None where it carries none for the store."""
    reading = _PUSHED.get(arrived.event)
    return None if reading is None else reading(arrived.payload)


def of_synced(synced: Synced) -> Update:
    """The whole answer of `sync` as one update, so that the lists tell of it once."""
    rows = synced.conversations
    shells = [row.conversation for row in rows if row.conversation is not None]
    listed = [of_conversation(shell) for shell in shells]
    last = {shell.conversation_id: shell.last_position for shell in shells}
    own = (
        OwnFacts(int(identity), facts, synced.user_version, last.get(int(identity), 0))
        for identity, facts in synced.own.items()
    )
    return Update(
        messages=(*_joined(row.messages for row in rows), *_joined(one.messages for one in listed)),
        conversations=tuple(shells),
        seats=(
            *_joined(one.seats for one in listed),
            *(Seat(row.conversation_id, member) for row in rows for member in row.members),
        ),
        own=(*_joined(one.own for one in listed), *own),
        users=tuple(synced.users),
        presence=tuple(synced.presence),
        gone=tuple(synced.gone),
        followed=tuple(_followed(row) for row in rows),
        own_followed=synced.user_version if synced.complete else None,
    )


def _followed(row: SyncedConversation) -> Followed:
    """How far the answer brings one conversation."""
    positions = [message.position for message in row.messages]
    return Followed(row.conversation_id, row.head, min(positions, default=None) if row.fresh else None)


def _joined(parts: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    """Several sequences one after the other."""
    return tuple(item for part in parts for item in part)
