"""What is read back out of the cache's file, in the shapes of the core."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import structs

from desktop.cache.stored_message import unpacked
from desktop.core.ports import CachedPage, CachedState, OutboxEntry, Place
from desktop.core.refill import counts, entry_of
from desktop.core.updates import Cursor, Followed, OwnFacts, Seat, Update
from protocol.shapes import Conversation, Member, Message, Own, User

FIRST_MOST = 50
"""So many of a conversation's unread messages are read at the start; beyond them the counts alone are known."""

_MESSAGES = (
    "SELECT m.text, m.body, u.body, m.era < coalesce(f.era, 0) FROM messages m JOIN users u ON u.user_id=m.sender_id "
    "LEFT JOIN followed f ON f.conversation_id=m.conversation_id "
)
UP_TO = _MESSAGES + "WHERE m.conversation_id=? AND m.position<=? ORDER BY m.position DESC LIMIT ?"
FROM = _MESSAGES + "WHERE m.conversation_id=? AND m.position>=? ORDER BY m.position LIMIT ?"
_SENT_SINCE = _MESSAGES + "WHERE m.sender_id=? AND m.created_ms>=? ORDER BY m.created_ms, m.position"
_LISTED = (
    "SELECT c.body, max(c.last_position, coalesce((SELECT max(position) FROM messages m "
    "WHERE m.conversation_id=c.conversation_id), 0)) FROM conversations c"
)
_COUNT_SINCE = "SELECT count(*) FROM messages WHERE conversation_id=? AND position>? AND sender_id<>? AND deleted=0 "
_NO_END = 2**62

Found = tuple[Message, bool]
"""A message, and whether it may be old."""


def read_state(connection: sqlite3.Connection, own_id: int) -> CachedState:
    """Everything but old messages. Raises msgspec.MsgspecError for rows that are none."""
    conversations = list(_conversations(connection))
    cursors = list(_cursors(connection))
    read = {cursor.conversation_id: cursor.position for cursor in cursors if cursor.user_id == own_id}
    own = [_counted_on(connection, facts, own_id, read) for facts in _own(connection, conversations)]
    read_to = {**read, **{facts.conversation_id: _start(read, facts) for facts in own}}
    ends = [_end(connection, row, read_to.get(row.conversation_id, 0)) for row in conversations]
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    followed = connection.execute("SELECT conversation_id, version FROM followed")
    rows = Update(
        messages=tuple(m for page in ends for m in page.messages if m.position not in page.old),
        old=tuple(m for page in ends for m in page.messages if m.position in page.old),
        conversations=tuple(conversations),
        seats=tuple(_seats(connection)),
        cursors=tuple(cursors),
        own=tuple(own),
        users=tuple(_users(connection)),
        followed=tuple(Followed(identity, version) for identity, version in followed),
        own_followed=facts.get("own_version"),
    )
    return CachedState(rows, facts.get("epoch"), read_unverified(connection))


