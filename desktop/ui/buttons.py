"""The buttons of the design: quiet, primary, dangerous, link, chip, and those that are one icon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QPushButton, QSizePolicy, QToolButton, QWidget

from desktop.ui import fonts, icons, theme
from desktop.ui.plain_text import caption, set_tool_tip

Kind = Literal["quiet", "primary", "danger", "link", "chip"]


class Button(QPushButton):
    """A button with words; its kind picks the dress from the style sheet."""

    def __init__(self, words: str, kind: Kind = "quiet", does: Callable[[], None] | None = None) -> None:
        super().__init__(caption(words))
        self.setProperty("kind", kind)
        self.setFont(fonts.text(12 if kind == "chip" else fonts.TEXT_PX, 500))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(words)
        self.setAutoDefault(False)
        if does is not None:
            self.clicked.connect(does)

    def set_words(self, words: str) -> None:
        """Say something else."""
        self.setText(caption(words))
        self.setAccessibleName(words)


class IconButton(QToolButton):
    """A square button with one icon in a token's colour, and its words as tooltip and for screen readers."""

    def __init__(
        self,
        icon: str,
        words: str,
        does: Callable[[], None] | None = None,
        *,
        size: int = 20,
        ink: str = "ink2",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon, self._ink = icon, ink
        self.setIconSize(QSize(size, size))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(words)
        set_tool_tip(self, words)
        self._colour()
        theme.source().changed.connect(self._colour)
        if does is not None:
            self.clicked.connect(does)

    def set_icon(self, icon: str, words: str) -> None:
        """Show another icon, which does something else."""
        self._icon = icon
        self.setAccessibleName(words)
        set_tool_tip(self, words)
        self._colour()

    def _colour(self) -> None:
        """Draw the icon in the colour of the theme shown now."""
        self.setIcon(icons.icon(self._icon, getattr(theme.current(), self._ink), self.iconSize().width()))


class DrawnButton(QAbstractButton):
    """A button that draws itself. Owns whether the keyboard brought the focus here, so that clicks show no ring."""

    def __init__(self) -> None:
        super().__init__()
        self._by_keyboard = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.source().changed.connect(self.update)

    def has_ring(self) -> bool:
        """Whether the keyboard's ring is to be drawn."""
        return self.hasFocus() and self._by_keyboard

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Remember how the focus came."""
        self._by_keyboard = event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
        super().focusInEvent(event)


class StripButton(DrawnButton):
    """A drawn button as wide as its column, with a line above; those of a kind draw what stands on it."""

    HEIGHT_PX = 37

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(self.HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(200, self.HEIGHT_PX)

    def paint_content(self, painter: QPainter) -> None:
        """Draw what stands on the strip."""
        raise AssertionError(f"{type(self).__name__} says nothing")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the line above, the content, and the keyboard's ring."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), shown.hover if self.underMouse() else shown.panel)
        painter.fillRect(0, 0, self.width(), 1, shown.line)
        self.paint_content(painter)
        if self.has_ring():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shown.accent, 1.5))
            painter.drawRoundedRect(self.rect().adjusted(4, 5, -4, -4), 6, 6)
        painter.end()
