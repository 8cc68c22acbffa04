"""The list while somebody points at it: the held row stays, the others keep their order around it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.bubble import ConversationRow
from desktop.core.held_order import HeldOrder
from desktop.core.listops import Insert, ListOp, Move, Remove, replay
from tests.desktop.conversation_rows import Rows, row


class Follower:
    """What a replica of the list shows."""

    def __init__(self, order: HeldOrder) -> None:
        self.rows = list(order.rows)
        order.operations.subscribe(self._replay)

    def _replay(self, operations: Sequence[ListOp[ConversationRow]]) -> None:
        for operation in operations:
            replay(self.rows, operation)

    def numbers(self) -> list[int]:
        return [one.conversation_id for one in self.rows]


def test_the_held_row_stays_until_it_is_let_go() -> None:
    source = Rows(row(1), row(2), row(3))
    order = HeldOrder(source)
    shown = Follower(order)
    order.hold(3)
    source.do(Move(2, 0))
    assert shown.numbers() == [1, 2, 3]
    source.do(Move(2, 0))
    assert shown.numbers() == [2, 1, 3]
    order.hold(None)
    assert shown.numbers() == [2, 3, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("miroh"), st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_whatever_happens_the_held_one_stands_still(
    steps: list[tuple[str, int, int]],
) -> None:
    source = Rows(*(row(number) for number in range(1, 6)))
    order, held, fresh = HeldOrder(source), None, 100
    shown = Follower(order)
    for kind, one, other in steps:
        before, count = shown.numbers(), len(source.rows)
        if kind == "m" and count:
            source.do(Move(one % count, other % count))
        elif kind == "i":
            fresh += 1
            source.do(Insert(one % (count + 1), (row(fresh),)))
        elif kind == "r" and count > 1:
            source.do(Remove(one % count, 1))
        elif kind == "h":
            held = before[one % count]
            order.hold(held)
            before = shown.numbers()
        else:
            held = None
            order.hold(None)
        assert sorted(shown.numbers()) == sorted(one.conversation_id for one in source.rows)
        if held in before and held in shown.numbers():
            last = len(source.rows) - 1
            assert shown.numbers().index(held) == min(before.index(held), last)
        rest = [one.conversation_id for one in source.rows if one.conversation_id != held]
        assert [number for number in shown.numbers() if number != held] == rest
