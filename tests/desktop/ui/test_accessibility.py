"""Usable without eyes or mouse: every page's tree of what screen readers are given, and the way of the Tab key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from desktop.core import finder
from desktop.core.bubble import DayLine
from desktop.core.listops import Insert, Remove
from desktop.core.ports import Api
from desktop.models.timeline_model import TimelineModel
from desktop.ui import fonts, theme, timeline_voice
from desktop.ui.emoji_picker import EmojiPicker
from desktop.ui.login_page import LoginPage
from desktop.ui.main_window import MainWindow
from desktop.ui.message_deeds import Deed
from desktop.ui.pictures import Pictures
from desktop.ui.settings_dialog import PAGES, Page, SettingsDialog
from desktop.ui.timeline_view import TimelineView
from desktop.ui.transfers import Transfers
from tests.desktop.accessible_tree import NAME, alike, faults, nodes, unnamed
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop
from tests.desktop.timeline_rows import CLOCK, NOON_MS, Rows, bubble, bubbles, document
from tests.desktop.ui.test_finding import searched
from tests.desktop.ui.test_groups_pages import with_group
from tests.desktop.ui.test_login_page import Door, reach
from tests.desktop.ui.test_main_window import scene


def check(page: QWidget) -> None:
    """Nothing is wrong with what screen readers are given of a page."""
    assert "\n".join(unnamed(page) + alike(page)) == ""


@pytest.fixture(autouse=True)
def _listened_to(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Searches are quick, and Qt is told that somebody listens: otherwise it tells its nodes of no change."""
    monkeypatch.setattr(finder, "PAUSE_S", 0.02)
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def page(qapp: QApplication, door: Door) -> Iterator[LoginPage]:
    theme.install("light")
    fonts.install()
    page = LoginPage(door)
    page.show()
    yield page
    page.close()
    page.deleteLater()


def test_the_forms_of_the_log_in(qloop: QLoop, page: LoginPage) -> None:
    async def play() -> None:
        check(page)
        assert faults(page) == []
        await reach(page)
        check(page)
        page.account_form.other_purpose.click()
        check(page)
        await reach(page, "hearth.example/invite/CODE")
        check(page)

    qloop(play())


def test_the_window_with_its_list_and_chat(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            check(s.window)
            group = await with_group(s)
            await until(lambda: len(s.window.chat.pane.bubbles()) >= 12)
            check(s.window)
            rows = [node.text(NAME) for node in nodes(s.window) if node.role() is QAccessible.Role.ListItem]
            assert any(row.startswith("Trip") and "Message 11" in row for row in rows)
            assert any(row.startswith("Ben, ") and row.endswith("Message 11.") for row in rows)
            s.window.resize(1500, 780)
            s.window.toggle_info()
            await until(lambda: s.window.info.members.people.rowCount() == 3)
            check(s.window)
            s.window.chat.show_search()
            check(s.window)
            assert s.window.chat.conversation_id == group

    qloop(play())


def test_the_composer_with_files_and_bars(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            for name in ("a.txt", "b.txt"):
                (tmp_path / name).write_text("words")
            picture = QImage(40, 30, QImage.Format.Format_RGB32)
            picture.fill(0)
            picture.save(str(tmp_path / "c.png"))
            s.window.chat.outgoing.stage([tmp_path / name for name in ("a.txt", "b.txt", "c.png")])
            await until(lambda: len(s.window.chat.composer.staged.files()) == 3)
            answered = s.window.chat.pane.bubbles()[-1]
            for deed in (Deed.REPLY, Deed.PIN):
                s.window.chat.message_actions.do(deed, answered)
            await until(s.window.chat.pinned.isVisible)
            check(s.window)
            s.window.chat.message_actions.do(Deed.SELECT, answered)
            check(s.window)
            s.server.cut()
            await until(s.window.chat.bar.isVisible)
            check(s.window)

    qloop(play())


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_the_settings(qloop: QLoop, tmp_path: Path, name: Page) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.show_settings(name)
            dialog = s.window.findChildren(SettingsDialog)[-1]
            check(dialog)

    qloop(play())


def test_search_and_its_results(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            await searched(s, "morning")
            rows = [node.text(NAME) for node in nodes(s.window) if node.role() is QAccessible.Role.ListItem]
            assert any("Good morning" in row for row in rows)
            check(s.window)

    qloop(play())


DIALOGS: dict[str, Callable[[MainWindow], object]] = {
    "switcher": MainWindow.show_switcher,
    "new conversation": MainWindow.show_new_conversation,
    "new group": MainWindow.show_new_group,
    "shortcuts": MainWindow.show_shortcuts,
    "outbox": MainWindow.show_outbox,
    "forward": lambda window: window.chat.message_actions.do(Deed.FORWARD, window.chat.pane.bubbles()[-1]),
    "delete": lambda window: window.chat.message_actions.do(Deed.DELETE, window.chat.pane.bubbles()[-1]),
    "edits": lambda window: window.chat.message_actions.do(Deed.EDITS, window.chat.pane.bubbles()[-1]),
    "seen by": lambda window: window.chat.message_actions.do(Deed.SEEN_BY, window.chat.pane.bubbles()[-1]),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_the_dialogs(qloop: QLoop, tmp_path: Path, name: str) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            await with_group(s)
            message = s.server.post(s.me.user_id, s.window.chat.conversation_id or 0, "Mine")
            s.server.edit(message.conversation_id, message.position, "Mine, edited")
            await until(lambda: s.window.chat.pane.bubbles()[-1].edited)
            DIALOGS[name](s.window)
            dialog = next(dialog for dialog in s.window.findChildren(QDialog) if dialog.isVisible())
            dialog.activateWindow()
            check(dialog)
            dialog.reject()

    qloop(play())


def test_the_emoji_picker(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            picker: EmojiPicker = s.window.chat.emoji.open_for_text()
            check(picker)
            picker.close()

    qloop(play())


def test_every_row_of_the_timeline_is_a_node(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(timeline_voice, "announce", lambda _view, words: told.append(("said", words)))
    monkeypatch.setattr(timeline_voice, "tell", lambda node, what: told.append((what.name, node.text(NAME))))
    fonts.install()
    view = TimelineView(Pictures(cast("Api", None)), Transfers(), CLOCK)
    view.resize(600, 400)
    view.show()
    source = Rows([DayLine("day", NOON_MS), *bubbles(1, 3), bubble(4, "Look", own=True, files=(document(),))])
    view.set_model(TimelineModel(source, view))
    view.finish_landing()
    view.set_ends_with_latest(ends=True)
    texts = [node.text(NAME) for node in nodes(view)][1:6]
    assert texts[0] == "Today"
    assert texts[1].startswith("Maya Okafor, Yesterday ")
    assert texts[4].startswith("You, ")
    assert ": Look." in texts[4]
    top = QAccessible.queryAccessibleInterface(view)
    assert top.role() is QAccessible.Role.List
    gone = top.child(1)
    source.do(Remove(1, 1), Insert(4, (bubble(5, "New"),)))
    assert ("said", top.child(4).text(NAME)) in told
    assert ("ObjectCreated", top.child(4).text(NAME)) in told
    assert "m1" not in {getattr(node, "key", "") for node in nodes(view)}
    del gone
    view.activateWindow()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: told[-1][0] == "Focus", timeout=1000)
    assert top.focusChild().text(NAME) in texts[2:4]
    assert told[-1] == ("Focus", top.focusChild().text(NAME))
    assert top.focusChild().state().focused
    del top
    view.close()
    view.deleteLater()
    QCoreApplication.sendPostedEvents(view, QEvent.Type.DeferredDelete)
