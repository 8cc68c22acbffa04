"""The grey shapes of rows that are on their way; shown only when they take longer than a blink."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import theme
from desktop.ui.conversation_delegate import AVATAR_PX, GAP_PX, MARGIN_PX, PADDING_PX, ROW_PX, TOP_PX

SHOWN_AFTER_MS = 150
"""Quicker loads would only flicker (visual.md)."""
WIDTHS = ((0.42, 0.78), (0.55, 0.6), (0.36, 0.7), (0.5, 0.82), (0.44, 0.5))


class SkeletonRows(QWidget):
    """Rows of the conversation list without anything in them; they do not move, so nobody is disturbed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Loading your conversations")
        theme.source().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as many rows as there is room for."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.line)
        left = MARGIN_PX + PADDING_PX
        text_left = left + AVATAR_PX + GAP_PX
        room = self.width() - text_left - MARGIN_PX - PADDING_PX
        for place, top in enumerate(range(0, self.height(), ROW_PX)):
            first, second = WIDTHS[place % len(WIDTHS)]
            painter.drawEllipse(left, top + TOP_PX, AVATAR_PX, AVATAR_PX)
            painter.drawRoundedRect(QRectF(text_left, top + TOP_PX + 5, room * first, 10), 5, 5)
            painter.drawRoundedRect(QRectF(text_left, top + TOP_PX + 26, room * second, 10), 5, 5)
        painter.end()
