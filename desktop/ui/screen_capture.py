"""A part of the screen as a picture: the screens are taken, then the part is chosen on them with the mouse."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QScreen,
)
from PySide6.QtWidgets import QWidget

from desktop.ui import fonts

HIDDEN_MS = 250
"""So long a window takes to go from the screen, with the desktop's own effects."""
LEAST = 6
REFUSED = (
    "This desktop does not let apps take pictures of the screen. "
    "Take one with the desktop's own key (often Print), then paste it here."
)
HINT = "Drag over what you want to send. Enter takes everything, Esc nothing."
_NO_GRABBING = ("wayland", "wayland-egl")

Grab = Callable[[QScreen], QPixmap]


def grab_screen(screen: QScreen) -> QPixmap:
    """What a screen shows now; an empty picture where that is not allowed."""
    if QGuiApplication.platformName() in _NO_GRABBING:
        return QPixmap()
    return screen.grabWindow(0)


class RegionChooser(QWidget):
    """One screen's picture over that whole screen. `chosen` tells the part as a picture; `given_up` that none is."""

    chosen = Signal(QImage)
    given_up = Signal()

    def __init__(self, picture: QPixmap, place: QRect) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # The app's window is hidden now: without this the last chooser's end would be the app's.
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, on=False)
        self.setGeometry(place)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setWindowTitle("Choose a part of the screen")
        self.setAccessibleName(HINT)
        self._picture = picture
        self._from: QPoint | None = None
        self._part = QRect()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A part begins."""
        self._from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """It grows."""
        if self._from is not None:
            self._part = QRect(self._from, event.position().toPoint()).normalized()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It is chosen, unless it was a slip of the hand."""
        self._from = None
        if min(self._part.width(), self._part.height()) >= LEAST:
            self._take(self._part)
        self._part = QRect()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes the whole screen, Esc nothing."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.rect())
        elif event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closed by the desktop's own key, it chooses nothing."""
        super().closeEvent(event)
        self.given_up.emit()

    def _take(self, part: QRect) -> None:
        """Cut the part out, in the screen's own pixels."""
        scale = self._picture.width() / max(1, self.width())
        corner, size = part.topLeft() * scale, part.size() * scale
        self.chosen.emit(self._picture.copy(QRect(corner, size)).toImage())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The screen in the dark, the part as it is."""
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._picture)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 110))
        if self._part.isEmpty():
            painter.setPen(QColor("white"))
            painter.setFont(fonts.text(18, 600))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, HINT)
        else:
            scale = self._picture.width() / max(1, self.width())
            source = QRect(self._part.topLeft() * scale, self._part.size() * scale)
            painter.drawPixmap(self._part, self._picture, source)
            painter.setPen(QPen(QColor("white"), 1, Qt.PenStyle.DashLine))
            painter.drawRect(self._part)
        painter.end()


class ScreenCapture(QObject):
    """One picture of the screen. Owns the choosers, one a screen, until it has ended; the window is away meanwhile."""

    taken = Signal(QImage)
    refused = Signal(str)

    def __init__(self, window: QWidget, grab: Grab = grab_screen) -> None:
        super().__init__(window)
        self._window = window
        self._grab = grab
        self.choosers: list[RegionChooser] = []

    def start(self) -> None:
        """Take the window away, then look at the screens."""
        if QGuiApplication.platformName() in _NO_GRABBING:
            self.refused.emit(REFUSED)
            return
        self._window.hide()
        QTimer.singleShot(HIDDEN_MS, self, self._look)

    def _look(self) -> None:
        """All screens as they are now."""
        found = [(self._grab(screen), screen.geometry()) for screen in QGuiApplication.screens()]
        if any(picture.isNull() for picture, _ in found):
            self._end()
            self.refused.emit(REFUSED)
            return
        for picture, place in found:
            chooser = RegionChooser(picture, place)
            chooser.chosen.connect(self._chosen)
            chooser.given_up.connect(self._end)
            self.choosers.append(chooser)
            chooser.show()
            chooser.activateWindow()

    def _chosen(self, picture: QImage) -> None:
        """A part was chosen."""
        self._end()
        self.taken.emit(picture)

    def _end(self) -> None:
        """The window comes back."""
        choosers, self.choosers = self.choosers, []
        for chooser in choosers:
            chooser.given_up.disconnect(self._end)
            chooser.close()
        self._window.show()
        self._window.activateWindow()
