"""The people a search has found, for Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.models.roles import Role
from protocol.shapes import User

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class PeopleModel(QAbstractListModel):
    """Owns the people of the newest search; each search replaces them all."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._people: list[User] = []
        self._notes: Mapping[int, str] = {}

    def show_people(self, people: Sequence[User], notes: Mapping[int, str] | None = None) -> None:
        """Show these instead; `notes` says of some by their ids what they are here."""
        self.beginResetModel()
        self._notes = notes or {}
        self._people = list(people)
        self.endResetModel()

    def people(self) -> Sequence[User]:
        """The people shown, to be read only."""
        return self._people

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many there are."""
        return 0 if parent.isValid() else len(self._people)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The user, the user's id, or the names."""
        if not index.isValid() or index.row() >= len(self._people):
            return None
        user = self._people[index.row()]
        match role:
            case Role.ROW:
                return user
            case Role.KEY:
                return user.user_id
            case Qt.ItemDataRole.StatusTipRole:
                return self._notes.get(user.user_id, "")
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(filter(None, (user.display_name, f"@{user.username}", self._notes.get(user.user_id))))
            case _:
                return None
