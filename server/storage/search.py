"""Finding messages by what they say: by an index of three letters in a row, and by walking where it has none.

SQLite has FTS5 for it, PostgreSQL pg_trgm where that could be had. Either would make a send a third dearer, so the
index is brought up to date beside the sends, and what it does not hold yet is walked (decision 0027).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Timer
from typing import Any, Literal, TypeVar

import gevent.monkey
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy import column as named_column
from sqlalchemy import table as named_table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import literal_column

from server.storage import driver
from server.storage.query import Asked, Query, Text, Within, only, pair
from server.storage.tables import attachments, messages

T = TypeVar("T")

LOOKED_AT_MAX = 20_000
"""Messages looked at one by one for an answer, and taken from the index for it: 30 ms of a thread beside the others."""
_TERM_MIN = 3
"""Shorter words are in no index of three letters."""
_TIME_MAX_MS = 2_000
"""After so long on PostgreSQL, the newest messages are walked instead; on SQLite, what was not found so far is not.

Sixty messages of one letter, and a long word of it that ends otherwise, take SQLite seven seconds.
"""
_FINAL_SIGMA = re.compile(r"(?<=\w)[σΣ]\b")
_CANCELLED = "57014"


class Question(Struct, frozen=True, kw_only=True):
    """What is looked for. `places`: the conversations searched, the most recently alive first, with their last place.

    `since_ms` included, `before_ms` excluded; milliseconds since 1970.
    """

    places: Mapping[int, int]
    terms: tuple[str, ...] = ()
    sender_id: int | None = None
    since_ms: int | None = None
    before_ms: int | None = None
    has: Literal["file", "image", "video", "link"] | None = None

    @property
    def indexed_terms(self) -> list[str]:
        """Those that the index can find."""
        return [term for term in self.terms if len(term) >= _TERM_MIN]


class _TooLong(Exception):  # noqa: N818 - a state, told by `complete`
    """A statement has taken all the time that there is for a search."""


class Hits(Struct, frozen=True):
    """Numbers of messages, the newest first; not `complete`: there may be more."""

    message_ids: list[int]
    complete: bool


def find(connection: Connection, question: Question, most: int) -> Hits:
    """The newest messages that answer a question; none of them where it takes too long to tell."""
    if not question.places:
        return Hits([], complete=True)
    try:
        return _found(connection, question, most)
    except _TooLong:
        return Hits([], complete=False)


def _found(connection: Connection, question: Question, most: int) -> Hits:
    """By the index where there is one. Raises _TooLong."""
    last, indexed = indexed_to(connection)
    if not question.indexed_terms or indexed is None:
        return _walked(connection, question, most)
    hits = _by_index(connection, question, most, (last, indexed))
    if hits.complete or len(hits.message_ids) > most:
        return _cut(hits.message_ids, most, complete=hits.complete)
    # A common word: what the index gave first was others' business, or of another time.
    walked = _walked(connection, question, most)
    return _cut({*hits.message_ids, *walked.message_ids}, most, complete=walked.complete)


def _cut(message_ids: list[int] | set[int], most: int, *, complete: bool) -> Hits:
    """The newest `most` of them."""
    newest = sorted(message_ids, reverse=True)
    return Hits(newest[:most], complete=complete and len(newest) <= most)


# Conditions, in each database's words.


def _conditions(connection: Connection, question: Question) -> list[ColumnElement[bool]]:
    """What a message must be like, its conversation aside."""
    contains = _glob if connection.dialect.name == "sqlite" else _ilike
    told = [messages.c.type != "system", messages.c.deleted_at.is_(None)]
    told += [contains(term) for term in question.terms]
    if question.sender_id is not None:
        told.append(messages.c.sender_id == question.sender_id)
    if question.since_ms is not None:
        told.append(messages.c.created_at >= question.since_ms)
    if question.before_ms is not None:
        told.append(messages.c.created_at < question.before_ms)
    if question.has == "link":
        told.append(or_(contains("http://"), contains("https://")))
    elif question.has is not None:
        kind = [] if question.has == "file" else [attachments.c.file_type.startswith(f"{question.has}/")]
        told.append(exists().where(attachments.c.message_id == messages.c.message_id, *kind))
    return told


def _ilike(term: str, content: ColumnElement[Any] = messages.c.content) -> ColumnElement[bool]:
    """Whether the content has the term in it; the database folds case as its locale says, but knows no final sigma."""
    plain = term.replace("ς", "σ")
    forms = sorted({term, plain, _FINAL_SIGMA.sub("ς", plain)})
    return or_(*[content.icontains(form, autoescape=True) for form in forms])


def _glob(term: str) -> ColumnElement[bool]:
    """The same on SQLite, whose LIKE folds ASCII alone: each letter in all its cases."""
    pattern = "".join(map(_any_case, term))
    return messages.c.content.op("GLOB", is_comparison=True)(f"*{pattern}*")


def _any_case(letter: str) -> str:
    """A pattern for a letter, whatever its case: folded to one letter, as the index folds."""
    forms = {letter, letter.lower(), letter.upper(), letter.title(), letter.casefold(), _fold(letter).upper(), "ς"}
    alike = sorted(form for form in forms if len(form) == 1 and _fold(form) == _fold(letter))
    return f"[{''.join(alike)}]" if len(alike) > 1 or letter in "*?[" else letter


def _fold(letter: str) -> str:
    """One letter for all its cases; ß stays itself, and the Turkish letters İ and ı are none of i's."""
    folded = letter.casefold()
    if len(folded) != 1:
        folded = letter.lower()
    return folded if len(folded) == 1 else letter


