"""What stands where there is nothing to list: an icon, a title, a sentence and a way on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.buttons import Button
from desktop.ui.plain_text import PlainLabel

DISC_PX = 56
ICON_PX = 24


class IconDisc(QWidget):
    """An icon on a soft round ground; decoration only."""

    def __init__(self, icon: str, size: int = DISC_PX) -> None:
        super().__init__()
        self._icon = icon
        self.setFixedSize(size, size)
        theme.source().changed.connect(self.update)

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon = icon
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground and icon."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent_soft)
        painter.drawEllipse(self.rect())
        size = round(self.width() * ICON_PX / DISC_PX)
        margin = (self.width() - size) // 2
        painter.drawPixmap(margin, margin, icons.pixmap(self._icon, shown.accent_text, size))
        painter.end()


class Notice(QWidget):
    """One state told in the middle of a pane."""

    def __init__(self) -> None:
        super().__init__()
        self._does: Callable[[], None] | None = None
        self._disc = IconDisc("message-circle")
        self._title = PlainLabel(size_px=15, weight=600, wrap=True)
        self._words = PlainLabel(size_px=13, ink="ink2", wrap=True)
        self.button = Button("", "primary", self._act)
        for label in (self._title, self._words):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(24, 24, 24, 48)
        rows.setSpacing(8)
        rows.addStretch()
        rows.addWidget(self._disc, alignment=Qt.AlignmentFlag.AlignHCenter)
        rows.addSpacing(4)
        rows.addWidget(self._title)
        rows.addWidget(self._words)
        rows.addSpacing(6)
        rows.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        rows.addStretch()

    def tell(self, icon: str, title: str, words: str, action: str = "", does: Callable[[], None] | None = None) -> None:
        """Show a state; without an action there is no button."""
        self._disc.set_icon(icon)
        self._title.setText(title)
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self.button.set_words(action)
        self.button.setVisible(bool(action))
        self._does = does
        self.setAccessibleName(f"{title}. {words}")

    def title(self) -> str:
        """What is told now."""
        return self._title.text()

    def _act(self) -> None:
        """Do what the button promises."""
        if self._does is not None:
            self._does()
