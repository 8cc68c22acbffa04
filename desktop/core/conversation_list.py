"""The rows of the conversation list: archived ones apart, pinned ones first, then by what happened last."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from desktop.core.bubble import ConversationRow
from desktop.core.differ import diff
from desktop.core.listops import Facet, Insert, ListOp, Move, Remove, Replace
from desktop.core.observable import Observable, Topic
from desktop.core.row_maker import RowMaker
from desktop.core.store import Store

FEW = 8
"""Up to so many changed rows are placed one by one; more are compared as whole lists."""

Place = tuple[bool, bool, int, int]
"""What rows are sorted by: archived, not pinned, later first, and the conversation."""


class ListSection(Enum):
    """The parts of the list that somebody may look at; an archived conversation is only in its own."""

    ALL = auto()
    UNREAD = auto()
    ARCHIVED = auto()

    def holds(self, row: ConversationRow) -> bool:
        """Whether a row belongs to it."""
        if self is ListSection.ARCHIVED or row.archived:
            return self is ListSection.ARCHIVED and row.archived
        return self is ListSection.ALL or row.unread > 0 or row.marked_unread


@dataclass(frozen=True, slots=True)
class ListCounts:
    """How many conversations each section has, and what they ask for.

    `unread`: unread messages, of muted conversations only those that name the user. `badge`: of the unread ones those
    of direct conversations and those that name the user (behaviour 50).
    """

    listed: int = 0
    unread_rows: int = 0
    archived: int = 0
    unread: int = 0
    badge: int = 0

    def of(self, section: ListSection) -> int:
        """How many conversations are in a section."""
        return {
            ListSection.ALL: self.listed,
            ListSection.UNREAD: self.unread_rows,
            ListSection.ARCHIVED: self.archived,
        }[section]


class _Tally:
    """Counts rows as they come and go, so that no change looks at all of them."""

    def __init__(self) -> None:
        self._listed = self._unread_rows = self._archived = self._unread = self._badge = 0

    def add(self, row: ConversationRow, step: int) -> None:
        """Count one row more (`step` 1) or less (-1)."""
        if row.archived:
            self._archived += step
        else:
            self._listed += step
            self._unread_rows += step * (row.unread > 0 or row.marked_unread)
        if row.unread:
            loud = row.mentions if row.muted else row.unread
            self._unread += step * loud
            self._badge += step * (loud if row.kind == "direct" else row.mentions)

    def counts(self) -> ListCounts:
        """What there is now."""
        return ListCounts(self._listed, self._unread_rows, self._archived, self._unread, self._badge)


class ConversationList:
    """Owns the rows of all listed conversations and their counts: one list, of which each section shows a part."""

    def __init__(self, store: Store, maker: RowMaker) -> None:
        self.operations: Topic[Sequence[ListOp[ConversationRow]]] = Topic()
        self.unread_total: Observable[int] = Observable(0)
        """Unread messages, of muted conversations only those that name the user."""
        self.badge: Observable[int] = Observable(0)
        """The number for the app's icon (`ListCounts.badge`)."""
        self.counts: Observable[ListCounts] = Observable(ListCounts())
        self._store = store
        self._maker = maker
        self._rows: list[ConversationRow] = []
        self._places: dict[int, tuple[Place, ConversationRow]] = {}
        self._tally = _Tally()
        self._busy = False
        self._touched: set[int] = set()

    @property
    def rows(self) -> Sequence[ConversationRow]:
        """The rows now; each change of them is told by `operations` right after."""
        return self._rows

    def refresh(self, conversation_ids: Iterable[int]) -> None:
        """Derive these rows anew and tell what has changed, once. A watcher's own changes are told afterwards."""
        self._touched.update(conversation_ids)
        if self._busy:
            return
        self._busy = True
        try:
            while self._touched:
                touched, self._touched = self._touched, set()
                self._tell(self._place_few(touched) if len(touched) <= FEW else self._place_all(touched))
        finally:
            self._busy = False

    def _tell(self, operations: Sequence[ListOp[ConversationRow]]) -> None:
        """Publish, and count anew."""
        if operations:
            self.operations.publish(operations)
        counts = self._tally.counts()
        self.counts.value, self.unread_total.value, self.badge.value = counts, counts.unread, counts.badge

    def _derive(self, conversation_id: int) -> tuple[Place, ConversationRow] | None:
        """A row and its place, or None for a conversation that is not listed."""
        held = self._store.held.get(conversation_id)
        if held is None or held.conversation is None:
            return None
        row = self._maker.row(held)
        return (row.archived, not row.pinned, -(row.at_ms or 0), -conversation_id), row

    def _place_few(self, touched: Iterable[int]) -> list[ListOp[ConversationRow]]:
        """Operations for single rows, without looking at the others."""
        operations: list[ListOp[ConversationRow]] = []
        for conversation_id in sorted(touched):
            was, now = self._places.get(conversation_id), self._derive(conversation_id)
            if was == now:
                continue
            self._count(was, now)
            source = None if was is None else self._index_of(was[0])
            target = None if now is None else self._put(conversation_id, now, source)
            if now is None and source is not None:
                del self._rows[source]
                del self._places[conversation_id]
            operations += _steps(source, target, was[1] if was else None, now[1] if now else None)
        return operations

    def _count(self, was: tuple[Place, ConversationRow] | None, now: tuple[Place, ConversationRow] | None) -> None:
        """Count one row in the place of another, without looking at the others."""
        if was is not None:
            self._tally.add(was[1], -1)
        if now is not None:
            self._tally.add(now[1], 1)

    def _put(self, conversation_id: int, now: tuple[Place, ConversationRow], source: int | None) -> int:
        """Put a row where it belongs; the result is its index once it was taken from `source`."""
        if source is not None:
            del self._rows[source]
        index = self._index_of(now[0])
        self._rows.insert(index, now[1])
        self._places[conversation_id] = now
        return index

    def _index_of(self, place: Place) -> int:
        """Where the row of this place stands, or belongs."""
        return bisect_left(self._rows, place, key=lambda row: self._places[row.conversation_id][0])

    def _place_all(self, touched: Iterable[int]) -> list[ListOp[ConversationRow]]:
        """Operations from a comparison of the whole lists: the first sync, or a day's absence."""
        for conversation_id in touched:
            now = self._derive(conversation_id)
            self._count(self._places.get(conversation_id), now)
            if now is None:
                self._places.pop(conversation_id, None)
            else:
                self._places[conversation_id] = now
        rows = [row for _, row in sorted(self._places.values(), key=lambda place_and_row: place_and_row[0])]
        operations = diff(self._rows, rows, lambda row: row.conversation_id, row_facets)
        self._rows = rows
        return operations


def _steps(
    source: int | None, target: int | None, was: ConversationRow | None, now: ConversationRow | None
) -> list[ListOp[ConversationRow]]:
    """The operations for one row that goes from `source` to `target`, None being outside."""
    if now is None or target is None:
        return [] if source is None else [Remove(source, 1)]
    if source is None or was is None:
        return [Insert(target, (now,))]
    steps: list[ListOp[ConversationRow]] = [] if source == target else [Move(source, target)]
    return steps if was == now else [*steps, Replace(target, now, row_facets(was, now))]


_ROW_FACETS = {"presence": Facet.PRESENCE, "at_ms": Facet.TIME, "avatar_url": Facet.PICTURE}


def row_facets(old: ConversationRow, new: ConversationRow) -> frozenset[Facet]:
    """In which respects two rows of one conversation differ."""
    names = [name for name in ConversationRow.__slots__ if getattr(old, name) != getattr(new, name)]
    return frozenset(_ROW_FACETS.get(name, Facet.LAYOUT) for name in names)
