"""What is done with whole conversations in the list: menu, looks, sections, and the row that stands still."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox

from desktop.core import moments
from desktop.core.bubble import ConversationRow
from desktop.core.choices import FOR_GOOD_MS
from desktop.core.ports import Clock
from desktop.models.conversation_model import ConversationFilter, ConversationModel
from desktop.models.roles import Role
from desktop.ui import fonts, theme
from desktop.ui.conversation_delegate import Badge, badge_of
from desktop.ui.conversation_menu import conversation_menu
from desktop.ui.conversation_view import ConversationView
from protocol.times import from_wire
from tests.desktop.conversation_rows import Rows, row
from tests.desktop.doubles import until
from tests.desktop.fake_own import open_group, unseat
from tests.desktop.loop import QLoop
from tests.desktop.ui.test_conversation_list import Scene, scene


def entries(menu: QMenu) -> list[str]:
    return [entry.text() for entry in menu.actions() if entry.text()]


def press(menu: QMenu, *path: str) -> None:
    """Choose an entry by its words, through submenus."""
    for words in path:
        entry = next(one for one in menu.actions() if one.text() == words)
        submenu = entry.menu()
        if isinstance(submenu, QMenu):
            menu = submenu
        else:
            entry.trigger()


def shown(s: Scene, conversation_id: int) -> ConversationRow:
    rows = s.session.conversations.rows
    return next(one for one in rows if one.conversation_id == conversation_id)


def menu_of(s: Scene, conversation_id: int) -> QMenu:
    return conversation_menu(shown(s, conversation_id), s.pane.work, s.pane)


def test_each_entry_does_what_it_says(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            maya, sofia = s.add("Maya", "1"), s.add("Sofia", "2")
            await s.start()
            press(menu_of(s, maya), "Pin to top")
            await until(lambda: s.titles() == ["Maya", "Sofia"])
            press(menu_of(s, maya), "Unpin")
            await until(lambda: s.titles() == ["Sofia", "Maya"])
            press(menu_of(s, maya), "Mark as read")
            assert shown(s, maya).unread == 0
            await until(lambda: s.server.conversations[maya].own_of(s.me.user_id).unread_count == 0)
            press(menu_of(s, maya), "Mark as unread")
            await until(lambda: shown(s, maya).unread == 1)
            press(menu_of(s, maya), "Notify me about", "Only when you are named")
            await until(lambda: s.server.conversations[maya].own_of(s.me.user_id).notify == "mentions")
            press(menu_of(s, sofia), "Archive")
            await until(lambda: s.titles() == ["Maya"])
            assert s.pane.archived_chip.isVisible()
            s.pane.archived_chip.click()
            assert s.titles() == ["Sofia"]
            press(menu_of(s, sofia), "Move out of the archive")
            await until(lambda: s.pane.notice.title() == "Nothing archived")
            s.pane.notice.button.click()
            assert s.titles() == ["Sofia", "Maya"]

    qloop(play())


def test_mutes_last_as_long_as_they_say(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            maya = s.add("Maya", "1")
            await s.start()

            def left_ms() -> int:
                until_ms = s.server.conversations[maya].own_of(s.me.user_id).muted_until
                return 0 if until_ms is None else from_wire(until_ms) - s.server.now_ms

            for words, ms in (("For 1 hour", moments.HOUR_MS), ("For 8 hours", 8 * moments.HOUR_MS)):
                press(menu_of(s, maya), "Mute", words)
                await until(lambda: left_ms() > 0)
                assert ms - 5_000 < left_ms() <= ms
                press(menu_of(s, maya), "Unmute")
                await until(lambda: not shown(s, maya).muted and left_ms() == 0)
            # The clocks begin at noon: twenty hours until eight.
            press(menu_of(s, maya), "Mute", "Until tomorrow")
            await until(lambda: 20 * moments.HOUR_MS - 5_000 < left_ms() <= 20 * moments.HOUR_MS)
            press(menu_of(s, maya), "Unmute")
            await until(lambda: not shown(s, maya).muted)
            press(menu_of(s, maya), "Mute", "For good")
            await until(lambda: left_ms() > FOR_GOOD_MS // 2)

    qloop(play())


def test_blocking_and_leaving_are_asked_first(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            maya = s.add("Maya", "1")
            group = open_group(s.server, s.me.user_id, "Trip", 2)
            await s.start()
            assert "Leave group…" not in entries(menu_of(s, maya))
            assert "Block…" not in entries(menu_of(s, group))

            async def answer(words: str) -> None:
                await until(lambda: s.pane.findChildren(QMessageBox))
                box = s.pane.findChildren(QMessageBox)[-1]
                next(button for button in box.buttons() if button.text() == words).click()
                await until(lambda: not s.pane.findChildren(QMessageBox))

            press(menu_of(s, maya), "Block…")
            await answer("Cancel")
            assert not shown(s, maya).blocked
            press(menu_of(s, maya), "Block…")
            await answer("Block")
            await until(lambda: s.server.conversations[maya].own_of(s.me.user_id).blocked)
            press(menu_of(s, maya), "Unblock")
            await until(lambda: not s.server.conversations[maya].own_of(s.me.user_id).blocked)
            press(menu_of(s, group), "Leave group…")
            await answer("Leave group")
            await until(lambda: s.titles() == ["Maya"])

    qloop(play())


def test_who_is_taken_out_of_a_group_is_told(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            s.add("Maya", "1")
            await s.start()
            owner = next(user_id for user_id in s.server.users if user_id != s.me.user_id)
            group = open_group(s.server, owner, "Trip", s.me.user_id)
            await until(lambda: "Trip" in s.titles())
            unseat(s.server, owner, s.server.conversations[group], s.me.user_id)
            await until(lambda: s.titles() == ["Maya"])
            assert "no longer in the group" in s.pane.toast.accessibleName()
            assert "Trip" in s.pane.toast.accessibleName()

    qloop(play())


def test_the_menu_opens_by_mouse_and_by_keyboard(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            s.add("Maya", "1")
            sofia = s.add("Sofia", "2")
            await s.start()
            asked: list[ConversationRow] = []
            s.pane.view.menu_asked.disconnect()
            s.pane.view.menu_asked.connect(lambda row, _at: asked.append(row))
            s.pane.view.enter()
            QTest.keyClick(s.pane.view, Qt.Key.Key_Menu)
            QTest.keyClick(s.pane.view, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
            assert [one.conversation_id for one in asked] == [sofia, sofia]

    qloop(play())


def test_the_open_row_stays_under_the_pointer(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            maya, sofia = s.add("Maya", "1"), s.add("Sofia", "2")
            await s.start()
            s.pane.mark_open(maya)
            s.pane.view.pointed.emit(True)
            s.server.post(2, maya, "Still there?")
            await until(lambda: shown(s, maya).preview.text == "Still there?")
            assert s.titles() == ["Sofia", "Maya"]
            assert s.pane.shown.index(1, 0).data(Role.ROW).preview.text == "Still there?"
            s.pane.view.pointed.emit(False)
            assert s.titles() == ["Maya", "Sofia"]
            assert s.pane.shown.index_of(sofia).row() == 1

    qloop(play())


def test_what_stands_at_the_end_of_a_row() -> None:
    assert badge_of(row(1)) is None
    assert badge_of(row(1, unread=120, pinned=True)) == Badge("loud", "99+")
    assert badge_of(row(1, unread=3, muted=True)) == Badge("quiet", "3")
    assert badge_of(row(1, marked_unread=True, pinned=True)) == Badge("dot")
    assert badge_of(row(1, pinned=True)) == Badge("pin")


def view_of(*rows: ConversationRow) -> tuple[Rows, ConversationView]:
    theme.install("light")
    fonts.install()
    source = Rows(*rows)
    model = ConversationModel(source, Clock(lambda: 0))
    view = ConversationView(ConversationFilter(model), lambda _url, _size: None)
    model.setParent(view)
    view.resize(311, 320)
    view.show()
    return source, view


def test_a_draft_is_told_in_another_colour_and_not_where_it_is_written(qapp: QApplication) -> None:
    _, view = view_of(row(1, draft="Dear all"))

    def reds() -> int:
        image = view.grab().toImage()
        bad = theme.current().bad
        pixels = (image.pixelColor(x, y) for x in range(70, 120) for y in range(30, 54))
        return sum(_is_near(pixel, bad) for pixel in pixels)

    assert reds() > 10
    view.mark_open(1)
    assert reds() == 0
    view.close()


def _is_near(one: QColor, other: QColor) -> bool:
    return abs(one.red() - other.red()) + abs(one.green() - other.green()) + abs(one.blue() - other.blue()) < 60


def test_unread_rows_beyond_the_edges_are_told_and_led_to(qapp: QApplication) -> None:
    rows = [row(number, unread=int(number in {20, 30}), muted=number == 30) for number in range(1, 41)]
    _, view = view_of(*rows)
    view.look_beyond()
    assert (view.above.isVisible(), view.below.isVisible()) == (False, True)
    assert view.below.accessibleName() == "1 unread below"
    view.below.click()
    view.look_beyond()
    assert not view.below.isVisible()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    view.look_beyond()
    assert view.above.count() == 1
    view.above.click()
    assert view.visualRect(view.model().index(19, 0)).intersects(view.viewport().rect())
    QTest.mouseMove(view.viewport(), QPoint(10, 10))
    view.close()
