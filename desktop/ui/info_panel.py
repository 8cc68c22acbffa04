"""The panel beside a conversation: who is in it, what is pinned, starred and shared, and one's own choices for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.core.bubble import ConversationRow, Header
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import fonts, theme
from desktop.ui.avatars import Avatar
from desktop.ui.buttons import Button, IconButton
from desktop.ui.conversation_work import ConversationWork
from desktop.ui.info_choices import InfoChoices
from desktop.ui.info_lists import InfoLists
from desktop.ui.info_members import InfoMembers
from desktop.ui.new_group import RenameDialog
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import PlainLabel
from desktop.ui.scrolled import scrolled
from protocol.text import isolate

WIDTH_PX = 320
AVATAR_PX = 72


class InfoPanel(QWidget):
    """Shows one conversation at a time. Owns its parts; what they are asked to do is the work's."""

    ACCESSIBLE_ROLE = QAccessible.Role.Grouping
    closed = Signal()
    hit_chosen = Signal(object)
    person_chosen = Signal(int)

    def __init__(self, session: Session, pictures: Pictures, clock: Clock, work: ConversationWork) -> None:
        super().__init__()
        self._session = session
        self._pictures = pictures
        self._work = work
        self._conversation_id: int | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._avatar = Avatar(AVATAR_PX)
        self._name = PlainLabel(size_px=16, weight=600, wrap=True)
        self._below = PlainLabel(size_px=fonts.META_PX, ink="ink2", wrap=True)
        self.rename = IconButton("pencil", "Rename the group", self._rename, size=16)
        self.choices = InfoChoices(session, work)
        self.members = InfoMembers(session, pictures, self)
        self.lists = InfoLists(session, clock, self._picture)
        self.leave = Button("", "danger", self._leave)
        self._build()
        self.lists.hit_chosen.connect(self.hit_chosen)
        self.members.person_chosen.connect(self.person_chosen)
        theme.source().changed.connect(self.update)
        self.hide()

    def open(self, conversation_id: int | None) -> None:
        """Show a conversation, or none."""
        if conversation_id == self._conversation_id:
            return
        self._let_go()
        self._conversation_id = conversation_id
        if conversation_id is None:
            return
        header = self._session.header(conversation_id)
        self._unsubscribe = [
            header.subscribe(self._show_header),
            self._session.conversations.operations.subscribe(lambda _operations: self.choices.refresh()),
        ]
        self.choices.open(conversation_id)
        self.members.open(conversation_id)
        self.lists.open(conversation_id)
        self._show_header(header.value)

    def detach(self) -> None:
        """Follow the session no longer."""
        self._let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the panel."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """As wide as the design."""
        return QSize(WIDTH_PX, 600)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground, and the line towards the conversation."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        painter.fillRect(self.width() - 1 if mirrored else 0, 0, 1, self.height(), theme.current().line)
        if self.hasFocus():
            painter.setPen(QPen(theme.current().accent, 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard went elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def _build(self) -> None:
        """From the top down."""
        self.setMinimumWidth(280)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("About this conversation")
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 10, 0)
        head.addWidget(PlainLabel("About", size_px=fonts.TITLE_PX, weight=600))
        head.addStretch()
        head.addWidget(IconButton("x", "Close", self.closed.emit))
        inner = QWidget()
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(16, 8, 16, 16)
        rows.setSpacing(10)
        rows.addWidget(self._avatar, alignment=Qt.AlignmentFlag.AlignHCenter)
        rows.addLayout(self._title())
        rows.addWidget(self._below)
        for part in (self.choices, self.members, self.lists):
            rows.addWidget(part)
        rows.addStretch()
        rows.addWidget(self.leave)
        self._below.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 0, 0, 0)
        whole.addLayout(head)
        whole.addWidget(scrolled(inner), 1)

    def _title(self) -> QHBoxLayout:
        """The name and, where one may, the pencil."""
        self._name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._name, 8)
        row.addWidget(self.rename)
        row.addStretch(1)
        return row

    def _show_header(self, header: Header) -> None:
        """Who it is now."""
        is_group = header.kind == "group"
        self._name.setText(isolate(header.title))
        self._avatar.set_person(header.title, header.colour_seed, header.presence)
        self._avatar.set_picture(self._picture(header.avatar_url, AVATAR_PX))
        words = f"{header.member_count} members" if header.member_count != 1 else "1 member"
        self._below.setText(words if is_group else isolate(header.status_text))
        self._below.setVisible(bool(self._below.text()))
        self.rename.setVisible(is_group and header.own_role in {"owner", "admin"})
        self.members.show_role(header)
        self.lists.show_header(header)
        self.choices.refresh()
        self.leave.set_words("Leave group…" if is_group else "Unblock" if header.blocked else "Block…")

    def _leave(self) -> None:
        """Leave a group; block somebody, or no longer."""
        row = self._row()
        if row is None:
            return
        if row.kind == "group":
            self._work.ask_to_leave(row)
        elif row.blocked:
            self._work.unblock(row.conversation_id)
        else:
            self._work.ask_to_block(row)

    def _rename(self) -> None:
        """Ask for another name."""
        row = self._row()
        if row is not None:
            RenameDialog(self._session, row.conversation_id, row.title, self).open()

    def _row(self) -> ConversationRow | None:
        """The conversation's row in the list."""
        rows = self._session.conversations.rows
        return next((row for row in rows if row.conversation_id == self._conversation_id), None)

    def _picture(self, url: str | None, size: int) -> QPixmap | None:
        """The picture behind an avatar's url."""
        return self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None

    def _let_go(self) -> None:
        """Follow no conversation."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._conversation_id = None
        self.members.open(None)
        self.lists.open(None)
