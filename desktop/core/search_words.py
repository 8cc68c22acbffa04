"""What is typed into a search, understood: words, phrases and operators; and what to offer while it is typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

Kind = Literal["file", "image", "video", "link"]

KINDS: tuple[Kind, ...] = ("file", "image", "video", "link")
OPERATORS = ("from:", "in:", "before:", "after:", "has:")
TERMS_MOST = 16
"""Further words are not looked for: the server refuses more."""
INDEXED_FROM = 3
"""Shorter words are in no index of three letters."""

_PIECE = re.compile(r'(?:(from|in|before|after|has):(?:"([^"]*)"?|([^\s"]+)))|"([^"]*)"?|([^\s"]+)', re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Typed:
    """A query taken apart. `sender` and `place` are as they were written, days as YYYY-MM-DD (UTC)."""

    terms: tuple[str, ...] = ()
    sender: str | None = None
    place: str | None = None
    before: str | None = None
    after: str | None = None
    has: Kind | None = None

    @property
    def narrows(self) -> bool:
        """Whether it says more than words."""
        return any((self.sender, self.place, self.before, self.after, self.has))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the messages on this computer: all of the terms, and only those of these people and places.

    `after_ms` included, `before_ms` excluded; None: any. `message_ids`: only these.
    """

    terms: tuple[str, ...] = ()
    sender_ids: frozenset[int] | None = None
    conversation_id: int | None = None
    after_ms: int | None = None
    before_ms: int | None = None
    has: Kind | None = None
    message_ids: frozenset[int] | None = None
    limit: int = 50


def understood(text: str) -> Typed:
    """Take a query apart; an operator with a value that makes no sense is looked for as a word."""
    terms: list[str] = []
    said: dict[str, str] = {}
    for piece in _PIECE.finditer(unicodedata.normalize("NFC", text.replace("\0", ""))):
        name, quoted, plain, phrase, word = piece.groups()
        if name is None:
            terms.append((phrase or word or "").strip())
            continue
        name, value = name.lower(), (quoted or plain or "").strip()
        if _makes_sense(name, value):
            said[name] = value
        else:
            terms.append(piece.group())
    kept = tuple(dict.fromkeys(term for term in terms if term))[:TERMS_MOST]
    kind: Kind | None = next((kind for kind in KINDS if kind == said.get("has", "").lower()), None)
    return Typed(kept, said.get("from"), said.get("in"), said.get("before"), said.get("after"), kind)


def _makes_sense(name: str, value: str) -> bool:
    """Whether an operator can have this value."""
    if name in {"before", "after"}:
        return day_of(value) is not None
    return value.lower() in KINDS if name == "has" else bool(value)


def day_of(text: str) -> date | None:
    """The day that is written like 2026-11-22, or None."""
    try:
        return date.fromisoformat(text) if _DAY.match(text) else None
    except ValueError:
        return None


def offered(text: str, people: Sequence[str], places: Sequence[str], today: date) -> list[str]:
    """Whole queries that the one typed so far could become: its last word made an operator, or one with its value."""
    head, last = _last_piece(text)
    name, colon, value = last.partition(":")
    if not colon:
        return [f"{head}{one}" for one in OPERATORS if last and one.startswith(last.lower())]
    values = {
        "from": ["me", *people],
        "in": places,
        "has": KINDS,
        "before": [today.isoformat()],
        "after": [today.isoformat()],
    }.get(name.lower(), [])
    sought = folded(value.strip('"'))
    fitting = [one for one in values if folded(one).startswith(sought) and folded(one) != sought]
    return [f"{head}{name}:{_quoted(one)} " for one in fitting[:5]]


def _last_piece(text: str) -> tuple[str, str]:
    """A text in two: what is complete, and the word that is being typed."""
    open_quote = re.search(r'\S+:"[^"]*\Z', text)
    start = open_quote.start() if open_quote else text.rfind(" ") + 1
    return text[:start], text[start:]


def _quoted(value: str) -> str:
    """A value as it is written behind an operator."""
    return f'"{value}"' if " " in value else value


def marks(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the terms stand in a text: start and length, in order, none over another."""
    if not terms:
        return []
    longest_first = sorted(terms, key=len, reverse=True)
    sought = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
    return [(found.start(), found.end() - found.start()) for found in sought.finditer(text) if found.group()]


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """A text without case and marks, so that "tomas" finds "Tomás"."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
