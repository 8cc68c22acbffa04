"""People on screen, to choose one: how a row is drawn, and the list of them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.models.people_model import PeopleModel
from desktop.models.roles import Role
from desktop.ui import fonts, icons, theme
from desktop.ui.avatars import paint_avatar
from desktop.ui.conversation_delegate import Picture
from desktop.ui.plain_text import one_line
from protocol.shapes import User
from protocol.text import isolate

ROW_PX = 52
AVATAR_PX = 36
TICK_PX = 18

Index = QModelIndex | QPersistentModelIndex


class PeopleDelegate(QStyledItemDelegate):
    """Draws a person: avatar, name, and the name to log in with. Owns which ones carry a tick."""

    def __init__(self, picture: Picture, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._picture = picture
        self.ticked: frozenset[int] = frozenset()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is as high as any other."""
        return QSize(0, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        user = index.data(Role.ROW)
        if not isinstance(user, User):
            return
        shown = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shown.accent_soft if chosen else shown.hover)
            painter.drawRoundedRect(option.rect, 10, 10)
        box = option.rect.adjusted(10, 8, -10, -8)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        avatar = QRect(box.right() + 1 - AVATAR_PX if mirrored else box.left(), box.top(), AVATAR_PX, AVATAR_PX)
        picture = self._picture(user.avatar_url, AVATAR_PX)
        paint_avatar(painter, QRectF(avatar), user.display_name, user.user_id, picture)
        if user.user_id in self.ticked:
            _draw_tick(painter, avatar)
        words = box.adjusted(0, 0, -AVATAR_PX - 12, 0) if mirrored else box.adjusted(AVATAR_PX + 12, 0, 0, 0)
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        name = QRect(words.left(), words.top(), words.width(), 20)
        _draw(painter, name, user.display_name, fonts.text(weight=600), shown.ink, side)
        note = index.data(Qt.ItemDataRole.StatusTipRole)
        below = " · ".join(
            filter(None, (note, f"@{user.username}", user.status_text and isolate(one_line(user.status_text))))
        )
        _draw(painter, name.translated(0, 18), below, fonts.text(fonts.META_PX), shown.ink2, side)
        painter.restore()


def _draw_tick(painter: QPainter, avatar: QRect) -> None:
    """Draw a tick over the lower corner of an avatar."""
    shown = theme.current()
    disc = QRect(avatar.right() - TICK_PX + 4, avatar.bottom() - TICK_PX + 4, TICK_PX, TICK_PX)
    painter.setPen(QPen(shown.panel, 2))
    painter.setBrush(shown.accent)
    painter.drawEllipse(disc)
    painter.drawPixmap(disc.adjusted(3, 3, -2, -2), icons.pixmap("check", shown.on_accent, TICK_PX - 4))


def _draw(painter: QPainter, box: QRect, text: str, font: QFont, ink: QColor, side: Qt.AlignmentFlag) -> None:
    """Draw one line of text, cut with dots where it does not fit."""
    painter.setFont(font)
    painter.setPen(ink)
    cut = QFontMetrics(font).elidedText(isolate(one_line(text)), Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute, cut)


class PeopleView(QListView):
    """A list of people; a click or Enter chooses one."""

    chosen = Signal(int)

    def __init__(self, people: PeopleModel, picture: Picture) -> None:
        super().__init__()
        self.setModel(people)
        self._delegate = PeopleDelegate(picture, self)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("People")
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._choose)
        people.modelReset.connect(self._stand_on_first)

    def choose_current(self) -> None:
        """Choose the person the keyboard stands on."""
        self._choose(self.currentIndex())

    def tick(self, user_ids: frozenset[int]) -> None:
        """These carry a tick."""
        self._delegate.ticked = user_ids
        self.viewport().update()

    def step(self, rows: int) -> None:
        """Move the keyboard's place by some rows."""
        row = max(0, min(self.currentIndex().row() + rows, self.model().rowCount() - 1))
        self.setCurrentIndex(self.model().index(row, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space choose where the keyboard stands."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.choose_current()
        else:
            super().keyPressEvent(event)

    def _stand_on_first(self) -> None:
        """Enter takes the best match."""
        self.setCurrentIndex(self.model().index(0, 0))

    def _choose(self, index: QModelIndex) -> None:
        """Tell who was chosen."""
        if index.isValid():
            self.chosen.emit(index.data(Role.KEY))
