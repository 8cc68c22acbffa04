"""A box to tick, drawn in the theme: style sheets alone can colour it but not tick it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from desktop.ui import fonts, icons, theme

BOX_PX = 18
GAP_PX = 8


class CheckBox(QCheckBox):
    """One wish with its words; a tick, not only a colour, says that it is set."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.setFont(fonts.text())
        self.setAccessibleName(words)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.source().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Box, gap and words."""
        return QSize(BOX_PX + GAP_PX + self.fontMetrics().horizontalAdvance(self.text()) + 4, 24)

    def minimumSizeHint(self) -> QSize:
        """As much."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """A click on the words counts too."""
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw box, tick and words."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = self.width() - BOX_PX - 1 if mirrored else 1
        box = QRect(left, (self.height() - BOX_PX) // 2, BOX_PX, BOX_PX)
        painter.setPen(QPen(shown.accent if self.hasFocus() or self.isChecked() else shown.ink3, 1.5))
        painter.setBrush(shown.accent if self.isChecked() else shown.panel)
        painter.drawRoundedRect(QRectF(box).adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)
        if self.isChecked():
            painter.drawPixmap(box.left() + 2, box.top() + 2, icons.pixmap("check", shown.on_accent, BOX_PX - 4))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shown.accent_text, 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(-0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(shown.ink)
        words = (
            self.rect().adjusted(0, 0, -BOX_PX - GAP_PX, 0)
            if mirrored
            else self.rect().adjusted(BOX_PX + GAP_PX + 1, 0, 0, 0)
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, self.text())
        painter.end()
