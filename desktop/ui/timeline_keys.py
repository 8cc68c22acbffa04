"""The keyboard in the timeline: which message it stands on, and what keys do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QKeySequence

from desktop.core.bubble import Bubble
from desktop.models.timeline_model import spoken
from desktop.ui import plain_text
from desktop.ui.bubble_delegate import Hit, Target

if TYPE_CHECKING:
    from desktop.ui.timeline_view import TimelineView


class KeyboardPlace:
    """Owns the key of the message that the keyboard stands on; knows the one view it works for."""

    def __init__(self, view: TimelineView) -> None:
        self._view = view
        self.key: str | None = None

    def leave(self) -> None:
        """Stand on no message."""
        self.key = None

    def enter(self) -> None:
        """Stand on the lowest message on screen, unless it stands on one already."""
        if self.box() is None:
            self.key = None
            self._walk(-1)

    def handles(self, event: QKeyEvent) -> bool:
        """Do what a key means here; False where it means nothing."""
        if event.matches(QKeySequence.StandardKey.Copy):
            return self._copy()
        work = {
            Qt.Key.Key_Up: lambda: self._walk(-1),
            Qt.Key.Key_Down: lambda: self._walk(1),
            Qt.Key.Key_Return: self._activate,
            Qt.Key.Key_Enter: self._activate,
            Qt.Key.Key_Home: self._to_top,
            Qt.Key.Key_End: self._to_bottom,
        }.get(Qt.Key(event.key()))
        if work is None or event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        return work()

    def box(self) -> QRect | None:
        """Where the message is on screen."""
        found = self._view.row_box(self.key) if self.key else None
        return found[1] if found else None

    def hit(self) -> Hit | None:
        """The message as something to act on: its first file, else its first link, else itself."""
        found = self._view.row_box(self.key) if self.key else None
        if found is None or not isinstance(found[0], Bubble):
            return None
        bubble = found[0]
        if bubble.files:
            return Hit(Target.FILE, bubble, file=0)
        link = self._view.delegate.first_link(bubble, self._view.row_width())
        return Hit(Target.LINK, bubble, url=link.url, asks=link.asks) if link else Hit(Target.BUBBLE, bubble)

    def _walk(self, step: int) -> bool:
        """Stand on the next message up or down; the first step stands on the lowest one on screen."""
        model = self._view.model()
        rows = [] if model is None else [row for row in model.rows() if isinstance(row, Bubble)]
        if not rows:
            return False
        keys = [row.key for row in rows]
        if self.key in keys:
            place = min(max(keys.index(self.key) + step, 0), len(keys) - 1)
        else:
            seen = [row.key for _, row, _ in self._view.visible_rows() if isinstance(row, Bubble)]
            place = keys.index(seen[-1]) if seen else len(keys) - 1
        self.key = keys[place]
        self._view.show_key(self.key)
        self._say(spoken(rows[place]))
        return True

    def _say(self, words: str) -> None:
        """Tell screen readers."""
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._view, words))

    def _activate(self) -> bool:
        """Open the file or link of the message."""
        hit = self.hit()
        if hit is None or not hit.clickable:
            return False
        self._view.clicked.emit(hit)
        return True

    def _copy(self) -> bool:
        """Copy the text of the message."""
        hit = self.hit()
        if hit is not None and hit.bubble.text:
            plain_text.copy(hit.bubble.text)
        return hit is not None

    def _to_top(self) -> bool:
        """Scroll to the first row held."""
        self._view.verticalScrollBar().setValue(0)
        return True

    def _to_bottom(self) -> bool:
        """Scroll to the last row."""
        self._view.scroll_to_bottom()
        return True
