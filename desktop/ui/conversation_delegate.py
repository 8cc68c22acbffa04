"""How one row of the conversation list is drawn: one layout from the mock, and the painting of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from desktop.core.bubble import ConversationRow, Preview, Tick
from desktop.models.conversation_model import preview_sender, preview_words, typing_words
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
BELL_PX = 14
DOT_PX = 10
END_GAP_PX = 6

DRAFT_WORDS = "Draft:"
MEDIA_ICONS = {"image": "image", "video": "video", "file": "file-text"}
TICK_ICONS = {Tick.WAITING: "clock", Tick.SENT: "check", Tick.READ: "check-check", Tick.FAILED: "circle-alert"}

Index = QModelIndex | QPersistentModelIndex
Picture = Callable[[str | None, int], QPixmap | None]
"""The picture behind a url in pixels of side, or None while it is not here."""


BadgeKind = Literal["loud", "quiet", "dot", "pin"]


@dataclass(frozen=True, slots=True)
class Badge:
    """What stands at the end of a row's second line: a number (quiet where muted), a dot for marked unread, a pin."""

    kind: BadgeKind
    words: str = ""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where the parts of a row stand, in the view's pixels; mirrored for right-to-left desktops."""

    card: QRect
    avatar: QRect
    name: QRect
    time: QRect
    preview: QRect
    badge: QRect | None
    mention: QRect | None = None
    bell: QRect | None = None


def badge_words(unread: int) -> str:
    """The number in a badge, never wider than three signs."""
    return f"{MOST_UNREAD}+" if unread > MOST_UNREAD else str(unread)


def badge_of(row: ConversationRow) -> Badge | None:
    """What a row has to say at its end: unread messages before a mark, and that before a pin (behaviour 39)."""
    if row.unread:
        return Badge("quiet" if row.muted else "loud", badge_words(row.unread))
    if row.marked_unread:
        return Badge("dot")
    return Badge("pin") if row.pinned else None


def lay_out(box: QRect, time_words: str, row: ConversationRow, *, mirrored: bool = False) -> RowLayout:
    """Place the parts of a row inside `box`."""
    card = box.adjusted(MARGIN_PX, 0, -MARGIN_PX, 0)
    avatar = QRect(card.left() + PADDING_PX, card.top() + TOP_PX, AVATAR_PX, AVATAR_PX)
    left = avatar.right() + 1 + GAP_PX
    width = card.right() + 1 - PADDING_PX - left
    time_width = QFontMetrics(fonts.text(fonts.META_PX)).horizontalAdvance(time_words)
    time = QRect(left + width - time_width, avatar.top(), time_width, LINE_PX)
    name = QRect(left, avatar.top(), width - (time_width + 8 if time_words else 0), LINE_PX)
    bell = _place_bell(name, row.title) if row.muted else None
    preview = QRect(left, avatar.top() + LINE_PX, width, LINE_PX)
    shown = badge_of(row)
    badge = None if shown is None else _cut_end(preview, _badge_width(shown))
    mention = _cut_end(preview, BADGE_PX) if row.mentions else None
    made = RowLayout(card, avatar, name, time, preview, badge, mention, bell)
    return _mirrored(made, box) if mirrored else made


def _badge_width(badge: Badge) -> int:
    """How wide a badge is."""
    return max(BADGE_PX, QFontMetrics(fonts.text(11, 600)).horizontalAdvance(badge.words) + 12)


def _cut_end(line: QRect, width: int) -> QRect:
    """Take so much off the end of a line, with a gap."""
    taken = QRect(line.right() + 1 - width, line.top(), width, BADGE_PX)
    line.setWidth(line.width() - width - END_GAP_PX)
    return taken


def _place_bell(name: QRect, title: str) -> QRect:
    """A place right behind the name, which gives way."""
    room = name.width() - BELL_PX - 4
    advance = QFontMetrics(fonts.text(weight=600)).horizontalAdvance(isolate(one_line(title)))
    name.setWidth(room)
    return QRect(name.left() + min(advance, room) + 4, name.top(), BELL_PX, LINE_PX)


def _mirrored(laid: RowLayout, box: QRect) -> RowLayout:
    """The same, seen from the other side."""

    def turn(part: QRect) -> QRect:
        return QRect(box.left() + box.right() + 1 - part.left() - part.width(), part.top(), part.width(), part.height())

    parts = (getattr(laid, part) for part in RowLayout.__slots__)
    return RowLayout(*(turn(part) if part is not None else None for part in parts))  # type: ignore[arg-type]


