"""Search: what is typed turned into a question, answered with messages of the caller's own conversations."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import date

from protocol.commands import SearchQuery
from protocol.signals import Found
from protocol.times import EPOCH
from server.services import refusals
from server.services.access import Access
from server.services.ports import Actor
from server.services.shaping import shape_messages
from server.storage import conversations, messages, search, users
from server.storage.search import Question
from server.storage.unit import Database, Snapshot

LIMIT_DEFAULT = 50
LIMIT_MAX = 100
_CHARS_MAX = 500
_TERMS_MAX = 16
_DAY_MS = 24 * 60 * 60 * 1000
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)

_IDLE_S, _BETWEEN_S = 1.0, 0.02
"""How long the index rests when nothing waits for it, and between two helpings in a quiet time."""
_HELPING_S = 0.01
"""About so long is the writer kept by one helping: what it holds is fitted to that."""
_LEAST, _FIRST, _GREATEST = 5, 20, 500
"""Messages in a helping: SQLite takes 25 µs for one, PostgreSQL 500."""
_PATIENCE = search.LOOKED_AT_MAX // 2
"""While messages come, the index waits until so many are outside of it; then it takes a twentieth of the time."""
_BUSY_SHARE = 20
_BUSY_PER_S = 20
"""Beyond so many messages a second the index waits."""


class Search:
    """Answers searches, and brings its index up to date when there is time; writes nothing else."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self._seen: tuple[int, float] | None = None
        self._helping = _FIRST

    def find(self, actor: Actor, query: SearchQuery) -> Found:
        """The newest messages that have every word and phrase of the query in them, and are as it says besides.

        Part of a word is enough; case does not matter; nothing that is deleted, nothing that an edit has taken away.
        Raises Refused: `invalid_request`, `not_found` (the conversation to search in).
        """
        terms = _terms(query.q)
        bounds = {"since_ms": _day(query.after, "after"), "before_ms": _day(query.before, "before")}
        if not terms and query.from_ is None and query.has is None and query.in_ is None and not any(bounds.values()):
            raise refusals.invalid("q", "Nothing is looked for. Write a word, or narrow the search by who or when.")
        limit = min(query.limit or LIMIT_DEFAULT, LIMIT_MAX)
        with self._database.read() as snapshot:
            sender_id = None if query.from_ is None else _person(snapshot, query.from_)
            if query.from_ is not None and sender_id is None:
                return Found(messages=[], complete=True)
            places = self._places(snapshot, actor, query.in_)
            question = Question(places=places, terms=terms, sender_id=sender_id, has=query.has, **bounds)
            hits = search.find(snapshot, question, limit)
            rows = messages.by_ids(snapshot, hits.message_ids)
            found = shape_messages(snapshot, [rows[number] for number in hits.message_ids if number in rows])
        return Found(messages=found, complete=hits.complete)

    def _places(self, snapshot: Snapshot, actor: Actor, conversation_id: int | None) -> dict[int, int]:
        """Where is searched, the most recently alive first, with the last place. Raises Refused (`not_found`)."""
        if conversation_id is not None:
            return {conversation_id: self._access.seat(actor, conversation_id, snapshot).last_position}
        listed = conversations.of_user(snapshot, actor.user_id)
        return {row.conversation_id: row.last_position for row in listed if row.last_position}

    def index(self) -> float:
        """Take some more messages into the index, unless others need the writer more; how many seconds to rest then.

        Raises Refused (`unavailable`, `storage_full`).
        """
        with self._database.read() as snapshot:
            last, indexed = search.indexed_to(snapshot)
        waiting = 0 if indexed is None else last - indexed
        busy = self._is_busy(last)
        if not waiting or (busy and waiting < _PATIENCE):
            return _IDLE_S
        began = time.monotonic()
        self._database.write(lambda unit: search.index(unit.connection, self._helping))
        took = time.monotonic() - began
        fitting = int(self._helping * _HELPING_S / max(took, 1e-6))
        self._helping = max(_LEAST, min(fitting, self._helping * 2, _GREATEST))
        return took * _BUSY_SHARE if busy else _BETWEEN_S

    def _is_busy(self, last: int) -> bool:
        """Whether more messages have come since the last look than leave time for anything else; at first, perhaps."""
        now, seen = time.monotonic(), self._seen
        self._seen = last, now
        return seen is None or last - seen[0] > 1 + _BUSY_PER_S * (now - seen[1])


def _terms(q: str) -> tuple[str, ...]:
    """The words and quoted phrases of a query. Raises Refused (`invalid_request`)."""
    if len(q) > _CHARS_MAX:
        raise refusals.invalid("q", f"Look for at most {_CHARS_MAX} characters. Leave some words out.")
    pairs = _TERM.findall(unicodedata.normalize("NFC", q.replace("\0", "")))
    terms = tuple(dict.fromkeys(phrase.strip() or word for phrase, word in pairs if phrase.strip() or word))
    if len(terms) > _TERMS_MAX:
        raise refusals.invalid("q", f"Look for at most {_TERMS_MAX} words. Leave some out, or quote them as a phrase.")
    return terms


def _day(given: str | None, field: str) -> int | None:
    """The beginning of a day in UTC, in milliseconds since 1970. Raises Refused (`invalid_request`)."""
    if given is None:
        return None
    try:
        return (date.fromisoformat(given if _DAY.match(given) else "") - EPOCH.date()).days * _DAY_MS
    except ValueError:
        raise refusals.invalid(field, f"'{field}' is no day. Write it as 2026-11-22.") from None


def _person(snapshot: Snapshot, username: str) -> int | None:
    """Whose username this is."""
    known = users.by_name(snapshot, username)
    return None if known is None else known.user_id
