"""Files and pictures beside the text, on a real session: chosen, ordered, refused, cancelled and sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from desktop.core.bubble import Tick
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.drop_target import DropTarget
from protocol.errors import Refused
from protocol.limits import Limits
from tests.desktop.chat_scene import Scene, opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


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
