"""The marks after the time of one's own messages, as vectors: clock, one tick, two ticks, cross."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from desktop.core.bubble import Tick
from desktop.ui.theme import Theme

STROKE = 1.4
_CHECK = (QPointF(0, 3.2), QPointF(2.6, 5.8), QPointF(8.0, 0.2))
_CHECK_WIDTH, _CHECK_HEIGHT = 8.0, 6.0
_STEP = 4.2
_CLOCK_RADIUS = 4.9
_CROSS = 3.0


def paint_tick(painter: QPainter, box: QRectF, tick: Tick, theme: Theme, ink: QColor) -> None:
    """Draw the mark at the right end of `box`; `ink` is the meta's colour where the mark has none of its own."""
    if tick is Tick.NONE:
        return
    colour = {Tick.READ: theme.tick_read, Tick.FAILED: theme.bad}.get(tick, ink)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, STROKE, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    {
        Tick.WAITING: _clock,
        Tick.SENT: _one,
        Tick.READ: _two,
        Tick.FAILED: _cross,
    }[tick](painter, box)
    painter.restore()


def _check(painter: QPainter, right: float, middle: float) -> None:
    """One tick that ends at `right`."""
    corner = QPointF(right - _CHECK_WIDTH - 1, middle - _CHECK_HEIGHT / 2)
    painter.drawPolyline([corner + point for point in _CHECK])


def _one(painter: QPainter, box: QRectF) -> None:
    """Stored by the server."""
    _check(painter, box.right(), box.center().y())


def _two(painter: QPainter, box: QRectF) -> None:
    """Read by somebody."""
    _check(painter, box.right() - _STEP, box.center().y())
    right, middle = box.right(), box.center().y()
    corner = QPointF(right - _CHECK_WIDTH - 1, middle - _CHECK_HEIGHT / 2)
    # The second tick starts where the first leaves room, as overlapping strokes would blot.
    painter.drawPolyline([corner + QPointF(1.9, 5.1), corner + _CHECK[1], corner + _CHECK[2]])


def _clock(painter: QPainter, box: QRectF) -> None:
    """Waiting in the outbox."""
    middle = QPointF(box.right() - _CLOCK_RADIUS - 1, box.center().y())
    painter.drawEllipse(middle, _CLOCK_RADIUS, _CLOCK_RADIUS)
    painter.drawPolyline([middle - QPointF(0, 2.8), middle, middle + QPointF(2.0, 1.2)])


def _cross(painter: QPainter, box: QRectF) -> None:
    """Refused."""
    middle = QPointF(box.right() - _CROSS - 2, box.center().y())
    painter.drawLine(middle - QPointF(_CROSS, _CROSS), middle + QPointF(_CROSS, _CROSS))
    painter.drawLine(middle - QPointF(_CROSS, -_CROSS), middle + QPointF(_CROSS, -_CROSS))
