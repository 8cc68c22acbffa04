"""The day pill that floats over the timeline while it is scrolled (behaviour 12)."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import fonts, theme
from desktop.ui.painters.lines import PILL_HEIGHT, PILL_PAD

SHOWN_MS = 1_200
TOP = 8


class FloatingDay(QWidget):
    """Shows the day of the topmost message for a moment after each scroll; a click asks for another day."""

    clicked = Signal(object)
    """Midnight of the day shown, ms since 1970."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = ""
        self._at_ms = 0
        self._ground = parent
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def show_day(self, words: str, at_ms: int = 0) -> None:
        """Show the words of the day that holds `at_ms` in the middle of the parent's top; none hides the pill."""
        self._at_ms = at_ms
        if not words:
            self.hide()
            return
        if words != self._words:
            self._words = words
            self.resize(self.sizeHint())
            self.update()
        self.move(round((self._ground.width() - self.width()) / 2), TOP)
        self.show()
        self._timer.start()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for another day."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit(self._at_ms)

    def words(self) -> str:
        """The day shown now."""
        return self._words if self.isVisible() else ""

    def sizeHint(self) -> QSize:
        """The pill and its shadow."""
        width = QFontMetricsF(fonts.text(12, 500)).horizontalAdvance(self._words) + 2 * PILL_PAD
        return QSize(round(width) + 4, PILL_HEIGHT + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The pill, with a line around it because it stands over text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pill = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        painter.setPen(theme.current().line)
        painter.setBrush(theme.current().panel)
        painter.drawRoundedRect(pill, PILL_HEIGHT / 2, PILL_HEIGHT / 2)
        painter.setPen(theme.current().ink2)
        painter.setFont(fonts.text(12, 500))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self._words)
        painter.end()
