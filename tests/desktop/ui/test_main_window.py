"""The main window: panes by width, keys, title, and where it stands at the next start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.core.bubble import Connection, Line
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import fonts, theme
from desktop.ui.buttons import IconButton
from desktop.ui.main_window import MainWindow
from desktop.ui.new_conversation import NewConversationDialog
from desktop.ui.pictures import Pictures
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.window_memory import centred, corrected
from protocol.shapes import User
from tests.desktop.doubles import FakeServer, until
from tests.desktop.loop import QLoop

NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


@dataclass
class Scene:
    """Anna's window, with two conversations."""

    server: FakeServer
    me: User
    session: Session
    settings: SettingsFile
    pictures: Pictures
    window: MainWindow
    ben: int
    cleo: int

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        """Press a key where the keyboard is."""
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def dialogs(self) -> list[type[QWidget]]:
        """The kinds of dialogs that are open."""
        return [type(dialog) for dialog in self.window.findChildren(QDialog) if dialog.isVisible()]


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """On line, nothing open; Cleo wrote last."""
    theme.install("light")
    fonts.install()
    server = FakeServer()
    me, ben, cleo = (server.add_user(name) for name in ("anna", "ben", "cleo"))
    talks = [server.open_direct(me.user_id, other.user_id) for other in (ben, cleo)]
    server.post(ben.user_id, talks[0], "Good morning")
    server.post(cleo.user_id, talks[1], "Are you there?")
    session = server.session(me)
    settings = SettingsFile(tmp_path / "settings.json")
    settings.change(server="https://hearth.example")
    pictures = Pictures(session.api)
    window = MainWindow(session, settings, pictures, clock=Clock(lambda: server.now_ms))
    window.resize(1240, 780)
    window.show()
    window.activateWindow()
    await session.start()
    await until(lambda: session.connection.value.line is Line.CONNECTED)
    try:
        yield Scene(server, me, session, settings, pictures, window, *talks)
    finally:
        await session.close()
        window.detach()
        window.close()
        pictures.close()
        settings.close()
        window.deleteLater()


@pytest.mark.parametrize(
    ("width", "rail", "list_alone", "chat_beside"),
    [
        (1240, True, True, True),
        (720, True, True, True),
        (719, True, True, False),
        (560, True, True, False),
        (559, False, True, False),
        (380, False, True, False),
    ],
)
def test_panes_follow_the_width(
    qloop: QLoop, tmp_path: Path, width: int, rail: bool, list_alone: bool, chat_beside: bool
) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            w = s.window
            w.resize(width, 700)
            assert w.width() == width
            assert (w.rail.isVisible(), w.list.isVisible(), w.chat.isVisible()) == (rail, list_alone, chat_beside)
            w.open_conversation(s.ben)
            assert w.chat.isVisible()
            assert w.list.isVisible() is chat_beside
            w.chat.back_requested.emit()
            assert w.list.isVisible()
            assert w.chat.isVisible() is chat_beside

    qloop(play())


