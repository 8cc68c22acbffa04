"""The conversation list's model replays the core's operations, schedules its times, and is filtered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import ConversationRow, HappeningLine, Preview, Tick
from desktop.core.conversation_list import ListSection
from desktop.core.listops import Facet, Insert, ListOp, Move, Remove, Replace, replay
from desktop.core.moments import HOUR_MS, MINUTE_MS
from desktop.core.ports import Clock
from desktop.models.conversation_model import (
    ConversationFilter,
    ConversationModel,
    preview_sender,
    preview_words,
    typing_words,
)
from desktop.models.roles import Role
from protocol.shapes import Happening
from tests.desktop.conversation_rows import NOON_MS, Rows, row

LEFT = HappeningLine("uid", 1, 1, 1, NOON_MS, Happening(kind="left", user_ids=[3]), 3, "Cleo", ("Cleo",))


class Hands:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now_ms = NOON_MS
        self.clock = Clock(lambda: self.now_ms)


def titles(shown: ConversationFilter) -> list[str]:
    return [shown.index(i, 0).data() for i in range(shown.rowCount())]


def drawn_operation(data: st.DataObject, rows: list[ConversationRow], number: int) -> ListOp[ConversationRow]:
    """One operation that is valid for these rows."""
    size = len(rows)
    kinds = ["insert", "remove", "move", "move", "replace", "replace"] if size else ["insert"]
    unread = data.draw(st.integers(0, 2))
    match data.draw(st.sampled_from(kinds)):
        case "insert":
            new = tuple(row(number * 10 + i, unread=unread) for i in range(data.draw(st.integers(0, 3))))
            return Insert(data.draw(st.integers(0, size)), new)
        case "remove":
            index = data.draw(st.integers(0, size - 1))
            return Remove(index, data.draw(st.integers(0, min(3, size - index))))
        case "move":
            return Move(data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1)))
        case _:
            index = data.draw(st.integers(0, size - 1))
            return Replace(index, replace(rows[index], unread=unread), frozenset([Facet.LAYOUT]))


@given(data=st.data())
def test_any_operations_leave_replica_and_filter_equal(qapp: QApplication, data: st.DataObject) -> None:
    source = Rows(row(1), row(2, unread=3))
    model = ConversationModel(source, Hands().clock)
    shown = ConversationFilter(model)
    shown.show_section(data.draw(st.sampled_from(ListSection)))
    shown.keep(data.draw(st.sampled_from([None, 1, 2])))
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [QAbstractItemModelTester(model, fatal), QAbstractItemModelTester(shown, fatal)]
    fresh = ConversationFilter(model)
    for number in range(3, 3 + data.draw(st.integers(1, 6))):
        batch: list[ListOp[ConversationRow]] = []
        after = list(source.rows)
        for _ in range(data.draw(st.integers(1, 4))):
            operation = drawn_operation(data, after, number * 4 + len(batch))
            replay(after, operation)
            batch.append(operation)
        source.do(*batch)
        assert list(model.rows()) == source.rows
        keys = [shown.index(i, 0).data(Role.KEY) for i in range(shown.rowCount())]
        accepted = [r.conversation_id for i, r in enumerate(source.rows) if shown.filterAcceptsRow(i, QModelIndex())]
        assert keys == accepted
        assert fresh.rowCount() == len(source.rows)
    for tester in testers:
        tester.deleteLater()
    model.detach()


def test_a_move_keeps_what_points_at_the_row(qapp: QApplication) -> None:
    source = Rows(row(1), row(2), row(3))
    model = ConversationModel(source, Hands().clock)
    shown = ConversationFilter(model)
    held = QPersistentModelIndex(shown.index(2, 0))
    source.do(Move(2, 0), Replace(0, row(3, unread=1), frozenset([Facet.LAYOUT])))
    assert held.row() == 0
    assert held.data(Role.KEY) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Tomás Hale", "Maya Okafor", "MAYA LI"]),
        ("maya", ["Maya Okafor", "MAYA LI"]),
        ("tomas", ["Tomás Hale"]),
        ("oka may", ["Maya Okafor"]),
        ("  ", ["Tomás Hale", "Maya Okafor", "MAYA LI"]),
        ("[a-z]*", []),
    ],
)
def test_names_are_found_by_their_parts(qapp: QApplication, query: str, found: list[str]) -> None:
    model = ConversationModel(Rows(row(1, "Tomás Hale"), row(2, "Maya Okafor"), row(3, "MAYA LI")), Hands().clock)
    shown = ConversationFilter(model)
    shown.show_names_with(query)
    assert titles(shown) == found


def test_reading_the_open_one_does_not_take_it_away(qapp: QApplication) -> None:
    source = Rows(row(1, unread=2), row(2), row(3, unread=1))
    shown = ConversationFilter(ConversationModel(source, Hands().clock))
    shown.show_section(ListSection.UNREAD)
    assert titles(shown) == ["Person 1", "Person 3"]
    shown.keep(1)
    source.do(Replace(0, row(1), frozenset([Facet.LAYOUT])))
    assert titles(shown) == ["Person 1", "Person 3"]
    shown.keep(3)
    assert titles(shown) == ["Person 3"]
    shown.show_section(ListSection.ALL)
    assert titles(shown) == ["Person 1", "Person 2", "Person 3"]


def test_each_section_shows_its_part_and_a_name_is_found_anywhere(qapp: QApplication) -> None:
    source = Rows(row(1, unread=2), row(2, marked_unread=True), row(3), row(4, unread=1, archived=True))
    shown = ConversationFilter(ConversationModel(source, Hands().clock))
    assert titles(shown) == ["Person 1", "Person 2", "Person 3"]
    shown.show_section(ListSection.UNREAD)
    assert titles(shown) == ["Person 1", "Person 2"]
    shown.show_section(ListSection.ARCHIVED)
    assert titles(shown) == ["Person 4"]
    shown.show_names_with("person")
    assert titles(shown) == ["Person 1", "Person 2", "Person 3", "Person 4"]


@pytest.mark.parametrize(
    ("names", "in_group", "words"),
    [
        (["Ada"], False, "typing…"),
        (["Ada"], True, "Ada is typing…"),
        (["Ada", "Bo"], True, "Ada, Bo are typing…"),
        (["Ada", "Bo", "Cleo", "Dan"], True, "Ada, Bo and 2 more are typing…"),
    ],
)
def test_who_types_in_words(names: list[str], in_group: bool, words: str) -> None:
    assert typing_words(names, in_group=in_group) == words


def changes_of(model: ConversationModel) -> list[tuple[int, list[int]]]:
    """What the model tells of changed rows from now on."""
    told: list[tuple[int, list[int]]] = []
    model.dataChanged.connect(lambda first, _last, roles: told.append((first.row(), list(roles))))
    return told


def waits_ms(model: ConversationModel) -> int | None:
    """When the model wakes by itself, or None."""
    timer = model.findChild(QTimer)
    assert timer is not None
    return timer.interval() if timer.isActive() else None


def test_times_change_when_they_are_due_and_nothing_else_does(qapp: QApplication) -> None:
    hands = Hands()
    source = Rows(row(1, at_ms=NOON_MS - 30_000), row(2, at_ms=NOON_MS - 10 * MINUTE_MS - 30_000), row(3, at_ms=None))
    model = ConversationModel(source, hands.clock)

    def time_of(place: int) -> object:
        return model.index(place).data(Role.TIME)

    assert waits_ms(model) is None
    assert [time_of(0), time_of(1), time_of(2)] == ["now", "10m ago", ""]
    assert waits_ms(model) == 30_000
    told = changes_of(model)
    hands.now_ms += 29_999
    model.refresh_times()
    assert told == []
    hands.now_ms += 1
    model.refresh_times()
    assert told == [(0, [Role.ROW, Role.TIME]), (1, [Role.ROW, Role.TIME])]
    assert [time_of(0), time_of(1)] == ["1m ago", "11m ago"]
    assert waits_ms(model) == MINUTE_MS


def test_a_new_message_brings_its_own_time(qapp: QApplication) -> None:
    hands = Hands()
    source = Rows(row(1, at_ms=NOON_MS - 3 * HOUR_MS))
    model = ConversationModel(source, hands.clock)
    assert model.index(0).data(Role.TIME) == "09:00"
    source.do(Replace(0, row(1, at_ms=NOON_MS), frozenset([Facet.TIME])))
    assert model.index(0).data(Role.TIME) == "now"


def test_far_changes_do_not_overflow_the_timer(qapp: QApplication) -> None:
    hands = Hands()
    hands.now_ms = 1_767_225_600_000 + 24 * HOUR_MS * 2
    model = ConversationModel(Rows(row(1, at_ms=1_767_225_600_000)), hands.clock)
    assert model.index(0).data(Role.TIME) == "Jan 1"
    assert waits_ms(model) == 2**31 - 1


@pytest.mark.parametrize(
    ("preview", "sender", "words"),
    [
        (Preview(), "", "No messages yet"),
        (Preview("text", "Hello"), "", "Hello"),
        (Preview("text", "Hello", own=True, tick=Tick.READ), "You:", "Hello"),
        (Preview("text", "Hello", sender_name="Ravi"), "Ravi:", "Hello"),
        (Preview("image"), "", "Photo"),
        (Preview("image", "The harbour", own=True), "You:", "Photo · The harbour"),
        (Preview("video"), "", "Video"),
        (Preview("file", "report.pdf"), "", "report.pdf"),
        (Preview("file"), "", "File"),
        (Preview("text", "", deleted=True, own=True), "", "Message deleted"),
        (Preview("system", "Anna joined"), "", "Anna joined"),
        (Preview("system", "x", happening=LEFT), "", "Cleo left the group"),
    ],
)
def test_a_preview_in_words(preview: Preview, sender: str, words: str) -> None:
    assert (preview_sender(preview), preview_words(preview)) == (sender, words)


def test_a_row_is_spoken_whole(qapp: QApplication) -> None:
    preview = Preview("text", "Perfect", own=True, tick=Tick.READ)
    source = Rows(row(1, "Sofia Berg", presence="active", unread=2, preview=preview))
    model = ConversationModel(source, Hands().clock)
    spoken = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Sofia Berg, online, 2 unread, You: Perfect, read, now"
    marked = replace(source.rows[0], unread=0, marked_unread=True, muted=True, draft="See you")
    source.do(Replace(0, marked, frozenset([Facet.LAYOUT])))
    spoken = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Sofia Berg, online, muted, marked as unread, Draft: See you, now"
    source.do(Replace(0, replace(source.rows[0], typing=True), frozenset([Facet.LAYOUT])))
    assert "typing…" in str(model.index(0).data(Qt.ItemDataRole.AccessibleTextRole))
