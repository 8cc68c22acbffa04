"""The conversation list in its order, but for one row that stays where it is while somebody points at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from desktop.core.bubble import ConversationRow
from desktop.core.conversation_list import row_facets
from desktop.core.differ import diff
from desktop.core.listops import ListOp
from desktop.core.observable import Topic


class RowList(Protocol):
    """Rows that tell their operations after they happened."""

    @property
    def rows(self) -> Sequence[ConversationRow]:
        """The rows now."""

    @property
    def operations(self) -> Topic[Sequence[ListOp[ConversationRow]]]:
        """What has just been done to them."""


class HeldOrder:
    """A list over the core's that passes its operations on. Owns which row is held, and at which index (behaviour 38).

    The others keep their order around the held one: what comes to the top goes past it.
    """

    def __init__(self, source: RowList) -> None:
        self.operations: Topic[Sequence[ListOp[ConversationRow]]] = Topic()
        self._source = source
        self._held: int | None = None
        self._rows: list[ConversationRow] | None = None
        """The rows as they are shown while one is held; else the source's are."""
        self._unsubscribe: Callable[[], None] = source.operations.subscribe(self._follow)

    @property
    def rows(self) -> Sequence[ConversationRow]:
        """The rows as they are shown."""
        return self._source.rows if self._rows is None else self._rows

    def hold(self, conversation_id: int | None) -> None:
        """Let this row stay where it is until another one or none is held; then it goes where it belongs."""
        if conversation_id == self._held:
            return
        self._held = None
        self._settle()
        if conversation_id is None:
            self._rows = None
        else:
            self._held, self._rows = conversation_id, list(self._source.rows)

    def detach(self) -> None:
        """Follow the source no longer."""
        self._unsubscribe()

    def _follow(self, operations: Sequence[ListOp[ConversationRow]]) -> None:
        """The source has changed."""
        if self._rows is None:
            self.operations.publish(operations)
        else:
            self._settle()

    def _settle(self) -> None:
        """Tell what leads from the rows shown to those that are to be."""
        if self._rows is None:
            return
        wanted = list(self._source.rows)
        there, here = _index_of(wanted, self._held), _index_of(self._rows, self._held)
        if there is not None and here is not None:
            wanted.insert(min(here, len(wanted) - 1), wanted.pop(there))
        operations = diff(self._rows, wanted, lambda row: row.conversation_id, row_facets)
        self._rows = wanted
        if operations:
            self.operations.publish(operations)


def _index_of(rows: Sequence[ConversationRow], conversation_id: int | None) -> int | None:
    """Where a conversation stands."""
    return next((index for index, row in enumerate(rows) if row.conversation_id == conversation_id), None)
