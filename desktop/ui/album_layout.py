"""Where the pictures of one message stand: rows as wide as the bubble, from the files' pixels alone (behaviour 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

ALBUM_AT_MOST = 10
"""Pictures and films in one message; more go in the next one."""
ALBUM_WIDTH = 360
GAP = 2
BESIDE_AT_MOST = 4
RATIO_LEAST, RATIO_MOST = 0.6, 2.2
"""Of width to height: what is slimmer or wider is cut at its edges, so that nobody gets a stripe."""
RATIO_UNKNOWN = 1.0
ROW_LEAST, ROW_MOST = 64, 260
WANTED_HEIGHT = 1.1
"""Of the width: rows are broken so that the whole comes near to this height."""


@dataclass(frozen=True, slots=True)
class AlbumBox:
    """One picture's place inside the album, in device-independent pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


def places(sizes: Sequence[tuple[int | None, int | None]], width: int = ALBUM_WIDTH) -> tuple[AlbumBox, ...]:
    """The boxes of pictures of these widths and heights in pixels (None where unknown), in their order.

    Each row is exactly `width` wide; the album's height is the last box's `y + height`.
    """
    return _places(tuple(map(_ratio, sizes)), max(width, BESIDE_AT_MOST * (GAP + 1)))


def _ratio(size: tuple[int | None, int | None]) -> float:
    """How wide a picture is for its height."""
    width, height = size
    if not width or not height:
        return RATIO_UNKNOWN
    return min(max(width / height, RATIO_LEAST), RATIO_MOST)


@lru_cache(maxsize=256)
def _places(ratios: tuple[float, ...], width: int) -> tuple[AlbumBox, ...]:
    """The best of all ways to break the pictures into rows: ten have a few hundred."""
    if not ratios:
        return ()
    return tuple(_stacked(min(_breaks(ratios), key=lambda rows: _badness(rows, width)), width))


def _breaks(ratios: tuple[float, ...]) -> Iterator[tuple[tuple[float, ...], ...]]:
    """Every way to break a sequence into rows."""
    if not ratios:
        yield ()
        return
    for count in range(1, min(BESIDE_AT_MOST, len(ratios)) + 1):
        for rest in _breaks(ratios[count:]):
            yield (ratios[:count], *rest)


def _height(row: tuple[float, ...], width: int) -> int:
    """How high a row is that fills the width without cutting, within limits."""
    free = width - GAP * (len(row) - 1)
    return round(min(max(free / sum(row), ROW_LEAST), ROW_MOST))


def _badness(rows: tuple[tuple[float, ...], ...], width: int) -> float:
    """How far a way is from good: the wanted height, and rows of like height that cut little."""
    cut = [abs(width / sum(row) - _height(row, width)) for row in rows]
    heights = [_height(row, width) for row in rows]
    uneven = max(heights) - min(heights)
    return abs(sum(heights) - WANTED_HEIGHT * width) + uneven + sum(cut)


def _stacked(rows: tuple[tuple[float, ...], ...], width: int) -> Iterator[AlbumBox]:
    """Rows below each other; the last box of a row takes what rounding has left."""
    y = 0
    for row in rows:
        height, free, x = _height(row, width), width - GAP * (len(row) - 1), 0
        for number, ratio in enumerate(row):
            is_last = number == len(row) - 1
            wide = width - x if is_last else max(1, round(free * ratio / sum(row)))
            yield AlbumBox(x, y, wide, height)
            x += wide + GAP
        y += height + GAP