class ConversationDelegate(QStyledItemDelegate):
    """Draws rows, the open one marked; asks `picture` for avatars. "You" is the person `own_id`."""

    def __init__(self, picture: Picture, parent: QObject | None = None, *, own_id: int = 0) -> None:
        super().__init__(parent)
        self._picture = picture
        self._own_id = own_id
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
        room = lay_out(option.rect, str(index.data(Role.TIME)), row).name.width() + 1
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
        laid = lay_out(option.rect, words, row, mirrored=mirrored)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_open = row.conversation_id == self.open_id
        ground = _paint_card(painter, laid.card, option.state, is_open=is_open)
        box = QRectF(laid.avatar)
        paint_avatar(painter, box, row.title, row.colour_seed, self._picture(row.avatar_url, AVATAR_PX))
        paint_presence(painter, box.adjusted(-1, -1, 1, 1), row.presence, ground)
        shown = theme.current()
        _draw(painter, laid.name, isolate(one_line(row.title)), fonts.text(weight=600), shown.ink)
        _draw(painter, laid.time, words, fonts.text(fonts.META_PX), shown.ink3)
        self._paint_second(painter, laid.preview, row, is_open=is_open, mirrored=mirrored)
        _paint_marks(painter, laid, badge_of(row))
        painter.restore()

    def _paint_second(
        self, painter: QPainter, box: QRect, row: ConversationRow, *, is_open: bool, mirrored: bool
    ) -> None:
        """Draw the second line: who types, else what was begun elsewhere than here, else the newest message."""
        font, shown = fonts.text(fonts.PREVIEW_PX), theme.current()
        if row.typing:
            names = [isolate(one_line(name)) for name in row.typists]
            _draw(painter, box, typing_words(names, in_group=row.kind == "group"), font, shown.accent_text)
        elif row.draft and not is_open:
            left = QRect(box)
            width = QFontMetrics(font).horizontalAdvance(DRAFT_WORDS) + 4
            _draw(painter, _take(left, width, mirrored=mirrored), DRAFT_WORDS, font, shown.bad)
            _draw(painter, left, isolate(one_line(row.draft)), font, shown.ink2)
        else:
            words = isolate(one_line(preview_words(row.preview, self._own_id)))
            _paint_preview(painter, box, row.preview, words, mirrored=mirrored)


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


def _paint_preview(painter: QPainter, box: QRect, preview: Preview, words: str, *, mirrored: bool) -> None:
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
    if preview.forwarded and not preview.deleted:
        _take_icon(painter, left, "forward", shown.ink2, mirrored=mirrored)
    if preview.type in MEDIA_ICONS and not preview.deleted:
        _take_icon(painter, left, MEDIA_ICONS[preview.type], shown.ink2, mirrored=mirrored)
    font = QFont(fonts.text(fonts.PREVIEW_PX))
    quiet = preview.deleted or preview.type is None or preview.happening is not None
    font.setItalic(preview.deleted)
    _draw(painter, left, words, font, shown.ink3 if quiet else shown.ink2)


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


def _paint_marks(painter: QPainter, laid: RowLayout, badge: Badge | None) -> None:
    """Draw what stands at the end of the lines: bell, "@" and badge."""
    shown = theme.current()
    if laid.bell is not None:
        at = QPointF(laid.bell.left(), laid.bell.top() + (LINE_PX - BELL_PX) / 2)
        painter.drawPixmap(at, icons.pixmap("bell-off", shown.ink3, BELL_PX))
    if laid.mention is not None:
        _paint_pill(painter, laid.mention, "@", shown.accent, shown.on_accent)
    if laid.badge is None or badge is None:
        return
    match badge.kind:
        case "loud":
            _paint_pill(painter, laid.badge, badge.words, shown.accent, shown.on_accent)
        case "quiet":
            _paint_pill(painter, laid.badge, badge.words, shown.muted_badge, shown.on_muted_badge)
        case "dot":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shown.accent)
            painter.drawEllipse(QRectF(laid.badge).center(), DOT_PX / 2, DOT_PX / 2)
        case "pin":
            middle = QRectF(laid.badge).center() - QPointF(ICON_PX / 2, ICON_PX / 2)
            painter.drawPixmap(middle, icons.pixmap("pin", shown.ink3, ICON_PX))


def _paint_pill(painter: QPainter, box: QRect, words: str, ground: QColor, ink: QColor) -> None:
    """Draw a few signs on a round ground."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, BADGE_PX / 2, BADGE_PX / 2)
    painter.setPen(ink)
    painter.setFont(fonts.text(11, 600))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


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
