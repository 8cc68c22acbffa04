"""A timeline's rows for Qt: a replica that replays the core's operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Protocol, assert_never

from PySide6.QtCore import QAbstractListModel, QByteArray, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop.core.bubble import Bubble, DayLine, Hole, Row, UnreadLine
from desktop.core.listops import Insert, ListOp, Move, Remove, Replace, replay
from desktop.core.observable import Topic
from desktop.models.roles import Role, roles_of

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class RowSource(Protocol):
    """What the model follows: the core's `Timeline`, or any list that tells its operations after they happened."""

    @property
    def rows(self) -> Sequence[Row]:
        """The rows now."""

    @property
    def operations(self) -> Topic[Sequence[ListOp[Row]]]:
        """What has just been done to them."""


def spoken(row: Row) -> str:
    """A row in words, for screen readers."""
    match row:
        case Bubble():
            what = row.text or ", ".join(file.name for file in row.files)
            return f"{'You' if row.own else row.sender_name}: {what}"
        case DayLine():
            return ""
        case UnreadLine():
            return f"{row.count} unread"
        case Hole():
            return "Messages not loaded yet"
        case _:
            assert_never(row)


class TimelineModel(QAbstractListModel):
    """The replica of one timeline. Owns its copy of the rows; the only place with Qt's begin and end.

    `replayed` is emitted once after each batch, so that a view settles its geometry once.
    """

    replayed = Signal()

    def __init__(self, source: RowSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = list(source.rows)
        self._unsubscribe: Callable[[], None] = source.operations.subscribe(self._replay)

    def detach(self) -> None:
        """Follow the timeline no longer; the rows stay as they are."""
        self._unsubscribe()

    def row(self, index: int) -> Row:
        """The row at an index from 0."""
        return self._rows[index]

    def rows(self) -> Sequence[Row]:
        """All rows of this replica, to be read only."""
        return self._rows

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The row, its key, or its words."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Role.ROW:
            return row
        if role == Role.KEY:
            return row.key
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return spoken(row)
        return None

    def roleNames(self) -> dict[int, QByteArray]:
        """The roles by name, for debugging tools."""
        return {int(role): QByteArray(role.name.lower().encode()) for role in Role}

    def _replay(self, operations: Sequence[ListOp[Row]]) -> None:
        """Bring the replica up to date by one batch."""
        for run in _runs(operations):
            first = run[0]
            if isinstance(first, Replace):
                self._replace(run)
            else:
                self._restructure(first)
        self.replayed.emit()

    def _restructure(self, operation: ListOp[Row]) -> None:
        """Replay an operation that changes the number or order of the rows."""
        match operation:
            case Insert(index, rows):
                if not rows:
                    return
                self.beginInsertRows(_NOWHERE, index, index + len(rows) - 1)
                replay(self._rows, operation)
                self.endInsertRows()
            case Remove(index, count):
                if not count:
                    return
                self.beginRemoveRows(_NOWHERE, index, index + count - 1)
                replay(self._rows, operation)
                self.endRemoveRows()
            case Move(source, target):
                # Qt counts the target before the row is taken out.
                there = target + 1 if target > source else target
                if self.beginMoveRows(_NOWHERE, source, source, _NOWHERE, there):
                    replay(self._rows, operation)
                    self.endMoveRows()
            case Replace():
                self._replace([operation])
            case _:
                assert_never(operation)

    def _replace(self, run: Sequence[ListOp[Row]]) -> None:
        """Replay neighbouring replacements of the same facets with one signal."""
        replaces = [operation for operation in run if isinstance(operation, Replace)]
        for operation in replaces:
            replay(self._rows, operation)
        first, last = replaces[0], replaces[-1]
        self.dataChanged.emit(self.index(first.index), self.index(last.index), roles_of(first.facets))


def _runs(operations: Sequence[ListOp[Row]]) -> Iterator[list[ListOp[Row]]]:
    """The operations in order, where replacements of following rows with the same facets come as one list."""
    numbered = list(enumerate(operations))

    def kind(pair: tuple[int, ListOp[Row]]) -> object:
        place, operation = pair
        return (operation.index - place, operation.facets) if isinstance(operation, Replace) else place

    for _, run in groupby(numbered, key=kind):
        yield [operation for _, operation in run]
