"""Search results on screen: the list of entries, and the ways of choosing one."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from desktop.core.bubble import ConversationRow
from desktop.core.finder import Hit
from desktop.models.results_model import MoreRow, ResultsModel
from desktop.models.roles import Role
from desktop.ui import theme
from desktop.ui.conversation_delegate import Picture
from desktop.ui.search_delegate import SearchDelegate
from protocol.shapes import User


class ResultsView(QListView):
    """A list of entries; a click or Enter chooses one, Esc leaves. The row that Enter takes is always marked."""

    person_chosen = Signal(int)
    conversation_chosen = Signal(int)
    hit_chosen = Signal(object)
    """A Hit."""
    more_wanted = Signal()
    escaped = Signal()

    def __init__(self, entries: ResultsModel, picture: Picture, *, plain: bool = False) -> None:
        super().__init__()
        self._entries = entries
        self.setModel(entries)
        self.setItemDelegate(SearchDelegate(picture, self, plain=plain))
        self.setAccessibleName("Search results")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(28)
        self.clicked.connect(self._choose)
        entries.rowsInserted.connect(self._stand)
        theme.source().changed.connect(self.viewport().update)

    def step(self, rows: int) -> None:
        """Move the mark up or down by one, past headings."""
        row = self.currentIndex().row() + rows
        while 0 <= row < self._entries.rowCount():
            index = self._entries.index(row, 0)
            if index.flags() & Qt.ItemFlag.ItemIsSelectable:
                self.setCurrentIndex(index)
                return
            row += rows

    def choose_current(self) -> None:
        """Choose the marked row."""
        self._choose(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Esc leaves, the arrows pass headings."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self.choose_current()
            case Qt.Key.Key_Escape:
                self.escaped.emit()
            case Qt.Key.Key_Down | Qt.Key.Key_Up:
                self.step(1 if event.key() == Qt.Key.Key_Down else -1)
            case _:
                super().keyPressEvent(event)

    def _stand(self) -> None:
        """Mark the first entry where none is marked."""
        if not self.currentIndex().isValid():
            self.step(1)

    def _choose(self, index: QModelIndex) -> None:
        """Tell what was chosen."""
        match index.data(Role.ROW) if index.isValid() else None:
            case User() as user:
                self.person_chosen.emit(user.user_id)
            case ConversationRow() as row:
                self.conversation_chosen.emit(row.conversation_id)
            case Hit() as hit:
                self.hit_chosen.emit(hit)
            case MoreRow():
                self.more_wanted.emit()
            case _:
                pass
