"""The tray, the badge, and what closing the window means; the system's tray alone is not real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QMessageBox, QSystemTrayIcon

from desktop.app.links import follow_link
from desktop.app.surroundings import Surroundings
from desktop.cache.settings_file import OnClose, SettingsFile
from desktop.core.bubble import Line
from desktop.core.moments import HOUR_MS, MINUTE_MS
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.platform.login_start import Autostart
from desktop.ui import fonts, theme
from desktop.ui.buttons import Button
from desktop.ui.main_window import MainWindow
from desktop.ui.pictures import Pictures
from desktop.ui.settings_notices import NoticesPage
from desktop.ui.tray import Tray, tray_icon
from tests.desktop.doubles import FakeServer, until
from tests.desktop.loop import QLoop
from tests.desktop.platform.fake_notifications import fake_server, private_bus

NOON_MS = 1_790_000_000_000 // (24 * HOUR_MS) * 24 * HOUR_MS + 12 * HOUR_MS
# The offscreen screen has no order of windows; those that people use have.
pytestmark = pytest.mark.allow_logs(r"does not support raise\(\)")
NO_BUS = "unix:path=/nonexistent/bus"
CTRL = Qt.KeyboardModifier.ControlModifier


class FakeIcon(QSystemTrayIcon):
    """The system's tray, there or not: none is beside an offscreen screen."""

    def __init__(self, *, has_tray: bool) -> None:
        super().__init__()
        self._has_tray = has_tray
        self.shown = False

    def isSystemTrayAvailable(self) -> bool:  # type: ignore[override]  # static in Qt
        return self._has_tray

    def isVisible(self) -> bool:
        return self.shown

    def setVisible(self, visible: bool) -> None:
        self.shown = visible


@dataclass
class Scene:
    """Anna's window with two conversations, and what is around it."""

    server: FakeServer
    session: Session
    settings: SettingsFile
    window: MainWindow
    around: Surroundings
    talk: int
    ben: int
    ended: list[bool] = field(default_factory=list)

    def wish(self) -> OnClose:
        """What closing means, as it is remembered."""
        return self.settings.current.value.on_close

    def last_text(self) -> str | None:
        """What was said last."""
        last = self.session.held(self.talk).last_message()
        return last.content if last is not None else None

    def question(self) -> QMessageBox | None:
        """What is asked at the first close."""
        boxes = [box for box in self.window.findChildren(QMessageBox) if box.isVisible()]
        return boxes[0] if boxes else None

    def answer(self, words: str) -> None:
        """Click one of its buttons."""
        box = self.question()
        assert box is not None
        next(button for button in box.buttons() if button.text() == words).click()


@asynccontextmanager
async def scene(
    folder: Path, *, has_tray: bool = True, on_close: OnClose = "ask", bus: str = NO_BUS
) -> AsyncIterator[Scene]:
    """On line, something unread, nothing open."""
    theme.install("light")
    fonts.install()
    server = FakeServer()
    me, ben = (server.add_user(name) for name in ("anna", "ben"))
    talk = server.open_direct(me.user_id, ben.user_id)
    session = server.session(me)
    settings = SettingsFile(folder / "settings.json")
    settings.change(server="https://hearth.example", on_close=on_close)
    pictures = Pictures(session.api)
    clock = Clock(lambda: NOON_MS)
    ended: list[bool] = []
    window = MainWindow(session, settings, pictures, clock=Clock(lambda: server.now_ms))
    tray = Tray(clock, FakeIcon(has_tray=has_tray))
    around = Surroundings(settings, lambda: ended.append(True), clock=clock, tray=tray, bus=bus)
    around.attach(session, window)
    around.begin()
    window.show()
    window.activateWindow()
    await session.start()
    await until(lambda: session.connection.value.line is Line.CONNECTED)
    try:
        yield Scene(server, session, settings, window, around, talk, ben.user_id, ended)
    finally:
        await session.close()
        await around.close()
        window.detach()
        window.close()
        pictures.close()
        settings.close()
        window.deleteLater()


def entries(menu: QMenu) -> list[str]:
    """What a menu offers."""
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def choose(menu: QMenu, words: str) -> None:
    """Take an entry."""
    next(action for action in menu.actions() if action.text() == words).trigger()


