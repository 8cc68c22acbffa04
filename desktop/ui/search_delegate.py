"""How a row of search results is drawn: a heading, a person, a conversation, or a message with its marks."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.core.bubble import ConversationRow
from desktop.core.finder import Hit
from desktop.models.conversation_model import MEDIA_WORDS
from desktop.models.results_model import Entry, Heading, MoreRow
from desktop.models.roles import Role
from desktop.ui import fonts, theme
from desktop.ui.avatars import paint_avatar
from desktop.ui.conversation_delegate import MARGIN_PX, Picture
from desktop.ui.plain_text import one_line
from protocol.shapes import User
from protocol.text import isolate

HEADING_PX, ROW_PX, MORE_PX = 30, 56, 40
AVATAR_PX = 36
PADDING_PX = 12
LINE_PX = 20
LEAD_PX = 24
"""At least so much is seen before the first mark of a message."""

Index = QModelIndex | QPersistentModelIndex


class SearchDelegate(QStyledItemDelegate):
    """Draws entries; asks `picture` for avatars. `plain`: all rows are of one conversation, whose name says nothing."""

    def __init__(self, picture: Picture, parent: QObject | None = None, *, plain: bool = False) -> None:
        super().__init__(parent)
        self._picture = picture
        self._plain = plain

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As high as its kind."""
        match index.data(Role.ROW):
            case Heading():
                return QSize(0, HEADING_PX)
            case MoreRow():
                return QSize(0, MORE_PX)
            case _:
                return QSize(0, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one entry."""
        entry: Entry = index.data(Role.ROW)
        card = option.rect.adjusted(MARGIN_PX, 0, -MARGIN_PX, 0)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not isinstance(entry, Heading):
            _paint_ground(painter, card, option.state)
        box = card.adjusted(PADDING_PX, 0, -PADDING_PX, 0)
        match entry:
            case Heading():
                _paint_heading(painter, box, entry, mirrored=mirrored)
            case MoreRow():
                _draw(painter, box, entry.words, fonts.text(fonts.PREVIEW_PX, 500), theme.current().accent_text)
            case User():
                face = (entry.display_name, entry.user_id, entry.avatar_url)
                self._paint_named(painter, box, face, f"@{entry.username}", mirrored=mirrored)
            case ConversationRow():
                face = (entry.title, entry.colour_seed, entry.avatar_url)
                self._paint_named(painter, box, face, "Group" if entry.kind == "group" else "", mirrored=mirrored)
            case Hit():
                self._paint_hit(painter, box, entry, str(index.data(Role.TIME)), mirrored=mirrored)
        painter.restore()

    def _paint_named(
        self, painter: QPainter, box: QRect, face: tuple[str, int, str | None], below: str, *, mirrored: bool
    ) -> None:
        """Draw an avatar, a name, and what stands below it."""
        words = self._paint_face(painter, box, *face, mirrored=mirrored)
        name = QRect(words.left(), box.top() + (8 if below else (ROW_PX - LINE_PX) // 2), words.width(), LINE_PX)
        _draw(painter, name, isolate(one_line(face[0])), fonts.text(weight=600), theme.current().ink)
        second = name.translated(0, LINE_PX)
        _draw(painter, second, below, fonts.text(fonts.META_PX), theme.current().ink2)

    def _paint_hit(self, painter: QPainter, box: QRect, hit: Hit, time: str, *, mirrored: bool) -> None:
        """Draw who wrote it and where, when, and the line that was found."""
        shown, font = theme.current(), fonts.text(fonts.META_PX)
        face = (hit.sender_name, hit.sender_id, hit.sender_avatar_url)
        words = self._paint_face(painter, box, *face, mirrored=mirrored)
        width = QFontMetrics(font).horizontalAdvance(time)
        top = QRect(words.left(), box.top() + 8, words.width(), LINE_PX)
        at, name = QRect(top), QRect(top)
        if mirrored:
            at.setRight(at.left() + width)
            name.setLeft(at.right() + 8)
        else:
            at.setLeft(at.right() + 1 - width)
            name.setRight(at.left() - 8)
        _draw(painter, at, time, font, shown.ink3)
        who = isolate(one_line(hit.sender_name))
        apart = not self._plain and hit.title != hit.sender_name
        _draw(
            painter,
            name,
            f"{who} · {isolate(one_line(hit.title))}" if apart else who,
            fonts.text(fonts.PREVIEW_PX, 600),
            shown.ink,
        )
        _paint_marked(painter, top.translated(0, LINE_PX), hit)

    def _paint_face(
        self, painter: QPainter, box: QRect, name: str, seed: int, url: str | None, *, mirrored: bool
    ) -> QRect:
        """Draw an avatar; the result is the room beside it."""
        left = box.right() + 1 - AVATAR_PX if mirrored else box.left()
        face = QRectF(left, box.top() + (ROW_PX - AVATAR_PX) / 2, AVATAR_PX, AVATAR_PX)
        paint_avatar(painter, face, name, seed, self._picture(url, AVATAR_PX))
        room = AVATAR_PX + PADDING_PX
        return box.adjusted(0, 0, -room, 0) if mirrored else box.adjusted(room, 0, 0, 0)


def _paint_ground(painter: QPainter, card: QRect, state: QStyle.StateFlag) -> None:
    """Draw the ground of a row that is chosen or under the pointer."""
    shown = theme.current()
    chosen = bool(state & QStyle.StateFlag.State_Selected)
    if chosen or state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(QPen(shown.accent, 1.5) if chosen else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(shown.accent_soft if chosen else shown.hover)
        painter.drawRoundedRect(QRectF(card).adjusted(1, 1, -1, -1), 10, 10)


def _paint_heading(painter: QPainter, box: QRect, heading: Heading, *, mirrored: bool) -> None:
    """Draw what the rows below are, and at the end where they were looked for."""
    shown = theme.current()
    font, aside = fonts.text(fonts.META_PX, 600), fonts.text(fonts.META_PX)
    width = QFontMetrics(font).horizontalAdvance(heading.words) + 8
    line = box.adjusted(0, 6, 0, 0)
    _draw(painter, line, heading.words, font, shown.ink2)
    rest = line.adjusted(0, 0, -width, 0) if mirrored else line.adjusted(width, 0, 0, 0)
    _draw(painter, rest, heading.aside, aside, shown.ink3, at_end=True)


def _paint_marked(painter: QPainter, box: QRect, hit: Hit) -> None:
    """Draw one line of a message, what was found in it on a soft ground; cut so that the first mark is seen."""
    shown, font = theme.current(), fonts.text(fonts.PREVIEW_PX)
    said = hit.text or MEDIA_WORDS.get(hit.type, "")
    shift = _shift(QFontMetrics(font), said, hit, box.width())
    if not shift:
        said = QFontMetrics(font).elidedText(said, Qt.TextElideMode.ElideRight, box.width())
    layout = QTextLayout(said, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    layout.setTextOption(option)
    layout.setFormats([_mark(start, length) for start, length in hit.marks])
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(1e6)
    layout.endLayout()
    painter.save()
    painter.setClipRect(box)
    painter.setPen(shown.ink2)
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    start = box.right() - line.naturalTextWidth() if mirrored else box.left() - shift
    layout.draw(painter, QPointF(start, box.top() + 1))
    painter.restore()


def _shift(metrics: QFontMetrics, said: str, hit: Hit, width: int) -> int:
    """How far to move a line so that its first mark is seen; no further than to its end."""
    if not hit.marks:
        return 0
    start, length = hit.marks[0]
    first, last = metrics.horizontalAdvance(said[:start]), metrics.horizontalAdvance(said[: start + length])
    if last + LEAD_PX <= width:
        return 0
    return max(0, min(first - LEAD_PX, metrics.horizontalAdvance(said) + 2 - width))


def _mark(start: int, length: int) -> QTextLayout.FormatRange:
    """How a found word looks."""
    made = QTextLayout.FormatRange()
    made.start, made.length = start, length
    made.format.setBackground(theme.current().accent_soft)
    made.format.setForeground(theme.current().accent_text)
    made.format.setFontWeight(QFont.Weight.DemiBold)
    return made


def _draw(painter: QPainter, box: QRect, text: str, font: QFont, ink: QColor, *, at_end: bool = False) -> None:
    """Draw one line of text, cut with dots where it does not fit."""
    painter.setFont(font)
    painter.setPen(ink)
    cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width() + 1)
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    side = Qt.AlignmentFlag.AlignRight if mirrored != at_end else Qt.AlignmentFlag.AlignLeft
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute, cut)
