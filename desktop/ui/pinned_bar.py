"""The bar below a conversation's header that shows what is pinned in it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent

from desktop.core.bubble import Header
from desktop.core.finder import Hit
from desktop.core.markup import in_brief
from desktop.core.session import Session
from desktop.models.conversation_model import MEDIA_WORDS
from desktop.ui import fonts, icons, theme
from desktop.ui.buttons import DrawnButton
from desktop.ui.plain_text import one_line
from desktop.ui.tasks import Tasks
from protocol.shapes import Pin
from protocol.text import isolate

HEIGHT_PX = 40
ICON_PX = 16
MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading


class PinnedBar(DrawnButton):
    """Shows the newest pin first; each click jumps to the one shown and shows the next older one."""

    jump_wanted = Signal(int)
    """Asks for the message at a position."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._tasks = Tasks()
        self._pins: tuple[Pin, ...] = ()
        self._hits: dict[int, Hit] = {}
        self._at = 0
        self._conversation_id = 0
        self.setFixedHeight(HEIGHT_PX)
        self.clicked.connect(self._go)
        self.hide()

    def close_tasks(self) -> None:
        """Wait for no message any more."""
        self._tasks.cancel()

    def show_header(self, header: Header) -> None:
        """Show the pins of this conversation."""
        pins = tuple(sorted(header.pins, key=lambda pin: pin.pinned_at, reverse=True))
        if pins == self._pins and header.conversation_id == self._conversation_id:
            return
        if header.conversation_id != self._conversation_id:
            # The same places mean other messages there.
            self._hits = {}
        self._pins, self._conversation_id, self._at = pins, header.conversation_id, 0
        self.setVisible(bool(pins))
        if pins:
            self._tasks.start(self._load(header.conversation_id, pins))
        self._tell()

    def words(self) -> str:
        """The message shown, in one line."""
        hit = self._hits.get(self._pins[self._at].position) if self._pins else None
        if hit is None:
            return ""
        return f"{isolate(one_line(hit.sender_name))}: {in_brief(hit.text) or MEDIA_WORDS.get(hit.type, '')}"

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(300, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A pin, how many there are, and the message."""
        shown, mirrored = theme.current(), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        painter = QPainter(self)
        painter.setLayoutDirection(self.layoutDirection())
        painter.fillRect(self.rect(), shown.hover if self.underMouse() else shown.panel)
        painter.fillRect(0, self.height() - 1, self.width(), 1, shown.line)
        left = self.width() - 22 - ICON_PX if mirrored else 22
        painter.drawPixmap(left, (HEIGHT_PX - ICON_PX) // 2, icons.pixmap("pin", shown.accent_text, ICON_PX))
        painter.setFont(fonts.text(fonts.PREVIEW_PX))
        painter.setPen(shown.accent_text)
        label = f"Pinned {self._at + 1} of {len(self._pins)}" if self._pins[1:] else "Pinned"
        room = self.rect().adjusted(*((19, 0, -48, -1) if mirrored else (48, 0, -19, -1)))
        side = painter.fontMetrics().horizontalAdvance(label) + 10
        painter.drawText(room, MIDDLE, label)
        painter.setPen(shown.ink2)
        cut = painter.fontMetrics().elidedText(self.words(), Qt.TextElideMode.ElideRight, room.width() - side)
        painter.drawText(room.adjusted(0, 0, -side, 0) if mirrored else room.adjusted(side, 0, 0, 0), MIDDLE, cut)
        if self.has_ring():
            painter.setPen(shown.accent)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()

    async def _load(self, conversation_id: int, pins: tuple[Pin, ...]) -> None:
        """What the pinned messages say."""
        hits = await self._session.finder.at(conversation_id, [pin.position for pin in pins])
        if (conversation_id, pins) == (self._conversation_id, self._pins):
            self._hits = {hit.position: hit for hit in hits}
            self._tell()

    def _go(self) -> None:
        """To the pin that is shown; the next click leads to the one before it."""
        if self._pins:
            position = self._pins[self._at].position
            self._at = (self._at + 1) % len(self._pins)
            self._tell()
            self.jump_wanted.emit(position)

    def _tell(self) -> None:
        """For screen readers and the eye."""
        self.setAccessibleName(f"Pinned message: {self.words()}")
        self.update()
