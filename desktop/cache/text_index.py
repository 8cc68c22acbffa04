"""The index of the texts on this computer, and how messages are found by it: FTS5, three letters in a row.

Its content is the column `text` of `messages`; triggers keep the two together, in one transaction with the message.
What a file of an earlier form holds already is indexed in the background, the newest first: rows up to the fact
`unindexed_to` are not in it yet, and the triggers leave those alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from desktop.cache.stored_message import unpacked
from desktop.core.search_words import INDEXED_FROM, Asked
from protocol.shapes import Message, User

FILLED_AT_ONCE = 2_000
"""So many rows take some 30 ms of the cache's thread."""
GIVEN_MOST = 1_000
"""Of a common word the newest rows that the index gives are looked at; of one narrowed by who or where, more."""
NARROWED_MOST = 20_000
WALKED_MOST = 20_000

_UNINDEXED = "coalesce((SELECT value FROM facts WHERE name='unindexed_to'), 0)"
_LEAVE = "INSERT INTO search (search, rowid, text) SELECT 'delete', old.row, old.text WHERE old.text IS NOT NULL;"
_ENTER = "INSERT INTO search (rowid, text) SELECT new.row, new.text WHERE new.text IS NOT NULL;"
_FORM = (
    (
        "CREATE VIRTUAL TABLE search USING fts5"
        "(text, content='messages', content_rowid='row', tokenize='trigram', columnsize=0)"
    ),
    f"CREATE TRIGGER messages_enter AFTER INSERT ON messages WHEN new.row > {_UNINDEXED} BEGIN {_ENTER} END",
    f"CREATE TRIGGER messages_leave AFTER DELETE ON messages WHEN old.row > {_UNINDEXED} BEGIN {_LEAVE} END",
    (
        f"CREATE TRIGGER messages_change AFTER UPDATE OF text ON messages "
        f"WHEN old.row > {_UNINDEXED} AND old.text IS NOT new.text BEGIN {_LEAVE} {_ENTER} END"
    ),
)
_LEAVE_OUT = (
    "INSERT INTO facts (name, value) SELECT 'unindexed_to', coalesce(max(row), 0) FROM messages WHERE true "
    "ON CONFLICT (name) DO UPDATE SET value=excluded.value"
)
_FILL = (
    "INSERT INTO search (rowid, text) SELECT row, text FROM messages WHERE row > ? AND row <= ? AND text IS NOT NULL"
)
_MESSAGES = "SELECT m.text, m.body, u.body FROM {rows} JOIN users u ON u.user_id=m.sender_id WHERE m.deleted=0"
_GIVEN = (
    "(SELECT rowid AS given FROM search WHERE search MATCH :match ORDER BY rowid DESC LIMIT :given_most) "
    "CROSS JOIN messages m ON m.row=given"
)
_WALKED = "(SELECT * FROM messages {where} ORDER BY {order} DESC LIMIT :walked_most) m"


def third_form(connection: sqlite3.Connection) -> None:
    """Form 3: the texts are indexed."""
    for statement in (*_FORM, _LEAVE_OUT):
        connection.execute(statement)
    _erase_at_once(connection)


def _erase_at_once(connection: sqlite3.Connection) -> None:
    """Let what leaves the index leave the file too; SQLite before 3.42 does so only when it next tidies up."""
    with suppress(sqlite3.OperationalError):
        connection.execute("INSERT INTO search (search, rank) VALUES ('secure-delete', 1)")


def fill(connection: sqlite3.Connection) -> bool:
    """Index some more of what was there before the index; tells whether there is more."""
    (last,) = connection.execute(f"SELECT {_UNINDEXED}").fetchone()
    if not last:
        return False
    first = max(0, last - FILLED_AT_ONCE)
    # A batch is in the index and below its mark at once, in the caller's transaction.
    connection.execute(_FILL, (first, last))
    connection.execute("UPDATE facts SET value=? WHERE name='unindexed_to'", (first,))
    return bool(first)


def empty(connection: sqlite3.Connection) -> None:
    """Forget all texts at once; the messages go next, without each leaving by itself."""
    connection.execute("INSERT INTO search (search) VALUES ('delete-all')")
    connection.execute(_LEAVE_OUT)


def find(connection: sqlite3.Connection, asked: Asked) -> Sequence[Message]:
    """The newest messages that answer, at most `asked.limit`. Raises msgspec.MsgspecError for rows that are none."""
    connection.create_function("casefolded", 1, _casefolded, deterministic=True)
    indexed = [term for term in asked.terms if len(term) >= INDEXED_FROM]
    conditions, values = _conditions(asked, [term for term in asked.terms if len(term) < INDEXED_FROM])
    if indexed:
        values["match"] = " ".join(f'"{term.replace(chr(34), chr(34) * 2)}"' for term in indexed)
        values["given_most"] = NARROWED_MOST if conditions else GIVEN_MOST
        rows = _GIVEN
    else:
        inside = asked.conversation_id is not None
        where, order = ("WHERE conversation_id=:place", "position") if inside else ("", "row")
        values["walked_most"] = WALKED_MOST
        rows = _WALKED.format(where=where, order=order)
    statement = " AND ".join([_MESSAGES.format(rows=rows), *conditions]) + " ORDER BY m.created_ms DESC, m.row DESC"
    return _taken(connection.execute(statement, values), asked)


def _conditions(asked: Asked, short: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """What the rows must be like besides the indexed terms, in SQL."""
    values: dict[str, Any] = {f"short{place}": term.casefold() for place, term in enumerate(short)}
    conditions = [f"instr(casefolded(m.text), :{name}) > 0" for name in values]
    for condition, name, value in (
        ("m.conversation_id=:place", "place", asked.conversation_id),
        ("m.created_ms>=:after", "after", asked.after_ms),
        ("m.created_ms<:before", "before", asked.before_ms),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value
    if asked.sender_ids is not None:
        conditions.append(f"m.sender_id IN ({', '.join(str(int(one)) for one in sorted(asked.sender_ids))})")
    if asked.has == "link":
        conditions.append("(instr(m.text, 'http://') OR instr(m.text, 'https://'))")
    elif asked.has is not None:
        conditions.append("instr(m.body, CAST('attachments' AS BLOB)) > 0")
    return conditions, values


def _taken(rows: sqlite3.Cursor, asked: Asked) -> list[Message]:
    """As many messages as are asked for, of what the rows hold."""
    taken: list[Message] = []
    senders: dict[bytes, User] = {}
    for text, body, sender in rows:
        user = senders.get(sender) or senders.setdefault(sender, msgspec.msgpack.decode(sender, type=User))
        message = unpacked(body, text, user)
        if _answers(message, asked):
            taken.append(message)
            if len(taken) >= asked.limit:
                break
    return taken


def _answers(message: Message, asked: Asked) -> bool:
    """What only the whole message tells: which one it is, and its files."""
    if message.type == "system" or (asked.message_ids is not None and message.message_id not in asked.message_ids):
        return False
    match asked.has:
        case None | "link":
            return True
        case "file":
            return bool(message.attachments)
        case kind:
            return any(file.file_type.startswith(f"{kind}/") for file in message.attachments)


def _casefolded(text: str | None) -> str:
    """A text without case, for words that are in no index."""
    return (text or "").casefold()
