"""How far each conversation is followed, and which numbers are missing (contract, Versions)."""

from __future__ import annotations


class Progress:
    """Owns, for each conversation, the version up to which everything has been merged, and what came beyond it."""

    def __init__(self) -> None:
        self._followed: dict[int, int] = {}
        self._ahead: dict[int, set[int]] = {}
        self._open_since: dict[int, int] = {}

    def note(self, conversation_id: int, version: int, now_ms: int) -> None:
        """A row with this number was merged. Numbers may come in any order and twice."""
        followed = self._followed.setdefault(conversation_id, 0)
        if version > followed:
            self._ahead.setdefault(conversation_id, set()).add(version)
            self._close_ranks(conversation_id, now_ms)

    def reach(self, conversation_id: int, version: int, now_ms: int) -> None:
        """Everything up to `version` was merged at once."""
        self._followed[conversation_id] = max(version, self._followed.get(conversation_id, 0))
        self._close_ranks(conversation_id, now_ms)

    def forget(self, conversation_id: int) -> None:
        """The conversation is gone."""
        for book in (self._followed, self._ahead, self._open_since):
            book.pop(conversation_id, None)

    def clear(self) -> None:
        """Another history has begun: nothing has been followed."""
        self._followed.clear()
        self._ahead.clear()
        self._open_since.clear()

    def versions(self) -> dict[int, int]:
        """Conversation → the version followed to, as `sync` and `digest` want it."""
        return dict(self._followed)

    def gap_since_ms(self) -> int | None:
        """When the oldest gap that is still open was seen; None when nothing is missing."""
        return min(self._open_since.values(), default=None)

    def _close_ranks(self, conversation_id: int, now_ms: int) -> None:
        """Count on through the numbers that came early; what is left beyond is a gap."""
        ahead = self._ahead.get(conversation_id, set())
        followed = self._followed[conversation_id]
        while followed + 1 in ahead:
            followed += 1
        self._followed[conversation_id] = followed
        left = {version for version in ahead if version > followed}
        if left:
            self._ahead[conversation_id] = left
            self._open_since.setdefault(conversation_id, now_ms)
        else:
            self._ahead.pop(conversation_id, None)
            self._open_since.pop(conversation_id, None)
