"""The rows of a timeline, derived from messages, cursors and the outbox: grouping, day lines, holes, ticks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from desktop.core.bubble import Bubble, BubbleFile, DayLine, Hole, Row, Tick, UnreadLine
from desktop.core.bubbles import BubbleMaker, Spoken, around
from desktop.core.listops import Facet
from desktop.core.outbox import Waiting
from desktop.core.ports import Clock
from desktop.core.store import Held, Store

GROUP_MS = 5 * 60 * 1000
"""Neighbours of one sender within this time stand together (behaviour 11)."""
DAY_MS = 24 * 60 * 60 * 1000

UNREAD_KEY = "unread"


@dataclass(frozen=True, slots=True)
class Divider:
    """Where reading began: before `position`, with `count` messages behind it."""

    position: int
    count: int


class RowDeriver:
    """Owns the bubbles already made, so that a row that has not changed stays the same object."""

    def __init__(self, store: Store, own_id: int, clock: Clock) -> None:
        self._own_id = own_id
        self._clock = clock
        self._maker = BubbleMaker(store, own_id)
        self._shaped: dict[str, tuple[Bubble, Bubble]] = {}

    def derive(
        self,
        held: Held,
        first: int,
        last: int | None,
        entries: Sequence[Waiting],
        divider: Divider | None,
        changes: Sequence[Waiting] = (),
    ) -> list[Row]:
        """The rows for positions `first` to `last` (to the end without `last`), then the outbox's, in order.

        `changes` are what waits there to change messages.
        """
        near = around(held, self._own_id, entries, changes)
        messages = held.between(first, last)
        spoken = [self._maker.of_message(message, near) for message in messages]
        spoken += [self._maker.of_waiting(waiting, near) for waiting in entries]
        self._maker.keep_only(spoken)
        rows = self._with_lines(spoken, divider if divider and divider.position >= first else None)
        if messages and messages[0].position > first:
            # Nothing was here when the window was opened, and much came while the line was down.
            rows.insert(0, Hole(f"hole:{first - 1}", first - 1, messages[0].position))
        return rows

    def local_day(self, at_ms: int) -> int:
        """The number of the local day of a moment, since 1970."""
        return (at_ms + self._clock.local_offset_s(at_ms) * 1000) // DAY_MS

    def _with_lines(self, spoken: Sequence[Spoken], divider: Divider | None) -> list[Row]:
        """Put day lines, holes and the divider between, and say who stands together with whom."""
        lines: list[list[Row]] = []
        days_seen: dict[int, int] = {}
        previous: Spoken | None = None
        for one in spoken:
            lines.append(list(self._lines_before(one, previous, divider, days_seen)))
            previous = one
        joined = [
            index > 0 and not lines[index] and _together(spoken[index - 1], one) for index, one in enumerate(spoken)
        ]
        joined.append(False)
        rows: list[Row] = []
        shaped: dict[str, tuple[Bubble, Bubble]] = {}
        for index, one in enumerate(spoken):
            rows += lines[index]
            if isinstance(one, Bubble):
                row = self._shape(one, first=not joined[index], last=not joined[index + 1])
                shaped[one.key] = (one, row)
                rows.append(row)
            else:
                rows.append(one)
        self._shaped = shaped
        return rows

    def _shape(self, bubble: Bubble, *, first: bool, last: bool) -> Bubble:
        """A bubble with its place in its group; the same object as long as nothing about it changes."""
        known = self._shaped.get(bubble.key)
        if known is not None and known[0] is bubble:
            row = known[1]
            if (row.first_in_group, row.last_in_group) == (first, last):
                return row
        return replace(bubble, first_in_group=first, last_in_group=last)

    def _lines_before(
        self, bubble: Spoken, previous: Spoken | None, divider: Divider | None, days_seen: dict[int, int]
    ) -> Iterable[Row]:
        """What stands between two neighbours."""
        if previous is not None and _apart(previous, bubble):
            yield Hole(f"hole:{previous.position}", previous.position or 0, bubble.position or 0)
        day = self.local_day(bubble.at_ms)
        if previous is None or self.local_day(previous.at_ms) != day:
            days_seen[day] = days_seen.get(day, 0) + 1
            yield self._day_line(day, days_seen[day], bubble.at_ms)
        if divider is not None and _first_at(bubble, previous, divider.position):
            yield UnreadLine(UNREAD_KEY, divider.count)

    def _day_line(self, day: int, seen: int, at_ms: int) -> DayLine:
        """The pill of a day; a day that comes again, because clocks differ, has its own key."""
        name = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()
        midnight_ms = day * DAY_MS - self._clock.local_offset_s(at_ms) * 1000
        return DayLine(f"day:{name}" + (f"#{seen}" if seen > 1 else ""), midnight_ms)


def _together(previous: Spoken, bubble: Spoken) -> bool:
    """Whether two neighbours are one group."""
    if not isinstance(previous, Bubble) or not isinstance(bubble, Bubble):
        return False
    return (
        previous.sender_id == bubble.sender_id
        and "system" not in {previous.type, bubble.type}
        and abs(bubble.at_ms - previous.at_ms) <= GROUP_MS
    )


def _apart(previous: Spoken, bubble: Spoken) -> bool:
    """Whether messages between two neighbours are not held."""
    if previous.position is None or bubble.position is None:
        return False
    return bubble.position > previous.position + 1


def _first_at(bubble: Spoken, previous: Spoken | None, position: int) -> bool:
    """Whether a bubble is the first one at or behind a position."""
    if bubble.position is None or bubble.position < position:
        return False
    return previous is None or (previous.position or 0) < position


def key_of(row: Row) -> str:
    """What stays the same in a row for its life."""
    return row.key


_PAINT_ONLY = {
    "tick": Facet.TICK,
    "at_ms": Facet.TIME,
    "sender_avatar_url": Facet.PICTURE,
    "message_id": None,
    "position": None,
    "version": None,
}


def facets_between(old: Row, new: Row) -> frozenset[Facet]:
    """In which respects two rows of one key differ; empty where only numbers do that nobody sees."""
    if not isinstance(old, Bubble) or not isinstance(new, Bubble):
        return frozenset({Facet.LAYOUT})
    facets = set()
    for name in Bubble.__slots__:
        was, now = getattr(old, name), getattr(new, name)
        if was == now:
            continue
        if name == "files":
            facets.add(_files_facet(was, now))
        else:
            facet = _PAINT_ONLY.get(name, Facet.LAYOUT)
            facets.update(() if facet is None else (facet,))
    if Facet.TICK in facets and Tick.FAILED in {old.tick, new.tick}:
        facets.add(Facet.LAYOUT)
    return frozenset(facets)


def _files_facet(old: Sequence[BubbleFile], new: Sequence[BubbleFile]) -> Facet:
    """Whether files differ only in how far their upload has come."""
    still = [replace(file, progress=None) for file in old] == [replace(file, progress=None) for file in new]
    shown = [file.progress is None for file in old] == [file.progress is None for file in new]
    return Facet.PROGRESS if still and shown else Facet.LAYOUT