# By the index.

_PROGRESS = named_table("message_search_progress", named_column("indexed_to"))
_INDEX = named_table("message_search", named_column("rowid"), named_column("message_id"), named_column("content"))
_LAST = Query(
    select(
        func.coalesce(func.max(messages.c.message_id), 0),
        select(_PROGRESS.c.indexed_to).scalar_subquery(),
    ),
    pair,
)


def indexed_to(connection: Connection) -> tuple[int, int | None]:
    """The last message's number, and up to which the index goes; None where there is none (PostgreSQL alone)."""
    last, indexed = _LAST.all(connection)[0]
    return last, indexed


def _by_index(connection: Connection, question: Question, most: int, held: tuple[int, int]) -> Hits:
    """From the index, and from what is newer than it."""
    last, indexed = held
    floor = max(indexed, last - LOOKED_AT_MAX)
    # The sum keeps SQLite's planner from walking the conversations' own indexes.
    conditions = [Within(messages.c.conversation_id + 0, "numbers"), *_conditions(connection, question)]
    newest, numbers = messages.c.message_id.desc(), list(question.places)
    tail = select(messages.c.message_id).where(messages.c.message_id > floor, *conditions).order_by(newest)
    found = _run(connection, tail.limit(most + 1), numbers=numbers)
    look = _in_fts if connection.dialect.name == "sqlite" else _in_trigrams
    hits = look(connection, question, conditions, most)
    return Hits([*found, *hits.message_ids], complete=hits.complete and floor <= indexed)


def _in_fts(connection: Connection, question: Question, conditions: list[ColumnElement[bool]], most: int) -> Hits:
    """From the newest that FTS5 gives."""
    phrases = " ".join(f'"{term.replace(chr(34), chr(34) * 2)}"' for term in question.indexed_terms)
    matches = literal_column("message_search").op("MATCH", is_comparison=True)(phrases)
    given = select(_INDEX.c.rowid).where(matches).order_by(_INDEX.c.rowid.desc()).limit(LOOKED_AT_MAX).subquery("given")
    among = select(messages.c.message_id).join_from(given, messages, messages.c.message_id == given.c.rowid)
    among = among.where(*conditions).order_by(messages.c.message_id.desc()).limit(most + 1)
    found = _run(connection, among, numbers=list(question.places))
    if len(found) > most:
        return Hits(found, complete=False)
    (count,) = _run(connection, select(func.count()).select_from(given))
    return Hits(found, complete=count < LOOKED_AT_MAX)


def _in_trigrams(connection: Connection, question: Question, conditions: list[ColumnElement[bool]], most: int) -> Hits:
    """As PostgreSQL thinks best, but not for ever."""
    among = select(messages.c.message_id).join_from(_INDEX, messages, messages.c.message_id == _INDEX.c.message_id)
    among = among.where(*[_ilike(term, _INDEX.c.content) for term in question.indexed_terms], *conditions)
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_TIME_MAX_MS}")
            among = among.order_by(messages.c.message_id.desc()).limit(most + 1)
            found = _run(connection, among, numbers=list(question.places))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _CANCELLED:
            raise
        return Hits([], complete=False)
    return Hits(found, complete=len(found) <= most)


# By walking.

