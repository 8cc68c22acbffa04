"""The one set of line icons, drawn in the colour and size a place asks for."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

APP_ICON = "hearth"
WINDOW_SIZES = (16, 24, 32, 48, 64, 128, 256)


@cache
def _source(name: str) -> bytes:
    """The SVG of an icon; raises FileNotFoundError for a name that is not in resources/icons."""
    folder = "app" if name == APP_ICON else "icons"
    return (files("resources") / folder / f"{name}.svg").read_bytes()


def pixmap(name: str, colour: QColor, size: int = 20) -> QPixmap:
    """An icon of `size` device-independent pixels, as sharp as the sharpest screen."""
    return _drawn(name, colour.rgba(), size, max(screen.devicePixelRatio() for screen in QGuiApplication.screens()))


def icon(name: str, colour: QColor, size: int = 20) -> QIcon:
    """The same for buttons and menus."""
    return QIcon(pixmap(name, colour, size))


def window_icon() -> QIcon:
    """The application's own icon in the sizes that taskbars ask for."""
    made = QIcon()
    for size in WINDOW_SIZES:
        made.addPixmap(_drawn(APP_ICON, QColor("black").rgba(), size, 1.0))
    return made


@lru_cache(maxsize=512)
def _drawn(name: str, rgba: int, size: int, ratio: float) -> QPixmap:
    """Draw an icon, with `currentColor` of the SVG as the colour asked for."""
    colour = QColor.fromRgba(rgba)
    svg = _source(name).replace(b"currentColor", colour.name().encode())
    drawn = QPixmap(round(size * ratio), round(size * ratio))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setOpacity(colour.alphaF())
    QSvgRenderer(QByteArray(svg)).render(painter, QRectF(drawn.rect()))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn
