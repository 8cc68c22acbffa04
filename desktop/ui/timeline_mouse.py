"""The mouse in the timeline: clicks, words selected inside a message, and messages selected across several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import Bubble
from desktop.ui.bubble_delegate import Hit, Target

if TYPE_CHECKING:
    from desktop.ui.timeline_view import TimelineView

EDGE_STEP = 24
EDGE_EACH_MS = 30


class MousePlace:
    """Owns where a press began and whether it has become a drag; knows the one view it works for.

    A drag inside one message selects its words, one that leaves it selects whole messages. While messages are selected,
    a click selects one more or one less.
    """

    def __init__(self, view: TimelineView) -> None:
        self._view = view
        self._pressed: Hit | None = None
        self._from: tuple[str, int] | None = None
        self._began = QPoint()
        self._at = QPoint()
        self._drags = False
        self._edge = view.timer(EDGE_EACH_MS, self._scroll_on)

    def leave(self) -> None:
        """Another timeline is shown: nothing of the old one is held."""
        self._pressed = self._from = None
        self._drags = False
        self._edge.stop()

    def press(self, point: QPoint) -> None:
        """A click or a drag begins."""
        self._pressed = self._view.hit_at(point)
        self._began = self._at = point
        self._drags = False
        found = self._view.bubble_near(point)
        self._from = None if found is None else (found[0].key, self._unit(found[0], point))
        if not self._view.selection.keys:
            self._view.selection.clear()

    def move(self, point: QPoint) -> bool:
        """The pressed mouse moves; True while that selects something."""
        self._at = point
        far = (point - self._began).manhattanLength() >= QApplication.startDragDistance()
        if self._from is None or not (self._drags or far):
            return False
        self._drags = True
        self._select()
        if not 0 <= point.y() < self._view.viewport().height():
            self._edge.start()
        return True

    def release(self, point: QPoint) -> Hit | None:
        """What was clicked, where it was no drag: one place pressed and released."""
        self._edge.stop()
        drags, self._drags = self._drags, False
        pressed, self._pressed, self._from = self._pressed, None, None
        hit = self._view.hit_at(point)
        if drags:
            return None
        if self._view.selection.keys:
            self._toggle(hit)
            return None
        same = hit is not None and pressed is not None and _same_place(hit, pressed)
        return hit if same and hit is not None and hit.clickable else None

    def mark_word(self, point: QPoint) -> bool:
        """Select the word under a point; False beside words."""
        hit = self._view.hit_at(point)
        if hit is None or hit.target not in {Target.TEXT, Target.LINK}:
            return False
        found = self._view.delegate.word_at(hit.bubble, self._unit(hit.bubble, point), self._view.row_width())
        self._view.selection.mark(hit.bubble.key, *found)
        return True

    def _select(self) -> None:
        """Words where the drag is inside its message, else messages from there to here."""
        found = self._view.bubble_near(self._at)
        if found is None or self._from is None:
            return
        key, unit = self._from
        if found[0].key == key and not self._view.selection.keys:
            self._view.selection.mark(key, unit, self._unit(found[0], self._at))
        elif found[0].key == key:
            self._view.selection.choose([key])
        else:
            self._view.selection.choose(self._view.keys_between(key, found[0].key))

    def _toggle(self, hit: Hit | None) -> None:
        """Select one message more or less."""
        if hit is not None and self._view.is_selectable(hit.bubble):
            self._view.selection.toggle(hit.bubble.key)

    def _scroll_on(self) -> None:
        """The drag is beyond the edge: what is there comes into sight, and is selected too."""
        height = self._view.viewport().height()
        step = -EDGE_STEP if self._at.y() < 0 else EDGE_STEP if self._at.y() >= height else 0
        if self._drags and step:
            bar = self._view.verticalScrollBar()
            bar.setValue(bar.value() + step)
            self._select()
            self._edge.start()

    def _unit(self, bubble: Bubble, point: QPoint) -> int:
        """The place between two signs of a message that is nearest to a point of the viewport."""
        found = self._view.row_box(bubble.key)
        if found is None:
            return 0
        return self._view.delegate.unit_at(bubble, QPointF(point - found[1].topLeft()), self._view.row_width())


def _same_place(hit: Hit, other: Hit) -> bool:
    """Whether two hits mean the same thing; the bubble itself may have changed between press and release."""

    def place(one: Hit) -> tuple[object, ...]:
        return (one.target, one.bubble.key, one.file, one.url, one.action, one.emoji)

    return place(hit) == place(other)
