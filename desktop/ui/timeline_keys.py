"""The keyboard in the timeline: which message it stands on, and what keys do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from desktop.core.bubble import Bubble
from desktop.ui import plain_text
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.copied_text import content
from desktop.ui.form import announce
from desktop.ui.message_deeds import KEYS, Deed
from desktop.ui.shortcuts import latin_key

if TYPE_CHECKING:
    from desktop.ui.timeline_view import TimelineView


DEED_OF_KEY: dict[str, Deed] = {key: deed for deed, key in reversed(KEYS.items())}


class KeyboardPlace:
    """Owns the key of the message that the keyboard stands on; knows the one view it works for."""

    def __init__(self, view: TimelineView) -> None:
        self._view = view
        self.key: str | None = None
        self._from: str | None = None

    def leave(self) -> None:
        """Stand on no message."""
        self._from = None
        self._stand_on(None)

    def enter(self, *, walks: bool) -> None:
        """The keyboard is back. Where it walks in, stand on the lowest message on screen, unless it stands on one."""
        if walks and self.box() is None:
            self.key = None
            self._walk(-1)
        self._view.voice.stand_on(self.key)

    def _stand_on(self, key: str | None) -> None:
        """Come to a message, or to none; screen readers follow."""
        self.key = key
        self._view.voice.stand_on(key)

    def handles(self, event: QKeyEvent) -> bool:
        """Do what a key means here; False where it means nothing."""
        if event.matches(QKeySequence.StandardKey.Copy):
            return self._view.copy_selected() or self._copy()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        work = {
            Qt.Key.Key_Up: lambda: self._extend(-1) if shift else self._walk(-1),
            Qt.Key.Key_Down: lambda: self._extend(1) if shift else self._walk(1),
            Qt.Key.Key_Return: self._activate,
            Qt.Key.Key_Enter: self._activate,
            Qt.Key.Key_Home: self._to_top,
            Qt.Key.Key_End: self._to_bottom,
            Qt.Key.Key_Escape: self._escape,
        }.get(Qt.Key(event.key()))
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        return work() if work is not None else self._do(event)

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

    def _extend(self, step: int) -> bool:
        """Walk, and select all messages from where that began."""
        if not self._view.selection.keys:
            self._from = self.key
        if not self._walk(step):
            return False
        self._from = self._from or self.key
        if self.key is not None and self._from is not None:
            self._view.selection.choose(self._view.keys_between(self._from, self.key))
            announce(self._view, f"{len(self._view.selection.keys)} selected")
        return True

    def _escape(self) -> bool:
        """Let go of the selection, else of the message; the next layer is the page's (behaviour 24)."""
        if self._view.selection.clear():
            return True
        stood = self.key is not None
        self._stand_on(None)
        self._view.repaint_rows()
        return stood

    def _do(self, event: QKeyEvent) -> bool:
        """A key that does something with the message that the keyboard stands on."""
        if self.key is None or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        bubble = self._view.row_of(self.key)
        latin = latin_key(event)
        pressed = "Del" if event.key() == Qt.Key.Key_Delete else chr(latin) if latin else event.text().upper()
        deed = DEED_OF_KEY.get(pressed)
        if bubble is None or deed is None:
            return False
        self._view.deed_asked.emit(deed, bubble)
        return True

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
        self._stand_on(keys[place])
        self._view.show_key(keys[place])
        return True

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
        if hit is not None and not hit.bubble.deleted:
            plain_text.copy(content(hit.bubble))
        return hit is not None

    def _to_top(self) -> bool:
        """Scroll to the first row held."""
        self._view.verticalScrollBar().setValue(0)
        return True

    def _to_bottom(self) -> bool:
        """Scroll to the last row."""
        self._view.scroll_to_bottom()
        return True
