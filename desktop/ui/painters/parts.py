"""What stands in and below a bubble beside its text: sender, quote, link card, reactions; and a text's colours."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from desktop.core.bubble import Bubble
from desktop.ui import fonts
from desktop.ui.avatars import paint_avatar
from desktop.ui.blurred import paint_blurred
from desktop.ui.bubble_layout import BubbleLayout
from desktop.ui.bubble_parts import Chip, PreviewBox, QuoteBox, Words
from desktop.ui.painters.facts import Facts
from desktop.ui.painters.files import paint_rounded
from desktop.ui.text_formats import Colours
from desktop.ui.theme import Theme
from protocol.shapes import LinkPreview

QUOTE_BAR = 3
CARD_RADIUS = 8
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_SELECTED_SHARE, _CODE_SHARE, _CARD_SHARE = 0.32, 0.09, 0.08


def text_colours(bubble: Bubble, theme: Theme) -> Colours:
    """The colours of a bubble's text."""
    ink = theme.own_ink if bubble.own else theme.ink
    if bubble.deleted:
        ink = theme.own_meta if bubble.own else theme.ink3
    link = theme.tick_read if bubble.own else theme.accent_text
    return Colours(ink, link, _faint(ink, _CODE_SHARE), _faint(theme.accent, _SELECTED_SHARE))


def plain_colours(theme: Theme, ink: QColor) -> Colours:
    """The colours of a text that stands on the timeline itself."""
    return Colours(ink, theme.accent_text, _faint(ink, _CODE_SHARE), _faint(theme.accent, _SELECTED_SHARE))


def card_ground(theme: Theme) -> QColor:
    """The ground of a link's card, over a bubble's."""
    return _faint(theme.accent, _CARD_SHARE)


def paint_sender(painter: QPainter, bubble: Bubble, box: QRectF, facts: Facts) -> None:
    """The picture of who wrote a group of bubbles, beside the last of them."""
    url, size = bubble.sender_avatar_url, round(box.width())
    picture = facts.pictures.get(url, size, size, ratio=facts.ratio) if url else None
    paint_avatar(painter, box, bubble.sender_name, bubble.sender_id, picture)


def paint_head(painter: QPainter, bubble: Bubble, layout: BubbleLayout, facts: Facts) -> None:
    """The sender's name, and whom it was from first."""
    theme = facts.theme
    if layout.name is not None:
        _paint_words(painter, layout.name, fonts.text(12, 600), theme.accent_text)
    if layout.forwarded is not None:
        _paint_words(painter, layout.forwarded, fonts.text(12, 500), theme.own_meta if bubble.own else theme.ink2)


def paint_quote(painter: QPainter, bubble: Bubble, quote: QuoteBox, facts: Facts) -> None:
    """A bar in the accent's colour, the name, and one line."""
    theme = facts.theme
    painter.fillRect(QRectF(quote.box.left(), quote.box.top(), QUOTE_BAR, quote.box.height()), theme.accent)
    _paint_words(painter, quote.name, fonts.text(12, 600), theme.tick_read if bubble.own else theme.accent_text)
    font = fonts.text(12)
    font.setItalic(bubble.quote is not None and bubble.quote.deleted)
    _paint_words(painter, quote.words, font, theme.own_meta if bubble.own else theme.ink2)


def paint_preview(painter: QPainter, bubble: Bubble, card: PreviewBox, facts: Facts) -> None:
    """The card of a link: a faint ground, words, and the picture where the server has one."""
    theme = facts.theme
    ink, meta = (theme.own_ink, theme.own_meta) if bubble.own else (theme.ink, theme.ink2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(card_ground(theme))
    painter.drawRoundedRect(card.box, CARD_RADIUS, CARD_RADIUS)
    _paint_words(painter, card.site, fonts.text(12, 500), theme.tick_read if bubble.own else theme.accent_text)
    card.title.draw(painter, card.title_at, plain_colours(theme, ink))
    if card.description is not None:
        card.description.draw(painter, card.description_at, plain_colours(theme, meta))
    if card.picture is not None and bubble.preview is not None and bubble.preview.image_url:
        _paint_card_picture(painter, bubble.preview, bubble.preview.image_url, card.picture, facts)


def _paint_card_picture(painter: QPainter, preview: LinkPreview, url: str, box: QRectF, facts: Facts) -> None:
    """The picture in its reserved box, or its ground until it comes."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(facts.theme.line)
    painter.drawRoundedRect(box, CARD_RADIUS, CARD_RADIUS)
    picture = facts.pictures.get(url, round(box.width()), round(box.height()), ratio=facts.ratio)
    if picture is not None:
        paint_rounded(painter, box, picture, CARD_RADIUS)
    elif preview.image_blurhash is not None and not facts.pictures.is_missing(url):
        size = QSizeF(preview.image_width or 0, preview.image_height or 0)
        paint_blurred(painter, box, preview.image_blurhash, CARD_RADIUS, size)


def paint_chips(painter: QPainter, chips: tuple[Chip, ...], facts: Facts) -> None:
    """The reactions below a bubble; one's own stand out by ground, edge and weight."""
    theme = facts.theme
    for chip in chips:
        own = chip.reaction is not None and chip.reaction.own
        painter.setPen(theme.accent if own else theme.line)
        painter.setBrush(theme.accent_soft if own else theme.panel)
        box = chip.box.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(theme.accent_text if own else theme.ink2)
        painter.setFont(fonts.text(12, 600 if own else 400))
        painter.drawText(chip.box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, chip.words)


def _paint_words(painter: QPainter, words: Words, font: QFont, ink: QColor) -> None:
    """One line."""
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(words.box, _LEFT | Qt.TextFlag.TextDontClip, words.text)


def _faint(colour: QColor, share: float) -> QColor:
    """A colour as a ground that lets what is below it through."""
    made = QColor(colour)
    made.setAlphaF(share)
    return made
