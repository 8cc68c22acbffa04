"""How one row of the conversation list is drawn: one layout from the mock, and the painting of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from desktop.core.bubble import ConversationRow, Preview, Tick
from desktop.models.conversation_model import preview_sender, preview_words
from desktop.models.roles import Role
from desktop.ui import fonts, icons, theme
from desktop.ui.avatars import paint_avatar, paint_presence
from desktop.ui.plain_text import one_line, tool_tip
from protocol.text import isolate

ROW_PX = 64
MARGIN_PX = 6
PADDING_PX = 12
TOP_PX = 10
AVATAR_PX = 44
GAP_PX = 12
LINE_PX = 20
BADGE_PX = 20
MOST_UNREAD = 99
ICON_PX = 14
TICK_PX = 16

MEDIA_ICONS = {"image": "image", "video": "video", "file": "file-text"}
TICK_ICONS = {Tick.WAITING: "clock", Tick.SENT: "check", Tick.READ: "check-check", Tick.FAILED: "circle-alert"}

Index = QModelIndex | QPersistentModelIndex
Picture = Callable[[str | None, int], QPixmap | None]
"""The picture behind a url in pixels of side, or None while it is not here."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where the parts of a row stand, in the view's pixels; mirrored for right-to-left desktops."""

    card: QRect
    avatar: QRect
    name: QRect
    time: QRect
    preview: QRect
    badge: QRect | None


def badge_words(unread: int) -> str:
    """The number in a badge, never wider than three signs."""
    return f"{MOST_UNREAD}+" if unread > MOST_UNREAD else str(unread)


def lay_out(box: QRect, time_words: str, unread: int, *, mirrored: bool = False) -> RowLayout:
    """Place the parts of a row inside `box`."""
    card = box.adjusted(MARGIN_PX, 0, -MARGIN_PX, 0)
    avatar = QRect(card.left() + PADDING_PX, card.top() + TOP_PX, AVATAR_PX, AVATAR_PX)
    left = avatar.right() + 1 + GAP_PX
    width = card.right() + 1 - PADDING_PX - left
    time_width = QFontMetrics(fonts.text(fonts.META_PX)).horizontalAdvance(time_words)
    time = QRect(left + width - time_width, avatar.top(), time_width, LINE_PX)
    name = QRect(left, avatar.top(), width - (time_width + 8 if time_words else 0), LINE_PX)
    preview = QRect(left, avatar.top() + LINE_PX, width, LINE_PX)
    badge = None
    if unread:
        words_width = QFontMetrics(fonts.text(11, 600)).horizontalAdvance(badge_words(unread))
        badge_width = max(BADGE_PX, words_width + 12)
        badge = QRect(left + width - badge_width, preview.top(), badge_width, BADGE_PX)
        preview.setWidth(width - badge_width - 8)
    made = RowLayout(card, avatar, name, time, preview, badge)
    return _mirrored(made, box) if mirrored else made


def _mirrored(laid: RowLayout, box: QRect) -> RowLayout:
    """The same, seen from the other side."""

    def turn(part: QRect) -> QRect:
        return QRect(box.left() + box.right() + 1 - part.left() - part.width(), part.top(), part.width(), part.height())

    badge = turn(laid.badge) if laid.badge else None
    return RowLayout(turn(laid.card), turn(laid.avatar), turn(laid.name), turn(laid.time), turn(laid.preview), badge)


