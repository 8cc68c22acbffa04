"""Rows of `messages`: written once at the next position, found by number, uid, place or version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import BindParameter, Connection, Select, bindparam, func, insert, select, update

from protocol.shapes import MessageType
from server.storage.conversations import ConversationRow
from server.storage.many import InsertMany, UpdateMany
from server.storage.members import Seat
from server.storage.query import Asked, Query, Within, only
from server.storage.rooms import Room
from server.storage.tables import conversations, messages


class NewMessage(Struct, frozen=True, kw_only=True):
    """A message to be stored, all decided but its place."""

    uid: str
    conversation_id: int
    sender_id: int
    type: MessageType
    content: str | None
    content_hash: str
    reply_to_uid: str | None
    mentions: str | None
    happening: str | None = None
    forwarded_from: str | None = None


Seated: TypeAlias = Seat | Room | ConversationRow
"""What knows the two people of a direct conversation."""


class MessageRow(Struct, frozen=True):
    """One row with the two people of its conversation, where it is direct; times in milliseconds since 1970.

    `content_hash` is empty where a page was asked for: only a repeated send looks at it. What is JSON (`mentions`,
    `happening`, `forwarded_from`, `preview`) is null for nothing.
    """

    message_id: int
    uid: str
    position: int
    version: int
    sender_id: int
    type: MessageType
    content: str | None
    reply_to_uid: str | None
    mentions: str | None
    happening: str | None
    forwarded_from: str | None
    preview: str | None
    created_at: int
    edited_at: int | None
    deleted_at: int | None
    conversation_id: int
    user1_id: int | None
    user2_id: int | None
    content_hash: str = ""

    @property
    def receiver_id(self) -> int | None:
        """The other person of a direct conversation."""
        return self.user2_id if self.sender_id == self.user1_id else self.user1_id


_OF_CONVERSATION = ("user1_id", "user2_id")
_ALL = select(
    *[(conversations if name in _OF_CONVERSATION else messages).c[name] for name in MessageRow.__struct_fields__]
).join_from(messages, conversations, conversations.c.conversation_id == messages.c.conversation_id)

# Where the conversation is known, it and its people are not read with each of fifty rows: 70 µs in place of 100.
_GIVEN_HERE = ("conversation_id", *_OF_CONVERSATION, "content_hash")
_HERE_ALL = select(*[messages.c[name] for name in MessageRow.__struct_fields__ if name not in _GIVEN_HERE])


_MOST: BindParameter[int] = bindparam("most")
_HERE = messages.c.conversation_id == bindparam("here")
_NEWEST_FIRST, _OLDEST_FIRST = messages.c.position.desc(), messages.c.position
_BEFORE, _AFTER = messages.c.position < bindparam("before"), messages.c.position > bindparam("after")
_NEWER = messages.c.version > bindparam("version")


def _query(query: Select[Any]) -> Query[MessageRow]:
    """A question over `_ALL`."""
    return Query(query, MessageRow)


def _page(query: Select[Any]) -> Query[tuple[Any, ...]]:
    """A question over `_HERE_ALL`."""
    return Query(query, lambda *columns: columns)


_BY_ID = _query(_ALL.where(messages.c.message_id == bindparam("named")))
_BY_IDS = _query(_ALL.where(Within(messages.c.message_id, "ids")))
_BY_UID = _query(_ALL.where(messages.c.uid == bindparam("named")))
_BY_UIDS = _query(_ALL.where(Within(messages.c.uid, "uids")))
_KNOWN_UIDS = Query(
    select(messages.c.uid).where(Within(messages.c.uid, "uids"), messages.c.sender_id == bindparam("sender")), only
)
_NEWEST = _page(_HERE_ALL.where(_HERE).order_by(_NEWEST_FIRST).limit(_MOST))
_NEWEST_BEFORE = _page(_HERE_ALL.where(_HERE, _BEFORE).order_by(_NEWEST_FIRST).limit(_MOST))
_OLDEST_AFTER = _page(_HERE_ALL.where(_HERE, _AFTER).order_by(_OLDEST_FIRST).limit(_MOST))
_LAST_OF = _query(
    _ALL.where(Within(conversations.c.conversation_id, "numbers"), messages.c.position == conversations.c.last_position)
)
_CHANGED = _query(_ALL.where(_HERE, _NEWER).order_by(messages.c.version).limit(_MOST))
_ASKED = Asked()
_CHANGED_AMONG = _query(
    _ALL.join(_ASKED.table, _ASKED.key == messages.c.conversation_id)
    .where(messages.c.version > _ASKED.value)
    .order_by(messages.c.version)
)
_NEWLY_READ = _query(
    _ALL.where(_HERE, _AFTER, messages.c.position <= bindparam("to"), messages.c.sender_id != bindparam("reader"))
    .order_by(_NEWEST_FIRST)
    .limit(_MOST)
)
_QUOTING = _query(
    _ALL.where(_HERE, messages.c.reply_to_uid == bindparam("quoted"), messages.c.deleted_at.is_(None)).order_by(
        messages.c.position
    )
)
_ANSWERS = Within(messages.c.reply_to_uid, "uids") & messages.c.deleted_at.is_(None)
_IN_ORDER = (messages.c.conversation_id, messages.c.position)
_ANSWERING = _query(_ALL.where(_ANSWERS).order_by(*_IN_ORDER))
_KNOWN_OR_ANSWERING = _query(_ALL.where(Within(messages.c.uid, "uids") | _ANSWERS).order_by(*_IN_ORDER))
_COUNT = Query(
    select(func.count()).select_from(select(messages.c.version).where(_HERE, _NEWER).limit(_MOST).subquery()), int
)
# Built once, as every send asks it: building a statement costs more than running it.
_ADD = insert(messages).returning(messages.c.message_id)
# One statement for many rows: a native thread gives up the interpreter's lock at each step of SQLite, and waits for it.
_GIVEN = ["uid", "conversation_id", "position", "version", "sender_id", "type", "content", "content_hash"]
_GIVEN += ["reply_to_uid", "mentions", "created_at"]
_ADD_MANY = InsertMany(messages, _GIVEN, messages.c.message_id, messages.c.uid)
_RENUMBER = UpdateMany(messages, "message_id", ["version"])


def add(connection: Connection, new: NewMessage, seat: Seated, place: tuple[int, int], now_ms: int) -> MessageRow:
    """Insert the message of a seat's owner at a place (version, position)."""
    rare = {"happening": new.happening, "forwarded_from": new.forwarded_from}
    number = connection.execute(_ADD, {**_values(new, place, now_ms), **rare}).scalar_one()
    return _row(number, new, seat, place, now_ms)


