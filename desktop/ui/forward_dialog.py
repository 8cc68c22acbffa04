"""The dialog that asks where messages are forwarded to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.bubble import ConversationRow
from desktop.core.search_words import folded
from desktop.ui import fonts, icons, theme
from desktop.ui.avatars import paint_avatar
from desktop.ui.buttons import Button
from desktop.ui.dialog_rows import button_row, title_row
from desktop.ui.plain_text import one_line
from protocol.text import isolate

SIZE = QSize(400, 500)
AVATAR_PX, ROW_PX, PAD_PX, CHECK_PX = 32, 48, 10, 18
Index = QModelIndex | QPersistentModelIndex
_ROW = Qt.ItemDataRole.UserRole


class ChoiceDelegate(QStyledItemDelegate):
    """Draws one conversation to choose: avatar, name, and a check mark where it is chosen."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is as high as any other."""
        return QSize(0, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        row, shown = index.data(_ROW), theme.current()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(option.rect).adjusted(1, 1, -1, -1)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shown.accent_soft if chosen else shown.hover)
            painter.drawRoundedRect(card, 10, 10)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shown.accent, 1.5))
            painter.drawRoundedRect(card, 10, 10)
        middle = card.center().y()
        avatar = QRectF(card.left() + PAD_PX, middle - AVATAR_PX / 2, AVATAR_PX, AVATAR_PX)
        paint_avatar(painter, avatar, row.title, row.colour_seed)
        words = card.adjusted(2 * PAD_PX + AVATAR_PX, 0, -2 * PAD_PX - CHECK_PX, 0)
        painter.setFont(fonts.text(weight=600))
        painter.setPen(shown.ink)
        cut = painter.fontMetrics().elidedText(
            isolate(one_line(row.title)), Qt.TextElideMode.ElideRight, round(words.width())
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, cut)
        if chosen:
            place = QPointF(card.right() - PAD_PX - CHECK_PX, middle - CHECK_PX / 2)
            painter.drawPixmap(place, icons.pixmap("circle-check", shown.accent_text, CHECK_PX))
        painter.restore()


class ForwardDialog(QDialog):
    """Owns which conversations are chosen; `chosen` tells them in the list's order once Forward is pressed."""

    chosen = Signal(object)

    def __init__(self, rows: Sequence[ConversationRow], count: int, parent: QWidget) -> None:
        """`count` messages go to some of these conversations."""
        super().__init__(parent)
        self.field = QLineEdit()
        self.list = QListWidget()
        self.send = Button("Forward", "primary", self._send)
        self._build("Forward message" if count == 1 else f"Forward {count} messages")
        for row in rows:
            item = QListWidgetItem(row.title)
            item.setData(_ROW, row)
            self.list.addItem(item)
        self.field.textChanged.connect(self._filter)
        self.list.itemSelectionChanged.connect(self._follow)
        self._follow()

    def ticked(self) -> list[int]:
        """The conversations chosen so far."""
        items = (self.list.item(place) for place in range(self.list.count()))
        return [item.data(_ROW).conversation_id for item in items if item.isSelected()]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from the field into the list, Space chooses, Enter takes the only row that is left, then sends."""
        match event.key():
            case Qt.Key.Key_Down if self.field.hasFocus():
                self.list.setFocus()
                self.list.setCurrentRow(next(iter(self._shown()), 0), QItemSelectionModel.SelectionFlag.NoUpdate)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                if not self.ticked() and len(self._shown()) == 1:
                    self.list.item(self._shown()[0]).setSelected(True)
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
        self.list.setItemDelegate(ChoiceDelegate(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        self.list.setMouseTracking(True)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 14, 16, 14)
        rows.setSpacing(10)
        rows.addLayout(title_row(self, title))
        rows.addWidget(self.field)
        rows.addWidget(self.list, 1)
        rows.addLayout(button_row(self, self.send))
        self.field.setFocus()

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
