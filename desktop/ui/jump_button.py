"""The round buttons that lead on in a timeline: back or to the latest message, and to what names the reader."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.ui import fonts, icons, theme
from desktop.ui.plain_text import set_tool_tip

DISC = 40
SHADOW = 8
BADGE = 16
_MOST_SAID = 99


class JumpButton(QAbstractButton):
    """Owns the number it shows; who made it decides when it is seen and what it does."""

    def __init__(self, parent: QWidget, *, names: bool = False) -> None:
        """`names`: the button for messages that name the reader."""
        super().__init__(parent)
        self._names = names
        self._returns = False
        self._count = 0
        self.setFixedSize(self.sizeHint())
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.source().changed.connect(self.update)
        self.set_count(0)
        self.hide()

    def count(self) -> int:
        """How many new messages are below."""
        return self._count

    def set_count(self, count: int) -> None:
        """Show how many new messages are below; none at 0."""
        self._count = count
        self._explain()

    def set_returns(self, returns: bool) -> None:
        """Whether the first click leads back to where the reader came from."""
        if returns != self._returns:
            self._returns = returns
            self._explain()

    def _explain(self) -> None:
        """Say what a click does."""
        words = "Jump to the latest message"
        if self._names:
            words = "Jump to the next message that names you"
        elif self._returns:
            words = "Back to where you were"
        words = f"{words}, {self._count} new" if self._count else words
        self.setAccessibleName(words)
        set_tool_tip(self, words)
        self.update()

    def sizeHint(self) -> QSize:
        """The disc and its shadow."""
        return QSize(DISC + 2 * SHADOW, DISC + 2 * SHADOW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shadow, disc, arrow, badge."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = QRectF(SHADOW, SHADOW, DISC, DISC)
        painter.setPen(Qt.PenStyle.NoPen)
        for reach in range(SHADOW, 0, -1):
            painter.setBrush(QColor(16, 24, 40, 5))
            painter.drawEllipse(disc.adjusted(-reach + 2, -reach + 4, reach - 2, reach))
        painter.setBrush(shown.hover if self.underMouse() and not self.isDown() else shown.panel)
        if self.hasFocus():
            painter.setPen(QPen(shown.accent, 2))
        painter.drawEllipse(disc)
        self._paint_sign(painter, disc, shown.ink2)
        if self._count:
            self._paint_badge(painter)
        painter.end()

    def _paint_sign(self, painter: QPainter, disc: QRectF, ink: QColor) -> None:
        """An arrow down, an arrow back up, or the sign for names."""
        if self._names:
            painter.drawPixmap(disc.center() - QPointF(10, 10), icons.pixmap("at-sign", ink, 20))
        elif self._returns:
            painter.drawPixmap(disc.center() - QPointF(10, 10), icons.pixmap("reply", ink, 20))
        else:
            self._paint_arrow(painter, disc.center(), ink)

    def _paint_arrow(self, painter: QPainter, middle: QPointF, ink: QColor) -> None:
        """An arrow down."""
        painter.setPen(QPen(ink, 1.7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        tip = middle + QPointF(0, 6)
        painter.drawLine(middle - QPointF(0, 6), tip)
        painter.drawPolyline([tip + QPointF(-5, -5), tip, tip + QPointF(5, -5)])

    def _paint_badge(self, painter: QPainter) -> None:
        """The number, on the disc's upper edge."""
        words = str(self._count) if self._count <= _MOST_SAID else f"{_MOST_SAID}+"
        painter.setFont(fonts.text(10, 600))
        width = max(BADGE, painter.fontMetrics().horizontalAdvance(words) + 8)
        box = QRectF((self.width() - width) / 2, SHADOW - 6, width, BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().accent)
        painter.drawRoundedRect(box, BADGE / 2, BADGE / 2)
        painter.setPen(theme.current().on_accent)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