class ConversationDelegate(QStyledItemDelegate):
    """Draws rows, the open one marked; asks `picture` for avatars."""

    def __init__(self, picture: Picture, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._picture = picture
        self.open_id: int | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is as high as any other."""
        return QSize(0, ROW_PX)

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """Tell a name whole where the row has no room for it."""
        row = index.data(Role.ROW)
        if event.type() is not QEvent.Type.ToolTip or not isinstance(row, ConversationRow):
            return super().helpEvent(event, view, option, index)
        name = isolate(one_line(row.title))
        room = lay_out(option.rect, str(index.data(Role.TIME)), row.unread).name.width() + 1
        is_cut = QFontMetrics(fonts.text(weight=600)).horizontalAdvance(name) > room
        QToolTip.showText(event.globalPos(), tool_tip(row.title) if is_cut else "", view)
        return True

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        row = index.data(Role.ROW)
        if not isinstance(row, ConversationRow):
            return
        words = str(index.data(Role.TIME))
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        laid = lay_out(option.rect, words, row.unread, mirrored=mirrored)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = _paint_card(painter, laid.card, option.state, is_open=row.conversation_id == self.open_id)
        box = QRectF(laid.avatar)
        paint_avatar(painter, box, row.title, row.colour_seed, self._picture(row.avatar_url, AVATAR_PX))
        paint_presence(painter, box.adjusted(-1, -1, 1, 1), row.presence, ground)
        shown = theme.current()
        _draw(painter, laid.name, isolate(one_line(row.title)), fonts.text(weight=600), shown.ink)
        _draw(painter, laid.time, words, fonts.text(fonts.META_PX), shown.ink3)
        if row.typing:
            _draw(painter, laid.preview, "typing…", fonts.text(fonts.PREVIEW_PX), shown.accent_text)
        else:
            _paint_preview(painter, laid.preview, row.preview, mirrored=mirrored)
        if laid.badge is not None:
            _paint_badge(painter, laid.badge, row.unread)
        painter.restore()


def _paint_card(painter: QPainter, card: QRect, state: QStyle.StateFlag, *, is_open: bool) -> QColor:
    """Draw the ground of a row: open, under the pointer, with the keyboard's ring; the result is its colour."""
    shown = theme.current()
    hovered = bool(state & QStyle.StateFlag.State_MouseOver)
    ground = shown.accent_soft if is_open else shown.hover if hovered else shown.panel
    painter.setPen(Qt.PenStyle.NoPen)
    if is_open or hovered:
        painter.setBrush(ground)
        painter.drawRoundedRect(card, 10, 10)
    focused = QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_KeyboardFocusChange
    if state & focused == focused:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(shown.accent, 1.5))
        painter.drawRoundedRect(QRectF(card).adjusted(1, 1, -1, -1), 9, 9)
    return ground


def _paint_preview(painter: QPainter, box: QRect, preview: Preview, *, mirrored: bool) -> None:
    """Draw tick, sender, media icon and words, as far as there is room."""
    shown = theme.current()
    left = QRect(box)
    if preview.own and preview.tick in TICK_ICONS:
        ink = {Tick.READ: shown.accent_text, Tick.FAILED: shown.bad}.get(preview.tick, shown.ink3)
        _take_icon(painter, left, TICK_ICONS[preview.tick], ink, size=TICK_PX, mirrored=mirrored)
    sender = preview_sender(preview)
    if sender:
        font = fonts.text(fonts.PREVIEW_PX, 500)
        width = min(QFontMetrics(font).horizontalAdvance(sender) + 4, left.width())
        _draw(painter, _take(left, width, mirrored=mirrored), isolate(one_line(sender)), font, shown.ink2)
    if preview.type in MEDIA_ICONS and not preview.deleted:
        _take_icon(painter, left, MEDIA_ICONS[preview.type], shown.ink2, mirrored=mirrored)
    font = QFont(fonts.text(fonts.PREVIEW_PX))
    quiet = preview.deleted or preview.type is None
    font.setItalic(preview.deleted)
    _draw(painter, left, isolate(one_line(preview_words(preview))), font, shown.ink3 if quiet else shown.ink2)


def _take(left: QRect, width: int, *, mirrored: bool) -> QRect:
    """Cut `width` pixels off the beginning of what is left of a line."""
    width = min(width, left.width())
    taken = QRect(left.right() + 1 - width if mirrored else left.left(), left.top(), width, left.height())
    if mirrored:
        left.setWidth(left.width() - width)
    else:
        left.setLeft(left.left() + width)
    return taken


def _take_icon(painter: QPainter, left: QRect, name: str, ink: QColor, *, size: int = ICON_PX, mirrored: bool) -> None:
    """Draw an icon at the beginning of a line and cut its room off."""
    place = _take(left, size + 5, mirrored=mirrored)
    at = QPointF(place.left() + (5 if mirrored else 0), place.top() + (LINE_PX - size) / 2)
    painter.drawPixmap(at, icons.pixmap(name, ink, size))


def _paint_badge(painter: QPainter, box: QRect, unread: int) -> None:
    """Draw the number of unread messages."""
    shown = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shown.accent)
    painter.drawRoundedRect(box, BADGE_PX / 2, BADGE_PX / 2)
    painter.setPen(shown.on_accent)
    painter.setFont(fonts.text(11, 600))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, badge_words(unread))


def _draw(painter: QPainter, box: QRect, text: str, font: QFont, ink: QColor) -> None:
    """Draw one line of text, cut with dots where it does not fit."""
    painter.setFont(font)
    painter.setPen(ink)
    cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width() + 1)
    # Names in right-to-left script stay on the side where names stand.
    side = (
        Qt.AlignmentFlag.AlignLeft
        if painter.layoutDirection() == Qt.LayoutDirection.LeftToRight
        else Qt.AlignmentFlag.AlignRight
    )
    painter.drawText(
        box, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute | Qt.TextFlag.TextSingleLine, cut
    )
