"""Round pictures of people: the picture, or initials on a colour, and a dot that says whether they are there."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui import fonts, theme
from protocol.shapes import PresenceStatus

# The mock's colours, each darkened until white initials on it reach 4.5:1 (tests/desktop/ui/test_theme.py).
COLOURS = tuple(
    QColor(name) for name in ("#7A5AF8", "#BC5A08", "#1570EF", "#D1238A", "#0A7D48", "#5363E8", "#D92D20", "#0E7C86")
)
PRESENCE_WORDS: dict[PresenceStatus, str] = {
    "active": "online",
    "away": "away",
    "busy": "do not disturb",
    "offline": "offline",
}


def colour(seed: int) -> QColor:
    """The colour that belongs to a seed, the same on every device."""
    return COLOURS[seed % len(COLOURS)]


def initials(title: str) -> str:
    """One or two letters for a name: of its first and last word, or the first two of a single word."""
    words = [word for word in ("".join(filter(_shows, part)) for part in title.split()) if word]
    if not words:
        return "?"
    letters = words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]
    return letters.upper()


def _shows(sign: str) -> bool:
    """Whether a character is a letter or digit: marks and emoji parts make no initials."""
    return unicodedata.category(sign)[0] in "LN"


def paint_avatar(
    painter: QPainter,
    box: QRectF,
    title: str,
    seed: int,
    picture: QPixmap | None = None,
) -> None:
    """Draw the round picture into `box`; without one, initials on the seed's colour."""
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    if picture is not None and not picture.isNull():
        _paint_picture(painter, box, picture)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(seed))
        painter.drawEllipse(box)
        painter.setPen(QColor("#FFFFFF"))
        painter.setFont(fonts.text(max(9, round(box.height() * 15 / 44)), 600))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, initials(title))
    painter.restore()


def _paint_picture(painter: QPainter, box: QRectF, picture: QPixmap) -> None:
    """Draw the middle square of a picture, cut round."""
    side = min(picture.width(), picture.height())
    middle = QRectF((picture.width() - side) / 2, (picture.height() - side) / 2, side, side)
    round_path = QPainterPath()
    round_path.addEllipse(box)
    painter.setClipPath(round_path, Qt.ClipOperation.IntersectClip)
    painter.drawPixmap(box, picture, middle)


def paint_presence(painter: QPainter, box: QRectF, presence: PresenceStatus | None, ring: QColor) -> None:
    """Draw the dot at the lower right: filled when there, a ring when away, a bar when busy, nothing when offline.

    `ring` is the ground the avatar stands on.
    """
    if presence is None or presence == "offline":
        return
    shown = theme.current()
    fill = {"active": shown.good_dot, "away": shown.warn_dot, "busy": shown.bad}[presence]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    middle = QPointF(box.right() - 5, box.bottom() - 5)
    painter.setBrush(ring)
    painter.drawEllipse(middle, 6.0, 6.0)
    painter.setBrush(fill)
    painter.drawEllipse(middle, 4.0, 4.0)
    painter.setBrush(ring)
    if presence == "away":
        painter.drawEllipse(middle, 2.0, 2.0)
    elif presence == "busy":
        painter.drawRoundedRect(QRectF(middle.x() - 2.5, middle.y() - 0.75, 5.0, 1.5), 0.75, 0.75)
    painter.restore()


class Avatar(QWidget):
    """An avatar as a widget: holds who is shown, asks nobody for pictures."""

    def __init__(self, size: int = 44, *, ground: str = "panel", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self._ground = ground
        self._title = ""
        self._seed = 0
        self._picture: QPixmap | None = None
        self._presence: PresenceStatus | None = None
        # One pixel more on each side is the presence dot's.
        self.setFixedSize(size + 2, size + 2)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.source().changed.connect(self.update)

    def set_person(self, title: str, seed: int, presence: PresenceStatus | None = None) -> None:
        """Show somebody by name, colour seed and presence."""
        self._title, self._seed, self._presence = title, seed, presence
        words = "" if presence is None else f", {PRESENCE_WORDS[presence]}"
        self.setAccessibleName(f"{title}{words}")
        self.update()

    def set_picture(self, picture: QPixmap | None) -> None:
        """Show a picture instead of the initials; None goes back to them."""
        self._picture = picture
        self.update()

    def sizeHint(self) -> QSize:
        """The fixed size."""
        return QSize(self._size + 2, self._size + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the avatar and the dot."""
        painter = QPainter(self)
        box = QRectF(1, 1, self._size, self._size)
        paint_avatar(painter, box, self._title, self._seed, self._picture)
        paint_presence(painter, QRectF(self.rect()), self._presence, getattr(theme.current(), self._ground))
        painter.end()
