"""Grey shapes of bubbles that are on their way; shown only when they take longer than a blink."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import theme
from desktop.ui.painters.bubbles import outline

SHAPES = (
    (0.38, 34, False),
    (0.52, 54, False),
    (0.30, 34, True),
    (0.44, 54, True),
    (0.34, 34, False),
    (0.48, 74, False),
)
SIDE, GAP = 20, 10


class TimelineSkeleton(QWidget):
    """Bubbles without anything in them, from the bottom up, as the real ones will stand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Loading the messages")
        theme.source().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as many shapes as there is room for."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), shown.background)
        painter.setPen(Qt.PenStyle.NoPen)
        room = self.width() - 2 * SIDE
        bottom, number = float(self.height() - SIDE), 0
        while bottom > 0:
            share, height, own = SHAPES[number % len(SHAPES)]
            box = QRectF(SIDE, bottom - height, room * share, height)
            if own:
                box.moveRight(SIDE + room)
            painter.fillPath(outline(box, right=own, tail=True), shown.line)
            bottom -= height + GAP
            number += 1
        painter.end()
