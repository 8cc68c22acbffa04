"""The place of a picture in the viewer: fitted, zoomed around a point, or dragged."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPixmap, QTransform

LARGEST = 16.0
"""Screen pixels a picture's pixel; nearer there is nothing more to see."""
SMALLEST_SIDE = 24.0
_LIKE = 0.02
"""Shapes that differ by less are the same, rounded."""


class PictureFrame:
    """Owns the picture shown and the box it is drawn into, in the viewer's coordinates."""

    def __init__(self) -> None:
        self.picture: QPixmap | None = None
        self._size = QSizeF()
        self._quarters = 0
        self.box = QRectF()
        self.is_fitted = True
        """Whether it stands as `fit` puts it: neither zoomed nor dragged since."""

    def clear(self) -> None:
        """No picture."""
        self.picture, self.box, self._quarters = None, QRectF(), 0

    def take(self, picture: QPixmap, room: QRectF, size: QSizeF | None = None) -> None:
        """Show another picture, fitted; `size` is that of the whole picture where a smaller one stands in for it."""
        self.picture, self._quarters = picture, 0
        self._size = QSizeF(picture.size()) if size is None else size
        self.fit(room)

    def sharpen(self, picture: QPixmap, room: QRectF) -> None:
        """Put the whole picture where another stands in for it: turned, zoomed and dragged as that was."""
        if self.picture is None:
            self.take(picture, room)
            return
        self.picture = picture.transformed(QTransform().rotate(90 * self._quarters)) if self._quarters else picture
        size = QSizeF(self.picture.size())
        if abs(size.width() * self._size.height() - size.height() * self._size.width()) > _LIKE * _area(
            size, self._size
        ):
            # Not of the shape that was told.
            self._size = size
            self.fit(room)

    def fit(self, room: QRectF) -> None:
        """The whole picture in the middle of `room`, never larger than it is."""
        if self.picture is None or self._size.isEmpty() or room.isEmpty():
            return
        scale = min(1.0, room.width() / self._size.width(), room.height() / self._size.height())
        self.box = QRectF(QPointF(0, 0), self._size * scale)
        self.box.moveCenter(room.center())
        self.is_fitted = True

    def turn(self, room: QRectF) -> None:
        """Turn the picture by a quarter, clockwise, and fit it."""
        if self.picture is not None:
            self.picture = self.picture.transformed(QTransform().rotate(90))
            self._quarters = (self._quarters + 1) % 4
            self._size = self._size.transposed()
            self.fit(room)

    def zoom(self, factor: float, around: QPointF) -> None:
        """Grow or shrink by a factor; what is under `around` stays there."""
        if self.picture is None or self.box.isEmpty():
            return
        scale = self.box.width() / self._size.width()
        least = SMALLEST_SIDE / max(self._size.width(), self._size.height())
        factor = min(max(scale * factor, least), LARGEST) / scale
        corner = around + (self.box.topLeft() - around) * factor
        self.box = QRectF(corner, self.box.size() * factor)
        self.is_fitted = False

    def move(self, step: QPointF) -> None:
        """Drag."""
        self.box.translate(step)
        self.is_fitted = False

    def contains(self, point: QPointF) -> bool:
        """Whether a point lies on the picture."""
        return self.picture is not None and self.box.contains(point)


def _area(one: QSizeF, other: QSizeF) -> float:
    """The product of two sizes, of which differences of their shapes are a share."""
    return one.width() * other.height()
