"""The veil over a conversation while files hover over it (behaviour 28)."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui import fonts, icons, theme

MARGIN = 12


class DropTarget(QWidget):
    """Says what a drop would do. Takes no events itself: the page under it does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = ""
        self._ground = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def offer(self, name: str) -> None:
        """Cover the page."""
        self._words = f"Drop files here to send them to {name}"
        self.setGeometry(self._ground.rect())
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Veil, dashed frame, icon and words."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(shown.background)
        veil.setAlphaF(0.92)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(shown.accent, 2, Qt.PenStyle.DashLine))
        painter.setBrush(shown.accent_soft)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), 12, 12)
        middle = self.rect().center()
        painter.drawPixmap(middle.x() - 16, middle.y() - 40, icons.pixmap("paperclip", shown.accent_text, 32))
        painter.setPen(shown.accent_text)
        painter.setFont(fonts.text(15, 600))
        words = QRectF(MARGIN, middle.y() + 4, self.width() - 2 * MARGIN, 28)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._words)
        painter.end()
