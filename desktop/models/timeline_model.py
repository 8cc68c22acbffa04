"""A timeline's rows for Qt: a replica that replays the core's operations."""

from __future__ import annotations

from typing import assert_never

from PySide6.QtCore import QByteArray, Qt

from desktop.core.bubble import Bubble, DayLine, HappeningLine, Hole, Row, UnreadLine
from desktop.models.happening_words import happening_words
from desktop.models.replica import Index, Replica
from desktop.models.roles import Role


def spoken(row: Row) -> str:
    """A row in words, for screen readers."""
    match row:
        case Bubble():
            what = row.text or ", ".join(file.name for file in row.files)
            return f"{'You' if row.own else row.sender_name}: {what}"
        case HappeningLine():
            return happening_words(row)
        case DayLine():
            return ""
        case UnreadLine():
            return f"{row.count} unread"
        case Hole():
            return "Messages not loaded yet"
        case _:
            assert_never(row)


class TimelineModel(Replica[Row]):
    """The replica of one timeline."""

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
