"""The icon in the system's tray: whether something is unread, whether Hearth keeps quiet, and a menu of three."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop.core.moments import HOUR_MS, MINUTE_MS, local, midnight_after
from desktop.core.ports import Clock
from desktop.ui import icons

SIZES = (16, 22, 32, 64)
UNREAD, SILENT = QColor("#E5484D"), QColor("#667085")
MORNING_MS = 8 * HOUR_MS
"""Quiet until tomorrow ends at eight, as a mute does."""
TIMES = (("For 30 minutes", 30 * MINUTE_MS), ("For 1 hour", HOUR_MS))


def silent_words(until_ms: int, clock: Clock) -> str:
    """Until when it is quiet, as one says it; empty where it is not."""
    if until_ms <= clock.now_ms():
        return ""
    moment = local(until_ms, clock.local_offset_s)
    is_today = until_ms <= midnight_after(clock.now_ms(), clock.local_offset_s)
    return f"until {moment:%H:%M}" if is_today else f"until tomorrow, {moment:%H:%M}"


def until_tomorrow_ms(clock: Clock) -> int:
    """Tomorrow morning, ms since 1970."""
    return midnight_after(clock.now_ms(), clock.local_offset_s) + MORNING_MS


class Tray(QObject):
    """Owns the tray's icon and its menu; tells what was asked for."""

    open_asked = Signal()
    toggle_asked = Signal()
    silence_asked = Signal(object)
    """Until when nothing is to be shown, ms since 1970; 0 ends it."""
    quit_asked = Signal()

    def __init__(self, clock: Clock, icon: QSystemTrayIcon | None = None) -> None:
        """`icon` says whether this desktop has a tray at all; some get theirs a while after the log-in."""
        super().__init__()
        self._clock = clock
        self._unread, self._silent_until_ms = 0, 0
        self.menu = QMenu()
        self.silence_menu = QMenu("Do not disturb")
        self.icon = icon or QSystemTrayIcon()
        self._over = QTimer(self)
        self._over.setSingleShot(True)
        self._over.timeout.connect(self._draw)
        self._fill()
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        self.silence_menu.aboutToShow.connect(self._fill_silence)
        self._draw()

    def appear(self) -> bool:
        """Be in the tray, where there is one; whether there is."""
        if not self.icon.isSystemTrayAvailable():
            return False
        if not self.icon.isVisible():
            self.icon.setVisible(True)
        return True

    def close(self) -> None:
        """Leave the tray."""
        self.icon.setVisible(False)
        self.icon.deleteLater()
        self.menu.deleteLater()
        self.silence_menu.deleteLater()

    def show_unread(self, unread: int) -> None:
        """So many messages wait to be read."""
        self._unread = unread
        self._draw()

    def show_silent(self, until_ms: int) -> None:
        """Nothing is shown until then."""
        self._silent_until_ms = until_ms
        self._over.stop()
        if until_ms > self._clock.now_ms():
            self._over.start(until_ms - self._clock.now_ms())
        self._draw()

    def words(self) -> str:
        """What the icon says to who points at it."""
        unread = f"{self._unread} unread" if self._unread else ""
        silent = silent_words(self._silent_until_ms, self._clock)
        return ", ".join(part for part in ("Hearth", unread, silent and f"quiet {silent}") if part)

    def _fill(self) -> None:
        """The menu's three entries."""
        self._add(self.menu, "Open Hearth", self.open_asked.emit)
        self.menu.addMenu(self.silence_menu)
        self._fill_silence()
        self.menu.addSeparator()
        self._add(self.menu, "Quit Hearth", self.quit_asked.emit)

    def _fill_silence(self) -> None:
        """How long to keep quiet from now; where it is quiet already, until when, and the way out."""
        menu = self.silence_menu
        menu.clear()
        for words, ms in TIMES:
            self._add(menu, words, partial(self._silence_for, ms))
        self._add(menu, "Until tomorrow", lambda: self.silence_asked.emit(until_tomorrow_ms(self._clock)))
        silent = silent_words(self._silent_until_ms, self._clock)
        if silent:
            menu.addSeparator()
            self._add(menu, f"Turn off (quiet {silent})", lambda: self.silence_asked.emit(0))

    def _silence_for(self, ms: int) -> None:
        """Ask to keep quiet from now on for so long."""
        self.silence_asked.emit(self._clock.now_ms() + ms)

    def _add(self, menu: QMenu, words: str, does: Callable[[], object]) -> None:
        """One entry."""
        action = QAction(words, menu)
        action.triggered.connect(lambda _checked=False: does())
        menu.addAction(action)

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """A left click shows the window or puts it away; the right one is the menu's."""
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.toggle_asked.emit()

    def _draw(self) -> None:
        """Icon and words as things stand."""
        silent = bool(silent_words(self._silent_until_ms, self._clock))
        self.icon.setIcon(tray_icon(unread=bool(self._unread), silent=silent))
        # By its property: the words are Hearth's own, never a stranger's that could be taken for HTML.
        self.icon.setProperty("toolTip", self.words())


@cache
def tray_icon(*, unread: bool, silent: bool) -> QIcon:
    """The app's icon; a dot at the upper right for something unread, a crossed one at the lower right for quiet."""
    made = QIcon()
    plain = icons.window_icon()
    for size in SIZES:
        drawn = QPixmap(plain.pixmap(size, size))
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if unread:
            _dot(painter, size, 0.0, UNREAD)
        if silent:
            box = _dot(painter, size, 1.0, SILENT)
            painter.setPen(QPen(QColor("white"), max(1.0, size / 16)))
            middle, reach = box.center(), box.width() * 0.25
            painter.drawLine(middle - QPointF(reach, 0), middle + QPointF(reach, 0))
        painter.end()
        made.addPixmap(drawn)
    return made


def _dot(painter: QPainter, size: int, down: float, colour: QColor) -> QRectF:
    """A dot at the right edge, from the top (0) to the bottom (1); its box."""
    across = size * 0.45
    box = QRectF(size - across, (size - across) * down, across, across)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(box)
    return box
