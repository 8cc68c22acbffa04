"""The timeline keeps still what is read: every rule about scrolling, on a real view with real rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.core.bubble import Bubble, DayLine, Hole, Tick, UnreadLine
from desktop.core.listops import Facet, Insert, Move, Remove, Replace
from desktop.core.ports import Api
from desktop.models.timeline_model import TimelineModel
from desktop.ui import fonts, theme
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.bubble_parts import Action
from desktop.ui.floating_day import FloatingDay
from desktop.ui.painters.facts import Facts
from desktop.ui.pictures import Pictures
from desktop.ui.timeline_view import TimelineView
from desktop.ui.transfers import Transfers
from tests.desktop.timeline_rows import CLOCK, NOON_MS, Rows, bubble, bubbles, day, image, waiting


def made_view(width: int = 600, height: int = 400) -> TimelineView:
    """A shown view without a model."""
    fonts.install()
    view = TimelineView(Pictures(cast("Api", None)), Transfers(), CLOCK)
    view.resize(width, height)
    view.show()
    return view


@pytest.fixture
def view(qapp: QApplication) -> Iterator[TimelineView]:
    shown = made_view()
    yield shown
    shown.close()
    shown.deleteLater()


def shows(view: TimelineView, source: Rows) -> TimelineModel:
    """Let the view show these rows, and finish the opening."""
    model = TimelineModel(source, view)
    view.set_model(model)
    view.finish_landing()
    return model


def tops(view: TimelineView) -> dict[str, int]:
    """Where each visible row stands, by key."""
    return {row.key: box.top() for _, row, box in view.visible_rows()}


def test_a_read_conversation_opens_at_the_bottom(view: TimelineView) -> None:
    shows(view, Rows(bubbles(1, 60)))
    assert view.at_bottom()
    assert "m60" in tops(view)
    assert view.place() is None


def test_few_rows_stand_at_the_bottom(view: TimelineView) -> None:
    shows(view, Rows(bubbles(1, 2)))
    _, _, box = list(view.visible_rows())[-1]
    assert view.viewport().height() - box.bottom() < 20


def test_unread_messages_open_at_the_divider_in_the_upper_third(view: TimelineView) -> None:
    shows(view, Rows([*bubbles(1, 40), UnreadLine("unread", 40), *bubbles(41, 80)]))
    assert 0 < tops(view)["unread"] < view.viewport().height() / 3
    assert not view.at_bottom()


def test_a_divider_near_the_end_lands_at_the_bottom(view: TimelineView) -> None:
    shows(view, Rows([*bubbles(1, 40), UnreadLine("unread", 1), *bubbles(41, 41)]))
    assert view.at_bottom()
    assert "unread" in tops(view)


def test_the_bottom_is_followed(view: TimelineView) -> None:
    source = Rows(bubbles(1, 60))
    shows(view, source)
    source.do(Insert(60, (bubble(61),)))
    assert "m61" in tops(view)
    assert view.at_bottom()


def test_a_reader_above_the_bottom_is_left_alone(view: TimelineView) -> None:
    source = Rows(bubbles(1, 60))
    shows(view, source)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 300)
    before = tops(view)
    source.do(Insert(60, (bubble(61), bubble(62))))
    assert tops(view) == before
    assert not view.at_bottom()


def test_older_pages_move_nothing(view: TimelineView) -> None:
    source = Rows([day(1), *bubbles(101, 160, lines=3)])
    shows(view, source)
    view.verticalScrollBar().setValue(40)
    before = tops(view)
    source.do(Insert(1, tuple(bubbles(51, 100, lines=2))))
    after = tops(view)
    assert {key: after[key] for key in before if key.startswith("m")} == {
        key: top for key, top in before.items() if key.startswith("m")
    }


def test_a_day_line_that_goes_up_with_the_older_page_does_not_take_the_reader_along(view: TimelineView) -> None:
    source = Rows([day(1), *bubbles(101, 160)])
    shows(view, source)
    view.verticalScrollBar().setValue(0)
    before = tops(view)["m103"]
    source.do(Insert(0, (DayLine("day:0", 0), *bubbles(51, 100))), Move(51, 1))
    assert tops(view)["m103"] == before


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_above_or_below_ever_moves_the_message_being_read(view: TimelineView, data: st.DataObject) -> None:
    source = Rows(bubbles(100, 180))
    shows(view, source)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    _, held, box = list(view.visible_rows())[2]
    for number in range(data.draw(st.integers(1, 5))):
        index = source.rows.index(held)
        above = data.draw(st.booleans())
        low, high = (0, index - 3) if above else (index + 1, len(source.rows))
        place = data.draw(st.integers(low, max(low, high)))
        lines = data.draw(st.integers(1, 9))
        new = bubble(1000 + number, "\n".join("x" * lines), first_in_group=data.draw(st.booleans()))
        if data.draw(st.booleans()) and place < high - 1:
            source.do(Remove(place, 1))
        else:
            source.do(Insert(place, (new,)))
        assert tops(view)[held.key] == box.top()


def test_other_heights_keep_the_first_message_where_it_is(view: TimelineView) -> None:
    source = Rows(bubbles(1, 60, lines=2))
    shows(view, source)
    view.verticalScrollBar().setValue(500)
    key, top = next((key, top) for key, top in tops(view).items())
    view.resize(600, 300)
    assert tops(view)[key] == top
    view.resize(420, 300)
    assert tops(view)[key] == top


def test_the_bottom_stays_in_sight_when_the_view_shrinks(view: TimelineView) -> None:
    shows(view, Rows(bubbles(1, 60)))
    view.resize(600, 200)
    assert "m60" in tops(view)
    assert view.at_bottom()


def test_a_tick_repaints_and_moves_nothing(view: TimelineView) -> None:
    mine = bubble(60, own=True)
    source = Rows([*bubbles(1, 59), mine])
    model = shows(view, source)
    before, laid_out = tops(view), view.delegate.layout(mine, view.row_width())
    read = replace(mine, tick=Tick.READ)
    source.do(Replace(59, read, frozenset({Facet.TICK})))
    assert tops(view) == before
    assert view.delegate.layout(read, view.row_width()) is laid_out
    assert model.row(59) is read


def test_a_picture_keeps_the_height_that_its_metadata_promised(view: TimelineView) -> None:
    source = Rows([*bubbles(1, 20), bubble(21, "", files=(image(),), type="image")])
    shows(view, source)
    height = view.delegate.height(source.rows[20], view.row_width())
    assert 150 < height < 220
    tall = bubble(22, "", files=(image(width=10, height=10_000),), type="image")
    assert view.delegate.height(tall, view.row_width()) < 420


def test_a_reading_place_is_found_again(view: TimelineView) -> None:
    source = Rows(bubbles(1, 80))
    shows(view, source)
    view.verticalScrollBar().setValue(700)
    place, before = view.place(), tops(view)
    view.set_model(None)
    assert tops(view) == {}
    view.set_model(TimelineModel(source, view), place)
    assert tops(view) == before


def test_a_place_that_is_gone_opens_like_anew(view: TimelineView) -> None:
    source = Rows(bubbles(1, 80))
    shows(view, source)
    view.verticalScrollBar().setValue(700)
    place = view.place()
    view.set_model(TimelineModel(Rows(bubbles(200, 280)), view), place)
    assert view.at_bottom()


def test_another_part_of_the_conversation_is_landed_in(view: TimelineView) -> None:
    source = Rows(bubbles(1, 80))
    shows(view, source)
    view.verticalScrollBar().setValue(700)
    source.do(Remove(0, 80), Insert(0, (*bubbles(200, 240), UnreadLine("unread", 40), *bubbles(241, 280))))
    assert 0 < tops(view)["unread"] < view.viewport().height() / 3
    source.do(Remove(0, 81), Insert(0, tuple(bubbles(500, 540))))
    assert view.at_bottom()
    view.verticalScrollBar().setValue(300)
    before = tops(view)
    source.do(Insert(41, tuple(bubbles(541, 545))))
    assert tops(view) == before


def test_older_messages_are_asked_for_before_the_top(view: TimelineView, qtbot: QtBot) -> None:
    shows(view, Rows(bubbles(1, 80)))
    QTest.qWait(80)
    with qtbot.waitSignal(view.older_wanted):
        view.verticalScrollBar().setValue(550)


def test_a_hole_on_screen_asks_to_be_filled(view: TimelineView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.hole_seen) as seen:
        shows(view, Rows([*bubbles(1, 30), Hole("hole:30", 30, 70), *bubbles(70, 72)]))
    assert seen.args == [31]


def test_the_day_floats_while_scrolling(view: TimelineView) -> None:
    shows(view, Rows([day(0), *bubbles(1, 80)]))
    view.verticalScrollBar().setValue(600)
    assert view.floating_words() == "Yesterday"
    view.verticalScrollBar().setValue(0)
    assert view.floating_words() == ""


def test_a_day_can_be_clicked_to_choose_another(view: TimelineView) -> None:
    shows(view, Rows([day(0), *bubbles(1, 80)]))
    asked: list[int] = []
    view.day_clicked.connect(asked.append)
    view.verticalScrollBar().setValue(600)
    pill = next(child for child in view.viewport().children() if isinstance(child, FloatingDay))
    QTest.mouseClick(pill, Qt.MouseButton.LeftButton)
    view.verticalScrollBar().setValue(0)
    box = view.row_box(day(0).key)
    assert box is not None
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box[1].center())
    assert len(asked) == 2
    assert asked[1] == day(0).at_ms


def centre_of(view: TimelineView, wanted: Target, action: Action | None = None) -> QPoint:
    """A point of the view that means this."""
    for y in range(0, view.viewport().height(), 3):
        for x in range(0, view.viewport().width(), 3):
            hit = view.hit_at(QPoint(x, y))
            if hit and hit.target is wanted and hit.action is action:
                return QPoint(x + 2, y + 2)
    raise AssertionError(wanted)


@pytest.mark.parametrize("action", list(Action))
def test_a_failed_message_offers_each_action_in_place(view: TimelineView, action: Action, qtbot: QtBot) -> None:
    failed = waiting(1, tick=Tick.FAILED, failure="Shorten it.")
    shows(view, Rows([failed]))
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre_of(view, Target.ACTION, action))
    assert clicked.args == [Hit(Target.ACTION, failed, action=action)]


def test_a_link_is_clicked(view: TimelineView, qtbot: QtBot) -> None:
    shows(view, Rows([bubble(1, "See https://example.org/x now")]))
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre_of(view, Target.LINK))
    assert cast("Hit", clicked.args[0]).url == "https://example.org/x"


def test_a_long_message_opens_in_place(view: TimelineView) -> None:
    long = bubble(2, "\n".join(f"line {n}" for n in range(60)))
    view.resize(600, 560)
    shows(view, Rows([bubble(1), long]))
    collapsed = view.delegate.height(long, view.row_width())
    assert collapsed < 30 * 20
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre_of(view, Target.SHOW_MORE))
    assert view.delegate.height(long, view.row_width()) > 60 * 20
    assert "m2" in tops(view)


def test_the_keyboard_walks_copies_and_opens(view: TimelineView, qtbot: QtBot) -> None:
    shows(view, Rows([*bubbles(1, 30), bubble(31, "", files=(image(),), type="image")]))
    QTest.keyClick(view, Qt.Key.Key_Up)
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert cast("Hit", clicked.args[0]).target is Target.FILE
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text().startswith("30 ")
    for _ in range(29):
        QTest.keyClick(view, Qt.Key.Key_Up)
    assert "m1" in tops(view)


def test_text_typed_over_the_timeline_is_handed_on(view: TimelineView, qtbot: QtBot) -> None:
    shows(view, Rows(bubbles(1, 3)))
    with qtbot.waitSignal(view.typed) as typed:
        QTest.keyClick(view, Qt.Key.Key_H)
    assert typed.args == ["h"]


def test_a_waiting_message_shows_its_clock_only_after_a_while() -> None:
    facts = Facts(theme.LIGHT, cast("Pictures", None), cast("Transfers", None), NOON_MS + 100)
    assert not facts.clock_shows(waiting(1))
    assert replace(facts, now_ms=NOON_MS + 300).clock_shows(waiting(1))


def test_a_time_explains_itself(view: TimelineView) -> None:
    shows(view, Rows([bubble(999, "Short")]))
    QTest.mouseMove(view.viewport(), centre_of(view, Target.META))
    assert "2026" in view.viewport().toolTip()


def test_a_desktop_read_from_the_right_turns_round(view: TimelineView) -> None:
    mine, theirs = bubble(60, own=True), bubble(59)
    shows(view, Rows([*bubbles(1, 58), theirs, mine]))

    def left_of(row: Bubble) -> float:
        found = view.row_box(row.key)
        assert found is not None
        return found[1].left() + view.delegate.layout(row, view.row_width()).bubble.left() + view.viewport().x()

    before = [left_of(mine), left_of(theirs)]
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    view.grab()
    after = [left_of(mine), left_of(theirs)]
    widths = [view.delegate.layout(row, view.row_width()).bubble.width() for row in (mine, theirs)]
    turned = [view.width() - left - width for left, width in zip(before, widths, strict=True)]
    assert after == pytest.approx(turned, abs=1)
