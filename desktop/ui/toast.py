"""A line that says what has happened and goes by itself, with one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.buttons import Button
from desktop.ui.plain_text import PlainLabel

SHOWN_MS = 6_000


class Toast(QWidget):
    """Lies over its page's lower edge, above whatever covers the window. Owns its time.

    A later word replaces an earlier one. It goes when its page goes out of sight.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._ground = parent
        self._does: Callable[[], None] | None = None
        self._label = PlainLabel(size_px=13)
        self._button = Button("", "link", self._act)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 12, 6)
        row.addWidget(self._label)
        row.addWidget(self._button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, on=False)
        self.hide()
        parent.installEventFilter(self)
        parent.destroyed.connect(self.deleteLater)

    def say(self, words: str, action: str = "", does: Callable[[], None] | None = None) -> None:
        """Say it for a few seconds, or until it is clicked."""
        self._label.setText(words)
        self._button.set_words(action)
        self._button.setVisible(bool(action))
        self._does = does
        self.setAccessibleName(words)
        self._rise()
        self.adjustSize()
        ground = self._ground
        place = QPoint(max(8, (ground.width() - self.width()) // 2), ground.height() - self.height() - 90)
        self.move(ground.mapTo(ground.window(), place))
        self.show()
        self.raise_()
        self._timer.start()

    def _rise(self) -> None:
        """Become a part of the window itself: a picture that is looked at covers all pages (behaviour 54)."""
        window = self._ground.window()
        if self.parentWidget() is not window:
            self.setParent(window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go with the page."""
        if watched is self._ground and event.type() is QEvent.Type.Hide:
            self.hide()
        return super().eventFilter(watched, event)

    def words(self) -> str:
        """What is said now."""
        return "" if self.isHidden() else self._label.text()

    def _act(self) -> None:
        """Do what is offered."""
        self.hide()
        if self._does is not None:
            self._does()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.current().line)
        painter.setBrush(theme.current().panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        painter.end()
