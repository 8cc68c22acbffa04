"""The bar over the timeline while messages are selected: how many, and what can be done with all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.buttons import Button, IconButton
from desktop.ui.plain_text import PlainLabel
from desktop.ui.timeline_view import TimelineView

HEIGHT = 48


class SelectionBar(QWidget):
    """Lies over its ground's upper edge, so that nothing below moves. Who knows the rules says what is offered."""

    forward_asked = Signal()
    delete_asked = Signal()

    def __init__(self, view: TimelineView, ground: QWidget) -> None:
        super().__init__(ground)
        self._view = view
        self._ground = ground
        self._label = PlainLabel(weight=600)
        self.forward = Button("Forward…", "link", self.forward_asked.emit)
        self.copy = Button("Copy", "link", self._copy)
        self.delete = Button("Delete…", "link", self.delete_asked.emit)
        self.close_button = IconButton("x", "Leave the selection", self._leave, size=16)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.addWidget(self.close_button)
        row.addWidget(self._label)
        row.addStretch()
        for button in (self.forward, self.copy, self.delete):
            row.addWidget(button)
        view.selection.changed.connect(self._follow)
        ground.installEventFilter(self)
        theme.source().changed.connect(self.update)
        self.hide()

    def words(self) -> str:
        """What it says; empty while it is hidden."""
        return "" if self.isHidden() else self._label.text()

    def offer(self, *, forward: bool, delete: bool) -> None:
        """What can be done with all of the selected messages."""
        self.forward.setVisible(forward)
        self.delete.setVisible(delete)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as wide as the ground."""
        if event.type() is QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        """Say how many; be there as long as there are any."""
        count = len(self._view.selection.keys)
        words = "1 message selected" if count == 1 else f"{count} messages selected"
        self._label.setText(words)
        self.setAccessibleName(words)
        self.setVisible(count > 0)
        self._place()

    def _place(self) -> None:
        """Over the upper edge."""
        self.setGeometry(0, 0, self._ground.width(), HEIGHT)
        self.raise_()

    def _copy(self) -> None:
        """Copy, and be done."""
        self._view.copy_selected()
        self._leave()

    def _leave(self) -> None:
        """Select nothing."""
        self._view.selection.clear()
        self._view.setFocus()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A panel with a line below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.current().line)
        painter.end()
