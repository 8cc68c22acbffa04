"""The parts of a bubble that are neither text nor files: who wrote it, quote, link preview, reactions, failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF

from desktop.core.bubble import Bubble, BubbleReaction, Quote
from desktop.core.markup import Block, Markup, Span
from desktop.ui import fonts
from desktop.ui.message_text import drawn
from desktop.ui.plain_text import one_line
from desktop.ui.text_block import TextBlock
from protocol.shapes import LinkPreview

DELETED_WORDS = "This message was deleted"
NAME_LINE = 18
QUOTE_LINE, QUOTE_PAD, QUOTE_BAR = 17, 8, 3
QUOTE_ABOVE, QUOTE_BELOW, QUOTE_LEAST = 2, 4, 96
CARD_WIDTH, CARD_PAD, CARD_PICTURE_MOST = 320, 10, 168
CARD_UNKNOWN = 0.5
CHIP_HEIGHT, CHIP_PAD, CHIP_GAP, CHIP_SIDE, CHIP_UP = 22, 8, 4, 10, 2
CHIPS_BELOW = 4
CHIPS_LEAST = 240.0
"""So wide a line of reactions may be below a narrow bubble."""
FAILURE_LINE = 16
NOT_SENT = "Not sent"
SEPARATOR = " · "
_MEDIA_WORDS = {"image": "Photo", "video": "Video", "file": "File", "system": "Message", "text": "Message"}


class Action(Enum):
    """What can be done with a message by a click on one of its words."""

    RETRY = auto()
    EDIT = auto()
    COPY = auto()
    DELETE = auto()


FAILURE_ACTIONS = (("Retry", Action.RETRY), ("Edit", Action.EDIT), ("Copy", Action.COPY), ("Delete", Action.DELETE))


@dataclass(frozen=True, slots=True)
class Words:
    """One line of words, cut to its box, in the bubble's coordinates."""

    text: str
    box: QRectF


@dataclass(frozen=True, slots=True)
class QuoteBox:
    """The message that is answered: a bar, its sender's name, and one line of it."""

    box: QRectF
    name: Words
    words: Words


@dataclass(frozen=True, slots=True)
class PreviewBox:
    """The card of a link: site, title, description, and the place of its picture; its size needs no picture."""

    box: QRectF
    site: Words
    title: TextBlock
    title_at: QPointF
    description: TextBlock | None
    description_at: QPointF
    picture: QRectF | None


@dataclass(frozen=True, slots=True)
class Chip:
    """One reaction below a bubble, in the row's coordinates; without one, the plus that adds another."""

    box: QRectF
    reaction: BubbleReaction | None
    words: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word to click on and its box, in the row's coordinates; `action` is None for words that only say something."""

    text: str
    box: QRectF
    action: Action | None


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands below a bubble that was refused: the words to click on, and the server's sentence."""

    words: tuple[Word, ...]
    sentence: TextBlock | None
    sentence_at: QPointF

    @property
    def bottom(self) -> float:
        """Where the last of it ends."""
        if self.sentence is not None:
            return self.sentence_at.y() + self.sentence.height
        return self.words[0].box.bottom()


def as_words(text: str) -> Markup:
    """A text in which nothing can be clicked."""
    line = drawn(one_line(text))
    return Markup(line, (Block("text", (Span(0, len(line)),)),))


def words_in(text: str, font: QFont, at: QPointF, room: float, line: float = NAME_LINE) -> Words:
    """One line of words at a place, cut with dots where there is no room."""
    metrics = QFontMetricsF(font)
    shown = metrics.elidedText(drawn(one_line(text)), Qt.TextElideMode.ElideRight, room)
    return Words(shown, QRectF(at.x(), at.y(), min(metrics.horizontalAdvance(shown) + 1, room), line))


def quoted_words(quote: Quote) -> str:
    """What is said of a message that is answered: its first words, or what it was."""
    if quote.deleted:
        return DELETED_WORDS
    media = _MEDIA_WORDS[quote.type] if quote.type in {"image", "video", "file"} else ""
    return SEPARATOR.join(part for part in (media, one_line(quote.text)) if part) or "Message"


def quote_box(quote: Quote, at: QPointF, room: float) -> QuoteBox:
    """The quote at a place, at most `room` pixels wide."""
    left, inner = at.x() + QUOTE_BAR + QUOTE_PAD, room - QUOTE_BAR - 2 * QUOTE_PAD
    top = at.y() + QUOTE_ABOVE + 1
    name = words_in(quote.sender_name, fonts.text(12, 600), QPointF(left, top), inner, QUOTE_LINE)
    place = QPointF(left, top + QUOTE_LINE)
    words = words_in(quoted_words(quote), fonts.text(12), place, inner, QUOTE_LINE)
    width = max(QUOTE_LEAST, name.box.width(), words.box.width()) + QUOTE_BAR + 2 * QUOTE_PAD
    return QuoteBox(QRectF(at.x(), at.y() + QUOTE_ABOVE, min(width, room), 2 * QUOTE_LINE + 2), name, words)


