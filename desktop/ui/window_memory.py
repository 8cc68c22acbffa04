"""Where the window stood and how it was divided, restored at the next start and corrected when the screen is gone."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter, QWidget

from desktop.cache.settings_file import SettingsFile

FIRST_SIZE = QSize(1240, 780)
GRIP_PX = 80
"""So much of the title bar must be on a screen, or the window could not be taken hold of."""


def remember(settings: SettingsFile, window: QWidget, splitter: QSplitter) -> None:
    """Write down geometry and division."""
    geometry = bytes(window.saveGeometry().toBase64().data()).decode()
    division = bytes(splitter.saveState().toBase64().data()).decode()
    settings.change(geometry=geometry, splitter=division)


def restore(settings: SettingsFile, window: QWidget, splitter: QSplitter) -> None:
    """Put the window where it was, or in the middle of the first screen at its first size."""
    known = settings.current.value
    restored = bool(known.geometry) and window.restoreGeometry(QByteArray.fromBase64(known.geometry.encode()))
    if known.splitter:
        splitter.restoreState(QByteArray.fromBase64(known.splitter.encode()))
    screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
    if not restored:
        window.setGeometry(centred(FIRST_SIZE, screens[0]))
    elif not window.isMaximized() and not window.isFullScreen():
        window.setGeometry(corrected(window.geometry(), screens))


def corrected(wanted: QRect, screens: list[QRect]) -> QRect:
    """A rectangle that can be reached: as wanted where its upper edge is on a screen, else centred on the first."""
    grip = QRect(wanted.left(), wanted.top(), wanted.width(), 1)
    for screen in screens:
        if screen.intersected(grip).width() >= min(GRIP_PX, wanted.width()):
            return wanted
    return centred(wanted.size(), screens[0])


def centred(size: QSize, screen: QRect) -> QRect:
    """A rectangle of this size, or as much of it as the screen has room for, in the screen's middle."""
    fitting = size.boundedTo(screen.size())
    left_over = screen.size() - fitting
    return QRect(screen.topLeft() + QPoint(left_over.width() // 2, left_over.height() // 2), fitting)
