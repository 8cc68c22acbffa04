"""What stands above a timeline: who it is, and whether they are there or typing."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.core import moments
from desktop.core.bubble import Header
from desktop.core.ports import Clock
from desktop.models.conversation_model import typing_words as named_typing
from desktop.ui import theme
from desktop.ui.avatars import PRESENCE_WORDS, Avatar
from desktop.ui.buttons import IconButton
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import ElidedLabel, one_line
from protocol.text import isolate

HEIGHT = 60
AVATAR = 38
REFRESH_MS = 30_000
"""How often "last seen 3m ago" is looked at again while it is shown."""


class ChatHeader(QWidget):
    """Shows one Header; owns the timer that keeps its words true."""

    back_requested = Signal()
    search_requested = Signal()
    info_requested = Signal()

    def __init__(self, pictures: Pictures, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._clock = clock
        self._header: Header | None = None
        self.back = IconButton("arrow-left", "Back to the conversations", self.back_requested.emit)
        self.back.hide()
        self.search = IconButton("search", "Search in this conversation (Ctrl+F)", self.search_requested.emit)
        self.info = IconButton("panel-right", "About this conversation (Ctrl+.)", self.info_requested.emit)
        self._avatar = Avatar(AVATAR)
        self._name = ElidedLabel(size_px=15, weight=600)
        self._status = ElidedLabel(size_px=12, ink="ink2")
        self._refresh = QTimer(self)
        self._refresh.setInterval(REFRESH_MS)
        self._refresh.timeout.connect(self._show_status)
        self._lay_out()
        pictures.ready.connect(self._show_picture)
        theme.source().changed.connect(self.update)

    def _lay_out(self) -> None:
        """Avatar, then name over status, as the mock has them."""
        self.setFixedHeight(HEIGHT)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch()
        words.addWidget(self._name)
        words.addWidget(self._status)
        words.addStretch()
        self._name.setFixedHeight(20)
        self._status.setFixedHeight(16)
        row = QHBoxLayout(self)
        row.setContentsMargins(19, 0, 19, 1)
        row.setSpacing(11)
        row.addWidget(self.back)
        row.addWidget(self._avatar)
        row.addLayout(words, 1)
        row.addWidget(self.search)
        row.addWidget(self.info)

    def show_header(self, header: Header) -> None:
        """Show who it is now."""
        self._header = header
        self._name.setText(header.title)
        self._avatar.set_person(header.title, header.colour_seed, header.presence)
        self._show_picture(header.avatar_url)
        self._show_status()
        self._refresh.start()

    def clear(self) -> None:
        """No conversation is open."""
        self._header = None
        self._refresh.stop()

    def status_words(self) -> str:
        """What is said under the name."""
        return self._status.text()

    def _show_picture(self, source: object) -> None:
        """Take the person's picture, when it is there."""
        header = self._header
        if header is None or source != header.avatar_url:
            return
        url = header.avatar_url
        ratio = self.devicePixelRatioF()
        self._avatar.set_picture(self._pictures.get(url, AVATAR, AVATAR, ratio=ratio) if url else None)

    def _show_status(self) -> None:
        """Typing, online, or when they were last seen."""
        header = self._header
        if header is None:
            return
        words, ink = status_of(header, self._clock)
        self._status.setText(words)
        self._status.setVisible(bool(words))
        self._status.set_ink(ink)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The panel and the line below it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.current().line)
        painter.end()


def status_of(header: Header, clock: Clock) -> tuple[str, str]:
    """The words under a name, and the token of their colour."""
    if header.typing:
        names = [isolate(one_line(name)) for name in header.typing]
        return named_typing(names, in_group=header.kind == "group"), "accent_text"
    if header.kind == "group":
        return ("1 member" if header.member_count == 1 else f"{header.member_count} members"), "ink2"
    words, ink = _presence_of(header, clock)
    says = isolate(one_line(header.status_text)) if header.status_text else ""
    return " · ".join(filter(None, (words, says))), ink


def _presence_of(header: Header, clock: Clock) -> tuple[str, str]:
    """Whether they are there, or when they last were."""
    match header.presence:
        case None:
            return "", "ink2"
        case "offline":
            return moments.last_seen(header.last_seen_ms, clock.now_ms(), clock.local_offset_s), "ink2"
        case presence:
            return PRESENCE_WORDS[presence], "good" if presence == "active" else "ink2"


def typing_words(header: Header) -> str:
    """The line over the composer: "Maya is typing…"; empty when nobody does."""
    names = [isolate(first_name(name)) for name in header.typing]
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} is typing…"
    return f"{', '.join(names[:-1])} and {names[-1]} are typing…"


def first_name(name: str) -> str:
    """How people call each other: the first word of a name."""
    return name.split(maxsplit=1)[0] if name.split() else name