def test_the_settings_are_reached_without_the_rail(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.resize(400, 600)
            button = next(b for b in s.window.list.findChildren(IconButton) if "Settings" in b.accessibleName())
            assert button.isVisible()
            button.click()
            assert s.dialogs() == [SettingsDialog]
            s.window.resize(1240, 780)
            assert not button.isVisible()

    qloop(play())


def test_the_window_is_never_too_small(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.resize(10, 10)
            assert s.window.size() == QSize(380, 480)

    qloop(play())


def test_keys_lead_everywhere(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            w = s.window
            s.press(Qt.Key.Key_Down, ALT)
            assert w.chat.conversation_id == s.cleo
            s.press(Qt.Key.Key_Down, ALT)
            assert w.chat.conversation_id == s.ben
            s.press(Qt.Key.Key_Up, ALT)
            assert w.chat.conversation_id == s.cleo
            s.press(Qt.Key.Key_F, CTRL | Qt.KeyboardModifier.ShiftModifier)
            assert w.list.search.hasFocus()
            s.press(Qt.Key.Key_N, CTRL)
            assert s.dialogs() == [NewConversationDialog]
            w.findChildren(NewConversationDialog)[-1].reject()
            s.press(Qt.Key.Key_Comma, CTRL)
            assert s.dialogs() == [SettingsDialog]
            w.findChildren(SettingsDialog)[-1].reject()
            assert w.chat.conversation_id == s.cleo
            QTest.keyClick(w, Qt.Key.Key_Escape)
            assert s.session.unread(s.cleo).count == 0
            assert w.chat.conversation_id == s.cleo
            QTest.keyClick(w, Qt.Key.Key_Escape)
            assert w.chat.conversation_id not in {s.ben, s.cleo}
            assert w.isVisible()

    qloop(play())


def test_keys_lead_to_the_next_unread(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            dora = s.server.add_user("dora")
            talk = s.server.open_direct(s.me.user_id, dora.user_id)
            s.server.post(s.me.user_id, talk, "I wrote last here")
            await until(lambda: len(s.session.conversations.rows) == 3)
            both = ALT | Qt.KeyboardModifier.ShiftModifier
            s.press(Qt.Key.Key_Down, both)
            assert s.window.chat.conversation_id == s.cleo
            s.press(Qt.Key.Key_Down, both)
            assert s.window.chat.conversation_id == s.ben
            s.press(Qt.Key.Key_Down, both)
            assert s.window.chat.conversation_id == s.ben

    qloop(play())


def test_a_conversation_one_was_taken_out_of_is_left(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            s.server.remove(s.me.user_id, s.cleo)
            await until(lambda: len(s.session.conversations.rows) == 1)
            assert s.window.chat.conversation_id == s.ben
            s.server.remove(s.me.user_id, s.ben)
            await until(lambda: s.window.chat.conversation_id is None)
            assert s.window.list.view.open_row() is None

    qloop(play())


def test_the_search_is_reached_from_a_conversation_that_covers_it(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.resize(600, 700)
            s.window.open_conversation(s.ben)
            s.press(Qt.Key.Key_F, CTRL | Qt.KeyboardModifier.ShiftModifier)
            assert s.window.list.isVisible()
            assert s.window.list.search.hasFocus()

    qloop(play())


def test_quitting_closes_and_tells(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            told: list[bool] = []
            s.window.closed.connect(lambda: told.append(True))
            s.press(Qt.Key.Key_Q, CTRL)
            assert told == [True]
            assert not s.window.isVisible()
            assert s.settings.current.value.geometry

    qloop(play())


def test_title_and_rail_count_what_is_unread(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            await until(lambda: s.window.windowTitle() == "(2) Hearth")
            assert s.window.rail.conversations.accessibleName() == "Chats, 2 unread"
            s.session.mark_read(s.ben, 1)
            s.session.mark_read(s.cleo, 1)
            await until(lambda: s.window.windowTitle() == "Hearth")
            assert not s.window.windowIcon().isNull()

    qloop(play())


def test_a_row_opens_its_conversation(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            view = s.window.list.view
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 64 + 20))
            assert s.window.chat.conversation_id == s.ben
            assert view.open_row() == s.ben

    qloop(play())


def test_the_own_dot_is_true(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            assert s.window.rail.avatar.accessibleName() == "Your profile: Anna, online"
            s.session.connection.value = Connection(Line.OFFLINE)
            assert s.window.rail.avatar.accessibleName() == "Your profile: Anna, offline"
            told: list[bool] = []
            s.window.log_in_requested.connect(lambda: told.append(True))
            s.session.connection.value = Connection(Line.SIGNED_OUT)
            s.window.list.indicator.click()
            assert told == [True]

    qloop(play())


def test_the_window_stands_where_it_stood(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            screen = QGuiApplication.primaryScreen().availableGeometry()
            wanted = QRect(screen.left() + 20, screen.top() + 30, min(760, screen.width() - 40), 500)
            s.window.setGeometry(wanted)
            s.window.splitter.setSizes([280, 400])
            width = s.window.list.width()
            s.window.close()
            again = MainWindow(s.session, s.settings, s.pictures)
            again.show()
            assert again.geometry() == wanted
            assert again.list.width() == width
            again.detach()
            again.close()
            again.deleteLater()

    qloop(play())


SCREENS = [QRect(0, 0, 1920, 1080), QRect(1920, 0, 1280, 1024)]


@pytest.mark.parametrize(
    ("wanted", "stands"),
    [
        (QRect(100, 50, 1240, 780), QRect(100, 50, 1240, 780)),
        (QRect(2000, 100, 800, 600), QRect(2000, 100, 800, 600)),
        (QRect(-700, 50, 800, 600), QRect(-700, 50, 800, 600)),
        (QRect(-790, 50, 800, 600), QRect(560, 240, 800, 600)),
        (QRect(5000, 100, 800, 600), QRect(560, 240, 800, 600)),
        (QRect(100, -300, 800, 600), QRect(560, 240, 800, 600)),
        (QRect(9000, 0, 4000, 3000), QRect(0, 0, 1920, 1080)),
    ],
)
def test_a_window_on_a_screen_that_is_gone_comes_back(wanted: QRect, stands: QRect) -> None:
    assert corrected(wanted, SCREENS) == stands


def test_the_first_window_fits_its_screen() -> None:
    assert centred(QSize(1240, 780), QRect(0, 0, 1920, 1080)) == QRect(340, 150, 1240, 780)
    assert centred(QSize(1240, 780), QRect(0, 24, 1024, 744)) == QRect(0, 24, 1024, 744)


def test_every_control_has_a_name_and_is_reached_by_tab(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            buttons = [b for b in s.window.findChildren(QAbstractButton) if b.isVisible()]
            assert [type(b).__name__ for b in buttons if not b.accessibleName()] == []
            wanted = {s.window.rail.avatar, s.window.rail.settings, s.window.list.search, s.window.list.indicator}
            seen: set[QWidget] = set()
            s.window.rail.avatar.setFocus()
            for _ in range(60):
                focused = QApplication.focusWidget()
                if focused is not None:
                    seen.add(focused)
                QTest.keyClick(s.window, Qt.Key.Key_Tab)
            assert wanted <= seen

    qloop(play())
