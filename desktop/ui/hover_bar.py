"""The small bar beside the message under the mouse: react, reply, everything else."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.core.bubble import Bubble
from desktop.ui import theme
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.buttons import IconButton
from desktop.ui.message_deeds import Deed, is_stored
from desktop.ui.timeline_view import TimelineView

GAP, EDGE = 6, 4
HIDE_AFTER_MS = 250
BUTTON = 28


class HoverBar(QWidget):
    """Owns which message it stands beside. The keyboard does without it: it has the same deeds on keys."""

    deed_asked = Signal(object, object)
    """A Deed and the Bubble."""
    menu_asked = Signal(object, QPoint)
    """A Hit, and where its menu opens."""

    def __init__(self, view: TimelineView) -> None:
        super().__init__(view.viewport())
        self._view = view
        self._bubble: Bubble | None = None
        self.react = IconButton("smile-plus", "React", lambda: self._ask(Deed.REACT), size=16)
        self.reply = IconButton("reply", "Reply", lambda: self._ask(Deed.REPLY), size=16)
        self.more = IconButton("ellipsis", "More", self._ask_menu, size=16)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        for button in (self.react, self.reply, self.more):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setFixedSize(BUTTON, BUTTON)
            row.addWidget(button)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.setInterval(HIDE_AFTER_MS)
        self._leaving.timeout.connect(self.hide)
        theme.source().changed.connect(self.update)
        self.hide()

    def bubble(self) -> Bubble | None:
        """The message it stands beside; None while it is hidden."""
        return None if self.isHidden() else self._bubble

    def follow(self, hit: Hit | None) -> None:
        """Stand beside the message under the mouse; soon gone where there is none."""
        if hit is None or self._view.selection.keys or hit.bubble.deleted:
            self._leaving.start()
            return
        self._leaving.stop()
        if self.isHidden() or self._bubble is None or self._bubble.key != hit.bubble.key:
            self._stand_beside(hit.bubble)

    def _stand_beside(self, bubble: Bubble) -> None:
        """On the free side of the bubble, inside the view."""
        found = self._view.row_box(bubble.key)
        if found is None:
            return
        self._bubble = bubble
        self.react.setVisible(is_stored(bubble))
        self.adjustSize()
        layout = self._view.delegate.layout(bubble, self._view.row_width())
        box = layout.bubble.translated(found[1].topLeft())
        x = box.left() - GAP - self.width() if layout.right else box.right() + GAP
        inside = min(max(x, 4), self._view.viewport().width() - self.width() - 4)
        # Where there is no room beside the bubble, the bar stands over its edge, not over its words.
        top = box.top() if inside == x else box.top() - self.height() + EDGE
        y = min(max(top, 4), self._view.viewport().height() - self.height() - 4)
        self.move(round(inside), round(y))
        self.show()
        self.raise_()

    def enterEvent(self, event: QEnterEvent) -> None:
        """The mouse is here: stay."""
        self._leaving.stop()
        super().enterEvent(event)

    def _ask(self, deed: Deed) -> None:
        """Ask for a deed with this message."""
        if self._bubble is not None:
            bubble = self._bubble
            self.hide()
            self.deed_asked.emit(deed, bubble)

    def _ask_menu(self) -> None:
        """Ask for the menu, below the button."""
        if self._bubble is not None:
            at = self.more.mapToGlobal(QPoint(0, self.more.height()))
            self.menu_asked.emit(Hit(Target.BUBBLE, self._bubble), at)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.current().line)
        painter.setBrush(theme.current().panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()
