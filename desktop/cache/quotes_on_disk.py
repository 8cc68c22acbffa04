"""Answers on disk quote their originals as those are now: what was deleted stands nowhere any more (contract)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from desktop.cache.stored_message import packed, requoted, unpacked
from desktop.core.quotes import has_new_words, quote_of, retold
from protocol.shapes import Message, User

_ANSWERS = "SELECT row, body FROM messages WHERE reply_uid=? AND conversation_id=? AND version<?"
_ORIGINAL = (
    "SELECT m.text, m.body, u.body FROM messages m JOIN users u ON u.user_id=m.sender_id "
    "WHERE m.uid=? AND m.conversation_id=?"
)
_PUT_BODY = "UPDATE messages SET body=? WHERE row=?"
_PUT_BODY_OF = "UPDATE messages SET body=? WHERE conversation_id=? AND position=? AND version=?"
_COLUMN = (
    "ALTER TABLE messages ADD COLUMN reply_uid TEXT",
    "CREATE INDEX messages_answers ON messages (reply_uid) WHERE reply_uid IS NOT NULL",
)
_WITH_QUOTES = "SELECT row, body FROM messages WHERE instr(body, CAST('reply_to' AS BLOB)) > 0"


def second_form(connection: sqlite3.Connection) -> None:
    """Form 2: an answer is found by what it answers."""
    for statement in _COLUMN:
        connection.execute(statement)
    decoder = msgspec.msgpack.Decoder(_Answer)
    for row, body in connection.execute(_WITH_QUOTES).fetchall():
        quote = decoder.decode(body).reply_to
        if quote is not None:
            connection.execute("UPDATE messages SET reply_uid=? WHERE row=?", (quote.uid, row))


def retell(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Let these messages, written already, and what answers them or they answer agree: core/quotes.py said in SQL."""
    for message in messages:
        if has_new_words(message):
            quote = quote_of(message)
            found = connection.execute(_ANSWERS, (message.uid, message.conversation_id, message.version)).fetchall()
            connection.executemany(_PUT_BODY, ((requoted(body, quote), row) for row, body in found))
        if message.reply_to is not None:
            _retell_answer(connection, message, message.reply_to.uid)


def _retell_answer(connection: sqlite3.Connection, answer: Message, uid: str) -> None:
    """An answer that came after its original had changed."""
    found = connection.execute(_ORIGINAL, (uid, answer.conversation_id)).fetchone()
    if found is None:
        return
    text, body, sender = found
    told = retold(answer, unpacked(body, text, msgspec.msgpack.decode(sender, type=User)))
    if told is not answer:
        place = (told.conversation_id, told.position, told.version)
        connection.execute(_PUT_BODY_OF, (packed(told), *place))


class _Quoted(msgspec.Struct):
    """Of a quote, what it quotes."""

    uid: str


class _Answer(msgspec.Struct):
    """Of a message's body, its quote."""

    reply_to: _Quoted | None = None
