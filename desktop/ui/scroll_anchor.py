"""What a timeline holds on to while rows come, go and change: the bottom, or one row at one pixel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Anchor:
    """The row that stands still and where its top is, in pixels below the viewport's top (negative: above it).

    `follows` says that the reader is at the bottom: then the end of the list stands still instead (behaviour 5).
    """

    index: int = 0
    offset: int = 0
    follows: bool = True

    def rows_inserted(self, first: int, count: int) -> None:
        """Rows that come in at or before the anchored one push it down the list, not down the screen."""
        if first <= self.index:
            self.index += count

    def rows_removed(self, first: int, count: int) -> None:
        """The anchored row may be among those that went: its successor takes its place."""
        if self.index >= first + count:
            self.index -= count
        elif self.index >= first:
            self.index = first

    def row_moved(self, source: int, target: int) -> None:
        """A row was taken out and put in at `target`; when it is the anchored one, its neighbour stays instead."""
        if self.index > source:
            self.index -= 1
        if target <= self.index:
            self.index += 1


@dataclass(frozen=True, slots=True)
class ReadingPlace:
    """Where somebody stopped reading: a row by its key and its pixel (behaviour 4)."""

    key: str
    offset: int
