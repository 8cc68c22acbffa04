"""The replica behind every list of the core: the only place with Qt's begin and end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Generic, Protocol, TypeVar, assert_never

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Signal

from desktop.core.listops import Insert, ListOp, Move, Remove, Replace, replay
from desktop.core.observable import Topic
from desktop.models.roles import roles_of

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class RowSource(Protocol[R]):
    """What a replica follows: a list of the core's, or any that tells its operations after they happened."""

    @property
    def rows(self) -> Sequence[R]:
        """The rows now."""

    @property
    def operations(self) -> Topic[Sequence[ListOp[R]]]:
        """What has just been done to them."""


class Replica(QAbstractListModel, Generic[R]):
    """A copy of a source's rows that replays its operations. Owns the copy; what a row is for Qt says who inherits.

    `replayed` is emitted once after each batch, so that a view settles its geometry once.
    """

    replayed = Signal()

    def __init__(self, source: RowSource[R], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[R] = list(source.rows)
        self._unsubscribe: Callable[[], None] = source.operations.subscribe(self._replay)

    def detach(self) -> None:
        """Follow the source no longer; the rows stay as they are."""
        self._unsubscribe()

    def row(self, index: int) -> R:
        """The row at an index from 0."""
        return self._rows[index]

    def rows(self) -> Sequence[R]:
        """All rows of this replica, to be read only."""
        return self._rows

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def _replay(self, operations: Sequence[ListOp[R]]) -> None:
        """Bring the replica up to date by one batch."""
        for run in _runs(operations):
            first = run[0]
            if isinstance(first, Replace):
                self._replace(run)
            else:
                self._restructure(first)
        self.replayed.emit()

    def _restructure(self, operation: ListOp[R]) -> None:
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

    def _replace(self, run: Sequence[ListOp[R]]) -> None:
        """Replay neighbouring replacements of the same facets with one signal."""
        replaces = [operation for operation in run if isinstance(operation, Replace)]
        for operation in replaces:
            replay(self._rows, operation)
        first, last = replaces[0], replaces[-1]
        self.dataChanged.emit(self.index(first.index), self.index(last.index), roles_of(first.facets))


def _runs(operations: Sequence[ListOp[R]]) -> Iterator[list[ListOp[R]]]:
    """The operations in order, where replacements of following rows with the same facets come as one list."""
    numbered = list(enumerate(operations))

    def kind(pair: tuple[int, ListOp[R]]) -> object:
        place, operation = pair
        return (operation.index - place, operation.facets) if isinstance(operation, Replace) else place

    for _, run in groupby(numbered, key=kind):
        yield [operation for _, operation in run]
