"""The rows of the conversation list on screen, and the ways of choosing one."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from desktop.models.conversation_model import ConversationFilter
from desktop.models.roles import Role
from desktop.ui import theme
from desktop.ui.conversation_delegate import ConversationDelegate, Picture


class ConversationView(QListView):
    """A list view over the filtered rows. Owns which conversation is marked as open."""

    chosen = Signal(int)
    escaped = Signal()

    def __init__(self, shown: ConversationFilter, picture: Picture) -> None:
        super().__init__()
        self._shown = shown
        self._delegate = ConversationDelegate(picture, self)
        self.setModel(shown)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Conversations")
        # Without this Qt asks every row for its size after each change.
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(32)
        self.clicked.connect(self._choose)
        theme.source().changed.connect(self.viewport().update)

    def open_row(self) -> int | None:
        """The conversation that is marked as open."""
        return self._delegate.open_id

    def mark_open(self, conversation_id: int | None) -> None:
        """Mark a conversation as the open one, and bring its row into view."""
        self._delegate.open_id = conversation_id
        self._shown.keep(conversation_id)
        if conversation_id is not None:
            index = self._shown.index_of(conversation_id)
            if index.isValid():
                self.setCurrentIndex(index)
                self.scrollTo(index)
        self.viewport().update()

    def choose_beside(self, step: int, *, unread_only: bool = False) -> None:
        """Open the next row below (step 1) or above (-1) the open one; without an open one the first or last."""
        count = self._shown.rowCount()
        here = self._shown.index_of(self._delegate.open_id) if self._delegate.open_id is not None else QModelIndex()
        row = here.row() + step if here.isValid() else (0 if step > 0 else count - 1)
        while 0 <= row < count:
            index = self._shown.index(row, 0)
            if not unread_only or index.data(Role.ROW).unread:
                self._choose(index)
                return
            row += step

    def choose_first(self) -> None:
        """Open the first row, if there is one."""
        if self._shown.rowCount():
            self._choose(self._shown.index(0, 0))

    def enter(self) -> None:
        """Take the keyboard, standing on some row."""
        self.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.currentIndex().isValid() and self._shown.rowCount():
            self.setCurrentIndex(self._shown.index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens where the keyboard stands, Esc leaves the list."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self._choose(self.currentIndex())
            case Qt.Key.Key_Escape:
                self.escaped.emit()
            case _:
                super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        """Tell which conversation was chosen."""
        if index.isValid():
            self.chosen.emit(index.data(Role.KEY))
