"""The narrow rail at the side: oneself, the conversations, the settings."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui import fonts, icons, theme
from desktop.ui.avatars import PRESENCE_WORDS, paint_avatar, paint_presence
from desktop.ui.buttons import DrawnButton
from desktop.ui.conversation_delegate import badge_words
from desktop.ui.plain_text import set_tool_tip
from protocol.shapes import PresenceStatus, User

WIDTH_PX = 64
BUTTON_PX = 44
ICON_PX = 22
AVATAR_PX = 40


class RailButton(DrawnButton):
    """One place of the app as an icon, with a number where something is unread."""

    def __init__(self, icon: str, words: str) -> None:
        super().__init__()
        self._icon, self._words = icon, words
        self._unread = 0
        self.setFixedSize(BUTTON_PX, BUTTON_PX)
        self.setCheckable(True)
        self.set_unread(0)

    def set_unread(self, unread: int) -> None:
        """Show how many messages are unread behind this place."""
        self._unread = unread
        words = f"{self._words}, {unread} unread" if unread else self._words
        self.setAccessibleName(words)
        set_tool_tip(self, words)
        self.update()

    def sizeHint(self) -> QSize:
        """The fixed size."""
        return QSize(BUTTON_PX, BUTTON_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, icon, number and the keyboard's ring."""
        shown = theme.current()
        lit = self.isChecked() or self.underMouse()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if lit:
            painter.setBrush(shown.rail_on)
            painter.drawRoundedRect(self.rect(), 12, 12)
        margin = (BUTTON_PX - ICON_PX) // 2
        ink = QColor("#FFFFFF") if lit else shown.rail_ink
        painter.drawPixmap(margin, margin, icons.pixmap(self._icon, ink, ICON_PX))
        if self._unread:
            self._paint_badge(painter)
        if self.has_ring():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shown.accent, 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 11, 11)
        painter.end()

    def _paint_badge(self, painter: QPainter) -> None:
        """Draw the number at the upper right."""
        shown = theme.current()
        words = badge_words(self._unread)
        painter.setFont(fonts.text(10, 600))
        width = max(16, painter.fontMetrics().horizontalAdvance(words) + 8)
        box = QRectF(BUTTON_PX - 4 - width, 5, width, 16)
        painter.setBrush(shown.accent)
        painter.drawRoundedRect(box, 8, 8)
        painter.setPen(shown.on_accent)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


class OwnAvatar(DrawnButton):
    """Oneself with one's presence; a click opens the profile."""

    def __init__(self) -> None:
        super().__init__()
        self._user: User | None = None
        self._presence: PresenceStatus | None = None
        self._picture: QPixmap | None = None
        self.setFixedSize(AVATAR_PX + 2, AVATAR_PX + 2)

    def set_user(self, user: User, presence: PresenceStatus | None, picture: QPixmap | None) -> None:
        """Show oneself."""
        self._user, self._presence, self._picture = user, presence, picture
        there = PRESENCE_WORDS[presence] if presence else "offline"
        self.setAccessibleName(f"Your profile: {user.display_name}, {there}")
        set_tool_tip(self, f"{user.display_name}, {there}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the avatar, its dot and the keyboard's ring."""
        if self._user is None:
            return
        painter = QPainter(self)
        box = QRectF(1, 1, AVATAR_PX, AVATAR_PX)
        paint_avatar(painter, box, self._user.display_name, self._user.user_id, self._picture)
        paint_presence(painter, QRectF(self.rect()), self._presence, theme.current().rail)
        if self.has_ring():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.current().accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            radius = AVATAR_PX / 2
            painter.drawEllipse(QPointF(radius + 1, radius + 1), radius, radius)
        painter.end()


class Rail(QWidget):
    """The rail; tells what was clicked."""

    profile_requested = Signal()
    conversations_requested = Signal()
    settings_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH_PX)
        self.avatar = OwnAvatar()
        self.conversations = RailButton("message-circle", "Chats")
        self.conversations.setChecked(True)
        self.settings = RailButton("settings", "Settings")
        self.settings.setCheckable(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 11, 0, 12)
        column.setSpacing(6)
        column.addWidget(self.avatar, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(13)
        column.addWidget(self.conversations, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        column.addWidget(self.settings, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.avatar.clicked.connect(self.profile_requested)
        self.conversations.clicked.connect(self._to_conversations)
        self.settings.clicked.connect(self.settings_requested)
        theme.source().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().rail)
        painter.end()

    def _to_conversations(self) -> None:
        """The place one is at stays lit."""
        self.conversations.setChecked(True)
        self.conversations_requested.emit()
