"""What a search has found, for Qt: one list of people, conversations and messages under headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.core import moments
from desktop.core.bubble import ConversationRow
from desktop.core.finder import Hit, Results, Scope
from desktop.core.ports import Clock
from desktop.models.roles import Role
from protocol.shapes import User

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
SCOPE_WORDS = {
    Scope.NOTHING: "",
    Scope.DEVICE: "on this device, asking the server…",
    Scope.EVERYWHERE: "everywhere",
    Scope.DEVICE_ALONE: "on this device",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """What the rows below are, and where they were looked for."""

    words: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class MoreRow:
    """Asks for older messages."""

    words: str = "Show older messages"


Entry = Heading | MoreRow | User | ConversationRow | Hit


class ResultsModel(QAbstractListModel):
    """Owns the entries of the newest answer; rows that stay keep their place, so that nothing jumps while one types."""

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._entries: tuple[Entry, ...] = ()

    def show_results(self, results: Results) -> None:
        """Show an answer."""
        self.show_entries(entries_of(results))

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show these instead: what is the same at the beginning stays as it is."""
        new, old = tuple(entries), self._entries
        same = next((at for at, (one, other) in enumerate(zip(new, old, strict=False)) if one != other), None)
        same = min(len(new), len(old)) if same is None else same
        if len(old) > same:
            self.beginRemoveRows(_NOWHERE, same, len(old) - 1)
            self._entries = old[:same]
            self.endRemoveRows()
        if len(new) > same:
            self.beginInsertRows(_NOWHERE, same, len(new) - 1)
            self._entries = new
            self.endInsertRows()

    def entries(self) -> Sequence[Entry]:
        """The rows, to be read only."""
        return self._entries

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows there are, headings too."""
        return 0 if parent.isValid() else len(self._entries)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings are nothing to choose."""
        if index.isValid() and isinstance(self._entries[index.row()], Heading):
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The entry, its time, or its words for screen readers."""
        if not index.isValid() or index.row() >= len(self._entries):
            return None
        entry = self._entries[index.row()]
        match role:
            case Role.ROW:
                return entry
            case Role.TIME:
                return self.time_words(entry)
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(entry)
            case _:
                return None

    def time_words(self, entry: Entry) -> str:
        """When a message was written, as in the conversation list."""
        if not isinstance(entry, Hit):
            return ""
        return moments.list_time(entry.at_ms, self._clock.now_ms(), self._clock.local_offset_s).words

    def _spoken(self, entry: Entry) -> str:
        """An entry in words."""
        match entry:
            case Heading():
                return ", ".join(filter(None, (entry.words, entry.aside)))
            case MoreRow():
                return entry.words
            case User():
                return f"{entry.display_name}, @{entry.username}"
            case ConversationRow():
                return entry.title
            case Hit():
                where = "" if entry.title == entry.sender_name else f" in {entry.title}"
                return f"{entry.sender_name}{where}: {entry.text}, {self.time_words(entry)}"


def entries_of(results: Results) -> list[Entry]:
    """An answer as rows."""
    entries: list[Entry] = []
    if results.people:
        entries += [Heading("People"), *results.people]
    if results.conversations:
        entries += [Heading("Conversations"), *results.conversations]
    if results.hits:
        entries += [Heading("Messages", SCOPE_WORDS[results.scope]), *results.hits]
        if results.has_more:
            entries.append(MoreRow())
    return entries
