"""Operations between two lists lead from the one to the other, whatever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.core.differ import diff
from desktop.core.listops import Facet, Insert, Move, Remove, Replace, replay_all

Row = tuple[int, int]
LAYOUT = frozenset({Facet.LAYOUT})

lists = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), unique_by=lambda row: row[0], max_size=25)


def steps(old: list[Row], new: list[Row]) -> list[object]:
    return list(diff(old, new, lambda row: row[0], lambda _was, _now: LAYOUT))


@given(lists, lists)
def test_the_operations_replay(old: list[Row], new: list[Row]) -> None:
    operations = diff(old, new, lambda row: row[0], lambda _was, _now: LAYOUT)
    assert replay_all(old, operations) == new


@given(lists)
def test_nothing_is_told_of_equal_lists(rows: list[Row]) -> None:
    assert steps(rows, list(rows)) == []


def test_one_row_that_goes_to_the_top_is_one_move() -> None:
    old = [(number, 0) for number in range(100)]
    assert steps(old, [old[60], *old[:60], *old[61:]]) == [Move(60, 0)]
    assert steps(old, [*old[1:], old[0]]) == [Move(0, 99)]


def test_neighbours_come_and_go_together() -> None:
    old = [(number, 0) for number in range(10)]
    assert steps(old, old[4:]) == [Remove(0, 4)]
    assert steps(old[4:], old) == [Insert(0, tuple(old[:4]))]


def test_a_changed_row_is_replaced_in_place() -> None:
    assert steps([(1, 0), (2, 0)], [(1, 0), (2, 1)]) == [Replace(1, (2, 1), LAYOUT)]
