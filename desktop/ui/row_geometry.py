"""The heights of a list's rows, some measured and some guessed, and the place of each."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

GUESS = 56
"""The height in pixels of a row nobody has measured: a bubble of two lines."""


class RowGeometry:
    """Owns one height a row, in whole pixels with the gap above, and whether it was measured for this width."""

    def __init__(self, count: int = 0) -> None:
        self._heights: list[int] = [GUESS] * count
        self._measured: list[bool] = [False] * count
        self._tops: list[int] | None = None

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """The height of all rows together."""
        return self._all_tops()[-1]

    def top(self, index: int) -> int:
        """Where a row begins, counted from the first."""
        return self._all_tops()[index]

    def height(self, index: int) -> int:
        """How high a row is."""
        return self._heights[index]

    def row_at(self, y: int) -> int:
        """The row that covers a height, the nearest one outside the list; there must be rows."""
        return min(max(bisect_right(self._all_tops(), y) - 1, 0), len(self) - 1)

    def is_measured(self, index: int) -> bool:
        """Whether a row's height is true for the present width."""
        return self._measured[index]

    def unmeasured(self) -> list[int]:
        """The rows whose heights are guessed."""
        return [index for index, measured in enumerate(self._measured) if not measured]

    def measure(self, index: int, height: int) -> None:
        """Note a row's true height."""
        self._measured[index] = True
        if self._heights[index] != height:
            self._heights[index] = height
            self._tops = None

    def insert(self, index: int, count: int) -> None:
        """Rows came in before `index`; the one below them has a new neighbour."""
        self._heights[index:index] = [GUESS] * count
        self._measured[index:index] = [False] * count
        self._tops = None
        self.forget(index + count)

    def remove(self, index: int, count: int) -> None:
        """Rows went; the one below them has a new neighbour."""
        del self._heights[index : index + count]
        del self._measured[index : index + count]
        self._tops = None
        self.forget(index)

    def forget(self, index: int) -> None:
        """A row's height may have changed; harmless past the end."""
        if index < len(self._measured):
            self._measured[index] = False

    def forget_all(self) -> None:
        """Another width: every height becomes a guess, a good one."""
        self._measured = [False] * len(self._measured)

    def _all_tops(self) -> list[int]:
        """The tops of all rows, and the end of the last."""
        if self._tops is None:
            self._tops = list(accumulate(self._heights, initial=0))
        return self._tops
