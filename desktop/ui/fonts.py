"""The type of the design: Inter in three weights, by pixels as visual.md gives them."""

from __future__ import annotations

import logging
from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

FAMILY = "Inter"
TEXT_PX = 14
META_PX = 12
PREVIEW_PX = 13
TITLE_PX = 18

_log = logging.getLogger(__name__)


@cache
def load() -> bool:
    """Make the shipped fonts known to Qt, once; False where one cannot be read, and the system's font stands in."""
    folder = files("resources") / "fonts"
    loaded = [
        QFontDatabase.addApplicationFontFromData(QByteArray((folder / f"{FAMILY}-{weight}.ttf").read_bytes()))
        for weight in ("Regular", "Medium", "SemiBold")
    ]
    if -1 in loaded:
        _log.warning("a shipped font cannot be read; the system's font is used")
        return False
    return True


def install() -> None:
    """Load the fonts and make 14 px text the application's own."""
    load()
    QApplication.setFont(text())


def text(size_px: int = TEXT_PX, weight: int = 400) -> QFont:
    """A font of `size_px` pixels and a weight of 400, 500 or 600."""
    return QFont(_made(size_px, weight))


@cache
def _made(size_px: int, weight: int) -> QFont:
    """The font, made once; callers get copies, which share its data."""
    font = QFont(FAMILY) if load() else QFont()
    font.setPixelSize(size_px)
    font.setWeight(QFont.Weight(weight))
    # Hinted advances differ between systems; unhinted ones keep the line breaks of the design.
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font
