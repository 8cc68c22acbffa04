"""Marks in a picture before it is sent: a part cut out, arrows, and places made unreadable; the last can be undone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

INK = QColor("#E5484D")
OUTLINE = QColor("#FFFFFF")
LEAST_PART = 8
"""A part of fewer pixels a side was a slip of the hand."""
HEAD = 5.0
"""An arrow's head, in widths of its line."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From where to where, in the picture's pixels."""

    start: QPointF
    end: QPointF


@dataclass(frozen=True, slots=True)
class Blur:
    """A place whose content nobody shall read."""

    box: QRect


@dataclass(frozen=True, slots=True)
class Crop:
    """Only this part is sent."""

    box: QRect


Mark = Arrow | Blur | Crop


class Marking:
    """Owns one picture and the marks in it, in their order."""

    def __init__(self, picture: QImage) -> None:
        self._picture = picture.convertToFormat(QImage.Format.Format_ARGB32)
        self._picture.setDevicePixelRatio(1.0)
        self._marks: list[Mark] = []
        self._undone: list[Mark] = []

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What has been marked."""
        return tuple(self._marks)

    def part(self) -> QRect:
        """What of the picture is left, in its pixels."""
        left = self._picture.rect()
        for mark in self._marks:
            if isinstance(mark, Crop):
                left = left.intersected(mark.box)
        return left

    def add(self, mark: Mark) -> bool:
        """Add a mark; False for one that is too small to be meant, or lies outside of what is left."""
        if isinstance(mark, Arrow):
            is_meant = math.dist(mark.start.toTuple(), mark.end.toTuple()) >= LEAST_PART
        else:
            inside = mark.box.intersected(self.part())
            is_meant = min(inside.width(), inside.height()) >= LEAST_PART
        if is_meant:
            self._marks.append(mark)
            self._undone.clear()
        return is_meant

    def undo(self) -> bool:
        """Take the last mark away; False where there is none."""
        if not self._marks:
            return False
        self._undone.append(self._marks.pop())
        return True

    def redo(self) -> bool:
        """Bring back what was taken away last; False where there is nothing."""
        if not self._undone:
            return False
        self._marks.append(self._undone.pop())
        return True

    def result(self) -> QImage:
        """The picture as it is to be sent: what is blurred or cut off is not in it any more."""
        drawn = self._picture.copy()
        for mark in self._marks:
            if isinstance(mark, Blur):
                _blur(drawn, mark.box.intersected(drawn.rect()))
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self._marks:
            if isinstance(mark, Arrow):
                paint_arrow(painter, mark, self.line_width())
        painter.end()
        return drawn.copy(self.part())

    def line_width(self) -> float:
        """Of an arrow, so that it looks the same in every picture."""
        return max(3.0, math.hypot(self._picture.width(), self._picture.height()) / 220)


def paint_arrow(painter: QPainter, arrow: Arrow, width: float) -> None:
    """A red arrow with a light edge, to be seen on every ground."""
    along = math.atan2(arrow.end.y() - arrow.start.y(), arrow.end.x() - arrow.start.x())
    head = QPainterPath(arrow.end)
    for side in (math.pi - 0.45, math.pi + 0.45):
        head.lineTo(_beside(arrow.end, along + side, HEAD * width))
    head.closeSubpath()
    neck = _beside(arrow.end, along + math.pi, HEAD * width * 0.7)
    for ink, line in ((OUTLINE, width + 3), (INK, width)):
        painter.setPen(QPen(ink, line, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(arrow.start, neck)
        painter.setPen(
            QPen(ink, line - width + 1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.setBrush(ink)
        painter.drawPath(head)


def _beside(point: QPointF, angle: float, distance: float) -> QPointF:
    """The point in this direction, so far away."""
    return QPointF(point.x() + math.cos(angle) * distance, point.y() + math.sin(angle) * distance)


def _blur(picture: QImage, box: QRect) -> None:
    """Replace a place by the mean colours of a few large squares: nothing finer is left in the pixels."""
    if box.isEmpty():
        return
    square = max(12, min(box.width(), box.height()) // 4)
    few = QSize(max(1, box.width() // square), max(1, box.height() // square))
    ignore, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    coarse = picture.copy(box).scaled(few, ignore, smooth)
    painter = QPainter(picture)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.drawImage(QRectF(box), coarse.scaled(box.size(), ignore, smooth))
    painter.end()
