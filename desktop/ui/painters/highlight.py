"""What lies behind a row that stands out: it was jumped to, or is among the selected messages."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from desktop.core.bubble import Bubble, Row
from desktop.ui.painters.facts import Facts

REACH = 2
DISC, DISC_INSET = 20, 8
_FLASH_SHARE, _CHOSEN_SHARE = 0.28, 0.14


def paint_highlight(painter: QPainter, row: Row, box: QRect, width: int, facts: Facts) -> None:
    """A tint across the whole width, and a check mark beside what is selected; the painter stands at the viewport."""
    flashes, chosen = row.key == facts.flashing, row.key in facts.chosen
    if not (flashes or chosen):
        return
    tint = QColor(facts.theme.accent)
    tint.setAlphaF(_FLASH_SHARE if flashes else _CHOSEN_SHARE)
    painter.fillRect(QRectF(0, box.top() - REACH, width, box.height() + 2 * REACH), tint)
    if chosen:
        right = isinstance(row, Bubble) and row.own != facts.mirrored
        x = DISC_INSET if right else width - DISC - DISC_INSET
        _paint_check(painter, QRectF(x, box.center().y() - DISC / 2, DISC, DISC), facts)


def _paint_check(painter: QPainter, disc: QRectF, facts: Facts) -> None:
    """A disc with a check mark."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(facts.theme.accent)
    painter.drawEllipse(disc)
    pen = QPen(facts.theme.on_accent, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    middle = disc.center()
    painter.drawPolyline([middle + QPointF(-4, 0), middle + QPointF(-1, 3.5), middle + QPointF(4.5, -3.5)])
