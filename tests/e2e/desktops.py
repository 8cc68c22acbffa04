"""Whole desktops for the tests: the app's own windows on a profile of their own, driven as a person drives them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest

from desktop.app.desk import Desk
from desktop.app.folders import Folders
from desktop.app.options import Options
from desktop.cache.settings_file import SettingsFile
from desktop.core.bubble import Bubble, Tick
from desktop.core.session import Session
from desktop.ui.main_window import MainWindow
from tests.desktop.waiting import until
from tests.running import PASSWORD


class Desktop:
    """One person's app. `open` starts it on its profile, `close` ends it; what is on its disk stays."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(folder)
        self.desk: Desk | None = None

    @property
    def session(self) -> Session:
        """The session behind the window."""
        assert self.desk is not None
        assert self.desk.session is not None
        return self.desk.session

    @property
    def window(self) -> MainWindow:
        """The main window."""
        assert self.desk is not None
        assert self.desk.window is not None
        return self.desk.window

    async def open(self) -> None:
        """Start the app: with the session that was kept, or on the log-in page."""
        self.folders.make()
        self.desk = Desk(self.folders, SettingsFile(self.folders.settings), Options())
        await self.desk.open()

    async def close(self) -> None:
        """End the app in order."""
        if self.desk is not None:
            await self.desk.close()
            self.desk = None

    async def log_in(self, url: str, username: str) -> None:
        """Fill in the log-in page with mouse and keyboard, and wait for the line."""
        desk = self.desk
        assert desk is not None
        await until(lambda: desk.login)
        page = desk.login
        assert page is not None
        page.server_form.address.edit.setText(url)
        QTest.keyClick(page.server_form.address.edit, Qt.Key.Key_Return)
        form = page.account_form
        await until(lambda: not form.isHidden() and form.username.edit.isVisible())
        form.username.edit.setText(username)
        form.password.edit.setText(PASSWORD)
        QTest.keyClick(form.password.edit, Qt.Key.Key_Return)
        await until(lambda: self.desk is not None and self.desk.window is not None, 30)
        await self.connected()

    async def connected(self) -> None:
        """Wait until the line is up."""
        await until(self.session.is_connected, 30)

    async def look_at(self, conversation_id: int) -> None:
        """Open a conversation and bring the window to the front, as a click would."""
        await until(lambda: any(row.conversation_id == conversation_id for row in self.session.conversations.rows))
        self.window.open_conversation(conversation_id)
        self.window.activateWindow()
        await until(lambda: self.session.timeline(conversation_id).state.value.phase in {"ready", "empty"})

    def type(self, text: str) -> None:
        """Write into the composer, key by key."""
        QTest.keyClicks(self.window.chat.composer.field, text)

    def press_enter(self) -> None:
        """Send what stands in the composer."""
        QTest.keyClick(self.window.chat.composer.field, Qt.Key.Key_Return)

    async def say(self, text: str) -> None:
        """Write and send; returns when it is safe on disk, which empties the composer."""
        self.type(text)
        self.press_enter()
        await until(lambda: not self.window.chat.composer.text())

    def paste_file(self, path: Path) -> None:
        """Paste a copied file."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        self.window.chat.composer.field.insertFromMimeData(data)

    def bubbles(self, conversation_id: int) -> list[Bubble]:
        """The bubbles on screen, from the top."""
        return [row for row in self.session.timeline(conversation_id).rows if isinstance(row, Bubble)]

    def texts(self, conversation_id: int) -> list[str]:
        """Their texts."""
        return [bubble.text for bubble in self.bubbles(conversation_id)]

    def ticks(self, conversation_id: int) -> list[Tick]:
        """Their ticks."""
        return [bubble.tick for bubble in self.bubbles(conversation_id)]

    async def sees(self, conversation_id: int, texts: list[str], within_s: float = 30.0) -> None:
        """Wait until exactly these texts stand there, and see that no more come."""
        await until(lambda: self.texts(conversation_id) == texts or self._short(conversation_id, texts), within_s)
        await asyncio.sleep(0.3)
        assert self.texts(conversation_id) == texts

    def _short(self, conversation_id: int, texts: list[str]) -> bool:
        """Whether waiting longer is of no use: more stands there than should."""
        return len(self.texts(conversation_id)) > len(texts)
