"""Heights and tops agree with a plain list whatever happens, and the anchor stays with its row."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.row_geometry import GUESS, RowGeometry
from desktop.ui.scroll_anchor import Anchor


@given(data=st.data())
def test_any_changes_keep_tops_and_rows_in_step(data: st.DataObject) -> None:
    geometry, plain = RowGeometry(), list[int]()
    for _ in range(data.draw(st.integers(1, 12))):
        match data.draw(st.sampled_from(["insert", "remove", "measure"] if plain else ["insert"])):
            case "insert":
                index, count = data.draw(st.integers(0, len(plain))), data.draw(st.integers(1, 4))
                geometry.insert(index, count)
                plain[index:index] = [GUESS] * count
            case "remove":
                index = data.draw(st.integers(0, len(plain) - 1))
                count = data.draw(st.integers(1, len(plain) - index))
                geometry.remove(index, count)
                del plain[index : index + count]
            case _:
                index, height = data.draw(st.integers(0, len(plain) - 1)), data.draw(st.integers(1, 900))
                geometry.measure(index, height)
                plain[index] = height
                assert geometry.is_measured(index)
        tops = [0, *accumulate(plain)]
        assert [geometry.height(i) for i in range(len(plain))] == plain
        assert [geometry.top(i) for i in range(len(plain))] == tops[:-1]
        assert geometry.total == tops[-1]
        assert all(geometry.row_at(tops[i] + h // 2) == i for i, h in enumerate(plain))


def test_a_new_neighbour_makes_the_row_below_a_guess_again() -> None:
    geometry = RowGeometry(3)
    for index in range(3):
        geometry.measure(index, 40)
    geometry.insert(1, 1)
    assert geometry.unmeasured() == [1, 2]
    geometry.forget_all()
    assert geometry.unmeasured() == [0, 1, 2, 3]
    assert geometry.height(0) == 40


@given(data=st.data())
def test_the_anchor_stays_with_its_row(data: st.DataObject) -> None:
    rows = list(range(data.draw(st.integers(2, 12))))
    anchor = Anchor(data.draw(st.integers(0, len(rows) - 1)))
    held, number = rows[anchor.index], 100
    for _ in range(data.draw(st.integers(1, 8))):
        match data.draw(st.sampled_from(["insert", "remove", "move"])):
            case "insert":
                index, count = data.draw(st.integers(0, len(rows))), data.draw(st.integers(1, 3))
                rows[index:index] = range(number, number + count)
                number += count
                anchor.rows_inserted(index, count)
            case "remove":
                removable = [i for i, row in enumerate(rows) if row != held]
                if removable:
                    index = data.draw(st.sampled_from(removable))
                    del rows[index]
                    anchor.rows_removed(index, 1)
            case _:
                source = data.draw(st.sampled_from([i for i, row in enumerate(rows) if row != held] or [-1]))
                if source >= 0:
                    target = data.draw(st.integers(0, len(rows) - 1))
                    rows.insert(target, rows.pop(source))
                    anchor.row_moved(source, target)
        assert rows[anchor.index] == held