def add_many(
    connection: Connection, placed: Sequence[tuple[NewMessage, Seated, tuple[int, int]]], now_ms: int
) -> list[MessageRow]:
    """Insert messages, each with its conversation and its place (version, position); the rows in the order given.

    They are what people write themselves: nothing that has happened, nothing forwarded.
    """
    if not placed:
        return []
    values = [_values(new, place, now_ms) for new, _, place in placed]
    numbers = {uid: number for number, uid in _ADD_MANY.run(connection, values)}
    return [_row(numbers[new.uid], new, room, place, now_ms) for new, room, place in placed]


def _values(new: NewMessage, place: tuple[int, int], now_ms: int) -> dict[str, Any]:
    """The columns of a new message."""
    version, position = place
    return {
        "uid": new.uid,
        "conversation_id": new.conversation_id,
        "position": position,
        "version": version,
        "sender_id": new.sender_id,
        "type": new.type,
        "content": new.content,
        "content_hash": new.content_hash,
        "reply_to_uid": new.reply_to_uid,
        "mentions": new.mentions,
        "created_at": now_ms,
    }


def _row(message_id: int, new: NewMessage, seated: Seated, place: tuple[int, int], now_ms: int) -> MessageRow:
    """A message just inserted."""
    version, position = place
    return MessageRow(
        message_id=message_id,
        uid=new.uid,
        conversation_id=new.conversation_id,
        position=position,
        version=version,
        sender_id=new.sender_id,
        type=new.type,
        content=new.content,
        content_hash=new.content_hash,
        reply_to_uid=new.reply_to_uid,
        mentions=new.mentions,
        happening=new.happening,
        forwarded_from=new.forwarded_from,
        preview=None,
        created_at=now_ms,
        edited_at=None,
        deleted_at=None,
        user1_id=seated.user1_id,
        user2_id=seated.user2_id,
    )


def by_id(connection: Connection, message_id: int) -> MessageRow | None:
    """The message of this number."""
    return _BY_ID.first(connection, named=message_id)


def by_ids(connection: Connection, message_ids: Collection[int]) -> dict[int, MessageRow]:
    """These messages by number."""
    if not message_ids:
        return {}
    return {row.message_id: row for row in _BY_IDS.all(connection, ids=list(message_ids))}


def by_uid(connection: Connection, uid: str) -> MessageRow | None:
    """The message of this uid, on the whole server."""
    return _BY_UID.first(connection, named=uid)


