"""Anna's page on a conversation with Maya, on a real session and a server in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.core.bubble import Bubble, Line
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import fonts
from desktop.ui.chat_page import ChatPage
from desktop.ui.pictures import Pictures
from protocol.limits import Limits
from protocol.shapes import User
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import MemoryOutboxFile


@dataclass
class Scene:
    """Anna's page on a conversation with Maya."""

    server: FakeServer
    anna: User
    maya: User
    talk: int
    session: Session
    page: ChatPage
    disk: MemoryOutboxFile

    def bubbles(self) -> list[Bubble]:
        return self.page.pane.bubbles()

    def last(self) -> Bubble:
        return self.bubbles()[-1]

    async def write(self, text: str) -> None:
        """Type and press Enter."""
        QTest.keyClicks(self.page.composer.field, text)
        QTest.keyClick(self.page.composer.field, Qt.Key.Key_Return)
        await asyncio.sleep(0)


@asynccontextmanager
async def opened(messages: int = 0, *, limits: Limits | None = None, read: int | None = None) -> AsyncIterator[Scene]:
    """A connected session, with a shown page on the conversation."""
    fonts.install()
    server, disk = FakeServer(), MemoryOutboxFile()
    anna, maya = server.add_user("anna", "Anna Novak"), server.add_user("maya", "Maya Okafor")
    talk = server.open_direct(anna.user_id, maya.user_id)
    for number in range(messages):
        server.post(maya.user_id, talk, f"Message {number + 1}")
    server.read(anna.user_id, talk, messages if read is None else read)
    session = server.session(anna, disk, limits=limits)
    await session.start()
    await until(lambda: session.connection.value.line is Line.CONNECTED)
    pictures = Pictures(session.api)
    page = ChatPage(session, pictures, Clock(now_ms=server.tick))
    page.resize(700, 500)
    page.show()
    page.open(talk)
    await until(lambda: session.timeline(talk).state.value.phase != "loading")
    await asyncio.sleep(0.02)
    try:
        yield Scene(server, anna, maya, talk, session, page, disk)
    finally:
        page.detach()
        page.hide()
        page.deleteLater()
        pictures.close()
        await session.close()
