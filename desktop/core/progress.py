"""How far each conversation is followed, and which numbers are missing (contract, Versions)."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.core.ports import Reached
from desktop.core.updates import Update

_OWN = 0
"""The key of one's own counter: no conversation has this id."""


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

    def versions(self) -> dict[int, int]:
        """Conversation → the version followed to, as `sync` and `digest` want it."""
        return dict(self._followed)

    def of(self, conversation_ids: Iterable[int]) -> dict[int, int]:
        """The versions of these alone."""
        return {identity: self._followed[identity] for identity in conversation_ids if identity in self._followed}

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


class Following:
    """Owns how far the conversations and one's own counter are followed."""

    def __init__(self) -> None:
        self._conversations = Progress()
        self._own = Progress()

    def take(self, update: Update, now_ms: int) -> None:
        """Count what an update has told."""
        for conversation_id in update.gone:
            self._conversations.forget(conversation_id)
        for conversation_id, version in update.numbers:
            self._conversations.note(conversation_id, version, now_ms)
        for step in update.followed:
            self._conversations.reach(step.conversation_id, step.version, now_ms)
        if update.own_number is not None:
            self._own.note(_OWN, update.own_number, now_ms)
        if update.own_followed is not None:
            self._own.reach(_OWN, update.own_followed, now_ms)

    def versions(self) -> dict[int, int]:
        """Conversation → the version followed to."""
        return self._conversations.versions()

    def reached_by(self, update: Update) -> Reached:
        """How far is followed what this update, taken before, has told of."""
        counted = {identity for identity, _ in update.numbers} | {step.conversation_id for step in update.followed}
        moves_own = update.own_number is not None or update.own_followed is not None
        return Reached(self._conversations.of(counted), self.own_version() if moves_own else None)

    def own_version(self) -> int:
        """One's own counter, as far as followed."""
        return self._own.versions().get(_OWN, 0)

    def gap_since_ms(self) -> int | None:
        """When the oldest open gap in any of them was seen."""
        since = (self._conversations.gap_since_ms(), self._own.gap_since_ms())
        return min((moment for moment in since if moment is not None), default=None)
