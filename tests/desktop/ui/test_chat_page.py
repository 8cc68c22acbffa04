"""A conversation on screen, on a real session: reading, scrolling, and what stands in its place."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollBar, QWidget

from desktop.core.bubble import Bubble, Line
from desktop.core.ports import HistoryPage
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.buttons import Button
from desktop.ui.connection_bar import ConnectionBar
from desktop.ui.image_viewer import ImageViewer
from desktop.ui.seen_reporter import SeenReporter
from protocol.errors import ErrorCode, Refused
from tests.desktop import timeline_rows
from tests.desktop.chat_scene import opened
from tests.desktop.doubles import until
from tests.desktop.fake_own import open_group
from tests.desktop.loop import QLoop


def test_messages_count_as_read_only_in_a_focused_window_after_a_while(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(5, read=0) as s:
            focus, seen = [False], list[int]()
            reporter = SeenReporter(s.page.pane.view, lambda: focus[0], after_ms=30)
            reporter.seen.connect(seen.append)
            reporter.restart()
            await asyncio.sleep(0.1)
            assert seen == []
            focus[0] = True
            reporter.look()
            await until(lambda: seen == [5])
            s.server.post(s.maya.user_id, s.talk, "Another")
            await until(lambda: seen == [5, 6])
            reporter.pause()
            s.server.post(s.maya.user_id, s.talk, "One more")
            await asyncio.sleep(0.1)
            assert seen == [5, 6]

    qloop(scene())


def test_what_the_reader_has_seen_moves_the_cursor(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(5, read=0) as s:
            s.page.activateWindow()
            await until(s.page.isActiveWindow)
            members = s.server.conversations[s.talk].members
            assert members[s.anna.user_id].read_position == 0
            await until(lambda: members[s.anna.user_id].read_position == 5)
            assert s.session.unread_total.value == 0

    qloop(scene())


def test_marked_unread_stays_unread_while_the_conversation_is_open(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(5) as s:
            menu = s.page.message_actions.menu(Hit(Target.BUBBLE, s.bubbles()[2]))
            next(a for a in menu.actions() if a.text().startswith("Mark unread")).trigger()
            await until(lambda: s.session.unread_total.value == 3)
            s.page.activateWindow()
            s.server.post(s.maya.user_id, s.talk, "Another")
            await asyncio.sleep(1.2)
            assert s.session.unread_total.value == 4

    qloop(scene())


def test_unread_messages_open_at_the_divider(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(80, read=40) as s:
            view = s.page.pane.view
            keys = {row.key: box for _, row, box in view.visible_rows()}
            assert 0 < keys["unread"].top() < view.viewport().height() / 3
            assert s.page.pane.jump.isVisible()
            assert s.page.pane.jump.count() > 0
            s.page.pane.jump.click()
            assert view.at_bottom()
            assert not s.page.pane.jump.isVisible()

    qloop(scene())


def test_what_came_while_the_window_was_behind_begins_at_a_divider(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            other = QWidget()
            other.show()
            other.activateWindow()
            await until(lambda: not s.page.isActiveWindow())
            s.server.post(s.maya.user_id, s.talk, "While you were away")
            await until(lambda: len(s.bubbles()) == 4)
            timeline = s.session.timeline(s.talk)
            assert timeline.first_unread is None
            s.page.activateWindow()
            await until(lambda: timeline.first_unread == 4)
            assert timeline.index_of("unread") is not None
            other.hide()
            other.deleteLater()

    qloop(scene())


def test_every_control_says_what_it_is(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            controls = [w for w in s.page.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
            visible = [w for w in controls if w.isVisible() and not isinstance(w, QScrollBar)]
            assert len(visible) >= 4
            assert [type(w).__name__ for w in visible if not w.accessibleName()] == []

    qloop(scene())


def test_new_messages_below_are_counted_on_the_button(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(60) as s:
            view = s.page.pane.view
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 200)
            assert s.page.pane.jump.count() == 0
            s.server.post(s.maya.user_id, s.talk, "New")
            await until(lambda: s.page.pane.jump.count() == 1)
            await s.write("Mine leads to the end")
            await until(view.at_bottom)

    qloop(scene())


def test_older_pages_come_before_the_top_and_move_nothing(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(300) as s:
            view = s.page.pane.view
            first = s.bubbles()[0].position
            view.verticalScrollBar().setValue(350)
            tops = {row.key: box.top() for _, row, box in view.visible_rows()}
            await until(lambda: (s.bubbles()[0].position or 0) < (first or 0))
            assert {row.key: box.top() for _, row, box in view.visible_rows()} == tops
            while s.session.timeline(s.talk).has_older:
                view.verticalScrollBar().setValue(0)
                await asyncio.sleep(0.06)
            assert s.bubbles()[0].position == 1
            s.page.pane.to_latest()
            await until(view.at_bottom)
            assert s.last().position == 300

    qloop(scene())


def test_keys_in_the_composer_reach_the_timeline(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(60) as s:
            field, view = s.page.composer.field, s.page.pane.view
            QTest.keyClick(field, Qt.Key.Key_PageUp)
            assert not view.at_bottom()
            place = view.verticalScrollBar().value()
            s.page.composer.insert("written")
            QTest.keyClick(field, Qt.Key.Key_End)
            assert view.verticalScrollBar().value() == place
            field.clear()
            QTest.keyClick(field, Qt.Key.Key_End)
            assert view.at_bottom()

    qloop(scene())


def test_a_long_way_back_and_to_the_latest_again(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(700) as s:
            view, timeline = s.page.pane.view, s.session.timeline(s.talk)
            bar = view.verticalScrollBar()
            while timeline.has_older:
                bar.setValue(0)
                await asyncio.sleep(0.05)
            assert timeline.has_newer
            assert len(s.bubbles()) <= 400
            bar.setValue(bar.maximum())
            assert not view.at_bottom()
            shown = {row.key: box.top() for _, row, box in view.visible_rows()}
            await until(lambda: bar.maximum() - bar.value() > 200)
            assert shown.items() <= {row.key: box.top() for _, row, box in view.visible_rows()}.items()
            assert s.page.pane.jump.isVisible()
            s.page.pane.jump.click()
            await until(lambda: not timeline.has_newer)
            await until(view.at_bottom)
            assert s.last().position == 700
            s.server.post(s.maya.user_id, s.talk, "Latest")
            await until(lambda: s.last().position == 701)
            assert view.at_bottom()

    qloop(scene())


def test_leaving_and_coming_back_finds_the_same_place(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(120) as s:
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben").user_id)
            view = s.page.pane.view
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 700)
            await asyncio.sleep(0.1)
            tops = {row.key: box.top() for _, row, box in view.visible_rows()}
            s.page.open(other)
            await asyncio.sleep(0.05)
            s.page.open(s.talk)
            await asyncio.sleep(0.05)
            assert {row.key: box.top() for _, row, box in view.visible_rows()} == tops

    qloop(scene())


def test_an_empty_a_missing_and_no_conversation_say_so(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            assert s.page.pane.state_title() == "No messages yet"
            s.server.post(s.maya.user_id, s.talk, "Hi")
            await until(lambda: s.page.pane.state_title() == "")

    qloop(scene())


def test_what_turns_out_to_be_a_group_gets_its_names(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            s.server.lose_pushes(100)
            group = open_group(s.server, s.maya.user_id, "Harbour team", s.anna.user_id)
            s.server.post(s.maya.user_id, group, "Hello all")
            s.page.open(group)
            await until(lambda: s.bubbles() and s.last().text == "Hello all")
            assert not s.page.pane.view.delegate.named
            s.server.lost_pushes = 0
            s.server.post(s.maya.user_id, group, "Is everybody here?")
            await until(lambda: s.page.pane.view.delegate.named)
            assert s.last().text == "Is everybody here?"
            s.page.open(s.talk)
            assert not s.page.pane.view.delegate.named

    qloop(scene())


def test_only_what_is_half_in_sight_counts_as_seen(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(60) as s:
            view, seen = s.page.pane.view, list[int]()
            reporter = SeenReporter(view, lambda: True, after_ms=10)
            reporter.seen.connect(seen.append)
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 600)
            reporter.restart()
            await until(lambda: bool(seen))
            screen = view.viewport().rect()
            halves = [
                row.position
                for _, row, box in view.visible_rows()
                if isinstance(row, Bubble) and box.intersected(screen).height() * 2 >= box.height()
            ]
            assert seen == [max(position or 0 for position in halves)]
            assert seen[0] < 60

    qloop(scene())


def test_a_slow_page_shows_grey_shapes_and_a_quick_one_does_not(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben", "Ben").user_id)
            s.server.lose_pushes(3)
            for _ in range(3):
                s.server.post(s.anna.user_id, other, "not heard of")
            s.server.push("conversation_updated", s.server.conversations[other].shown(s.anna.user_id), s.anna.user_id)
            await until(lambda: len(s.session.conversations.rows) == 2)
            gate = asyncio.Event()
            fetch = s.session.api.history

            async def slow(conversation_id: int, **places: Any) -> HistoryPage:
                await gate.wait()
                return await fetch(conversation_id, **places)

            s.session.api.history = slow  # type: ignore[method-assign]  # a server that takes its time
            s.page.open(other)
            assert s.page.pane.state_title() == ""
            await until(lambda: s.page.pane.state_title() == "Loading")
            gate.set()
            await until(lambda: s.page.pane.state_title() == "")
            assert len(s.bubbles()) == 3

    qloop(scene())


def test_messages_that_cannot_be_loaded_can_be_asked_for_again(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben", "Ben").user_id)
            s.server.lose_pushes(3)
            for _ in range(3):
                s.server.post(s.anna.user_id, other, "unseen")
            s.server.refuse_next("history", Refused(ErrorCode.SERVER_ERROR, "Try again in a minute."))
            conversation = s.server.conversations[other].shown(s.anna.user_id)
            s.server.push("conversation_updated", structs.replace(conversation, last_message=None), s.anna.user_id)
            await asyncio.sleep(0.005)
            s.page.open(other)
            state = s.session.timeline(other).state
            await until(lambda: state.value.phase == "error")
            assert s.page.pane.state_title() == "The messages could not be loaded"
            next(b for b in s.page.pane.findChildren(Button) if b.text() == "Try again").click()
            await until(lambda: len(s.bubbles()) == 3)

    qloop(scene())


def test_the_line_is_told_only_after_a_while(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            bar = ConnectionBar(patience_ms=80)
            ends = s.session.connection.subscribe(bar.show_connection)
            s.server.cut()
            await until(lambda: s.session.connection.value.line is not Line.CONNECTED)
            assert bar.words() == ""
            await until(lambda: bar.words() != "")
            assert s.page.bar.words() == ""
            s.server.restore()
            await until(lambda: s.session.connection.value.line is Line.CONNECTED)
            assert bar.words() == ""
            ends()
            bar.deleteLater()

    qloop(scene())


def test_pictures_are_opened_and_closed_again_and_again(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            picture = timeline_rows.bubble(1, "First", files=(timeline_rows.image("a.jpg"),))
            for _ in range(2):
                s.page.message_actions.picture_opened.emit(picture, 0)
                (viewer,) = s.page.findChildren(ImageViewer)
                assert viewer.isVisible()
                QTest.keyClick(viewer, Qt.Key.Key_Escape)
                await until(lambda: not s.page.findChildren(ImageViewer))
            s.page.close_conversation()

    qloop(scene())
