"""Jumps to a message: to a quoted, pinned or found one, and back to where the reader came from (behaviour 7)."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.core.bubble import Bubble
from desktop.core.timeline import Timeline
from desktop.ui.scroll_anchor import ReadingPlace
from desktop.ui.timeline_view import TimelineView

LOOK_AGAIN_MS = 100
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to: a message by its key or, where nobody knows that, its position; `place` is where it stood on screen."""

    position: int
    key: str | None = None
    place: ReadingPlace | None = None


class Jumps(QObject):
    """Owns the places to return to, and the jump that waits for its page; knows the view and its present timeline."""

    changed = Signal()
    """Whether there is a place to return to."""
    failed = Signal()
    """The message could not be brought: the line is down, or it is not there."""

    def __init__(self, view: TimelineView) -> None:
        super().__init__(view)
        self._view = view
        self._timeline: Timeline | None = None
        self._back: list[_Target] = []
        self._wanted: _Target | None = None
        self._attempts = 0
        self._left_end = False
        self._look = QTimer(self)
        self._look.setInterval(LOOK_AGAIN_MS)
        self._look.timeout.connect(self._look_again)

    def follow(self, timeline: Timeline | None) -> None:
        """Another timeline: places of the old one mean nothing here."""
        self._timeline = timeline
        self._back.clear()
        self._stop()

    def can_return(self) -> bool:
        """Whether the reader came from somewhere."""
        return bool(self._back)

    def to(self, position: int, key: str | None = None) -> None:
        """Bring a message to the middle of the screen and let it flash; what is not held is loaded first.

        `position` may be 0 for a message that waits to be sent: then it is found by its key or not at all.
        """
        here = self._here()
        if here is not None:
            self._back.append(here)
        self._left_end = False
        self._go(_Target(position, key))
        self.changed.emit()

    def back(self) -> None:
        """Return to where the last jump began."""
        if self._back:
            self._go(self._back.pop())
            self.changed.emit()

    def forget(self) -> None:
        """The reader went on by themselves."""
        if self._back:
            self._back.clear()
            self.changed.emit()

    def notice(self, *, at_end: bool) -> None:
        """The reader who scrolls to the end needs no way back; one who was brought there does."""
        if at_end and self._left_end:
            self.forget()
        self._left_end = not at_end

    def settle(self) -> None:
        """The rows have changed: the message that is waited for may be there now."""
        if self._wanted is not None and self._arrive(self._wanted):
            self._stop()

    def _here(self) -> _Target | None:
        """Where the reader stands; None at the end, to which the button leads anyway."""
        place = self._view.place()
        if place is None:
            return None
        row = self._view.row_of(place.key)
        return _Target((row.position or 0) if row is not None else 0, place.key, place)

    def _go(self, target: _Target) -> None:
        """Go there now, or once its page is here."""
        self._stop()
        if self._arrive(target):
            return
        if self._timeline is None or target.position <= 0:
            self.failed.emit()
            return
        self._wanted, self._attempts = target, 0
        self._look.start()
        self._look_again()

    def _arrive(self, target: _Target) -> bool:
        """Stand at the target, where its row is held."""
        if target.place is not None and self._view.return_to(target.place):
            return True
        model = self._view.model()
        rows = () if model is None else model.rows()
        keys = (row.key for row in rows if isinstance(row, Bubble) and _is(row, target))
        key = next(keys, None)
        if key is None or not self._view.jump_to(key):
            return False
        if target.place is None:
            self._view.flash(key)
        return True

    def _look_again(self) -> None:
        """Ask for the page where nothing is on its way; give up after some attempts."""
        if self._wanted is None or self._timeline is None:
            self._stop()
        elif not self._timeline.is_loading:
            if self._attempts >= ATTEMPTS:
                self._stop()
                self.failed.emit()
                return
            self._attempts += 1
            self._timeline.load_around(self._wanted.position)

    def _stop(self) -> None:
        """Nothing is waited for."""
        self._wanted = None
        self._look.stop()


def _is(row: Bubble, target: _Target) -> bool:
    """Whether this is the message."""
    return row.key == target.key or (target.position > 0 and row.position == target.position)
