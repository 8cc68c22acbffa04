"""The first window: painted before anything of the network is even loaded."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QByteArray, QRect, Qt
from PySide6.QtGui import QCloseEvent, QFont, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.cache.settings_file import Settings
from desktop.ui import fonts, icons, login_page, theme, window_memory

LOGO_PX = 72


class OpeningWindow(QWidget):
    """Hearth's mark on the window's background, where the next window will stand.

    `painted` is done after the first picture is on the screen.
    """

    def __init__(self, place: QRect | None, known: Settings) -> None:
        """`place` if one is asked for, else where the window stood, else the middle of the first screen."""
        super().__init__()
        self.painted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed_by_user = False
        self.setWindowTitle("Hearth")
        self.setWindowIcon(icons.window_icon())
        is_first_start = known.me is None
        size = login_page.FIRST_SIZE if is_first_start else window_memory.FIRST_SIZE
        remembered = QByteArray.fromBase64(known.geometry.encode())
        if place is not None:
            self.setGeometry(place)
        elif is_first_start or not known.geometry or not self.restoreGeometry(remembered):
            self.setGeometry(window_memory.centred(size, QGuiApplication.primaryScreen().availableGeometry()))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Mark and name in the middle."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.current().background)
            mark = icons.pixmap(icons.APP_ICON, theme.current().accent, LOGO_PX)
            box = QRect(0, 0, LOGO_PX, LOGO_PX)
            box.moveCenter(self.rect().center())
            painter.drawPixmap(box, mark)
            painter.setPen(theme.current().ink2)
            painter.setFont(QFont(fonts.text(fonts.TITLE_PX, 600)))
            words = QRect(0, box.bottom() + 16, self.width(), 32)
            painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, "Hearth")
        if not self.painted.done():
            self.painted.set_result(None)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Somebody changed their mind before it began."""
        self.closed_by_user = event.spontaneous()
        if not self.painted.done():
            self.painted.set_result(None)
        super().closeEvent(event)
