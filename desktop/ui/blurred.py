"""Blurred colours that stand where a picture will be: decoded once, kept small, stretched when painted."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPixmap, QTransform

from protocol import blurhash

SIDE = 20
"""Four half waves need no more pixels; 2 ms to decode."""
REMEMBERED = 256


@lru_cache(maxsize=REMEMBERED)
def blurred(text: str) -> QPixmap | None:
    """The colours of a blurhash, square whatever the picture's shape; None for a text that is none."""
    try:
        rgb = blurhash.decode(text, SIDE, SIDE)
    except ValueError:
        return None
    return QPixmap.fromImage(QImage(rgb, SIDE, SIDE, 3 * SIDE, QImage.Format.Format_RGB888))


def paint_blurred(painter: QPainter, box: QRectF, text: str, radius: float, size: QSizeF) -> None:
    """Fill a box with the colours of a picture of `size` pixels, cut as the picture will be; else leave it as it is."""
    colours = blurred(text)
    if colours is None:
        return
    shown = (
        QSizeF(box.size()) if size.isEmpty() else size.scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
    )
    # From the middle of the first pixel to that of the last: a brush begins again beyond its edge, and smoothing would
    # mix the opposite edge in.
    step_x, step_y = shown.width() / (SIDE - 1), shown.height() / (SIDE - 1)
    left, top = (box.width() - shown.width()) / 2, (box.height() - shown.height()) / 2
    brush = QBrush(colours)
    brush.setTransform(QTransform(step_x, 0, 0, step_y, left - step_x / 2, top - step_y / 2))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.translate(box.topLeft())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(brush)
    painter.drawRoundedRect(QRectF(0, 0, box.width(), box.height()), radius, radius)
    painter.restore()