def read_page(
    connection: sqlite3.Connection, conversation_id: int, place: Place, position: int, limit: int
) -> CachedPage:
    """The messages nearest to a place."""
    if place == "newest":
        return _page(_up_to(connection, conversation_id, _NO_END, limit))
    if place == "before":
        return _page(_up_to(connection, conversation_id, position - 1, limit))
    if place == "after":
        return _page(_from(connection, conversation_id, position + 1, limit))
    before = _up_to(connection, conversation_id, position - 1, limit // 2)
    return _page([*before, *_from(connection, conversation_id, position, limit - len(before))])


def read_unverified(connection: sqlite3.Connection) -> list[OutboxEntry]:
    """What a restored server is still to be asked about."""
    bodies = connection.execute("SELECT body FROM unverified")
    return [msgspec.json.decode(body, type=OutboxEntry) for (body,) in bodies]


def read_sent_since(connection: sqlite3.Connection, own_id: int, since_ms: int) -> list[OutboxEntry]:
    """One's own messages since then, as the entries they once were."""
    mine = (message for message, _ in _decoded(connection.execute(_SENT_SINCE, (own_id, since_ms))))
    return [entry_of(message) for message in mine if counts(message, since_ms)]


def _page(found: Sequence[Found]) -> CachedPage:
    """Messages, and which of them are old."""
    old = frozenset(message.position for message, is_old in found if is_old)
    return CachedPage([message for message, _ in found], old)


def _up_to(connection: sqlite3.Connection, conversation_id: int, position: int, limit: int) -> list[Found]:
    """The last ones up to a position, ascending."""
    return list(_decoded(connection.execute(UP_TO, (conversation_id, position, limit))))[::-1]


def _from(
    connection: sqlite3.Connection, conversation_id: int, position: int, limit: int
) -> list[tuple[Message, bool]]:
    """The first ones from a position on."""
    return list(_decoded(connection.execute(FROM, (conversation_id, position, limit))))


def _decoded(rows: Iterable[tuple[str | None, bytes, bytes, int]]) -> Iterator[Found]:
    """Messages, and whether each may be old. A sender is decoded once."""
    senders: dict[bytes, User] = {}
    for text, body, sender, is_old in rows:
        user = senders.get(sender) or senders.setdefault(sender, msgspec.msgpack.decode(sender, type=User))
        yield unpacked(body, text, user), bool(is_old)


def _conversations(connection: sqlite3.Connection) -> Iterator[Conversation]:
    """The rows of the list, each with the last position known."""
    for body, last_position in connection.execute(_LISTED):
        yield structs.replace(msgspec.msgpack.decode(body, type=Conversation), last_position=last_position)


def _seats(connection: sqlite3.Connection) -> Iterator[Seat]:
    """The members of all conversations."""
    for conversation_id, body in connection.execute("SELECT conversation_id, body FROM members"):
        yield Seat(conversation_id, msgspec.msgpack.decode(body, type=Member))


def _cursors(connection: sqlite3.Connection) -> Iterator[Cursor]:
    """How far everybody has read."""
    for row in connection.execute("SELECT conversation_id, user_id, position, read_at, version FROM cursors"):
        yield Cursor(*row)


def _users(connection: sqlite3.Connection) -> Iterator[User]:
    """Everybody known."""
    for (body,) in connection.execute("SELECT body FROM users"):
        yield msgspec.msgpack.decode(body, type=User)


def _own(connection: sqlite3.Connection, conversations: Sequence[Conversation]) -> Iterator[tuple[OwnFacts, int]]:
    """One's own facts with their number, counted to the last position known; and the position they were told to."""
    last = {row.conversation_id: row.last_position for row in conversations}
    for identity, number, counted_to, body in connection.execute(
        "SELECT conversation_id, user_version, counted_to, body FROM own"
    ):
        own = msgspec.msgpack.decode(body, type=Own)
        yield OwnFacts(identity, own, number, max(counted_to, last.get(identity, 0))), counted_to


def _counted_on(
    connection: sqlite3.Connection, told: tuple[OwnFacts, int], own_id: int, read: Mapping[int, int]
) -> OwnFacts:
    """One's own facts with what came since they were told counted in: not all of it will be read at the start."""
    facts, counted_to = told
    start = max(counted_to, _start(read, facts))
    (since,) = connection.execute(_COUNT_SINCE, (facts.conversation_id, start, own_id)).fetchone()
    own = structs.replace(facts.own, unread_count=facts.own.unread_count + since)
    return OwnFacts(facts.conversation_id, own, facts.user_version, facts.counted_to)


def _start(read: Mapping[int, int], facts: OwnFacts) -> int:
    """The last position that counts as read: the cursor, or less where one has marked unread."""
    cursor, marked = read.get(facts.conversation_id, 0), facts.own.unread_from
    return cursor if marked is None else min(cursor, marked - 1)


def _end(connection: sqlite3.Connection, row: Conversation, read_to: int) -> CachedPage:
    """The last message of a conversation, and the unread ones before it."""
    unread = max(1, min(FIRST_MOST, row.last_position - read_to))
    return _page(_up_to(connection, row.conversation_id, _NO_END, unread))