def by_uids(connection: Connection, uids: Collection[str]) -> dict[str, MessageRow]:
    """These messages by uid; unknown ones are left out."""
    if not uids:
        return {}
    return {row.uid: row for row in _BY_UIDS.all(connection, uids=list(uids))}


def known_uids(connection: Connection, sender_id: int, uids: Collection[str]) -> set[str]:
    """Which of these uids are messages of this sender."""
    if not uids:
        return set()
    return set(_KNOWN_UIDS.all(connection, uids=list(uids), sender=sender_id))


def newest(connection: Connection, room: Seated, most: int, *, before: int | None = None) -> list[MessageRow]:
    """The newest messages of a conversation (before a position, where one is given), ascending."""
    here = room.conversation_id
    if before is None:
        return _rows(room, _NEWEST.all(connection, here=here, most=most)[::-1])
    return _rows(room, _NEWEST_BEFORE.all(connection, here=here, before=before, most=most)[::-1])


def oldest_after(connection: Connection, room: Seated, position: int, most: int) -> list[MessageRow]:
    """The first messages of a conversation after a position, ascending."""
    return _rows(room, _OLDEST_AFTER.all(connection, here=room.conversation_id, after=position, most=most))


def _rows(room: Seated, found: Sequence[tuple[Any, ...]]) -> list[MessageRow]:
    """Rows of `_HERE_ALL` with what is known of their conversation."""
    given: tuple[int | None, ...] = (room.conversation_id, room.user1_id, room.user2_id)
    return [MessageRow(*columns, *given) for columns in found]


def last_of(connection: Connection, conversation_ids: Collection[int]) -> list[MessageRow]:
    """The last message of each of these conversations that has one."""
    if not conversation_ids:
        return []
    return _LAST_OF.all(connection, numbers=list(conversation_ids))


def changed_since(connection: Connection, conversation_id: int, version: int, most: int) -> list[MessageRow]:
    """Messages with a greater version, by version."""
    return _CHANGED.all(connection, here=conversation_id, version=version, most=most)


def changed_among(connection: Connection, since: Mapping[int, int]) -> dict[int, list[MessageRow]]:
    """Messages with a greater version than the one given for their conversation, all of them, by version."""
    found: dict[int, list[MessageRow]] = {}
    if since:
        for row in _CHANGED_AMONG.all(connection, asked=since):
            found.setdefault(row.conversation_id, []).append(row)
    return found


def newly_read(
    connection: Connection, conversation_id: int, reader_id: int, span: tuple[int, int], most: int
) -> list[MessageRow]:
    """The newest messages of others after the first and up to the second position, ascending."""
    after, to = span
    return _NEWLY_READ.all(connection, here=conversation_id, after=after, to=to, reader=reader_id, most=most)[::-1]


def count_since(connection: Connection, conversation_id: int, version: int, most: int) -> int:
    """How many messages have a greater version, counted up to `most`."""
    return sum(_COUNT.all(connection, here=conversation_id, version=version, most=most))


def change(connection: Connection, message_id: int, version: int, values: Mapping[str, Any]) -> None:
    """Give a message other values, at this number of its conversation."""
    here = messages.c.message_id == message_id
    connection.execute(update(messages).where(here).values(version=version, **values))


def quoting(connection: Connection, conversation_id: int, uid: str) -> list[MessageRow]:
    """The messages of a conversation that quote another, ascending."""
    return _QUOTING.all(connection, here=conversation_id, quoted=uid)


def answering(connection: Connection, uids: Collection[str]) -> list[MessageRow]:
    """The messages that name any of these uids as what they answer, by conversation and place."""
    return _ANSWERING.all(connection, uids=list(uids)) if uids else []


def known_and_answering(
    connection: Connection, uids: Collection[str]
) -> tuple[dict[str, MessageRow], list[MessageRow]]:
    """The messages with these uids by uid, and those that name any of them as what they answer; one question."""
    rows = _KNOWN_OR_ANSWERING.all(connection, uids=list(uids)) if uids else []
    known = {row.uid: row for row in rows if row.uid in uids}
    return known, [row for row in rows if row.reply_to_uid in uids and row.deleted_at is None]


def renumber(connection: Connection, rows: Sequence[MessageRow], first: int) -> list[MessageRow]:
    """Give messages new numbers in a row from `first`, as something that they show has changed."""
    changed = [replace(row, version=first + place) for place, row in enumerate(rows)]
    _RENUMBER.run(connection, [{"message_id": row.message_id, "version": row.version} for row in changed])
    return changed
