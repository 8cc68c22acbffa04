"""Fuzzy matching of names: the letters typed in their order, beginnings of words before all.

Our own: the names of one account are few, and a library's import would cost more than all of its matching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from desktop.core.search_words import folded

T = TypeVar("T")

_WHOLE, _WORD_START, _INSIDE, _INITIALS, _SCATTERED = 100, 80, 60, 50, 20
_TYPO = 30


def ranked(words: Sequence[str], candidates: Sequence[T], name: Callable[[T], str]) -> list[T]:
    """Those that every one of the folded words fits, the best first; of equals, the order stays."""
    scored = [(score(words, folded(name(one))), place, one) for place, one in enumerate(candidates)]
    return [one for points, _, one in sorted(scored, key=lambda entry: (-entry[0], entry[1])) if points > 0]


def score(words: Sequence[str], name: str) -> int:
    """How well all of the words fit a folded name; 0: one of them does not."""
    points = [_score_one(word, name) for word in words]
    return sum(points) if points and all(points) else 0


def _score_one(word: str, name: str) -> int:
    """How well one word fits."""
    parts = name.split()
    if word in parts:
        return _WHOLE
    if any(part.startswith(word) for part in parts):
        return _WORD_START
    if word in name:
        return _INSIDE
    if "".join(part[0] for part in parts).startswith(word):
        return _INITIALS
    if len(word) > len("two") and any(_is_near(word, part[: len(word) + 1]) for part in parts):
        return _TYPO
    return _SCATTERED if _is_scattered(word, name) else 0


def _is_scattered(word: str, name: str) -> bool:
    """Whether the letters stand in the name in this order, the first at the beginning of a word."""
    starts = [at for at, sign in enumerate(name) if sign == word[0] and (at == 0 or name[at - 1] == " ")]
    return any(_follows(word[1:], name[at + 1 :]) for at in starts)


def _follows(letters: str, text: str) -> bool:
    """Whether the letters stand in the text in this order."""
    rest = iter(text)
    return all(letter in rest for letter in letters)


def _is_near(word: str, start: str) -> bool:
    """Whether one wrong, missing, further or turned letter leads from what was typed to the beginning of a name."""
    if abs(len(word) - len(start)) > 1:
        return False
    for at, (one, other) in enumerate(zip(word, start, strict=False)):
        if one != other:
            left, right = word[at:], start[at:]
            turned = left[:2] == right[:2][::-1] and _agree(left[2:], right[2:])
            return turned or _agree(left[1:], right[1:]) or _agree(left[1:], right) or _agree(left, right[1:])
    return True


def _agree(one: str, other: str) -> bool:
    """Whether two rests are the same as far as the shorter one goes, one letter aside."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter] and abs(len(one) - len(other)) <= 1
