"""Finding things with the keyboard: switcher, searches, visits, regions, shortcuts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCalendarWidget, QMenu, QWidget

from desktop.core import finder
from desktop.core.bubble import ConversationRow
from desktop.core.finder import Hit, Scope
from desktop.models.results_model import Heading, MoreRow
from desktop.ui.shortcuts import ACTIONS, BY_NAME, latin_key, shown_keys
from desktop.ui.shortcuts_page import ShortcutsSheet
from desktop.ui.switcher import Switcher
from desktop.ui.text_formats import SOUGHT_GROUND
from desktop.ui.window_actions import Visits
from protocol.shapes import User
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop
from tests.desktop.ui.test_main_window import ALT, CTRL, Scene, scene

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "PAUSE_S", 0.02)


def rows(switcher: Switcher) -> list[str]:
    entries = switcher.entries.entries()
    named = (entry for entry in entries if isinstance(entry, ConversationRow | User))
    return [entry.title if isinstance(entry, ConversationRow) else entry.display_name for entry in named]


def test_the_switcher_leads_back_and_to_whom_a_few_letters_mean(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.server.add_user("dora", "Dora Klein")
            s.window.open_conversation(s.cleo)
            s.window.open_conversation(s.ben)
            s.press(Qt.Key.Key_K, CTRL)
            switcher = s.window.findChildren(Switcher)[-1]
            assert rows(switcher) == ["Ben", "Cleo"]
            QTest.keyClick(switcher, Qt.Key.Key_Return)
            assert s.window.chat.conversation_id == s.cleo
            s.press(Qt.Key.Key_K, CTRL)
            switcher = s.window.findChildren(Switcher)[-1]
            QTest.keyClicks(switcher.field, "dk")
            assert switcher.notice.title() == "Nobody found"
            switcher.field.clear()
            QTest.keyClicks(switcher.field, "dora")
            await until(lambda: rows(switcher) == ["Dora Klein"])
            QTest.keyClick(switcher, Qt.Key.Key_Return)
            await until(lambda: s.window.chat.conversation_id == 3)

    qloop(play())


async def searched(s: Scene, text: str) -> None:
    """Type into the search of everything and wait for the whole answer."""
    s.press(Qt.Key.Key_F, CTRL | SHIFT)
    s.window.list.search.clear()
    QTest.keyClicks(s.window.list.search, text)
    done = {Scope.EVERYWHERE, Scope.DEVICE_ALONE}
    await until(lambda: s.window.list.searching.results.value.scope in done)


def yellow(view: QWidget) -> int:
    """How much of it stands out as what is searched for."""
    image = view.grab().toImage()
    places = ((x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2))
    return sum(image.pixelColor(x, y) == SOUGHT_GROUND for x, y in places)


def test_a_hit_opens_in_context_and_the_query_stays(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            for number in range(3):
                s.server.post(2, s.ben, f"needle {number}")
                for _ in range(30):
                    s.server.post(2, s.ben, "hay")
            await until(lambda: s.session.held(s.ben).last_position == 94)
            await searched(s, "needle")
            pane = s.window.list
            entries = pane.entries.entries()
            assert entries[0] == Heading("Messages", "everywhere")
            hits = [entry for entry in entries if isinstance(entry, Hit)]
            assert [hit.text for hit in hits] == ["needle 2", "needle 1", "needle 0"]
            QTest.keyClick(pane.search, Qt.Key.Key_Down)
            QTest.keyClick(pane.search, Qt.Key.Key_Return)
            assert s.window.chat.conversation_id == s.ben
            bar, view = s.window.chat.search_bar, s.window.chat.pane.view
            await until(lambda: bar.count.text() == "2 of 3")

            def seen(text: str) -> bool:
                return any(getattr(row, "text", "") == text for _, row, _ in view.visible_rows())

            await until(lambda: seen("needle 1"))
            QTest.keyClick(bar.field, Qt.Key.Key_Return)
            await until(lambda: bar.count.text() == "3 of 3" and seen("needle 0"))
            QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
            QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
            await until(lambda: bar.count.text() == "1 of 3" and seen("needle 2"))
            assert yellow(view) > 100
            assert pane.query() == "needle"
            assert pane.places.currentWidget() is pane.results
            QTest.keyClick(bar.field, Qt.Key.Key_Escape)
            assert bar.isHidden()
            assert yellow(view) == 0
            pane.focus_search()
            QTest.keyClick(pane.search, Qt.Key.Key_Escape)
            assert pane.places.currentWidget() is pane.view
            # Nothing is to be seen, and so reported as read, while the session closes.
            s.window.close_conversation()

    qloop(play())


def test_operators_are_offered_and_older_hits_asked_for(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            for day in range(3):
                s.server.now_ms += 24 * 3600 * 1000
                for _ in range(40):
                    s.server.post(2, s.ben, f"plenty {day}")
            await searched(s, "plenty fr")
            assert s.window.list.offers.words() == ["plenty from:"]
            s.window.list.offers.chosen.emit("plenty from:")
            QTest.keyClicks(s.window.list.search, "b")
            assert s.window.list.offers.words() == ["plenty from:Ben "]
            await searched(s, "plenty from:ben")
            entries = s.window.list.entries
            await until(lambda: isinstance(entries.entries()[-1], MoreRow))
            s.window.list.results.more_wanted.emit()
            await until(lambda: sum(isinstance(entry, Hit) for entry in entries.entries()) == 120)

    qloop(play())


def test_nothing_found_says_where_was_searched(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.server.cut()
            await searched(s, "nowhere")
            assert s.window.list.notice.title() == "Nothing found"
            assert "on this device" in s.window.list.notice.accessibleName()

    qloop(play())


def test_a_search_in_the_conversation_and_a_jump_to_a_date(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            for day in range(4):
                s.server.now_ms += 24 * 3600 * 1000
                for number in range(40):
                    s.server.post(2, s.ben, f"day {day} number {number}")
            await until(lambda: s.session.held(s.ben).last_position == 161)
            s.window.open_conversation(s.ben)
            s.press(Qt.Key.Key_F, CTRL)
            bar, jumps = s.window.chat.search_bar, list[int]()
            assert bar.field.hasFocus()
            QTest.keyClicks(bar.field, "number 39")
            await until(lambda: bar.count.text() == "4 found")
            bar.jump_wanted.connect(lambda position, _uid: jumps.append(position))
            first = s.server.conversations[s.ben].messages[81]
            bar.jump_to_day(datetime.fromtimestamp(s.server.now_ms / 1000 - 24 * 3600, UTC).date())
            await until(lambda: jumps)
            assert jumps == [first.position]
            s.server.cut()
            bar.field.setText("absent")
            await until(lambda: bar.count.text() == "Nothing found")
            QTest.keyClick(bar, Qt.Key.Key_Escape)
            assert bar.isHidden()

    qloop(play())


def test_visits_go_back_forward_and_round() -> None:
    visits = Visits()
    for conversation in (1, 2, 3):
        visits.visit(conversation)
    everything = [1, 2, 3]
    assert visits.step(-1, everything) == 2
    assert visits.step(-1, everything) == 1
    assert visits.step(-1, everything) is None
    assert visits.step(1, [1, 3]) == 3
    assert visits.step(1, everything) is None
    assert visits.recent() == [3, 1, 2]
    assert [visits.cycle(1, everything) for _ in range(4)] == [1, 2, 3, 1]
    visits.visit(1)
    assert visits.cycle(1, everything) == 3


def test_keys_go_between_conversations(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            chat = s.window.chat
            s.press(Qt.Key.Key_2, CTRL)
            assert chat.conversation_id == s.ben
            s.press(Qt.Key.Key_1, CTRL)
            assert chat.conversation_id == s.cleo
            s.press(Qt.Key.Key_Left, ALT)
            assert chat.conversation_id == s.ben
            s.press(Qt.Key.Key_Right, ALT)
            assert chat.conversation_id == s.cleo
            s.press(Qt.Key.Key_Tab, CTRL)
            assert chat.conversation_id == s.ben
            s.press(Qt.Key.Key_9, CTRL)
            assert chat.conversation_id == s.ben
            s.press(Qt.Key.Key_Period, CTRL)
            assert s.window.info.isVisible()
            s.press(Qt.Key.Key_Escape, SHIFT)
            await until(lambda: s.session.unread_total.value == 0)
            s.press(Qt.Key.Key_M, CTRL | SHIFT)
            await until(lambda: s.session.header(s.ben).value.muted)

    qloop(play())


def test_f6_goes_round_the_regions(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            s.window.toggle_info()
            await until(s.window.chat.pane.bubbles)
            regions = (s.window.rail, s.window.list, s.window.chat.pane, s.window.chat.composer, s.window.info)

            def here() -> int:
                focus = QApplication.focusWidget()
                assert focus is not None
                return next(at for at, part in enumerate(regions) if part is focus or part.isAncestorOf(focus))

            seen = []
            for _ in range(5):
                seen.append(here())
                s.press(Qt.Key.Key_F6)
            assert seen == [4, 0, 1, 2, 3]
            s.press(Qt.Key.Key_F6, SHIFT)
            assert here() == 3

    qloop(play())


def pressed(key: int, scan: int, virtual: int, modifiers: Qt.KeyboardModifier = CTRL) -> QKeyEvent:
    return QKeyEvent(QEvent.Type.KeyPress, key, modifiers, scan, virtual, 0, "")


RUSSIAN_EL = 0x041B
"""What the key of K writes in a Russian layout."""


@pytest.mark.parametrize(
    ("platform", "scan", "virtual"), [("linux", 45, 0x6CC), ("win32", 37, 0x4B), ("darwin", 1, 40)]
)
def test_a_key_counts_by_its_place_where_the_layout_is_not_latin(platform: str, scan: int, virtual: int) -> None:
    assert latin_key(pressed(RUSSIAN_EL, scan, virtual), platform) is Qt.Key.Key_K
    assert latin_key(pressed(int(Qt.Key.Key_K), scan, virtual), platform) is None


def test_shortcuts_work_in_a_russian_layout(qloop: QLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")

    async def play() -> None:
        async with scene(tmp_path) as s:
            QApplication.sendEvent(s.window, pressed(RUSSIAN_EL, 45, 0x6CC))
            assert s.dialogs() == [Switcher]

    qloop(play())


def test_no_two_actions_share_a_key_and_all_of_the_table_are_there() -> None:
    keys = [QKeySequence(one) for action in ACTIONS for one in action.keys]
    assert len({key.toString() for key in keys}) == len(keys)
    assert all(not key.isEmpty() for key in keys)
    for wanted in ("Ctrl+K", "Alt+Up", "Ctrl+Tab", "Ctrl+9", "Ctrl+F", "Ctrl+Shift+F", "Shift+PgUp", "Ctrl+.", "F6"):
        assert QKeySequence(wanted) in keys


def test_every_key_that_can_be_chosen_does_something(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            free = {action.name for action in ACTIONS if not action.fixed}
            assert set(s.window.acts.table()) | {"close", "quit"} == free

    qloop(play())


def test_keys_are_chosen_and_clashes_told(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.press(Qt.Key.Key_F1)
            page = s.window.findChildren(ShortcutsSheet)[-1].page
            button = page.buttons["switch"]
            button.click()
            assert button.text() == "Press keys…"
            QTest.keyClick(button, Qt.Key.Key_N, CTRL)
            assert "is taken by “New conversation”" in page.outcome.text()
            button.click()
            QTest.keyClick(button, Qt.Key.Key_J)
            assert "alone is for writing" in page.outcome.text()
            button.click()
            QTest.keyClick(button, Qt.Key.Key_J, CTRL)
            assert (button.text(), page.outcome.text()) == (shown_keys(["Ctrl+J"]), "")
            page.search.setText("switch")
            assert page.buttons["switch"].isVisible()
            assert not page.buttons["quit"].isVisible()
            s.window.findChildren(ShortcutsSheet)[-1].reject()
            s.press(Qt.Key.Key_K, CTRL)
            assert s.dialogs() == []
            s.press(Qt.Key.Key_J, CTRL)
            assert s.dialogs() == [Switcher]
            s.window.findChildren(Switcher)[-1].reject()
            assert s.settings.current.value.shortcuts == {"switch": "Ctrl+J"}
            s.window.shortcuts.reset()
            assert s.window.shortcuts.keys_of("switch") == BY_NAME["switch"].keys
            s.window.shortcuts.choose("search", QKeySequence())
            assert s.window.shortcuts.keys_of("search") == ()

    qloop(play())


def test_a_click_on_a_day_opens_a_calendar_there(qloop: QLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The offscreen platform complains of each popup that takes the pointer.
    monkeypatch.setattr(QMenu, "popup", lambda _menu, _at: None)

    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            jumps: list[int] = []
            s.window.chat.search_bar.jump_wanted.connect(lambda position, _uid: jumps.append(position))
            s.window.chat.pane.view.day_clicked.emit(s.server.now_ms)
            calendar = s.window.findChildren(QCalendarWidget)[-1]
            assert calendar.selectedDate() == QDate(2026, 11, 25)
            calendar.activated.emit(QDate(2026, 11, 25))
            await until(lambda: jumps == [1])

    qloop(play())
