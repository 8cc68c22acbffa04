"""The viewer: zoom to the cursor, drag, fit, walk, copy, save, close."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QNativeGestureEvent, QPixmap, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture, QWidget
from pytestqt.qtbot import QtBot

from desktop.core.ports import Api
from desktop.ui import fonts
from desktop.ui.buttons import Button, IconButton
from desktop.ui.image_viewer import NOTCH, STEP, ImageViewer
from desktop.ui.picture_frame import LARGEST, PictureFrame
from desktop.ui.pictures import Pictures
from desktop.ui.toast import Toast
from protocol import blurhash
from tests.desktop.timeline_rows import CLOCK, bubble, document, image

ROWS = [
    bubble(1, "First", files=(image("a.jpg"),)),
    bubble(2, "No picture", files=(document(),)),
    bubble(3, "Two", files=(image("b.jpg"), image("c.jpg"))),
    bubble(4, "", files=(image("deleted.jpg"),), deleted=True),
]


def picture(width: int, height: int) -> QPixmap:
    made = QPixmap(width, height)
    made.fill(QColor("red"))
    return made


@pytest.fixture
def pictures(qapp: QApplication) -> Iterator[Pictures]:
    made = Pictures(cast("Api", None))
    yield made
    made.close()


@pytest.fixture
def viewer(pictures: Pictures) -> Iterator[ImageViewer]:
    fonts.install()
    for name, width in (("a", 1600), ("b", 200), ("c", 300)):
        pictures.put(f"/api/files/1/{name}.jpg", picture(width, 100))
    window = QWidget()
    window.resize(800, 600)
    window.show()
    shown = ImageViewer(pictures, CLOCK, window)
    shown.show_pictures(ROWS, "m1", 0)
    yield shown
    window.hide()
    window.deleteLater()


def name(viewer: ImageViewer) -> str:
    shown = viewer.current()
    assert shown is not None
    return shown.file.name


def test_it_covers_the_window_and_fits_the_picture(viewer: ImageViewer) -> None:
    window = viewer.window()
    assert viewer.size() == window.size()
    assert viewer.frame.box.width() <= 800
    window.resize(500, 400)
    assert viewer.size() == window.size()
    assert viewer.frame.box.width() <= 500
    assert "Picture 1 of 3" in viewer.accessibleName()


def test_the_arrows_walk_over_all_pictures_and_stop_at_the_ends(viewer: ImageViewer) -> None:
    names = [name(viewer)]
    for _ in range(3):
        QTest.keyClick(viewer, Qt.Key.Key_Right)
        names.append(name(viewer))
    assert names == ["a.jpg", "b.jpg", "c.jpg", "c.jpg"]
    enabled = {button.accessibleName(): button.isEnabled() for button in viewer.findChildren(IconButton)}
    assert not enabled["Next picture (→)"]
    assert enabled["Previous picture (←)"]
    for _ in range(4):
        QTest.keyClick(viewer, Qt.Key.Key_Left)
    assert name(viewer) == "a.jpg"


def test_the_second_picture_of_a_message_opens_itself(viewer: ImageViewer) -> None:
    viewer.show_pictures(ROWS, "m3", 1)
    assert name(viewer) == "c.jpg"


def test_keys_zoom_and_fit(viewer: ImageViewer) -> None:
    fitted = QRectF(viewer.frame.box)
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    assert viewer.frame.box.width() > fitted.width()
    QTest.keyClick(viewer, Qt.Key.Key_Minus)
    assert viewer.frame.box.width() == pytest.approx(fitted.width())
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    QTest.keyClick(viewer, Qt.Key.Key_0)
    assert viewer.frame.box == fitted


def test_r_turns_by_a_quarter(viewer: ImageViewer) -> None:
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    QTest.keyClick(viewer, Qt.Key.Key_R)
    assert (viewer.frame.box.width(), viewer.frame.box.height()) == (100, 200)
    for _ in range(3):
        QTest.keyClick(viewer, Qt.Key.Key_R)
    assert (viewer.frame.box.width(), viewer.frame.box.height()) == (200, 100)


def test_the_wheel_zooms_to_the_cursor(viewer: ImageViewer) -> None:
    cursor = QPointF(300, 290)
    before = (cursor - viewer.frame.box.topLeft()) / viewer.frame.box.width()
    buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    viewer.wheelEvent(QWheelEvent(cursor, cursor, QPoint(), QPoint(0, 120), buttons, keys, phase, False))
    after = (cursor - viewer.frame.box.topLeft()) / viewer.frame.box.width()
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()))


def fixed_share(viewer: ImageViewer, cursor: QPointF, gesture: QEvent) -> tuple[float, float, float]:
    """Send an event over a point: how much larger the picture is, and how far the point has moved on it."""
    width, before = viewer.frame.box.width(), (cursor - viewer.frame.box.topLeft()) / viewer.frame.box.width()
    QApplication.sendEvent(viewer, gesture)
    after = (cursor - viewer.frame.box.topLeft()) / viewer.frame.box.width()
    return viewer.frame.box.width() / width, after.x() - before.x(), after.y() - before.y()


def test_small_parts_of_a_notch_zoom_by_small_parts_of_a_step(viewer: ImageViewer) -> None:
    width, cursor = viewer.frame.box.width(), QPointF(300, 290)
    buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    for _ in range(8):
        part = QPoint(0, NOTCH // 8)
        viewer.wheelEvent(QWheelEvent(cursor, cursor, part, part, buttons, keys, Qt.ScrollPhase.ScrollUpdate, False))
    assert viewer.frame.box.width() == pytest.approx(width * STEP)


def test_a_pinch_on_a_touchpad_zooms_to_the_cursor(viewer: ImageViewer) -> None:
    cursor, kind = QPointF(300, 290), Qt.NativeGestureType.ZoomNativeGesture
    device = QPointingDevice.primaryPointingDevice()
    pinch = QNativeGestureEvent(kind, device, 2, cursor, cursor, cursor, 0.2, QPointF())
    assert fixed_share(viewer, cursor, pinch) == pytest.approx((1.2, 0, 0))


def test_a_pinch_on_the_screen_zooms_to_the_fingers(viewer: ImageViewer) -> None:
    cursor, pinch = QPointF(300, 290), QPinchGesture()
    pinch.setScaleFactor(0.8)
    pinch.setHotSpot(viewer.mapToGlobal(cursor))
    assert fixed_share(viewer, cursor, QGestureEvent([pinch])) == pytest.approx((0.8, 0, 0))


def test_what_was_zoomed_stays_zoomed_when_the_window_grows(viewer: ImageViewer) -> None:
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    zoomed = QRectF(viewer.frame.box)
    viewer.window().resize(900, 700)
    assert viewer.frame.box == zoomed
    QTest.keyClick(viewer, Qt.Key.Key_0)
    assert viewer.frame.box.center().x() == pytest.approx(450)
    assert viewer.frame.is_fitted


def test_dragging_moves_and_does_not_close(viewer: ImageViewer) -> None:
    before = viewer.frame.box.topLeft()
    start = viewer.frame.box.center().toPoint()
    QTest.mousePress(viewer, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(viewer, start + QPoint(30, 200))
    QTest.mouseRelease(viewer, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 200))
    assert viewer.isVisible()
    assert viewer.frame.box.topLeft() == before + QPointF(30, 200)


def test_the_small_picture_stands_in_until_the_whole_one_comes(viewer: ImageViewer, pictures: Pictures) -> None:
    thumbnail = "/api/files/1/d.jpg/thumbnail"
    pictures.put(thumbnail, picture(280, 158), 280, 158)
    row = bubble(9, "", files=(image("d.jpg", thumbnail_url=thumbnail, width=700, height=350),))
    viewer.show_pictures([row], "m9", 0)
    stood = QRectF(viewer.frame.box)
    assert (stood.width(), stood.height()) == (700, 350)
    pictures.put(row.files[0].url or "", picture(700, 350))
    pictures.ready.emit(row.files[0].url)
    assert viewer.frame.picture is not None
    assert viewer.frame.picture.width() == 700
    assert viewer.frame.box == stood


def test_the_whole_picture_comes_turned_and_zoomed_as_its_colours_were(viewer: ImageViewer, pictures: Pictures) -> None:
    colours = blurhash.encode(bytes([0, 0, 255] * 16 + [255, 0, 0] * 16) * 32, 32, 32)
    row = bubble(9, "", files=(image("e.jpg", width=700, height=350, blurhash=colours),))
    viewer.show_pictures([row], "m9", 0)
    assert (viewer.frame.box.width(), viewer.frame.box.height()) == (700, 350)
    QTest.keyClick(viewer, Qt.Key.Key_R)
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    QGuiApplication.clipboard().clear()
    QTest.keyClick(viewer, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().pixmap().isNull()
    stood = QRectF(viewer.frame.box)
    pictures.put(row.files[0].url or "", picture(1400, 700))
    pictures.ready.emit(row.files[0].url)
    assert viewer.frame.picture is not None
    assert (viewer.frame.picture.width(), viewer.frame.picture.height()) == (700, 1400)
    assert viewer.frame.box == stood
    assert QGuiApplication.clipboard().pixmap().height() == 1400


def test_a_picture_of_another_shape_than_told_is_fitted_anew(viewer: ImageViewer, pictures: Pictures) -> None:
    colours = blurhash.encode(bytes([0, 0, 255]) * 32 * 32, 32, 32)
    row = bubble(9, "", files=(image("f.jpg", width=700, height=350, blurhash=colours),))
    viewer.show_pictures([row], "m9", 0)
    pictures.put(row.files[0].url or "", picture(300, 400))
    pictures.ready.emit(row.files[0].url)
    assert (viewer.frame.box.width(), viewer.frame.box.height()) == (300, 400)


def test_what_is_said_of_saving_stands_over_the_picture(viewer: ImageViewer) -> None:
    window = viewer.window()
    page = QWidget(window)
    page.setGeometry(100, 0, 700, 600)
    page.show()
    viewer.raise_()
    toast, done = Toast(page), list[str]()
    toast.say("Saved a.jpg", "Open folder", lambda: done.append("opened"))
    assert toast.isVisible()
    button = next(one for one in toast.findChildren(Button) if one.isVisible())
    at = button.mapTo(window, button.rect().center())
    assert window.childAt(at) is button
    assert toast.geometry().center().x() == pytest.approx(page.geometry().center().x(), abs=2)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == ["opened"]
    assert viewer.isVisible()
    toast.say("Saved b.jpg")
    page.hide()
    assert toast.words() == ""


@pytest.mark.parametrize("way", ["escape", "outside"])
def test_escape_and_a_click_outside_close(viewer: ImageViewer, way: str) -> None:
    if way == "escape":
        QTest.keyClick(viewer, Qt.Key.Key_Escape)
    else:
        QTest.mouseClick(viewer, Qt.MouseButton.LeftButton, pos=QPoint(5, 300))
    assert not viewer.isVisible()


def test_copy_and_save(viewer: ImageViewer, qtbot: QtBot) -> None:
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    QTest.keyClick(viewer, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().pixmap().width() == 200
    with qtbot.waitSignal(viewer.save_asked) as asked:
        QTest.keyClick(viewer, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert asked.args == [ROWS[2].files[0]]


@given(
    factors=st.lists(st.floats(0.1, 10), max_size=20),
    x=st.floats(0, 800),
    y=st.floats(0, 600),
    size=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_zoom_is_bounded_and_keeps_the_point(
    qapp: QApplication, factors: list[float], x: float, y: float, size: tuple[int, int]
) -> None:
    frame = PictureFrame()
    frame.take(QPixmap(*size), QRectF(0, 0, 800, 600))
    for factor in factors:
        before = (QPointF(x, y) - frame.box.topLeft()) / frame.box.width()
        frame.zoom(factor, QPointF(x, y))
        after = (QPointF(x, y) - frame.box.topLeft()) / frame.box.width()
        assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1e-6)
        assert frame.box.width() <= size[0] * LARGEST * 1.001
        assert frame.box.width() / frame.box.height() == pytest.approx(size[0] / size[1])
