"""Writing, on a real session: sending, failing, attaching, and what is said about it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from desktop.core.bubble import Tick
from desktop.core.ports import OutboxEntry
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.bubble_parts import Action
from desktop.ui.drop_target import DropTarget
from desktop.ui.message_field import MessageField
from desktop.ui.outgoing import DISK_WORDS
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.chat_scene import Scene, opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


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
            s.page.resize(380, 480)
            await asyncio.sleep(0.02)
            assert s.page.height() == 480
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


def test_a_page_that_goes_at_once_takes_no_message_along(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            s.server.cut()
            gate, put = asyncio.Event(), s.disk.put

            async def slowly(entry: OutboxEntry) -> None:
                await gate.wait()
                await put(entry)

            s.disk.put = slowly  # type: ignore[method-assign]  # a disk that takes its time
            QTest.keyClicks(s.page.composer.field, "Just in time")
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Return)
            await asyncio.sleep(0.02)
            s.page.detach()
            await asyncio.sleep(0.02)
            gate.set()
            await until(lambda: [entry.text for entry in s.disk.entries.values()] == ["Just in time"])

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
    (tmp_path / "nothing.txt").touch()

    async def scene() -> None:
        async with opened(limits=Limits(file_bytes=2000, image_bytes=1000)) as s:
            for name, words in (
                ("film.mp4", "a file may have 2 KB"),
                ("photo.png", "a picture may have 1 KB"),
                ("", "is a folder"),
                ("gone.txt", "cannot be read"),
                ("nothing.txt", "is empty"),
            ):
                s.page.composer.show_problem("")
                s.page.outgoing.stage([tmp_path / name])
                await until(lambda: s.page.composer.problem() != "")
                assert words in s.page.composer.problem()
            assert s.page.composer.staged.files() == ()
            assert not any(name == "upload" for name, _ in s.server.calls)

    qloop(scene())


def test_of_several_files_those_that_fit_are_staged_and_the_others_named(qloop: QLoop, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x" * 3000)
    (tmp_path / "note.txt").write_text("words")

    async def scene() -> None:
        async with opened(limits=Limits(file_bytes=2000)) as s:
            s.page.outgoing.stage([tmp_path / "film.mp4", tmp_path / "note.txt", tmp_path / "gone.txt"])
            await until(lambda: s.page.composer.problem() != "")
            assert [file.path.name for file in s.page.composer.staged.files()] == ["note.txt"]
            assert "film.mp4" in s.page.composer.problem()
            assert "gone.txt" in s.page.composer.problem()

    qloop(scene())


def test_limits_learned_later_count(qloop: QLoop, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"x" * 1500)

    async def scene() -> None:
        async with opened(limits=Limits(file_bytes=2000)) as s:
            s.session.limits = Limits(file_bytes=1000)
            s.page.outgoing.stage([tmp_path / "note.txt"])
            await until(lambda: "a file may have 1 KB" in s.page.composer.problem())
            with pytest.raises(Refused):
                await s.session.send_files(s.talk, [tmp_path / "note.txt"])

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


def test_what_is_typed_or_pasted_over_the_timeline_is_written(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            QTest.keyClicks(s.page.pane.view, "ab")
            QApplication.clipboard().setText("cd")
            QTest.keyClick(s.page.pane.view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            assert s.page.composer.text() == "abcd"

    qloop(scene())


@pytest.mark.parametrize(
    ("html", "plain", "shown"),
    [
        ("<b>bold</b>", "bold", "**bold**"),
        ("<p>one <em>two </em>three</p><p>four</p>", "one two three\n\nfour", "one *two* three\nfour"),
        (
            '<a href="https://example.org/a">here</a> <code>x()</code>',
            "here x()",
            "[here](https://example.org/a) `x()`",
        ),
        ('<b style="font-weight:normal">not bold</b>', "not bold", "not bold"),
        ('<a href="javascript:alert(1)">here</a>', "here", "here"),
        ("<b>other words</b>", "than these", "than these"),
        ("<style>b{}</style><script>1</script><p>just text</p>", "just text", "just text"),
        ("<b>snake_case</b> and <i>a*b", "snake_case and a*b", "snake_case and a*b"),
    ],
)
def test_pasted_html_keeps_small_marks_and_undo_takes_them_away_first(
    qapp: QApplication, html: str, plain: str, shown: str
) -> None:
    field, mime = MessageField(), QMimeData()
    mime.setHtml(html)
    mime.setText(plain)
    QTest.keyClicks(field, "ab ")
    field.insertFromMimeData(mime)
    assert field.toPlainText() == f"ab {shown}"
    field.undo()
    if shown != plain:
        assert field.toPlainText() == f"ab {plain}"
        field.undo()
    assert field.toPlainText() == "ab "
    QApplication.clipboard().setMimeData(mime)
    field.paste_plain()
    assert field.toPlainText() == f"ab {plain}"


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


def test_marks_are_put_around_the_selection_and_taken_away_in_one_step(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            field, control = s.page.composer.field, Qt.KeyboardModifier.ControlModifier
            shifted = control | Qt.KeyboardModifier.ShiftModifier
            QApplication.clipboard().setText("https://example.org/a")
            s.page.composer.insert("😀 so")
            for key, marked in ((Qt.Key.Key_B, "**😀 so**"), (Qt.Key.Key_I, "*😀 so*"), (Qt.Key.Key_E, "`😀 so`")):
                QTest.keyClick(field, Qt.Key.Key_A, control)
                QTest.keyClick(field, key, control)
                assert field.toPlainText() == marked
                QTest.keyClick(field, key, control)
                assert field.toPlainText() == "😀 so"
                field.undo()
                assert field.toPlainText() == marked
                field.undo()
            QTest.keyClick(field, Qt.Key.Key_A, control)
            QTest.keyClick(field, Qt.Key.Key_L, shifted)
            assert field.toPlainText() == "[😀 so](https://example.org/a)"
            assert field.textCursor().selectedText() == "https://example.org/a"
            s.page.composer.field.setPlainText("one\n\ntwo")
            QTest.keyClick(field, Qt.Key.Key_A, control)
            QTest.keyClick(field, Qt.Key.Key_B, control)
            assert field.toPlainText() == "**one**\n\n**two**"

    qloop(scene())


def test_another_key_sends_where_the_settings_say_so(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            field = s.page.composer.field
            s.page.composer.set_sends_with("ctrl_enter")
            QTest.keyClicks(field, "a")
            QTest.keyClick(field, Qt.Key.Key_Return)
            QTest.keyClicks(field, "b")
            assert field.toPlainText() == "a\nb"
            assert "Ctrl+Enter" in s.page.composer.send.toolTip()
            QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: bool(s.bubbles()) and s.last().text == "a\nb")

    qloop(scene())


def test_a_very_long_paste_can_become_a_file(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            composer = s.page.composer
            composer.insert("See: ")
            QApplication.clipboard().setText("line of a log 😀\n" * 400)
            QTest.keyClick(composer.field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            assert "characters" in composer.paste_offer.words()
            composer.paste_offer.button.click()
            await until(lambda: len(composer.staged.files()) == 1)
            assert composer.text() == "See: "
            assert composer.staged.files()[0].path.read_text(encoding="utf-8").startswith("line of a log 😀\n")
            assert composer.paste_offer.words() == ""

    qloop(scene())


def picture(folder: Path, name: str) -> Path:
    """A small real picture."""
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    assert image.save(str(folder / name))
    return folder / name


def names(s: Scene) -> list[str]:
    """Of the staged files, in their order."""
    return [file.path.name for file in s.page.composer.staged.files()]


def test_staged_files_are_put_into_order_by_keys_and_by_hand(qloop: QLoop, tmp_path: Path) -> None:
    async def scene() -> None:
        async with opened() as s:
            staged = s.page.composer.staged
            s.page.outgoing.stage([picture(tmp_path, f"{sign}.png") for sign in "abc"])
            await until(lambda: names(s) == ["a.png", "b.png", "c.png"])
            assert s.page.composer.field.placeholderText() == "Add a caption"
            alt = Qt.KeyboardModifier.AltModifier
            QTest.keyClick(staged, Qt.Key.Key_Right, alt)
            assert names(s) == ["b.png", "a.png", "c.png"]
            QTest.keyClick(staged, Qt.Key.Key_Right, alt)
            QTest.keyClick(staged, Qt.Key.Key_Right, alt)
            assert names(s) == ["b.png", "c.png", "a.png"]
            ground, left = staged.viewport(), Qt.MouseButton.LeftButton
            QTest.mousePress(ground, left, pos=staged.tile(2).center())
            here, there = QPointF(staged.tile(1).center()), QPointF(staged.tile(0).center())
            for at in (here, there):
                moved = QMouseEvent(
                    QEvent.Type.MouseMove,
                    at,
                    QPointF(ground.mapToGlobal(at)),
                    left,
                    left,
                    Qt.KeyboardModifier.NoModifier,
                )
                QApplication.sendEvent(ground, moved)
            QTest.mouseRelease(ground, left, pos=staged.tile(0).center())
            assert names(s) == ["a.png", "b.png", "c.png"]
            QTest.mouseClick(ground, left, pos=staged.cross(1).center())
            assert names(s) == ["a.png", "c.png"]

    qloop(scene())


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_the_tile_where_the_keyboard_stands_is_in_sight(
    qloop: QLoop, tmp_path: Path, direction: Qt.LayoutDirection
) -> None:
    async def scene() -> None:
        async with opened() as s:
            s.page.setLayoutDirection(direction)
            staged, count = s.page.composer.staged, 14
            s.page.outgoing.stage([picture(tmp_path, f"{number:02}.png") for number in range(count)])
            await until(lambda: len(names(s)) == count)
            mirrored = direction is Qt.LayoutDirection.RightToLeft
            onward, back = Qt.Key.Key_Right, Qt.Key.Key_Left
            if mirrored:
                onward, back = back, onward
            for key in (onward, back):
                for step in range(count):
                    QTest.keyClick(staged, key)
                    at = min(step + 1, count - 1) if key == onward else max(count - 2 - step, 0)
                    assert staged.viewport().rect().contains(staged.tile(at))

    qloop(scene())


def test_several_pictures_are_one_message_unless_they_go_as_files(qloop: QLoop, tmp_path: Path) -> None:
    async def scene() -> None:
        async with opened() as s:
            paths = [picture(tmp_path, f"{sign}.png") for sign in "ab"]
            s.page.outgoing.stage(paths)
            await until(s.page.composer.as_files.isVisible)
            await s.write("Both")
            await until(lambda: bool(s.bubbles()) and s.last().tick is Tick.SENT)
            assert [file.kind for file in s.last().files] == ["image", "image"]
            await until(lambda: not names(s))
            assert not s.page.composer.as_files.isVisible()
            s.page.outgoing.stage(paths)
            await until(lambda: len(names(s)) == 2)
            s.page.composer.as_files.click()
            s.page.composer.send.click()
            await until(lambda: [len(b.files) for b in s.bubbles()] == [2, 1, 1] and s.last().tick is Tick.SENT)
            assert s.last().files[0].kind == "file"
            await until(lambda: not names(s))
            assert not s.page.composer.as_files.isChecked()

    qloop(scene())


def test_marks_are_found_by_their_places_on_a_keyboard_of_another_script(qapp: QApplication) -> None:
    field = MessageField()
    field.insertPlainText("да")
    field.selectAll()
    codes = {"linux": (56, 0), "win32": (0, 0x42), "darwin": (0, 11)}
    scan, virtual = codes.get(sys.platform, codes["linux"])
    control = Qt.KeyboardModifier.ControlModifier
    QApplication.sendEvent(field, QKeyEvent(QEvent.Type.KeyPress, 0x418, control, scan, virtual, 0, "и"))
    assert field.toPlainText() == "**да**"
