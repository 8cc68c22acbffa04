"""The bar over the field that says which message is answered or edited, and the strips that offer something there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.core import markup
from desktop.core.bubble import Bubble
from desktop.models.conversation_model import MEDIA_WORDS
from desktop.ui import icons, theme
from desktop.ui.buttons import Button, IconButton
from desktop.ui.plain_text import ElidedLabel, PlainLabel, one_line

HEIGHT = 40
BAR = 3
LEFT = 52
WORDS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Answered:
    """The message that what is written will answer: its uid, whose it is, and a line of it."""

    uid: str
    name: str
    words: str


def answered(bubble: Bubble) -> Answered:
    """A message on screen as something to answer."""
    return Answered(bubble.key, "yourself" if bubble.own else bubble.sender_name, brief(bubble))


def brief(bubble: Bubble) -> str:
    """A line of a message: its words, else what it carries."""
    if bubble.deleted:
        return "This message was deleted"
    words = one_line(markup.parse(bubble.text, bubble.mentions).shown())[:WORDS_AT_MOST]
    if words or not bubble.files:
        return words
    file = bubble.files[0]
    return f"{MEDIA_WORDS[file.kind]} · {file.name}"


class ReplyBar(QWidget):
    """Owns nothing but what it says; hidden while nothing is answered or edited."""

    closed = Signal()
    """The cross: leave it."""
    pressed = Signal()
    """The words: lead to the message."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = "reply"
        self._title = ElidedLabel(size_px=13, weight=600, ink="accent_text")
        self._words = ElidedLabel(size_px=13, ink="ink2")
        self.cross = IconButton("x", "Leave the answer (Esc)", self.closed.emit, size=16)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(self._title)
        column.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 0, 1)
        # A spacing stands on the other side where one writes from the right; margins do not.
        row.addSpacing(LEFT + BAR + 8)
        row.addLayout(column, 1)
        row.addWidget(self.cross)
        theme.source().changed.connect(self.update)
        self.hide()

    def show_reply(self, to: Answered) -> None:
        """Say who is answered."""
        self._show("reply", f"Reply to {one_line(to.name)}" if to.name else "Reply", to.words, "Leave the answer (Esc)")

    def show_edit(self, words: str) -> None:
        """Say what is edited."""
        self._show("pencil", "Edit message", words, "Leave the message as it was (Esc)")

    def title(self) -> str:
        """What it is about; empty while it is hidden."""
        return "" if self.isHidden() else self._title.text()

    def words(self) -> str:
        """The line of the message."""
        return self._words.text()

    def _show(self, icon: str, title: str, words: str, closes: str) -> None:
        """Say it, also to screen readers."""
        self._icon = icon
        self._title.setText(title)
        self._words.setText(words)
        self.cross.set_icon("x", closes)
        self.setAccessibleName(f"{title}: {words}")
        self.show()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(300, HEIGHT)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click leads to the message."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.pressed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The icon and the accent bar."""
        shown = theme.current()
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = self.width() - LEFT + 11 if mirrored else 11
        painter.drawPixmap(at, (HEIGHT - 20) // 2, icons.pixmap(self._icon, shown.accent_text, 20))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent)
        bar = QRectF(self.width() - LEFT - BAR if mirrored else LEFT, 2, BAR, HEIGHT - 4)
        painter.drawRoundedRect(bar, BAR / 2, BAR / 2)
        painter.end()


class OfferStrip(QWidget):
    """One line that offers one thing to do with what is written, and a cross. Hidden until something is offered."""

    def __init__(self, action: str, dismiss: str) -> None:
        super().__init__()
        self._label = PlainLabel(size_px=13, ink="ink2", wrap=True)
        self._does: Callable[[], None] | None = None
        self._leaves: Callable[[], None] | None = None
        self.button = Button(action, "link", self._do)
        self.cross = IconButton("x", dismiss, self._leave, size=16)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 2, 2)
        row.setSpacing(8)
        row.addWidget(self._label, 1)
        row.addWidget(self.button)
        row.addWidget(self.cross)
        theme.source().changed.connect(self.update)
        self.hide()

    def offer(self, words: str, does: Callable[[], None], leaves: Callable[[], None] | None = None) -> None:
        """Offer it; `leaves` is done when the cross is pressed."""
        self._does, self._leaves = does, leaves
        self._label.setText(words)
        self.setAccessibleName(words)
        self.show()

    def take_away(self) -> None:
        """Offer nothing."""
        self._does = self._leaves = None
        self.hide()

    def words(self) -> str:
        """What is offered; empty while nothing is."""
        return "" if self.isHidden() else self._label.text()

    def _do(self) -> None:
        """It is wanted."""
        does = self._does
        self.take_away()
        if does is not None:
            does()

    def _leave(self) -> None:
        """It is not."""
        leaves = self._leaves
        self.take_away()
        if leaves is not None:
            leaves()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A soft ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().accent_soft)
        painter.drawRoundedRect(self.rect(), 8, 8)
        painter.end()
