"""A timeline's rows for Qt: a replica that replays the core's operations."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt

from desktop.core.bubble import Row
from desktop.models.replica import Index, Replica
from desktop.models.roles import Role
from desktop.models.spoken_rows import spoken


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
