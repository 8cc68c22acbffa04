"""The places of several pictures in one message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.album_layout import ALBUM_AT_MOST, ALBUM_WIDTH, GAP, ROW_LEAST, ROW_MOST, AlbumBox, places

SIDES = st.none() | st.integers(0, 20_000)


@given(st.lists(st.tuples(SIDES, SIDES), max_size=ALBUM_AT_MOST), st.integers(120, 600))
def test_rows_are_full_and_nothing_overlaps(sizes: list[tuple[int | None, int | None]], width: int) -> None:
    boxes = places(sizes, width)
    assert len(boxes) == len(sizes)
    rows: dict[int, list[AlbumBox]] = {}
    for box in boxes:
        rows.setdefault(box.y, []).append(box)
    below = 0
    for y, row in rows.items():
        assert y == below
        assert len({box.height for box in row}) == 1
        assert ROW_LEAST <= row[0].height <= ROW_MOST
        x = 0
        for box in row:
            assert box.x == x
            assert box.width > 0
            x += box.width + GAP
        assert x - GAP == width
        below += row[0].height + GAP
    assert places(sizes, width) is boxes, "asked for at every paint"


def test_two_wide_pictures_lie_on_each_other_and_two_slim_ones_side_by_side() -> None:
    wide, slim = places([(1600, 700)] * 2), places([(700, 1200)] * 2)
    assert wide[1].y > 0
    assert slim[1].y == 0
    assert slim[1].x == (ALBUM_WIDTH + GAP) // 2


def test_like_pictures_stand_in_like_rows() -> None:
    for count, rows in ((3, [1, 2]), (4, [2, 2]), (5, [2, 3]), (10, [2, 2, 3, 3])):
        tops = [box.y for box in places([(640, 480)] * count)]
        assert [tops.count(top) for top in sorted(set(tops))] == rows
