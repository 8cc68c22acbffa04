"""Every emoji with its names: read from the shipped table when somebody first asks for one, and searched by words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PySide6.QtGui import QFont

_FAMILIES = ["Noto Color Emoji", "Segoe UI Emoji", "Apple Color Emoji"]


@dataclass(frozen=True, slots=True)
class Emoji:
    """One emoji: its signs, its category, its English name, short names (`tada`), and other words for it."""

    signs: str
    category: str
    name: str
    short_names: tuple[str, ...]
    words: tuple[str, ...]

    def rank(self, query: str) -> int | None:
        """How well it answers a query in small letters, 0 the best; None where it does not."""
        if query in self.short_names:
            return 0
        if any(name.startswith(query) for name in self.short_names):
            return 1
        if any(word.startswith(query) for word in (*self.words, *self.name.split())):
            return 2
        return 3 if query in self.name or any(query in name for name in self.short_names) else None


@cache
def table() -> tuple[Emoji, ...]:
    """All of them in Unicode's order."""
    text = (files("resources") / "emoji" / "emoji.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return tuple(
        Emoji(signs, category, name.casefold(), tuple(short.split()), tuple(more.split()))
        for signs, category, name, short, more in rows
    )


@cache
def categories() -> dict[str, tuple[Emoji, ...]]:
    """Those of each category, in the table's order."""
    found: dict[str, list[Emoji]] = {}
    for emoji in table():
        found.setdefault(emoji.category, []).append(emoji)
    return {category: tuple(members) for category, members in found.items()}


@cache
def by_signs() -> dict[str, Emoji]:
    """Each by its signs."""
    return {emoji.signs: emoji for emoji in table()}


def search(query: str, at_most: int | None = None) -> list[Emoji]:
    """Those that every word of a query is about, the best first; all for an empty one."""
    words = query.casefold().replace(":", " ").split()
    found: list[tuple[tuple[int, int], Emoji]] = []
    for emoji in table():
        ranks = [emoji.rank(word) for word in words]
        if None not in ranks:
            total = sum(rank or 0 for rank in ranks)
            # Of those whose short name begins so, the one that is typed soonest: `:he` is a heart.
            found.append(((total, min(map(len, emoji.short_names)) if total == 1 else 0), emoji))
    found.sort(key=lambda pair: pair[0])
    return [emoji for _, emoji in found[:at_most]]


def font(size_px: int) -> QFont:
    """The system's coloured emoji at a size in pixels."""
    made = QFont(_FAMILIES)
    made.setPixelSize(size_px)
    return made
