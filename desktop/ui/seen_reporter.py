"""When a message counts as read: the window has the focus, half of it is in sight, and about a second has passed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, QTimer, Signal

from desktop.core.bubble import Bubble
from desktop.ui.timeline_view import TimelineView

READ_AFTER_MS = 1_000


class SeenReporter(QObject):
    """Watches one view (behaviour 3). Owns the position waiting for its second to pass; never reports twice.

    `seen` tells the last position of somebody else's messages that the reader has seen.
    """

    seen = Signal(int)

    def __init__(self, view: TimelineView, has_focus: Callable[[], bool], after_ms: int = READ_AFTER_MS) -> None:
        super().__init__(view)
        self._view = view
        self._has_focus = has_focus
        self._reported = 0
        self._pending = 0
        self._paused = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(after_ms)
        self._timer.timeout.connect(self._second_passed)
        view.moved.connect(self.look)

    def restart(self) -> None:
        """Another conversation, or the same one opened anew."""
        self._reported = self._pending = 0
        self._paused = False
        self._timer.stop()
        self.look()

    def pause(self) -> None:
        """Report nothing until `restart`: somebody has just marked this conversation as unread."""
        self._paused = True
        self._timer.stop()

    def look(self) -> None:
        """Start the second for what is in sight now, if it is new."""
        if self._paused or not self._has_focus():
            self._timer.stop()
            return
        position = self._in_sight()
        if position > self._reported and not self._timer.isActive():
            self._pending = position
            self._timer.start()

    def _second_passed(self) -> None:
        """Report what was in sight a second ago and still is; what came since waits for its own second."""
        if self._paused or not self._has_focus():
            return
        position = min(self._pending, self._in_sight())
        if position > self._reported:
            self._reported = position
            self.seen.emit(position)
        self.look()

    def _in_sight(self) -> int:
        """The last position of another's message that is at least half visible; 0 for none."""
        screen = self._view.viewport().rect()
        return max(
            (
                row.position
                for _, row, box in self._view.visible_rows()
                if isinstance(row, Bubble) and row.position is not None and not row.own and _half_inside(box, screen)
            ),
            default=0,
        )


def _half_inside(box: QRect, screen: QRect) -> bool:
    """Whether half of a row is visible, or a row higher than the screen fills half of the screen."""
    visible = box.intersected(screen).height()
    return visible * 2 >= min(box.height(), screen.height())
