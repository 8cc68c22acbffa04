"""The rows of the conversation list on screen, and the ways of choosing one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from desktop.models.conversation_model import ConversationFilter
from desktop.models.roles import Role
from desktop.ui import theme
from desktop.ui.conversation_delegate import ROW_PX, ConversationDelegate, Picture
from desktop.ui.unread_edge import UnreadEdge

LOOK_AFTER_MS = 60
"""What is unread beyond the edges is counted once the list has come to rest."""


class ConversationView(QListView):
    """A list view over the filtered rows. Owns which conversation is marked as open, and the pills at its edges."""

    chosen = Signal(int)
    escaped = Signal()
    menu_asked = Signal(object, QPoint)
    """Asks for the menu of a ConversationRow at a place of the screen."""
    pointed = Signal(bool)
    """Whether the pointer is over the list."""

    def __init__(self, shown: ConversationFilter, picture: Picture, *, own_id: int = 0) -> None:
        super().__init__()
        self._shown = shown
        self._delegate = ConversationDelegate(picture, self, own_id=own_id)
        self.above, self.below = UnreadEdge(self, upper=True), UnreadEdge(self, upper=False)
        self._look = QTimer(self)
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
        self._watch_edges()
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
        self.choose_nth(0)

    def choose_nth(self, row: int) -> None:
        """Open the row at this place, if there is one."""
        if 0 <= row < self._shown.rowCount():
            self._choose(self._shown.index(row, 0))

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
            case Qt.Key.Key_Menu:
                self._ask_where_keyboard_is()
            case Qt.Key.Key_F10 if event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
                self._ask_where_keyboard_is()
            case _:
                super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the row under the pointer, or of the keyboard's row."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self._ask_where_keyboard_is()
            return
        index = self.indexAt(event.pos())
        if index.isValid():
            self.setCurrentIndex(index)
            self.menu_asked.emit(index.data(Role.ROW), event.globalPos())

    def enterEvent(self, event: QEnterEvent) -> None:
        """Somebody points here."""
        super().enterEvent(event)
        self.pointed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Nobody points here any more."""
        super().leaveEvent(event)
        self.pointed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The pills stay at the edges."""
        super().resizeEvent(event)
        self._look.start()

    def look_beyond(self) -> None:
        """Count the unread conversations that are beyond the edges, and show the pills."""
        above, below = self._beyond()
        for pill, rows in ((self.above, above), (self.below, below)):
            pill.tell(len(rows))
            pill.place(self.size())

    def _watch_edges(self) -> None:
        """Look again whenever something moves."""
        self._look.setSingleShot(True)
        self._look.setInterval(LOOK_AFTER_MS)
        self._look.timeout.connect(self.look_beyond)
        self.verticalScrollBar().valueChanged.connect(self._look_soon)
        model = self._shown
        for changed in (model.rowsInserted, model.rowsRemoved, model.rowsMoved, model.dataChanged, model.modelReset):
            changed.connect(self._look_soon)
        self.above.clicked.connect(self._go_up)
        self.below.clicked.connect(self._go_down)

    def _look_soon(self, *_moved: object) -> None:
        """Something has moved."""
        self._look.start()

    def _beyond(self) -> tuple[list[int], list[int]]:
        """The unread rows above and below what is seen, that are not muted."""
        seen_from = self.verticalScrollBar().value()
        seen_to = seen_from + self.viewport().height()
        above: list[int] = []
        below: list[int] = []
        for row in self._shown.unread_rows():
            middle = row * ROW_PX + ROW_PX // 2
            if middle < seen_from:
                above.append(row)
            elif middle > seen_to:
                below.append(row)
        return above, below

    def _go_up(self) -> None:
        """Bring the nearest unread row above into the middle."""
        self._go(self._beyond()[0][-1:])

    def _go_down(self) -> None:
        """Bring the nearest unread row below into the middle."""
        self._go(self._beyond()[1][:1])

    def _go(self, rows: list[int]) -> None:
        """Bring a row into the middle."""
        for row in rows:
            self.scrollTo(self._shown.index(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _ask_where_keyboard_is(self) -> None:
        """The menu of the row that the keyboard stands on, below it."""
        index = self.currentIndex()
        if index.isValid():
            self.scrollTo(index)
            place = self.visualRect(index).bottomLeft() + QPoint(24, -8)
            self.menu_asked.emit(index.data(Role.ROW), self.viewport().mapToGlobal(place))

    def _choose(self, index: QModelIndex) -> None:
        """Tell which conversation was chosen."""
        if index.isValid():
            self.chosen.emit(index.data(Role.KEY))
