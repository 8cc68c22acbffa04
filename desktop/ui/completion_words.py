"""What is being completed in a text, and who is meant by it: plain functions, without a window."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from protocol.shapes import User

CANDIDATES_AT_MOST = 8
_PERSON = re.compile(r"(?:^|(?<=[\s(\[{\"'*_~]))@([^\s@]{0,40}(?: [^\s@]{1,40}){0,2})$")
_EMOJI = re.compile(r"(?:^|(?<=[\s(\[{\"'*_~])):([\w+\-]{2,40})$")


@dataclass(frozen=True, slots=True)
class Asked:
    """A piece before the cursor that may become something else: `@` and a name, or `:` and an emoji's name."""

    kind: Literal["person", "emoji"]
    query: str
    length: int
    """Of the whole piece, in characters."""


def asked(before: str) -> Asked | None:
    """What the text before the cursor asks for, if it asks."""
    person = _PERSON.search(before)
    if person is not None:
        return Asked("person", person.group(1), len(person.group(1)) + 1)
    emoji = _EMOJI.search(before)
    if emoji is not None:
        return Asked("emoji", emoji.group(1), len(emoji.group(1)) + 1)
    return None


def folded(text: str) -> str:
    """A name as it is compared: small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def people(users: Iterable[User], query: str) -> list[User]:
    """Who is meant, the best first: the name begins so, then one of its words, then the account's name."""
    wanted = folded(query)
    ranked: list[tuple[int, User]] = []
    for user in users:
        name = folded(user.display_name)
        if name.startswith(wanted):
            ranked.append((0, user))
        elif any(word.startswith(wanted) for word in name.split()):
            ranked.append((1, user))
        elif folded(user.username).startswith(wanted):
            ranked.append((2, user))
    ranked.sort(key=lambda pair: pair[0])
    return [user for _, user in ranked[:CANDIDATES_AT_MOST]]