_ASKED = Asked()
_AT = Query(
    select(messages.c.conversation_id, messages.c.created_at).join_from(
        _ASKED.table,
        messages,
        and_(messages.c.conversation_id == _ASKED.key, messages.c.position == _ASKED.value),
    ),
    pair,
)


def _walked(connection: Connection, question: Question, most: int) -> Hits:
    """From the newest messages of each conversation that could answer, as many of each as can be looked at in all."""
    places = _before(connection, question.places, question.before_ms)
    share = max(LOOKED_AT_MAX // max(len(places), 1), LOOKED_AT_MAX // 200)
    walked = dict(list(places.items())[: LOOKED_AT_MAX // share])
    statement = (
        select(messages.c.message_id)
        .join_from(_ASKED.table, messages, messages.c.conversation_id == _ASKED.key)
        .where(
            messages.c.position <= _ASKED.value,
            messages.c.position > _ASKED.value - share,
            *_conditions(connection, question),
        )
        .order_by(messages.c.message_id.desc())
        .limit(most + 1)
    )
    found = _run(connection, statement, asked=walked)
    return _cut(found, most, complete=len(walked) == len(places) and all(last <= share for last in walked.values()))


def _before(connection: Connection, places: Mapping[int, int], before_ms: int | None) -> dict[int, int]:
    """The last place before a time in each conversation, found by halving all of them together; those with none go."""
    least, greatest = dict.fromkeys(places, 0), dict(places)
    while before_ms is not None:
        middle = {number: (least[number] + last + 1) // 2 for number, last in greatest.items() if least[number] < last}
        if not middle:
            break
        for number, created_at in _AT.all(connection, asked=middle):
            if created_at < before_ms:
                least[number] = middle[number]
            else:
                greatest[number] = middle[number] - 1
    return {number: last for number, last in greatest.items() if last}


def _run(connection: Connection, statement: Select[Any], **given: Any) -> list[int]:  # noqa: ANN401 - lists and mappings
    """The numbers that a statement finds; beside the hub, where a file is read, so that nobody waits for a search.

    Raises _TooLong on SQLite, which keeps no time by itself.
    """
    text = Text(statement, connection.dialect)
    values = text.values(given)
    if connection.dialect.name == "sqlite":
        found = _in_time(connection, lambda: _unless_ended(connection, text.text, values))
    else:
        found = driver.rows(connection, text.text, values)
    if found is None:
        raise _TooLong
    return [number for (number,) in found]


def _in_time(connection: Connection, work: Callable[[], T]) -> T:
    """Do it on a file, and have it ended when its time is over; under gevent in a native thread."""
    line: Any = connection.connection.driver_connection
    timer = Timer(_TIME_MAX_MS / 1000, line.interrupt)
    timer.start()
    try:
        if not gevent.monkey.is_module_patched("threading"):
            return work()
        # Here it would hold up everybody else.
        done: T = gevent.get_hub().threadpool.apply(work)
        return done
    finally:
        timer.cancel()


def _unless_ended(connection: Connection, text: str, values: Any) -> list[Any] | None:  # noqa: ANN401 - as the driver takes them
    """The rows of a statement; None where it was ended. Told here, for gevent prints whatever its threads raise."""
    try:
        return driver.rows(connection, text, values)
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorname", None) != "SQLITE_INTERRUPT":
            raise
        return None


# Bringing the index up to date.

_WAITING = Query(
    select(messages.c.message_id)
    .where(messages.c.message_id > bindparam("after"))
    .order_by(messages.c.message_id)
    .limit(bindparam("most")),
    only,
)
_INDEX_THESE = """
INSERT INTO message_search({0}, content) SELECT message_id, content FROM messages
WHERE message_id > {1} AND message_id <= {1} AND content IS NOT NULL AND type <> 'system'
"""
_WORDS = {"sqlite": _INDEX_THESE.format("rowid", "?"), "postgresql": _INDEX_THESE.format("message_id", "%s")}


def index(connection: Connection, most: int) -> None:
    """Take the next messages into the index, in the writing transaction; from then on a trigger follows changes."""
    _, indexed = indexed_to(connection)
    if indexed is None:
        return
    numbers = _WAITING.all(connection, after=indexed, most=most)
    if numbers:
        driver.run(connection, _WORDS[connection.dialect.name], (indexed, numbers[-1]), driver.nothing)
        connection.execute(update(_PROGRESS).values(indexed_to=numbers[-1]))
