"""A timeline's rows on a scroll bar: heights, the place that stands still, and the model's news.

A view of its own instead of QListView: docs/decisions/0012-own-timeline-view.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QModelIndex, QRect, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from desktop.core.bubble import Bubble, Row, UnreadLine
from desktop.core.ports import Clock
from desktop.models.roles import moves_pixels
from desktop.models.timeline_model import TimelineModel
from desktop.ui.bubble_delegate import BubbleDelegate, gap_above
from desktop.ui.row_geometry import RowGeometry
from desktop.ui.scroll_anchor import Anchor, ReadingPlace

SIDE, NARROW_SIDE, NARROW_BELOW = 20, 12, 480
TOP, BOTTOM = 14, 8
AT_BOTTOM = 24
"""Scrolled up by more than a line: the reader reads, and the view no longer follows."""
MEASURED_AT_ONCE = 40


class TimelineScroll(QAbstractScrollArea):
    """Owns the scroll position and the anchor: whatever the model does, what is read stands still to the pixel.

    Heights are measured around the screen and guessed elsewhere; guesses become heights while nothing else happens.
    """

    moved = Signal()
    """What is on screen has changed: scrolled, settled or resized."""

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.delegate = BubbleDelegate(clock)
        self._model: TimelineModel | None = None
        self._geometry = RowGeometry()
        self._anchor = Anchor()
        self._landing = False
        self._ends_with_latest = True
        self._settling = False
        self._on_screen: set[str] = set()
        self._laid_out_width = 0.0
        self._measuring = self.timer(0, self._measure_some)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def timer(self, interval_ms: int, work: Callable[[], None]) -> QTimer:
        """A timer of this view that fires once when started."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(work)
        return timer

    def showEvent(self, event: QShowEvent) -> None:
        """The size is known now: stand where the reader left, or land."""
        super().showEvent(event)
        self.settle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size: the anchor stays."""
        super().resizeEvent(event)
        self.settle()

    def _scrolled(self) -> None:
        """The reader scrolled."""
        if self._settling:
            return
        self._landing = False
        self._settling = True
        try:
            self._measure_seen()
        finally:
            self._settling = False
        self._take_anchor()
        self.settle()

    # What is shown

    def model(self) -> TimelineModel | None:
        """The model shown now."""
        return self._model

    def set_model(self, model: TimelineModel | None, place: ReadingPlace | None = None) -> None:
        """Show another timeline: at `place`, else at the unread line, else at the bottom (behaviours 1 and 4)."""
        if self._model is not None:
            self._model.disconnect(self)
        self._model = model
        self._geometry = RowGeometry(0 if model is None else model.rowCount())
        self._anchor = Anchor()
        self._landing = not self._restore(place)
        if model is not None:
            model.rowsInserted.connect(self._rows_inserted)
            model.rowsRemoved.connect(self._rows_removed)
            model.rowsMoved.connect(self._rows_moved)
            model.dataChanged.connect(self._data_changed)
            model.replayed.connect(self._replayed)
        self.settle()

    def _restore(self, place: ReadingPlace | None) -> bool:
        """Stand where reading stopped, if that row is still there."""
        rows = self._rows()
        index = next((i for i, row in enumerate(rows) if place and row.key == place.key), None)
        if place is None or index is None:
            return False
        self._anchor = Anchor(index, place.offset, follows=False)
        return True

    def place(self) -> ReadingPlace | None:
        """Where reading stands now; None at the bottom."""
        rows = self._rows()
        if self._anchor.follows or not rows:
            return None
        return ReadingPlace(rows[self._anchor.index].key, self._anchor.offset)

    def finish_landing(self) -> None:
        """The first page is there: from now on the reader's place is kept. A hidden view lands when it is shown."""
        if self.isVisible():
            self._landing = False

    def set_ends_with_latest(self, ends: bool) -> None:
        """Whether the last row is the latest message; where it is not, nothing below is followed."""
        self._ends_with_latest = ends
        if not ends and self._anchor.follows and not self._landing:
            self._take_anchor()

    def at_bottom(self) -> bool:
        """Whether the reader is at the end of what is shown."""
        return self._anchor.follows

    def scroll_to_bottom(self) -> None:
        """Show the end, and follow it."""
        self._landing = False
        self._anchor.follows = True
        self.settle()

    def expand(self, key: str) -> None:
        """Show a long message whole; its first line stays where it is."""
        self.delegate.expand(key)
        index = next((i for i, row in enumerate(self._rows()) if row.key == key), None)
        if index is not None:
            self._anchor = Anchor(index, self._box_top(index), follows=False)
            self._geometry.forget(index)
            self.settle()

    def jump_to(self, key: str) -> bool:
        """Bring a row to the middle of the screen, or its top into the upper third; False where it is not held."""
        index = next((i for i, row in enumerate(self._rows()) if row.key == key), None)
        if index is None:
            return False
        self._landing = False
        self._measure(index)
        room, height = self.viewport().height(), self._geometry.height(index)
        self._anchor = Anchor(index, max(room // 6, (room - height) // 2), follows=False)
        self.settle()
        return True

    def return_to(self, place: ReadingPlace) -> bool:
        """Stand where reading stopped, to the pixel; False where that row is not held."""
        if not self._restore(place):
            return False
        self._landing = False
        self.settle()
        return True

    def visible_rows(self) -> Iterator[tuple[int, Row, QRect]]:
        """The rows on screen from the top down: index, row, and their boxes in the viewport, gaps left out."""
        rows = self._rows()
        if not rows or len(self._geometry) != len(rows):
            return
        left, width = self._left(), int(self.row_width())
        for index in range(self._geometry.row_at(self._scroll() - TOP), len(rows)):
            y = self._y(index)
            if y >= self.viewport().height():
                return
            gap = self._gap(index)
            yield index, rows[index], QRect(left, y + gap, width, self._geometry.height(index) - gap)

    def show_key(self, key: str) -> None:
        """Scroll just so far that a row is wholly on screen, or its top where it is higher than the screen."""
        index = next((i for i, row in enumerate(self._rows()) if row.key == key), None)
        if index is None:
            return
        self._measure(index)
        top, height, room = self._y(index), self._geometry.height(index), self.viewport().height()
        bar = self.verticalScrollBar()
        if top < 0 or height > room:
            bar.setValue(bar.value() + top)
        elif top + height > room:
            bar.setValue(bar.value() + top + height + BOTTOM - room)
        self.viewport().update()

    # The model's news

    def _rows_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        self._geometry.insert(first, last - first + 1)
        self._anchor.rows_inserted(first, last - first + 1)

    def _rows_removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        self._geometry.remove(first, last - first + 1)
        self._anchor.rows_removed(first, last - first + 1)

    def _rows_moved(self, _parent: QModelIndex, source: int, _end: int, _target: QModelIndex, there: int) -> None:
        target = there - 1 if there > source else there
        self._geometry.remove(source, 1)
        self._geometry.insert(target, 1)
        self._anchor.row_moved(source, target)

    def _data_changed(self, first: QModelIndex, last: QModelIndex, roles: list[int]) -> None:
        if not moves_pixels(roles):
            self.viewport().update()
            return
        for index in range(first.row(), last.row() + 2):
            self._geometry.forget(index)

    def _replayed(self) -> None:
        """A batch is over. Where nothing that was read is left, another part of the conversation came: land in it."""
        if self._on_screen and self._on_screen.isdisjoint(row.key for row in self._rows()):
            self._landing = True
            self.settle()
            self._landing = False
        else:
            self.settle()

    # Geometry

    def settle(self) -> None:
        """Measure what is needed, then put the anchored row (or the end) back where it was, to the pixel."""
        if self._settling:
            return
        self._settling = True
        try:
            self._lay_out()
        finally:
            self._settling = False
        self._on_screen = {row.key for _, row, _ in self.visible_rows() if isinstance(row, Bubble)}
        self.viewport().update()
        self.moved.emit()

    def _lay_out(self) -> None:
        """One pass over width, heights, range and value."""
        if self._laid_out_width != self.row_width():
            self._laid_out_width = self.row_width()
            self._geometry.forget_all()
        rows = self._rows()
        if self._landing and rows:
            self._anchor.follows = True
            self._anchor_unread()
        self._anchor.index = min(self._anchor.index, max(0, len(rows) - 1))
        if rows:
            self._measure_around(len(rows) - 1 if self._anchor.follows else self._anchor.index)
        self._place_scroll_bar()
        if self._geometry.unmeasured():
            self._measuring.start()

    def _place_scroll_bar(self) -> None:
        """Range and value that follow from the heights and the anchor."""
        bar = self.verticalScrollBar()
        most = max(0, self._content_height() - self.viewport().height())
        bar.setPageStep(self.viewport().height())
        bar.setRange(0, most)
        if self._anchor.follows or not len(self._geometry):
            bar.setValue(most)
        else:
            index = self._anchor.index
            bar.setValue(TOP + self._geometry.top(index) + self._gap(index) - self._anchor.offset)
        if not self._anchor.follows or self._landing:
            self._take_anchor()

    def _measure_around(self, middle: int) -> None:
        """Measure the rows on screen for sure, and one screen more on each side."""
        enough = 2 * self.viewport().height() + abs(self._anchor.offset)
        for step in (range(middle, len(self._geometry)), range(middle - 1, -1, -1)):
            seen = 0
            for index in step:
                self._measure(index)
                seen += self._geometry.height(index)
                if seen > enough:
                    break

    def _measure_seen(self) -> None:
        """Measure what a scroll has brought on screen; what is above the middle must not push it."""
        rows = [index for index, _, _ in self.visible_rows()]
        if rows and not all(map(self._geometry.is_measured, rows)):
            first = rows[0]
            y = self._box_top(first)
            self._measure_around(first)
            self.verticalScrollBar().setRange(0, max(0, self._content_height() - self.viewport().height()))
            self.verticalScrollBar().setValue(TOP + self._geometry.top(first) + self._gap(first) - y)

    def _measure(self, index: int) -> None:
        """Ask the delegate for a row's height, where it is not known."""
        if not self._geometry.is_measured(index):
            height = self.delegate.height(self._rows()[index], self.row_width())
            self._geometry.measure(index, round(height) + self._gap(index))

    def _measure_some(self) -> None:
        """Turn guesses into heights while nothing else happens; nothing on screen moves by it."""
        for index in self._geometry.unmeasured()[-MEASURED_AT_ONCE:]:
            self._measure(index)
        self.settle()

    def _anchor_unread(self) -> bool:
        """Anchor the unread line in the upper third; False where there is none."""
        found = next((i for i, row in enumerate(self._rows()) if isinstance(row, UnreadLine)), None)
        if found is None:
            return False
        self._anchor = Anchor(found, self.viewport().height() // 4, follows=False)
        return True

    def _take_anchor(self) -> None:
        """Anchor what is read: the first bubble that begins in the upper half of the screen, else the first one.

        Lines between bubbles move when older messages come, bubbles do not. A bubble that is cut by the upper edge may
        change its height without moving all that is read below it.
        """
        bar = self.verticalScrollBar()
        follows = self._ends_with_latest and bar.maximum() - bar.value() <= AT_BOTTOM
        visible = [(index, row) for index, row, _ in self.visible_rows()]
        if not visible:
            self._anchor.follows = follows
            return
        bubbles = [index for index, row in visible if isinstance(row, Bubble)] or [visible[0][0]]
        half = self.viewport().height() // 2
        index = next((index for index in bubbles if 0 <= self._box_top(index) <= half), bubbles[0])
        self._anchor = Anchor(index, self._box_top(index), follows)

    def _content_height(self) -> int:
        """The rows and the room above and below."""
        return TOP + self._geometry.total + BOTTOM if len(self._geometry) else 0

    def _scroll(self) -> int:
        """How far the content is scrolled; negative where it is short and stands at the bottom."""
        spare = self.viewport().height() - self._content_height()
        return -spare if spare > 0 else self.verticalScrollBar().value()

    def _y(self, index: int) -> int:
        """The top of a row with its gap, in the viewport."""
        return TOP + self._geometry.top(index) - self._scroll()

    def _box_top(self, index: int) -> int:
        """The top of a row without its gap, in the viewport: the gap changes with the neighbour above."""
        return self._y(index) + self._gap(index)

    def _gap(self, index: int) -> int:
        """The room above a row."""
        rows = self._rows()
        return gap_above(rows[index - 1] if index else None, rows[index])

    def side(self) -> int:
        """The margin beside the rows."""
        return NARROW_SIDE if self.width() < NARROW_BELOW else SIDE

    def _left(self) -> int:
        """Where the rows begin in the viewport: the scroll bar lies in the margin, on whichever side it is."""
        if self.isRightToLeft():
            return self.viewport().width() - self.side() - int(self.row_width())
        return self.side()

    def row_width(self) -> float:
        """The width of a row; the scroll bar lies in the margin, so that its coming moves nothing."""
        return float(max(120, self.width() - 2 * self.side()))

    def _rows(self) -> Sequence[Row]:
        """The model's rows."""
        return () if self._model is None else self._model.rows()
