"""The field that narrows the conversation list: with its shortcut written in it, and keys that lead to the rows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.ui import fonts, theme
from desktop.ui.buttons import IconButton
from desktop.ui.plain_text import PlainLabel

HEIGHT_PX = 34


class KeyCap(PlainLabel):
    """A shortcut as it is written on a key."""

    def __init__(self, keys: QKeySequence, parent: QWidget) -> None:
        super().__init__(size_px=11, weight=500, ink="ink3", parent=parent)
        self.show_keys(keys)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setContentsMargins(6, 0, 6, 0)

    def show_keys(self, keys: QKeySequence) -> None:
        """Show these."""
        self.setText(keys.toString(QKeySequence.SequenceFormat.NativeText).replace("+", " "))

    def sizeHint(self) -> QSize:
        """A little lower than a line."""
        return QSize(super().sizeHint().width(), 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cap and what is on it."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(shown.line)
        painter.setBrush(shown.panel)
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        # A label inside a field would take the field's ink from the style sheet.
        painter.setPen(shown.ink3)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


class SearchField(QLineEdit):
    """One line to search by name. Owns neither the list nor the filter: it tells."""

    down_pressed = Signal()
    up_pressed = Signal()
    entered = Signal()
    entered_back = Signal()
    """Enter with Shift."""
    left = Signal()

    def __init__(self, keys: QKeySequence | None, words: str) -> None:
        """`keys` lead here, and are shown while the field rests."""
        super().__init__()
        self.setFont(fonts.text())
        self.setPlaceholderText("Search")
        self.setAccessibleName(words)
        self.setFixedHeight(HEIGHT_PX)
        self._cap = KeyCap(keys or QKeySequence(), self)
        self._has_keys = keys is not None
        self._clear = IconButton("x", "Clear the search", self.clear, size=14, ink="ink3", parent=self)
        self._clear.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.textChanged.connect(self._show_extra)
        self._show_extra()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down goes to the rows, Enter opens the first, Esc gives the list back as it was."""
        match event.key():
            case Qt.Key.Key_Down:
                self.down_pressed.emit()
            case Qt.Key.Key_Up:
                self.up_pressed.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                (self.entered_back if back else self.entered).emit()
            case Qt.Key.Key_Escape:
                self.clear()
                self.left.emit()
            case _:
                super().keyPressEvent(event)

    def show_keys(self, keys: QKeySequence) -> None:
        """Other keys lead here now."""
        self._cap.show_keys(keys)
        self._has_keys = not keys.isEmpty()
        self._show_extra()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the extras at the end."""
        super().resizeEvent(event)
        self._place_extra()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The shortcut has done its work."""
        super().focusInEvent(event)
        self._show_extra()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show the shortcut again."""
        super().focusOutEvent(event)
        self._show_extra()

    def changeEvent(self, event: QEvent) -> None:
        """The other direction of writing has the end at the other side."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._place_extra()

    def _show_extra(self) -> None:
        """The shortcut while the field rests, the cross while something is written in it."""
        self._clear.setVisible(bool(self.text()))
        self._cap.setVisible(self._has_keys and not self.text() and not self.hasFocus())
        self._place_extra()

    def _place_extra(self) -> None:
        """Put the extras at the end of the line, and the words at its beginning whatever script they are in."""
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        self.setAlignment(side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter)
        for extra, margin in ((self._cap, 10), (self._clear, 4)):
            extra.resize(extra.sizeHint())
            left = margin if mirrored else self.width() - extra.width() - margin
            extra.move(QPoint(left, (self.height() - extra.height()) // 2))
