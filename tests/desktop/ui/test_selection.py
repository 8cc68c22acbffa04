"""Selecting in the timeline: words inside a message, whole messages across several, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import Bubble
from desktop.core.listops import Remove
from desktop.core.ports import Api
from desktop.models.timeline_model import TimelineModel
from desktop.ui import fonts
from desktop.ui.bubble_delegate import Hit
from desktop.ui.copied_text import copied
from desktop.ui.pictures import Pictures
from desktop.ui.selection_bar import SelectionBar
from desktop.ui.timeline_view import TimelineView
from desktop.ui.transfers import Transfers
from tests.desktop.timeline_rows import CLOCK, Rows, bubble, day, document, image

LEFT = Qt.MouseButton.LeftButton
TYPED = "**Bold** words and `code` at the end"
SHOWN = "Bold words and code at the end"


@pytest.fixture
def view(qapp: QApplication) -> Iterator[TimelineView]:
    fonts.install()
    shown = TimelineView(Pictures(cast("Api", None)), Transfers(), CLOCK)
    shown.resize(700, 500)
    shown.show()
    yield shown
    shown.close()
    shown.deleteLater()


def shows(view: TimelineView, *rows: object) -> Rows:
    source = Rows(cast("list[Bubble]", list(rows)))
    view.set_model(TimelineModel(source, view))
    view.finish_landing()
    return source


def at(view: TimelineView, key: str, unit: int) -> QPoint:
    """The place on screen before a unit of a message's first line."""
    found = view.row_box(key)
    assert found is not None
    layout = view.delegate.layout(cast("Bubble", found[0]), view.row_width())
    assert layout.text is not None
    x = cast("tuple[float, int]", layout.text.paragraphs[0].layout.lineAt(0).cursorToX(unit))[0]
    corner = layout.bubble.topLeft() + layout.text_at + QPointF(found[1].topLeft())
    return QPointF(corner.x() + x, corner.y() + 10).toPoint()


def drag(view: TimelineView, start: QPoint, end: QPoint) -> None:
    """Press, move over some places, and release."""
    port = view.viewport()
    QTest.mousePress(port, LEFT, pos=start)
    for share in (0.3, 0.6, 1.0):
        here = start + (end - start) * share
        QTest.mouseMove(port, here)
    QTest.mouseRelease(port, LEFT, pos=end)


def clip() -> str:
    return QApplication.clipboard().text()


def test_a_drag_inside_a_message_selects_its_words(view: TimelineView) -> None:
    shows(view, bubble(1, TYPED), bubble(2, "Other"))
    drag(view, at(view, "m1", 5), at(view, "m1", 10))
    assert view.selection.words == ("m1", 5, 10)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clip() == SHOWN[5:10]
    assert view.selection.keys == frozenset()


def test_all_words_of_a_message_are_copied_as_they_were_typed(view: TimelineView) -> None:
    shows(view, bubble(1, TYPED))
    drag(view, at(view, "m1", 0) - QPoint(6, 0), at(view, "m1", len(SHOWN)) + QPoint(4, 0))
    assert view.copy_selected()
    assert clip() == TYPED


def test_a_drag_out_of_a_message_selects_whole_ones(view: TimelineView) -> None:
    shows(view, day(1), bubble(1), bubble(2, "", deleted=True), bubble(3, "Three"), bubble(4))
    drag(view, at(view, "m1", 2), at(view, "m3", 1))
    assert view.selection.keys == {"m1", "m3"}
    QTest.mouseClick(view.viewport(), LEFT, pos=at(view, "m4", 1))
    assert view.selection.keys == {"m1", "m3", "m4"}
    QTest.mouseClick(view.viewport(), LEFT, pos=at(view, "m1", 1))
    assert view.selection.keys == {"m3", "m4"}
    view.copy_selected()
    first, second = clip().split("\n\n")
    assert first.endswith("\nThree")
    assert second.endswith("\nMessage 4")
    assert first.startswith("Maya Okafor, ")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.selection.keys == frozenset()


def test_a_click_on_a_link_opens_it_only_while_nothing_is_selected(view: TimelineView) -> None:
    shows(view, bubble(1, "https://example.org/x"), bubble(2))
    clicked: list[object] = []
    view.clicked.connect(clicked.append)
    QTest.mouseClick(view.viewport(), LEFT, pos=at(view, "m1", 5))
    assert len(clicked) == 1
    view.selection.choose(["m2"])
    QTest.mouseClick(view.viewport(), LEFT, pos=at(view, "m1", 5))
    assert len(clicked) == 1
    assert view.selection.keys == {"m1", "m2"}


def test_the_menu_gets_the_selected_words_of_its_message(view: TimelineView) -> None:
    shows(view, bubble(1, TYPED), bubble(2, "Other"))
    view.selection.mark("m1", 0, 4)
    asked: list[Hit] = []
    view.menu_asked.connect(lambda hit, _at: asked.append(hit))
    for key in ("m1", "m2"):
        place = at(view, key, 2)
        reason = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(view.viewport(), QContextMenuEvent(reason, place, view.viewport().mapToGlobal(place)))
    assert [hit.words for hit in asked] == ["Bold", ""]


def test_a_double_click_selects_a_word(view: TimelineView) -> None:
    shows(view, bubble(1, "say straße_2, please"))
    QTest.mouseDClick(view.viewport(), LEFT, pos=at(view, "m1", 7))
    view.copy_selected()
    assert clip() == "straße_2"


def test_shift_and_arrows_select_messages(view: TimelineView) -> None:
    shows(view, *(bubble(number) for number in range(1, 6)))
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Up)
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Up, shift)
    assert view.selection.keys == {"m4", "m3", "m2"}
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Down, shift)
    assert view.selection.keys == {"m4", "m5"}
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clip().count("Maya Okafor, ") == 2
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.selection.keys


def test_what_goes_is_selected_no_longer(view: TimelineView) -> None:
    source = shows(view, *(bubble(number) for number in range(1, 5)))
    bar = SelectionBar(view, view)
    view.selection.choose(["m1", "m2"])
    assert bar.words() == "2 messages selected"
    source.do(Remove(0, 1))
    assert view.selection.keys == {"m2"}
    assert bar.words() == "1 message selected"
    view.selection.mark("m2", 0, 3)
    assert bar.words() == ""
    source.do(Remove(0, 1))
    assert view.selection.words is None


def test_one_message_is_copied_as_its_text_and_files_by_name() -> None:
    assert copied([bubble(1, TYPED)], str) == TYPED
    assert copied([bubble(1, "", files=(document("a.pdf"),))], str) == "a.pdf"
    several = [bubble(1, "Look", files=(image("b.jpg"),), at_ms=5), bubble(2, "", files=(image("c.jpg"), document()))]
    assert copied(several, lambda at_ms: f"at {at_ms}").split("\n")[:3] == ["Maya Okafor, at 5", "[b.jpg]", "Look"]
    assert copied(several, str).endswith("[c.jpg] [Site report.pdf]")
