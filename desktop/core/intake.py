"""The guard of the waist: news that cannot be taken in never keeps back what comes with it or after it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from desktop.core.observable import Topic
from desktop.core.updates import Update

LOG = logging.getLogger(__name__)

TRIES = 3
_ROWS = ("gone", "users", "presence", "conversations", "seats", "messages", "old", "cursors", "own", "typing")
"""What an update carries, in an order in which nothing needs what comes later."""

Number = tuple[int, int]
"""A conversation and a version in it."""


class Intake:
    """Owns what happens to a row that makes the merge fail (F18): tried three times, then left out and told.

    An update that fails as a whole is taken in halves, so that one such row costs only itself. Its number is not
    counted: `sync` is asked for the conversation. A row that fails there as well is passed over with the answer, and
    stays a hole that history fills once it can be read, for example by a newer app.
    """

    def __init__(self, merge: Callable[[Update, bool], None], leave_out: Callable[[Update], None]) -> None:
        """`merge(update, anew)` may raise; with `anew` it derives also what it believes to be unchanged.

        `leave_out` takes the rows of an update out of the store again.
        """
        self.left_out: Topic[Update] = Topic()
        """Rows that were given up: who follows the server asks it once more."""
        self._merge = merge
        self._leave_out = leave_out

    def take(self, update: Update) -> None:
        """Merge an update, or as much of it as can be."""
        self._take(update)

    def _take(self, update: Update) -> set[Number]:
        """Merge an update; the result are the numbers of what had to be left out."""
        error = self._tried(update)
        if error is None:
            return set()
        parts = _parts(update)
        if not parts:
            LOG.error("news is left out after %d tries: %s", TRIES, _names(update), exc_info=error)
            self._leave_out(update)
            self.left_out.publish(update)
            return _numbers(update)
        self._leave_out(update)  # What has failed is in the store by now, and would fail every other row beside it.
        lost = set().union(*(self._take(part) for part in parts))
        numbers = tuple(number for number in update.numbers if number not in lost)
        if update != _rows_of(update):
            self._take(replace(_counts_of(update), numbers=numbers))
        return lost

    def _tried(self, update: Update) -> Exception | None:
        """Merge; the error that has come three times in a row, or None."""
        failure: Exception | None = None
        for attempt in range(TRIES):
            try:
                self._merge(update, attempt > 0)
            except Exception as error:  # noqa: BLE001 - whatever a row provokes; it is logged when it stays
                failure = error
            else:
                return None
        return failure


def _counts_of(update: Update) -> Update:
    """Only what the rows are counted by."""
    nothing: Any = dict.fromkeys(_ROWS, ())
    return replace(update, **nothing)


def _rows_of(update: Update) -> Update:
    """Only the rows, without what they are counted by."""
    return replace(update, numbers=(), followed=(), own_number=None, own_followed=None)


def _parts(update: Update) -> list[Update]:
    """The rows of an update by kind, or those of one kind in halves; nothing where it is one row or none."""
    filled = [name for name in _ROWS if getattr(update, name)]
    nothing = _rows_of(_counts_of(update))
    if len(filled) > 1:
        return [replace(nothing, **{name: getattr(update, name)}) for name in filled]
    if not filled:
        return []
    rows = getattr(update, filled[0])
    if len(rows) > 1:
        middle = len(rows) // 2
        return [replace(nothing, **{filled[0]: half}) for half in (rows[:middle], rows[middle:])]
    rest = _rows_of(update)
    return [] if rest == update else [rest]


def _numbers(update: Update) -> set[Number]:
    """The numbers that the rows of an update carry."""
    messages = {(message.conversation_id, message.version) for message in (*update.messages, *update.old)}
    shells = {(shell.conversation_id, shell.version) for shell in update.conversations}
    seats = {(seat.conversation_id, seat.member.version) for seat in update.seats}
    cursors = {(cursor.conversation_id, cursor.version) for cursor in update.cursors}
    return messages | shells | seats | cursors


def _names(update: Update) -> str:
    """What is left out, for the log: ids and versions, never content."""
    kinds = [name for name in _ROWS if getattr(update, name)]
    return f"{', '.join(kinds) or 'numbers'} {sorted(_numbers(update))}"
