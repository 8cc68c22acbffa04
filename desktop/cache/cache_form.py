"""The tables of the cache's file, and how rows get into them: the store's merge (core/store.py) said in SQL.

A message's `era` counts the jumps over many rows that its conversation had seen when the message was last told; one of
an earlier era than its conversation's may be old. So a jump changes one row, not a hundred thousand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec
from msgspec import structs

from desktop.cache.quotes_on_disk import retell, second_form
from desktop.cache.stored_message import packed
from desktop.cache.text_index import empty, third_form
from desktop.core.ports import OutboxEntry, Reached
from desktop.core.updates import Cursor, Followed, OwnFacts, Seat, Update
from protocol.shapes import Conversation, Message, User
from protocol.times import from_wire

_TABLES = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    "CREATE TABLE followed (conversation_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, era INTEGER NOT NULL)",
    (
        "CREATE TABLE conversations (conversation_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, "
        "last_position INTEGER NOT NULL, body BLOB NOT NULL)"
    ),
    (
        "CREATE TABLE members (conversation_id INTEGER NOT NULL, user_id INTEGER NOT NULL, version INTEGER NOT NULL, "
        "body BLOB NOT NULL, PRIMARY KEY (conversation_id, user_id)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE cursors (conversation_id INTEGER NOT NULL, user_id INTEGER NOT NULL, position INTEGER NOT NULL, "
        "version INTEGER NOT NULL, read_at TEXT, PRIMARY KEY (conversation_id, user_id)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE own (conversation_id INTEGER PRIMARY KEY, user_version INTEGER NOT NULL, "
        "told_to INTEGER NOT NULL, counted_to INTEGER NOT NULL, body BLOB NOT NULL)"
    ),
    "CREATE TABLE users (user_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL)",
    # A row of its own number: the index of texts that search will want (FTS5, external content) hangs on it.
    (
        "CREATE TABLE messages (row INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL, position INTEGER NOT NULL, "
        "version INTEGER NOT NULL, era INTEGER NOT NULL, uid TEXT NOT NULL, sender_id INTEGER NOT NULL, "
        "created_ms INTEGER NOT NULL, deleted INTEGER NOT NULL, text TEXT, body BLOB NOT NULL, "
        "UNIQUE (conversation_id, position))"
    ),
    "CREATE INDEX messages_uid ON messages (uid)",
    "CREATE INDEX messages_sent ON messages (sender_id, created_ms)",
    "CREATE TABLE unverified (uid TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
)
_FORGET = (
    "DELETE FROM followed WHERE conversation_id=?",
    "DELETE FROM conversations WHERE conversation_id=?",
    "DELETE FROM members WHERE conversation_id=?",
    "DELETE FROM cursors WHERE conversation_id=?",
    "DELETE FROM own WHERE conversation_id=?",
    "DELETE FROM messages WHERE conversation_id=?",
)
_CLEAR = (
    "DELETE FROM followed",
    "DELETE FROM conversations",
    "DELETE FROM members",
    "DELETE FROM cursors",
    "DELETE FROM own",
    "DELETE FROM users",
    "DELETE FROM messages",
    "DELETE FROM facts",
)

_PUT_MESSAGE = (
    "INSERT INTO messages (conversation_id, position, version, era, uid, sender_id, created_ms, deleted, text, body, "
    "reply_uid) "
    "VALUES (:conversation_id, :position, :version, "
    "coalesce((SELECT era FROM followed WHERE conversation_id=:conversation_id), 0), "
    ":uid, :sender_id, :created_ms, :deleted, :text, :body, :reply_uid) "
    "ON CONFLICT (conversation_id, position) DO UPDATE SET version=excluded.version, era=excluded.era, "
    "uid=excluded.uid, sender_id=excluded.sender_id, created_ms=excluded.created_ms, deleted=excluded.deleted, "
    "text=excluded.text, body=excluded.body, reply_uid=excluded.reply_uid "
    "WHERE excluded.uid=messages.uid AND (excluded.version, excluded.era) > (messages.version, messages.era)"
)
_PUT_CONVERSATION = (
    "INSERT INTO conversations (conversation_id, version, last_position, body) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (conversation_id) DO UPDATE SET last_position=max(last_position, excluded.last_position), "
    "body=CASE WHEN excluded.version > version THEN excluded.body ELSE body END, version=max(version, excluded.version)"
)
_PUT_MEMBER = (
    "INSERT INTO members (conversation_id, user_id, version, body) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (conversation_id, user_id) DO UPDATE SET version=excluded.version, body=excluded.body "
    "WHERE excluded.version > members.version"
)
_PUT_CURSOR = (
    "INSERT INTO cursors (conversation_id, user_id, position, version, read_at) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (conversation_id, user_id) DO UPDATE SET position=excluded.position, version=excluded.version, "
    "read_at=excluded.read_at WHERE (excluded.position, excluded.version) > (cursors.position, cursors.version)"
)
_PUT_USER = (
    "INSERT INTO users (user_id, version, body) VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET "
    "version=excluded.version, body=excluded.body WHERE excluded.version > users.version"
)
_PUT_OWN = (
    "INSERT INTO own (conversation_id, user_version, told_to, counted_to, body) VALUES (:id, :number, :told_to, "
    "CASE WHEN :told_to > 0 THEN :told_to ELSE max("
    "coalesce((SELECT last_position FROM conversations WHERE conversation_id=:id), 0), "
    "coalesce((SELECT max(position) FROM messages WHERE conversation_id=:id), 0)) END, :body) "
    "ON CONFLICT (conversation_id) DO UPDATE SET user_version=excluded.user_version, told_to=excluded.told_to, "
    "counted_to=excluded.counted_to, body=excluded.body "
    "WHERE (excluded.user_version, excluded.told_to) > (own.user_version, own.told_to)"
)
_REACH = (
    "INSERT INTO followed (conversation_id, version, era) VALUES (?, ?, 0) "
    "ON CONFLICT (conversation_id) DO UPDATE SET version=max(version, excluded.version)"
)
_JUMP = (
    "INSERT INTO followed (conversation_id, version, era) VALUES (?, 0, 1) "
    "ON CONFLICT (conversation_id) DO UPDATE SET era=era + 1"
)
_STAY_CURRENT = (
    "UPDATE messages SET era=era + 1 WHERE conversation_id=:id AND position>=:fresh_from AND "
    "era=(SELECT era - 1 FROM followed WHERE conversation_id=:id)"
)
_REACH_OWN = (
    "INSERT INTO facts (name, value) VALUES ('own_version', ?) "
    "ON CONFLICT (name) DO UPDATE SET value=max(value, excluded.value)"
)
_PUT_FACT = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value=excluded.value"


def first_form(connection: sqlite3.Connection) -> None:
    """Form 1."""
    for table in _TABLES:
        connection.execute(table)


FORMS = (first_form, second_form, third_form)
"""Each leads from the one before it to the next."""


def put(connection: sqlite3.Connection, update: Update, reached: Reached) -> None:
    """Merge an update, in the order of `Store.merge`, and with it how far is followed now."""
    for conversation_id in update.gone:
        for forget in _FORGET:
            connection.execute(forget, (conversation_id,))
    _put_users(connection, update)
    connection.executemany(_PUT_CONVERSATION, (_conversation_row(one) for one in update.conversations))
    connection.executemany(_PUT_MEMBER, (_member_row(seat) for seat in update.seats))
    for step in update.followed:
        _jump(connection, step)
    connection.executemany(_PUT_MESSAGE, (_message_row(message) for message in update.messages))
    retell(connection, update.messages)
    cursors = (*map(_cursor_of, update.seats), *update.cursors)
    connection.executemany(_PUT_CURSOR, (_cursor_row(cursor) for cursor in cursors if cursor.position))
    connection.executemany(_PUT_OWN, (_own_row(facts) for facts in update.own))
    connection.executemany(_REACH, reached.versions.items())
    if reached.own_version is not None:
        connection.execute(_REACH_OWN, (reached.own_version,))


def begin(connection: sqlite3.Connection, epoch: str) -> None:
    """Start with nothing confirmed in a history of this name."""
    empty(connection)
    for clear in _CLEAR:
        connection.execute(clear)
    connection.execute(_PUT_FACT, ("epoch", epoch))


def put_unverified(connection: sqlite3.Connection, entries: Iterable[OutboxEntry]) -> None:
    """Keep what a restored server is to be asked about."""
    rows = ((entry.uid, msgspec.json.encode(entry)) for entry in entries)
    connection.executemany("INSERT OR IGNORE INTO unverified (uid, body) VALUES (?, ?)", rows)


def overwrites(update: Update) -> bool:
    """Whether anything leaves this computer with it: a message deleted, a conversation one is no member of any more."""
    return bool(update.gone) or any(message.deleted_at is not None for message in update.messages)


def _put_users(connection: sqlite3.Connection, update: Update) -> None:
    """People, wherever they stand; each is told once, where many messages are theirs."""
    told: dict[int, User] = {}
    seated = (seat.member.user for seat in update.seats)
    senders = (message.sender for message in update.messages)
    for user in (*update.users, *seated, *senders):
        known = told.get(user.user_id)
        if known is None or known.version < user.version:
            told[user.user_id] = user
    rows = ((user.user_id, user.version, msgspec.msgpack.encode(user)) for user in told.values())
    connection.executemany(_PUT_USER, rows)


def _jump(connection: sqlite3.Connection, step: Followed) -> None:
    """Let everything below the newest page count as old."""
    if step.fresh_from is not None:
        connection.execute(_JUMP, (step.conversation_id,))
        connection.execute(_STAY_CURRENT, {"id": step.conversation_id, "fresh_from": step.fresh_from})


def _message_row(message: Message) -> dict[str, object]:
    """A message's columns; what was deleted has no text, whatever was told."""
    return {
        "conversation_id": message.conversation_id,
        "position": message.position,
        "version": message.version,
        "uid": message.uid,
        "sender_id": message.sender_id,
        "created_ms": from_wire(message.created_at),
        "deleted": message.deleted_at is not None,
        "text": message.content,
        "body": packed(message),
        "reply_uid": None if message.reply_to is None else message.reply_to.uid,
    }


def _conversation_row(told: Conversation) -> tuple[object, ...]:
    """A conversation's own fields: its members, last message and private facts have their own rows."""
    bare = structs.replace(told, last_message=None, members=[], own=msgspec.UNSET, unread_count=msgspec.UNSET)
    return told.conversation_id, told.version, told.last_position, msgspec.msgpack.encode(bare)


def _member_row(seat: Seat) -> tuple[object, ...]:
    """A seat's columns."""
    member = seat.member
    return seat.conversation_id, member.user.user_id, member.version, msgspec.msgpack.encode(member)


def _cursor_of(seat: Seat) -> Cursor:
    """The cursor that a seat tells of."""
    member = seat.member
    return Cursor(seat.conversation_id, member.user.user_id, member.read_position, member.read_at, member.version)


def _cursor_row(cursor: Cursor) -> tuple[object, ...]:
    """A cursor's columns."""
    return cursor.conversation_id, cursor.user_id, cursor.position, cursor.version, cursor.read_at


def _own_row(facts: OwnFacts) -> dict[str, object]:
    """The columns of one's own facts."""
    body = msgspec.msgpack.encode(facts.own)
    return {"id": facts.conversation_id, "number": facts.user_version, "told_to": facts.counted_to, "body": body}
