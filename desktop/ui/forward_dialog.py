"""The dialog that asks where messages are forwarded to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.bubble import ConversationRow
from desktop.core.search_words import folded
from desktop.ui import fonts
from desktop.ui.avatars import paint_avatar
from desktop.ui.buttons import Button, IconButton
from desktop.ui.plain_text import PlainLabel, one_line
from protocol.text import isolate

SIZE = QSize(400, 500)
AVATAR_PX = 32
_ID = Qt.ItemDataRole.UserRole


class ForwardDialog(QDialog):
    """Owns which conversations are ticked; `chosen` tells them in the list's order once Forward is pressed."""

    chosen = Signal(object)

    def __init__(self, rows: Sequence[ConversationRow], count: int, parent: QWidget) -> None:
        """`count` messages go to some of these conversations; those that one may not write to are left out."""
        super().__init__(parent)
        self.field = QLineEdit()
        self.list = QListWidget()
        self.send = Button("Forward", "primary", self._send)
        self._build("Forward message" if count == 1 else f"Forward {count} messages")
        for row in rows:
            self.list.addItem(self._item(row))
        self.field.textChanged.connect(self._filter)
        self.list.itemChanged.connect(self._follow)
        self._follow()

    def ticked(self) -> list[int]:
        """The conversations chosen so far."""
        items = (self.list.item(place) for place in range(self.list.count()))
        return [item.data(_ID) for item in items if item.checkState() is Qt.CheckState.Checked]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from the field into the list, Enter ticks the only row that is left, then sends."""
        match event.key():
            case Qt.Key.Key_Down if self.field.hasFocus():
                self.list.setFocus()
                self.list.setCurrentRow(next(iter(self._shown()), 0))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                if not self.ticked() and len(self._shown()) == 1:
                    self.list.item(self._shown()[0]).setCheckState(Qt.CheckState.Checked)
                self._send()
            case _:
                super().keyPressEvent(event)

    def _build(self, title: str) -> None:
        """Title, search field, list, button."""
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(300, 320)
        self.resize(SIZE)
        self.field.setPlaceholderText("Search conversations")
        self.field.setAccessibleName("Search conversations by name")
        self.list.setAccessibleName("Conversations")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setIconSize(QSize(AVATAR_PX, AVATAR_PX))
        self.list.itemActivated.connect(_toggle)
        head = QHBoxLayout()
        head.addWidget(PlainLabel(title, size_px=fonts.TITLE_PX, weight=600))
        head.addStretch()
        head.addWidget(IconButton("x", "Close", self.reject))
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(Button("Cancel", "quiet", self.reject))
        foot.addWidget(self.send)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 14, 16, 14)
        rows.setSpacing(10)
        rows.addLayout(head)
        rows.addWidget(self.field)
        rows.addWidget(self.list, 1)
        rows.addLayout(foot)
        self.field.setFocus()

    def _item(self, row: ConversationRow) -> QListWidgetItem:
        """One conversation: a box to tick, avatar and name."""
        item = QListWidgetItem(self._picture(row), isolate(one_line(row.title)))
        item.setData(_ID, row.conversation_id)
        item.setSizeHint(QSize(0, AVATAR_PX + 12))
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Unchecked)
        return item

    def _picture(self, row: ConversationRow) -> QIcon:
        """The initials on their colour."""
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(round(AVATAR_PX * ratio), round(AVATAR_PX * ratio))
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        paint_avatar(painter, QRectF(0, 0, AVATAR_PX, AVATAR_PX), row.title, row.colour_seed)
        painter.end()
        return QIcon(drawn)

    def _filter(self, query: str) -> None:
        """Show the conversations with every word in their name."""
        words = folded(query).split()
        for place in range(self.list.count()):
            item = self.list.item(place)
            item.setHidden(not all(word in folded(item.text()) for word in words))

    def _shown(self) -> list[int]:
        """The places of the rows that the search leaves."""
        return [place for place in range(self.list.count()) if not self.list.item(place).isHidden()]

    def _follow(self) -> None:
        """Forward is offered once something is ticked."""
        count = len(self.ticked())
        self.send.setEnabled(count > 0)
        self.send.set_words(f"Forward to {count}" if count > 1 else "Forward")

    def _send(self) -> None:
        """Tell where to."""
        ticked = self.ticked()
        if ticked:
            self.chosen.emit(ticked)
            self.accept()


def _toggle(item: QListWidgetItem) -> None:
    """Tick a row, or no longer."""
    ticked = item.checkState() is Qt.CheckState.Checked
    item.setCheckState(Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked)
