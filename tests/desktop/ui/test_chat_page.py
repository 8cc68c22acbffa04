"""A conversation on screen, end to end on a real session: writing, failing, reading, scrolling, attaching."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from desktop.core.bubble import Bubble, Line, Tick
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import fonts
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.bubble_layout import Action
from desktop.ui.buttons import Button
from desktop.ui.chat_page import ChatPage
from desktop.ui.connection_bar import ConnectionBar
from desktop.ui.drop_target import DropTarget
from desktop.ui.outgoing import DISK_WORDS
from desktop.ui.pictures import Pictures
from desktop.ui.seen_reporter import SeenReporter
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from protocol.shapes import User
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import MemoryOutboxFile
from tests.desktop.loop import QLoop


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
    yield Scene(server, anna, maya, talk, session, page, disk)
    page.detach()
    page.hide()
    page.deleteLater()
    pictures.close()
    await session.close()


def test_a_message_goes_out_and_gets_its_ticks(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            await s.write("Hello Maya")
            assert s.last().text == "Hello Maya"
            await until(lambda: s.page.composer.text() == "")
            await until(lambda: s.last().tick is Tick.SENT)
            s.server.read(s.maya.user_id, s.talk, 4)
            await until(lambda: s.last().tick is Tick.READ)
            assert [m.content for m in s.server.conversations[s.talk].messages][-1] == "Hello Maya"

    qloop(scene())


def test_shift_enter_breaks_the_line_and_the_field_grows_up_to_eight_lines(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            field = s.page.composer.field
            assert field.height() == 42
            heights = []
            for _ in range(12):
                QTest.keyClicks(field, "x")
                QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
                heights.append(field.height())
            assert heights == sorted(heights)
            assert heights[-1] == heights[-3] < 200
            assert s.bubbles() == []

    qloop(scene())


def test_nothing_to_send_sends_nothing(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            await s.write("   ")
            s.page.composer.send.click()
            assert s.bubbles() == []

    qloop(scene())


@pytest.mark.allow_logs("outbox")
def test_a_disk_that_refuses_keeps_the_text(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            s.disk.broken = OSError("disk full")
            await s.write("Precious")
            await until(lambda: s.page.composer.problem() == DISK_WORDS)
            assert s.page.composer.text() == "Precious"
            s.disk.broken = None
            s.page.composer.send.click()
            await until(lambda: s.page.composer.text() == "")
            await until(lambda: [b.text for b in s.bubbles()] == ["Precious"])

    qloop(scene())


def test_what_is_written_while_the_message_is_saved_stays(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            QTest.keyClicks(s.page.composer.field, "first")
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Return)
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Return)
            QTest.keyClicks(s.page.composer.field, " second")
            await until(lambda: s.page.composer.text() == " second")
            await until(lambda: s.last().tick is Tick.SENT)
            assert [b.text for b in s.bubbles()] == ["first"]

    qloop(scene())


def test_each_conversation_keeps_its_own_unsent_text(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben", "Ben Hill").user_id)
            await asyncio.sleep(0.02)
            s.page.composer.insert("for Maya")
            s.page.open(other)
            assert s.page.composer.text() == ""
            assert s.page.composer.field.placeholderText() == "Message Ben"
            s.page.composer.insert("for Ben")
            s.page.open(s.talk)
            assert s.page.composer.text() == "for Maya"
            s.page.close_conversation()
            s.page.open(other)
            assert s.page.composer.text() == "for Ben"

    qloop(scene())


def test_a_too_long_text_is_refused_with_the_limit_and_kept(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(limits=Limits(content_chars=100)) as s:
            s.page.composer.insert("x" * 90)
            assert s.page.composer.count_words() == ""
            s.page.composer.insert("x" * 20)
            assert s.page.composer.count_words() == "110 / 100"
            s.page.outgoing.send()
            assert "100" in s.page.composer.problem()
            assert s.page.composer.text() == "x" * 110

    qloop(scene())


def test_a_refused_message_can_be_retried_edited_copied_and_deleted(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            refusal = Refused(ErrorCode.FORBIDDEN, "Maya has left. Ask her to come back.")
            s.server.refuse_next("send_message", refusal, refusal, refusal)
            await s.write("Hello")
            await until(lambda: s.last().tick is Tick.FAILED)
            assert s.last().failure == "Maya has left. Ask her to come back."
            actions = s.page.message_actions
            actions.click(Hit(Target.ACTION, s.last(), action=Action.COPY))
            assert QApplication.clipboard().text() == "Hello"
            actions.click(Hit(Target.ACTION, s.last(), action=Action.RETRY))
            await until(lambda: s.last().tick is Tick.WAITING)
            await until(lambda: s.last().tick is Tick.FAILED)
            s.page.composer.insert("written meanwhile")
            actions.click(Hit(Target.ACTION, s.last(), action=Action.EDIT))
            await until(lambda: s.bubbles() == [])
            assert s.page.composer.text() == "written meanwhile\nHello"
            s.page.outgoing.send()
            await until(lambda: bool(s.bubbles()) and s.last().tick is Tick.FAILED)
            actions.click(Hit(Target.ACTION, s.last(), action=Action.DELETE))
            await until(lambda: s.bubbles() == [])

    qloop(scene())


def test_the_menu_offers_what_works_and_nothing_else(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:

            def offered(hit: Hit) -> list[str]:
                return [action.text() for action in s.page.message_actions.menu(hit).actions()]

            theirs = s.last()
            assert offered(Hit(Target.BUBBLE, theirs)) == ["Copy", "Mark unread from here"]
            link = Hit(Target.LINK, theirs, url="https://example.org")
            assert offered(link)[:2] == ["Open link", "Copy link"]
            s.server.cut()
            await s.write("Offline")
            await until(lambda: s.last().tick is Tick.WAITING)
            assert offered(Hit(Target.BUBBLE, s.last())) == ["Copy", "Edit", "Delete"]

    qloop(scene())


def test_typing_is_told_and_shown(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:

            def told() -> list[bool]:
                return [call.is_typing for name, call in s.server.calls if name == "typing"]

            QTest.keyClicks(s.page.composer.field, "a")
            await until(lambda: told() == [True])
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Backspace)
            await until(lambda: told()[-1] is False)
            s.server.type(s.maya.user_id, s.talk)
            await until(lambda: "is typing…" in s.page.typing_line())
            assert s.page.header.status_words() == "typing…"
            await until(lambda: s.page.typing_line() == "")

    qloop(scene())


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


def test_messages_that_cannot_be_loaded_can_be_asked_for_again(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben", "Ben").user_id)
            s.server.lose_pushes(3)
            for _ in range(3):
                s.server.post(s.anna.user_id, other, "unseen")
            s.server.refuse_next("history", Refused(ErrorCode.SERVER_ERROR, "Try again in a minute."))
            conversation = s.server.conversations[other].shown(s.anna.user_id)
            s.server.push("conversation_updated", structs.replace(conversation), s.anna.user_id)
            await asyncio.sleep(0.005)
            s.page.open(other)
            state = s.session.timeline(other).state
            await until(lambda: state.value.phase in {"error", "ready", "empty"})
            if state.value.phase == "error":
                assert s.page.pane.state_title() == "The messages could not be loaded"
                next(b for b in s.page.pane.findChildren(Button) if b.text() == "Try again").click()
            await until(lambda: len(s.bubbles()) == 3)

    qloop(scene())


def test_files_are_staged_sent_and_shown(qloop: QLoop, tmp_path: Path) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(b"content")

    async def scene() -> None:
        async with opened() as s:
            s.page.outgoing.stage([report, report])
            await until(lambda: len(s.page.composer.staged.files()) == 1)
            s.page.composer.insert("The report")
            s.page.composer.send.click()
            await until(lambda: bool(s.bubbles()) and s.last().tick is Tick.SENT)
            assert (s.last().text, s.last().files[0].name) == ("The report", "report.pdf")
            await until(lambda: s.page.composer.unsent().files == ())

    qloop(scene())


def test_an_upload_can_be_cancelled(qloop: QLoop, tmp_path: Path) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(b"content")

    async def scene() -> None:
        async with opened() as s:
            s.server.upload_gate = asyncio.Event()
            s.page.outgoing.stage([report])
            await until(lambda: bool(s.page.composer.staged.files()))
            s.page.outgoing.send()
            await until(lambda: bool(s.bubbles()) and s.last().files[0].progress is not None)
            s.page.message_actions.click(Hit(Target.CANCEL, s.last(), file=0))
            s.server.upload_gate.set()
            await until(lambda: s.bubbles() == [])

    qloop(scene())


def test_too_large_files_folders_and_missing_files_are_refused_before_upload(qloop: QLoop, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x" * 3000)
    (tmp_path / "photo.png").write_bytes(b"x" * 1500)

    async def scene() -> None:
        async with opened(limits=Limits(file_bytes=2000, image_bytes=1000)) as s:
            for name, words in (
                ("film.mp4", "A file may have 2 KB"),
                ("photo.png", "A picture may have 1 KB"),
                ("", "is a folder"),
                ("gone.txt", "cannot be read"),
            ):
                s.page.composer.show_problem("")
                s.page.outgoing.stage([tmp_path / name])
                await until(lambda: s.page.composer.problem() != "")
                assert words in s.page.composer.problem()
            assert s.page.composer.staged.files() == ()
            assert not any(name == "upload" for name, _ in s.server.calls)

    qloop(scene())


def test_dropped_files_and_pasted_pictures_are_staged(qloop: QLoop, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("words")

    async def scene() -> None:
        async with opened() as s:
            mime = QMimeData()
            mime.setUrls([QUrl.fromLocalFile(str(note))])
            buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
            enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, buttons, keys)
            s.page.dragEnterEvent(enter)
            assert enter.isAccepted()
            target = s.page.findChild(DropTarget)
            assert target is not None
            assert target.isVisible()
            s.page.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, buttons, keys))
            assert not target.isVisible()
            await until(lambda: len(s.page.composer.staged.files()) == 1)
            picture = QMimeData()
            image = QImage(20, 10, QImage.Format.Format_RGB32)
            image.fill(QColor("red"))
            picture.setImageData(image)
            s.page.composer.field.insertFromMimeData(picture)
            await until(lambda: len(s.page.composer.staged.files()) == 2)
            assert s.page.composer.staged.files()[1].path.suffix == ".png"
            QTest.keyClick(s.page.composer.staged, Qt.Key.Key_Delete)
            left = s.page.composer.staged.files()
            assert [file.path.suffix for file in left] == [".png"]
            s.page.outgoing.close()
            assert not left[0].path.exists()

    qloop(scene())


def test_pasted_html_is_its_plain_text(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            mime = QMimeData()
            mime.setHtml("<b>bold</b>")
            mime.setText("bold")
            s.page.composer.field.insertFromMimeData(mime)
            assert s.page.composer.text() == "bold"

    qloop(scene())


def test_the_file_dialog_opens_beside_the_running_loop(qloop: QLoop, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("words")

    async def scene() -> None:
        async with opened() as s:
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
            dialog = s.page.findChild(QFileDialog)
            assert dialog is not None
            dialog.filesSelected.emit([str(note)])
            dialog.reject()
            await until(lambda: len(s.page.composer.staged.files()) == 1)

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