def test_the_first_close_explains_the_tray_and_the_choice_is_kept(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.close()
            box = s.question()
            assert box is not None
            assert "in the tray" in box.text()
            assert s.window.isVisible()
            s.answer("Cancel")
            assert s.window.isVisible()
            assert s.wish() == "ask"
            s.window.close()
            s.answer("Keep running")
            assert not s.window.isVisible()
            assert s.wish() == "stay"
            s.around.bring()
            assert s.window.isVisible()
            s.window.close()
            assert s.question() is None
            assert not s.window.isVisible()
            assert s.ended == []

    qloop(play())


def test_who_quits_at_the_first_close_is_not_asked_again(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.close()
            s.answer("Quit Hearth")
            assert s.ended == [True]
            assert not s.window.isVisible()
            assert s.settings.current.value.on_close == "quit"

    qloop(play())


def test_without_a_tray_a_closed_window_is_minimised(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, has_tray=False) as s:
            s.window.close()
            box = s.question()
            assert box is not None
            assert "no tray" in box.text()
            s.answer("Keep running")
            assert s.window.isMinimized()
            s.around.bring()
            assert not s.window.isMinimized()

    qloop(play())


def test_to_quit_is_to_quit(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, on_close="stay") as s:
            choose(s.around.tray.menu, "Quit Hearth")
            assert s.ended == [True]
            QTest.keyClick(s.window, Qt.Key.Key_Q, CTRL)
            assert not s.window.isVisible()
            assert s.question() is None

    qloop(play())


def test_ctrl_w_closes_the_conversation_and_then_the_window(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path, on_close="stay") as s:
            s.window.open_conversation(s.talk)
            QTest.keyClick(s.window, Qt.Key.Key_W, CTRL)
            assert s.window.chat.conversation_id is None
            assert s.window.isVisible()
            QTest.keyClick(s.window, Qt.Key.Key_W, CTRL)
            assert not s.window.isVisible()

    qloop(play())


def test_a_left_click_puts_the_window_away_and_brings_it(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            click = QSystemTrayIcon.ActivationReason.Trigger
            await until(s.window.isActiveWindow)
            s.around.tray.icon.activated.emit(click)
            assert not s.window.isVisible()
            s.around.tray.icon.activated.emit(click)
            assert s.window.isVisible()
            s.window.hide()
            choose(s.around.tray.menu, "Open Hearth")
            assert s.window.isVisible()

    qloop(play())


def test_the_tray_keeps_quiet_for_as_long_as_is_chosen(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            tray = s.around.tray
            assert entries(tray.menu) == ["Open Hearth", "Do not disturb", "Quit Hearth"]
            assert entries(tray.silence_menu) == ["For 30 minutes", "For 1 hour", "Until tomorrow"]
            choose(tray.silence_menu, "For 30 minutes")
            assert s.settings.current.value.silent_until_ms == NOON_MS + 30 * MINUTE_MS
            assert tray.words() == "Hearth, quiet until 12:30"
            choose(tray.silence_menu, "Until tomorrow")
            assert s.settings.current.value.silent_until_ms == NOON_MS + 20 * HOUR_MS
            assert tray.words() == "Hearth, quiet until tomorrow, 08:00"
            tray.silence_menu.aboutToShow.emit()
            choose(tray.silence_menu, "Turn off (quiet until tomorrow, 08:00)")
            assert s.settings.current.value.silent_until_ms == 0
            assert tray.words() == "Hearth"

    qloop(play())


def test_the_tray_tells_that_something_is_unread(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            tray = s.around.tray
            s.server.post(s.ben, s.talk, "Are you there?")
            await until(lambda: tray.words() == "Hearth, 1 unread")
            s.session.mark_read(s.talk, 1)
            await until(lambda: tray.words() == "Hearth")

    qloop(play())


def test_the_tray_is_loud_again_by_itself(qloop: QLoop) -> None:
    async def play() -> None:
        now_ms = NOON_MS
        tray = Tray(Clock(lambda: now_ms), FakeIcon(has_tray=True))
        tray.show_silent(NOON_MS + 20)
        assert "quiet" in tray.icon.toolTip()
        now_ms += 20
        await until(lambda: tray.icon.toolTip() == "Hearth")
        tray.close()

    qloop(play())


@pytest.mark.parametrize("size", [16, 32])
def test_each_state_of_the_tray_looks_different(qapp: object, size: int) -> None:
    states = [(False, False), (True, False), (False, True), (True, True)]
    pictures = [tray_icon(unread=unread, silent=silent).pixmap(size, size).toImage() for unread, silent in states]
    assert all(one != other for at, one in enumerate(pictures) for other in pictures[at + 1 :])


def test_a_notice_leads_to_its_message_and_takes_answers(
    qloop: QLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(bus: str) -> None:
        async with fake_server(bus, "actions", "body", "inline-reply") as desktop, scene(tmp_path, bus=bus) as s:
            await until(lambda: "AddMatch" in desktop.calls or "GetCapabilities" in desktop.calls)
            await asyncio.sleep(0.1)
            s.window.hide()
            s.server.post(s.ben, s.talk, "Are you there?")
            await until(lambda: desktop.shown)
            ((number, told),) = desktop.shown.items()
            assert (told["summary"], told["body"]) == ("Ben", "Are you there?")
            await desktop.tell("ActionInvoked", "us", number, "default")
            await until(s.window.isVisible)
            assert s.window.chat.conversation_id == s.talk
            await until(lambda: not desktop.shown)
            s.window.hide()
            await until(lambda: not s.window.isActiveWindow())
            s.server.post(s.ben, s.talk, "Still there?")
            await until(lambda: desktop.shown)
            (number,) = desktop.shown
            await desktop.tell("NotificationReplied", "us", number, "Yes")
            await until(lambda: s.last_text() == "Yes")
            await until(lambda: not desktop.shown)
            s.server.post(s.ben, s.talk, "Good")
            await until(lambda: desktop.shown)
            (number,) = desktop.shown
            await desktop.tell("ActionInvoked", "us", number, "read")
            await until(lambda: s.session.unread_total.value == 0)
            await until(lambda: not desktop.shown)

    with private_bus(tmp_path) as bus:
        qloop(play(bus))


def test_the_wishes_about_notices_count_at_once(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            starts = Autostart(tmp_path / "autostart", ["hearth"])
            page = NoticesPage(s.settings, Clock(lambda: NOON_MS), starts)
            page.starts.click()
            assert starts.is_on()
            page.starts.click()
            assert not starts.is_on()
            (tmp_path / "autostart").rmdir()
            (tmp_path / "autostart").write_text("in the way")
            page.starts.click()
            assert not page.starts.isChecked()
            assert "does not let" in page.trouble.text()
            page.shows["sender"].click()
            page.quiet.click()
            page.to.setCurrentIndex(12)
            page.to.activated.emit(12)
            page.sound.click()
            rules = s.session.notices.rules
            assert (rules.enabled, rules.shows, rules.quiet_from, rules.quiet_to) == (True, "sender", 22 * 60, 6 * 60)
            assert not s.settings.current.value.notices_sound
            page.shown.click()
            assert not s.session.notices.rules.enabled
            assert not page.sound.isEnabled()
            button(page, "1 hour").click()
            assert page.silence.text() == "Nothing is shown until 13:00."
            assert s.around.tray.words() == "Hearth, quiet until 13:00"
            button(page, "Turn off").click()
            assert s.session.notices.rules.silent_until_ms == 0
            page.closes["quit"].click()
            assert s.wish() == "quit"
            page.quiet.click()
            assert s.session.notices.rules.quiet_from is None
            page.detach()
            page.deleteLater()

    qloop(play())


def button(page: NoticesPage, words: str) -> Button:
    """One of the page's buttons."""
    return next(button for button in page.findChildren(Button) if button.text() == words)


def test_a_link_leads_to_its_message_or_says_why_not(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            message = s.server.post(s.ben, s.talk, "Are you there?")
            await until(lambda: s.session.find(message.uid))
            server = s.settings.current.value.server
            follow_link(f"hearth://conversation/{s.talk}/message/{message.uid}", s.session, s.window, server)
            assert s.window.chat.conversation_id == s.talk
            assert s.question() is None
            follow_link(f"{server}", s.session, s.window, server)
            assert s.question() is None
            for link, words in (
                ("hearth://conversation/999", "not in"),
                ("hearth://conversation/x", "does not know"),
                ("hearth://server/other.example.org", "signed in at https://hearth.example"),
            ):
                follow_link(link, s.session, s.window, server)
                box = s.question()
                assert box is not None
                assert words in box.text()
                box.close()
                await until(lambda: s.question() is None)

    qloop(play())
