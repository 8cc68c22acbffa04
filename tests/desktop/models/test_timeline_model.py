"""The timeline model replays the core's operations under Qt's own model tester."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from desktop.core.bubble import DayLine, Row, UnreadLine
from desktop.core.listops import Facet, Insert, ListOp, Move, Remove, Replace
from desktop.models.roles import Role, moves_pixels, roles_of
from desktop.models.timeline_model import TimelineModel
from tests.desktop.timeline_rows import Rows


def line(number: int) -> Row:
    return DayLine(f"day-{number}", number)


def drawn_operation(data: st.DataObject, size: int, number: int) -> ListOp[Row]:
    """One operation that is valid for a list of this size."""
    kinds = ["insert", "insert", "remove", "move", "replace", "replace"] if size else ["insert"]
    match data.draw(st.sampled_from(kinds)):
        case "insert":
            count = data.draw(st.integers(0, 3))
            rows = tuple(line(number * 10 + i) for i in range(count))
            return Insert(data.draw(st.integers(0, size)), rows)
        case "remove":
            index = data.draw(st.integers(0, size - 1))
            return Remove(index, data.draw(st.integers(0, min(3, size - index))))
        case "move":
            return Move(data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1)))
        case _:
            facets = data.draw(st.frozensets(st.sampled_from(Facet), max_size=2))
            return Replace(data.draw(st.integers(0, size - 1)), line(-number), facets)


@given(data=st.data())
def test_any_operations_leave_the_replica_equal(qapp: object, data: st.DataObject) -> None:
    source = Rows([line(1), line(2)])
    model = TimelineModel(source)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for number in range(3, 3 + data.draw(st.integers(1, 6))):
        batch: list[ListOp[Row]] = []
        size = len(source.rows)
        for _ in range(data.draw(st.integers(1, 4))):
            operation = drawn_operation(data, size, number)
            size += len(operation.rows) if isinstance(operation, Insert) else 0
            size -= operation.count if isinstance(operation, Remove) else 0
            batch.append(operation)
        source.do(*batch)
        assert list(model.rows()) == source.rows
        assert [model.index(i).data(Role.KEY) for i in range(model.rowCount())] == [row.key for row in source.rows]
    tester.deleteLater()
    model.detach()


def test_neighbouring_ticks_are_one_signal(qtbot: QtBot) -> None:
    source = Rows([line(n) for n in range(6)])
    model = TimelineModel(source)
    told: list[tuple[int, int, list[int]]] = []
    model.dataChanged.connect(lambda first, last, roles: told.append((first.row(), last.row(), list(roles))))
    tick = frozenset({Facet.TICK})
    source.do(*(Replace(n, line(n + 100), tick) for n in (1, 2, 3)), Replace(5, line(105), tick))
    assert told == [(1, 3, roles_of(tick)), (5, 5, roles_of(tick))]
    assert not moves_pixels(told[0][2])
    assert moves_pixels(roles_of({Facet.LAYOUT, Facet.TICK}))
    assert moves_pixels([])


def test_a_batch_is_told_once(qtbot: QtBot) -> None:
    source = Rows()
    model = TimelineModel(source)
    with qtbot.waitSignal(model.replayed):
        source.do(Insert(0, (line(1), line(2))), Remove(0, 1))
    assert model.rowCount() == 1
    assert model.rowCount(model.index(0)) == 0


def test_a_detached_model_follows_no_longer(qtbot: QtBot) -> None:
    source = Rows()
    model = TimelineModel(source)
    model.detach()
    source.do(Insert(0, (line(1),)))
    assert model.rowCount() == 0


def test_rows_speak(qtbot: QtBot) -> None:
    model = TimelineModel(Rows([UnreadLine("unread", 3)]))
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == "3 unread"
    assert model.data(QModelIndex(), Role.ROW) is None
