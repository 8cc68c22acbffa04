"""The first picture: painted before anything of the network is even loaded."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QByteArray, QEvent, QRect, Qt
from PySide6.QtCore import QObject as Object
from PySide6.QtGui import QFont, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.cache.settings_file import Settings
from desktop.ui import fonts, icons, login_page, theme, window_memory

LOGO_PX = 72
NO_LONGER_S = 2.0
"""A window that the system opens out of sight is not painted; the network is loaded all the same."""


class FirstPicture(Object):
    """Watches a window until its first picture is on the screen, or it is closed before."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        window.installEventFilter(self)

    async def there(self) -> None:
        """Done when there is nothing to wait for any more."""
        await asyncio.wait({self._done}, timeout=NO_LONGER_S)

    def eventFilter(self, watched: Object, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Look on: what waits goes on in a later turn of the loop, when everything in the window is painted."""
        if event.type() in {QEvent.Type.Paint, QEvent.Type.Close} and not self._done.done():
            self._done.set_result(None)
            watched.removeEventFilter(self)
        return False


class OpeningWindow(QWidget):
    """Hearth's mark on the window's background, where the next window will stand."""

    def __init__(self, place: QRect | None, known: Settings) -> None:
        """`place` if one is asked for, else where the window stood, else the middle of the first screen."""
        super().__init__()
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
