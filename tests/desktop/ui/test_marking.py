"""Pictures marked before they go: what is cut off or blurred is not in them any more, and the last can be undone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPixmap, QScreen
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui.marking import INK, Arrow, Blur, Crop, Marking
from desktop.ui.marking_dialog import MarkingDialog
from desktop.ui.screen_capture import REFUSED, RegionChooser, ScreenCapture
from tests.desktop.chat_scene import opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop

LEFT = Qt.MouseButton.LeftButton


def stripes(width: int = 200, height: int = 100) -> QImage:
    """Columns of black and white by turns: the finest detail there is."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    for x in range(width):
        for y in range(height):
            image.setPixelColor(x, y, QColor("white" if x % 2 else "black"))
    return image


def test_what_is_blurred_cannot_be_read_and_the_rest_stays(qapp: QApplication) -> None:
    marking = Marking(stripes())
    assert marking.add(Blur(QRect(50, 20, 80, 60)))
    result = marking.result()
    inside = {result.pixelColor(x, 50).lightness() // 16 for x in range(54, 126)}
    assert len(inside) <= 2
    assert result.pixelColor(10, 10) == QColor("black")
    assert result.pixelColor(11, 10) == QColor("white")


def test_crops_join_and_marks_keep_their_places(qapp: QApplication) -> None:
    marking = Marking(stripes())
    assert marking.add(Arrow(QPointF(20, 50), QPointF(180, 50)))
    assert marking.add(Crop(QRect(40, 10, 150, 80)))
    assert marking.add(Crop(QRect(0, 0, 100, 60)))
    result = marking.result()
    assert (result.width(), result.height()) == (60, 50)
    assert result.pixelColor(30, 40) == INK
    assert not marking.add(Crop(QRect(150, 80, 40, 15)))
    assert not marking.add(Blur(QRect(41, 11, 3, 3)))
    assert marking.undo()
    assert marking.result().width() == 150
    assert marking.redo()
    assert marking.result().width() == 60
    assert [marking.undo() for _ in range(4)] == [True, True, True, False]
    assert marking.result() == stripes().convertToFormat(QImage.Format.Format_ARGB32)


def test_a_staged_picture_is_marked_and_takes_its_own_place(qloop: QLoop, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        assert stripes().save(str(tmp_path / name))

    async def scene() -> None:
        async with opened() as s:
            staged = s.page.composer.staged
            s.page.outgoing.stage([tmp_path / "a.png", tmp_path / "b.png"])
            await until(lambda: len(staged.files()) == 2)
            QTest.keyClick(staged, Qt.Key.Key_Return)
            await until(lambda: bool(s.page.findChildren(MarkingDialog)))
            (dialog,) = s.page.findChildren(MarkingDialog)
            dialog.choose("crop")
            canvas = dialog.canvas
            place = canvas.place()
            QTest.mousePress(canvas, LEFT, pos=place.topLeft().toPoint() - QPoint(5, 5))
            QTest.mouseMove(canvas, place.center().toPoint())
            QTest.mouseRelease(canvas, LEFT, pos=place.center().toPoint())
            assert dialog.undo.isEnabled()
            dialog.use.click()
            await until(lambda: staged.files()[0].path.parent != tmp_path)
            marked = QImage(str(staged.files()[0].path))
            assert abs(marked.width() - 100) <= 2
            assert abs(marked.height() - 50) <= 2
            assert staged.files()[1].path == tmp_path / "b.png"
            assert QImage(str(tmp_path / "a.png")).width() == 200

    qloop(scene())


def test_a_part_of_the_screen_becomes_a_picture_and_the_window_comes_back(qloop: QLoop) -> None:
    async def scene() -> None:
        window = QWidget()
        window.show()
        taken: list[QImage] = []

        def grab(screen: QScreen) -> QPixmap:
            assert not window.isVisible()
            return QPixmap.fromImage(stripes(screen.geometry().width() * 2, 8).scaled(screen.geometry().size() * 2))

        capture = ScreenCapture(window, grab)
        capture.taken.connect(taken.append)
        for key in (None, Qt.Key.Key_Return, Qt.Key.Key_Escape):
            capture.start()
            await until(lambda: bool(capture.choosers))
            chooser: RegionChooser = capture.choosers[0]
            if key is None:
                QTest.mousePress(chooser, LEFT, pos=QPoint(10, 10))
                QTest.mouseMove(chooser, QPoint(109, 59))
                QTest.mouseRelease(chooser, LEFT, pos=QPoint(109, 59))
            else:
                QTest.keyClick(chooser, key)
            assert window.isVisible()
        assert [picture.size().toTuple() for picture in taken[:1]] == [(200, 100)]
        assert len(taken) == 2
        await asyncio.sleep(0)
        window.deleteLater()

    qloop(scene())


def test_choosing_a_part_never_ends_the_app_or_leaves_it_without_a_window(qloop: QLoop) -> None:
    async def scene() -> None:
        window, ended = QWidget(), list[bool]()
        window.show()
        application = QApplication.instance()
        assert isinstance(application, QApplication)

        def note_end() -> None:
            ended.append(True)

        application.lastWindowClosed.connect(note_end)
        capture = ScreenCapture(window, lambda screen: QPixmap.fromImage(stripes().scaled(screen.size())))
        for by_key in (True, False):
            capture.start()
            await until(lambda: bool(capture.choosers))
            chooser = capture.choosers[0]
            QTest.keyClick(chooser, Qt.Key.Key_Escape) if by_key else chooser.close()
            assert window.isVisible()
            assert not capture.choosers
        application.lastWindowClosed.disconnect(note_end)
        assert not ended
        window.deleteLater()

    qloop(scene())


def test_a_screen_that_may_not_be_taken_says_what_to_do(qloop: QLoop) -> None:
    async def scene() -> None:
        window, said = QWidget(), list[str]()
        window.show()
        capture = ScreenCapture(window, lambda _screen: QPixmap())
        capture.refused.connect(said.append)
        capture.start()
        await until(lambda: said == [REFUSED])
        assert window.isVisible()
        window.deleteLater()

    qloop(scene())


def test_the_paper_clip_offers_what_can_be_attached(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            menu = s.page.attaching.menu()
            assert [entry.text() for entry in menu.actions()] == ["Photo, video or file…", "Part of the screen…"]
            menu.deleteLater()

    qloop(scene())
