"""What is selected in a timeline: words inside one message, or whole messages. Never both."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """Owns the selected place. Words are counted in the UTF-16 units of what a bubble shows."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, int, int] | None = None
        self._keys: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[str, int, int] | None:
        """A message's key, and from which unit to which its words are selected."""
        return self._words

    @property
    def keys(self) -> frozenset[str]:
        """The messages that are selected whole."""
        return self._keys

    def mark(self, key: str, one: int, other: int) -> None:
        """Select the words between two places of a message; none where the places are one."""
        start, end = sorted((one, other))
        self._become((key, start, end) if end > start else None, frozenset())

    def choose(self, keys: Iterable[str]) -> None:
        """Select these messages and no others."""
        self._become(None, frozenset(keys))

    def toggle(self, key: str) -> None:
        """Select a message too, or no longer."""
        self._become(None, self._keys ^ {key})

    def keep(self, keys: Iterable[str]) -> None:
        """Let go of messages that are no longer there."""
        there = frozenset(keys)
        words = self._words if self._words is not None and self._words[0] in there else None
        self._become(words, self._keys & there)

    def clear(self) -> bool:
        """Select nothing; False where nothing was selected."""
        was = self._words is not None or bool(self._keys)
        self._become(None, frozenset())
        return was

    def _become(self, words: tuple[str, int, int] | None, keys: frozenset[str]) -> None:
        """Take the new place, and tell of it."""
        if (words, keys) != (self._words, self._keys):
            self._words, self._keys = words, keys
            self.changed.emit()