def preview_box(preview: LinkPreview, at: QPointF, room: float) -> PreviewBox:
    """The card of a link at a place; pixels from its metadata alone, so that its picture moves nothing."""
    width = min(room, CARD_WIDTH)
    left, inner = at.x() + CARD_PAD, width - 2 * CARD_PAD
    site = words_in(preview.site or preview.url, fonts.text(12, 500), QPointF(left, at.y() + 6), inner)
    title = TextBlock(as_words(preview.title), fonts.text(14, 600), 20, inner, most_lines=2)
    title_at = QPointF(left, site.box.bottom())
    bottom = title_at.y() + title.height
    description, description_at = None, QPointF(left, bottom)
    if preview.description:
        description = TextBlock(as_words(preview.description), fonts.text(12), 17, inner, most_lines=3)
        bottom += description.height
    picture = None
    if preview.image_url:
        picture = QRectF(left, bottom + 6, inner, _picture_height(preview, inner))
        bottom = picture.bottom() + 2
    box = QRectF(at.x(), at.y(), width, bottom + 8 - at.y())
    return PreviewBox(box, site, title, title_at, description, description_at, picture)


def _picture_height(preview: LinkPreview, width: float) -> float:
    """How high a card's picture stands."""
    if not preview.image_width or not preview.image_height:
        return round(width * CARD_UNKNOWN)
    return float(min(round(width * preview.image_height / preview.image_width), CARD_PICTURE_MOST))


def chips_below(bubble: Bubble, box: QRectF, width: float, *, right: bool) -> tuple[Chip, ...]:
    """The reactions below a bubble that stands at `box`, on as many lines as they need, and the plus behind them.

    `right`: the bubble stands at the right edge of its row.
    """
    if not bubble.reactions:
        return ()
    metrics = QFontMetricsF(fonts.text(12))
    free = (box.right() if right else width - box.left()) - 2 * CHIP_SIDE
    most = max(box.width() - 2 * CHIP_SIDE, min(free, CHIPS_LEAST))
    lines: list[list[tuple[BubbleReaction | None, str, float]]] = [[]]
    taken = 0.0
    for reaction in (*bubble.reactions, None):
        words = "+" if reaction is None else f"{reaction.emoji} {reaction.count}"
        advance = metrics.horizontalAdvance(words) + 2 * CHIP_PAD
        if lines[-1] and taken + advance > most:
            lines.append([])
            taken = 0.0
        lines[-1].append((reaction, words, advance))
        taken += advance + CHIP_GAP
    chips: list[Chip] = []
    y = box.bottom() - CHIP_UP
    for line in lines:
        total = sum(advance for _, _, advance in line) + CHIP_GAP * (len(line) - 1)
        x = box.right() - CHIP_SIDE - total if right else box.left() + CHIP_SIDE
        for reaction, words, advance in line:
            chips.append(Chip(QRectF(x, y, advance, CHIP_HEIGHT), reaction, words))
            x += advance + CHIP_GAP
        y += CHIP_HEIGHT + CHIP_GAP
    return tuple(chips)


def failure_below(failure: str | None, width: float, bottom: float, most: float, *, right: bool) -> Failure:
    """The line below a refused bubble, flush with its side, and the server's sentence under it where it said one."""
    metrics = QFontMetricsF(fonts.text(12, 500))
    texts: list[tuple[str, Action | None]] = [(NOT_SENT, None)]
    for word, offered in FAILURE_ACTIONS:
        texts += [(SEPARATOR, None), (word, offered)]
    widths = [metrics.horizontalAdvance(text) for text, _ in texts]
    x = width - 4 - sum(widths) if right else 4.0
    words = []
    for (text, action), advance in zip(texts, widths, strict=True):
        words.append(Word(text, QRectF(x, bottom + 2, advance, FAILURE_LINE), action))
        x += advance
    if not failure:
        return Failure(tuple(words), None, QPointF())
    block = TextBlock(failure, fonts.text(12), FAILURE_LINE, min(width - 8, most), most_lines=3)
    left = width - 4 - block.width if right else 4.0
    return Failure(tuple(words), block, QPointF(left, bottom + 2 + FAILURE_LINE))


def words_at(words: Sequence[Word], point: QPointF) -> Action | None:
    """The action of the word under a point, with a finger's width of tolerance above and below."""
    return next((one.action for one in words if one.action and one.box.adjusted(0, -3, 0, 3).contains(point)), None)
