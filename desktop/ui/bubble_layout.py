"""Where everything in a bubble stands: one struct for painting, for the height of the row and for the hit test."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from desktop.core.bubble import Bubble, Tick
from desktop.core.markup import Markup, parse
from desktop.ui import fonts
from desktop.ui.album_layout import ALBUM_WIDTH, places
from desktop.ui.bubble_parts import (
    CHIPS_BELOW,
    DELETED_WORDS,
    NAME_LINE,
    QUOTE_BELOW,
    Chip,
    Failure,
    PreviewBox,
    QuoteBox,
    Words,
    as_words,
    chips_below,
    failure_below,
    preview_box,
    quote_box,
    words_in,
)
from desktop.ui.file_boxes import FileBox, file_box, height_of_files, picture_in
from desktop.ui.message_text import drawn, emoji_only
from desktop.ui.text_block import TextBlock
from protocol.shapes import LinkPreview
from protocol.text import isolate

# The mock's geometry in pixels.
MOST_OF_WIDTH = 0.64
MOST_OF_NARROW_WIDTH = 0.84
NARROW = 520
WIDEST = 720
PAD_X, PAD_TOP, PAD_BOTTOM = 12, 7, 6
PICTURE_INSET = 4
TEXT_LINE = 20
META_LINE = 16
META_GAP_X, META_GAP_Y = 12, 5
TICK_GAP, TICK_WIDTH = 4, 15
MARK_WIDTH, MARK_GAP = 12, 3
COLLAPSED_LINES = 20
LARGE_PX, LARGE_LINE = 40, 48
BETWEEN_FILES = 8
AVATAR, AVATAR_GAP = 32, 8

_DIGIT = re.compile(r"[1-9]")


@dataclass(frozen=True, slots=True)
class BubbleLayout:
    """One bubble's geometry for one width, in the bubble's coordinates.

    `bubble` itself, `avatar`, `chips` and `failure` are in the row's. `ground` is False for large emoji, which stand on
    the timeline itself. `height` is the row's without the gap above.
    """

    height: float
    bubble: QRectF
    ground: bool
    text: TextBlock | None
    text_at: QPointF
    files: tuple[FileBox, ...]
    meta: str
    meta_box: QRectF
    tick_box: QRectF | None
    more_box: QRectF | None
    failure: Failure | None
    name: Words | None = None
    forwarded: Words | None = None
    quote: QuoteBox | None = None
    preview: PreviewBox | None = None
    chips: tuple[Chip, ...] = ()
    marks: tuple[tuple[str, QRectF], ...] = ()
    """Icons before the time: pin and star."""
    avatar: QRectF | None = None
    right: bool = False
    """Whether the bubble stands at the right edge of its row: one's own, others' where people read from the right."""


def widest_bubble(width: float) -> float:
    """The widest a bubble may get in a timeline whose rows are `width` pixels wide."""
    share = MOST_OF_NARROW_WIDTH if width < NARROW else MOST_OF_WIDTH
    return float(min(round(width * share), WIDEST))


def signature(bubble: Bubble) -> tuple[object, ...]:
    """The facts that a layout depends on: bubbles with equal ones share it, whatever their ticks and progress say."""
    files = tuple((file.kind, file.name, file.width, file.height, file.progress is not None) for file in bubble.files)
    failed = bubble.failure or "" if bubble.tick is Tick.FAILED else None
    said = (bubble.text, bubble.mentions, bubble.quote, bubble.forwarded_from, bubble.preview, bubble.reactions)
    marks = (bubble.edited, bubble.deleted, bubble.pinned, bubble.starred, bubble.changing and not bubble.own)
    return (said, bubble.own, files, bubble.at_ms, failed, marks, bubble.sender_name)


def lay_out(
    bubble: Bubble,
    width: float,
    time_words: Callable[[int], str],
    *,
    expanded: bool = False,
    named: bool = False,
    mirrored: bool = False,
) -> BubbleLayout:
    """The geometry of a bubble in a row `width` pixels wide; `expanded` shows a long text whole.

    `named`: several people write here, so that others' bubbles have a name and a picture. `mirrored`: people read from
    the right, and one's own messages stand at the left.
    """
    named, right = named and not bubble.own, bubble.own != mirrored
    time = time_words(bubble.at_ms)
    return _Builder(bubble, width, time, expanded=expanded, named=named, right=right).build()


@dataclass
class _Builder:
    """Stacks the parts of one bubble from the top down."""

    bubble: Bubble
    width: float
    time: str
    expanded: bool
    named: bool
    right: bool
    y: float = PAD_TOP
    content: float = 0.0
    text: TextBlock | None = None
    text_at: QPointF = field(default_factory=QPointF)
    files: tuple[FileBox, ...] = ()
    meta_box: QRectF = field(default_factory=QRectF)
    more_box: QRectF | None = None
    name: Words | None = None
    forwarded: Words | None = None
    quote: QuoteBox | None = None
    preview: PreviewBox | None = None

    def __post_init__(self) -> None:
        """Work out what all parts need to know."""
        bubble = self.bubble
        self.indent = AVATAR + AVATAR_GAP if self.named else 0
        self.most = widest_bubble(self.width - self.indent) - 2 * PAD_X
        bare = not (bubble.files or bubble.deleted or bubble.quote or bubble.forwarded_from or bubble.preview)
        self.large = bare and emoji_only(bubble.text)
        self.meta = f"edited {self.time}" if bubble.edited and not bubble.deleted else self.time
        self.mark_names = () if bubble.deleted else _marks(bubble)
        self.ticks = bubble.changing or (bubble.own and not bubble.deleted)
        # Digits count as wide as the widest, so that another time moves nothing (the server's clock replaces ours).
        words = QFontMetricsF(fonts.text(11)).horizontalAdvance(_DIGIT.sub("0", self.meta))
        marks = len(self.mark_names) * (MARK_WIDTH + MARK_GAP)
        self.meta_width = words + marks + (TICK_GAP + TICK_WIDTH if bubble.own or self.ticks else 0)

    def build(self) -> BubbleLayout:
        """Stack what stands above the text, files, text, "Show more", the link's card, time and tick, what is below."""
        self._stack_head()
        if not self.bubble.deleted:
            self._stack_files()
        self._stack_text()
        if self.bubble.preview is not None and not self.bubble.deleted:
            self._stack_preview(self.bubble.preview)
        self._place_meta()
        size = QRectF(0, 0, self.content + 2 * PAD_X, self.y + PAD_BOTTOM)
        box = size.translated(self.width - size.width() - self.indent if self.right else self.indent, 0)
        if self.large:
            box.translate(PAD_X if self.right else -PAD_X, 0)
        return self._assembled(box)

    def _assembled(self, box: QRectF) -> BubbleLayout:
        """All parts, now that the bubble's place is known, with what stands below it."""
        chips = () if self.bubble.deleted else chips_below(self.bubble, box, self.width, right=self.right)
        bottom = chips[-1].box.bottom() + CHIPS_BELOW if chips else box.bottom()
        failed = self.bubble.tick is Tick.FAILED
        below = failure_below(self.bubble.failure, self.width, bottom, WIDEST, right=self.right) if failed else None
        side = self.width - AVATAR if self.right else 0
        return BubbleLayout(
            height=bottom if below is None else below.bottom,
            bubble=box,
            ground=not self.large,
            text=self.text,
            text_at=self._text_place(),
            files=self.files,
            meta=self.meta,
            meta_box=self._flush_right(),
            tick_box=self._tick_box(),
            more_box=self.more_box,
            failure=below,
            name=self.name,
            forwarded=self.forwarded,
            quote=self.quote,
            preview=self.preview,
            chips=chips,
            marks=self._mark_boxes(),
            avatar=QRectF(side, box.bottom() - AVATAR, AVATAR, AVATAR) if self.named else None,
            right=self.right,
        )

    def _stack_head(self) -> None:
        """Who wrote it, whom it was from first, and what it answers."""
        if self.named and self.bubble.first_in_group and not self.large:
            self.name = self._head_line(self.bubble.sender_name, 600)
        if self.bubble.deleted:
            return
        if self.bubble.forwarded_from is not None:
            self.forwarded = self._head_line(f"Forwarded from {isolate(self.bubble.forwarded_from)}", 500)
        if self.bubble.quote is not None:
            self.quote = quote_box(self.bubble.quote, QPointF(PAD_X, self.y), self._head_room())
            self.y = self.quote.box.bottom() + QUOTE_BELOW
            self.content = max(self.content, self.quote.box.width())

    def _head_line(self, words: str, weight: int) -> Words:
        """One line above everything else."""
        line = words_in(words, fonts.text(12, weight), QPointF(PAD_X, self.y), self._head_room())
        self.y += NAME_LINE
        self.content = max(self.content, line.box.width())
        return line

    def _head_room(self) -> float:
        """How wide what stands on top may be: no wider than the pictures, where there are any."""
        if not self.bubble.files or self.bubble.files[0].kind == "file" or self.bubble.deleted:
            return self.most
        if self._is_album():
            return min(self.most, ALBUM_WIDTH - 2 * (PAD_X - PICTURE_INSET))
        box = file_box(self.bubble.files[0], QPointF(), self.most + 2 * (PAD_X - PICTURE_INSET))
        return box.box.width() - 2 * (PAD_X - PICTURE_INSET)

    def _stack_files(self) -> None:
        """Pictures stand nearer to the edge than chips."""
        if self._is_album():
            self._stack_album()
            return
        boxes: list[FileBox] = []
        for file in self.bubble.files:
            pictorial = file.kind != "file"
            inset = PAD_X - PICTURE_INSET if pictorial else 0
            if boxes:
                self.y += PICTURE_INSET if pictorial else BETWEEN_FILES
            elif pictorial and self.y == PAD_TOP:
                self.y = PICTURE_INSET
            box = file_box(file, QPointF(PAD_X - inset, self.y), self.most + 2 * inset)
            boxes.append(box)
            self.y += height_of_files([box])
            self.content = max(self.content, box.box.width() - 2 * inset)
            # A picture is followed by its caption or name two pixels below.
            self.y += 2 if pictorial else 0
        self.files = tuple(boxes)

    def _is_album(self) -> bool:
        """Whether several pictures and films stand beside each other."""
        return len(self.bubble.files) > 1 and all(file.kind != "file" for file in self.bubble.files)

    def _stack_album(self) -> None:
        """Rows of pictures as wide as the bubble."""
        if self.y == PAD_TOP:
            self.y = PICTURE_INSET
        inset = PAD_X - PICTURE_INSET
        width = int(min(ALBUM_WIDTH, self.most + 2 * inset))
        found = places([(file.width, file.height) for file in self.bubble.files], width)
        boxes = (QRectF(PICTURE_INSET + one.x, self.y + one.y, one.width, one.height) for one in found)
        self.files = tuple(picture_in(file, box) for file, box in zip(self.bubble.files, boxes, strict=True))
        self.y = max(file.box.bottom() for file in self.files) + 2
        self.content = max(self.content, width - 2 * inset)

    def _stack_text(self) -> None:
        """The text, a picture's name where it has no caption, or nothing."""
        words = self._words()
        if not words.source:
            return
        room = self.content if self._only_pictures() else self.most
        font, line = (fonts.text(LARGE_PX), LARGE_LINE) if self.large else (fonts.text(), TEXT_LINE)
        if self.bubble.deleted:
            font.setItalic(True)
        if self.files and not self._only_pictures():
            self.y += META_GAP_Y
        named = self._only_pictures() and not self.bubble.text
        most_lines = 1 if named else None if self.expanded else COLLAPSED_LINES + 4
        block = TextBlock(words, font, line, room, most_lines=most_lines)
        if block.cut and not named:
            block = TextBlock(words, font, line, room, most_lines=COLLAPSED_LINES)
        self.text, self.text_at = block, QPointF(PAD_X, self.y)
        self.content = max(self.content, block.width)
        self.y += block.height
        if block.cut and not named:
            self._stack_more()

    def _words(self) -> Markup:
        """What stands as text in the bubble."""
        if self.bubble.deleted:
            return as_words(DELETED_WORDS)
        if self.bubble.text:
            return parse(drawn(self.bubble.text), self.bubble.mentions)
        if len(self.files) != 1 or self.files[0].kind == "file":
            return as_words("")
        room = self.content - META_GAP_X - self.meta_width
        return as_words(elided_name(self.files[0].name, room))

    def _only_pictures(self) -> bool:
        """Whether the bubble is as wide as its pictures, and its text no wider."""
        return bool(self.files) and all(box.kind != "file" for box in self.files)

    def _stack_more(self) -> None:
        """The words that show the rest of a long text."""
        words = QFontMetricsF(fonts.text(13, 500)).horizontalAdvance("Show more")
        self.more_box = QRectF(PAD_X, self.y, words, TEXT_LINE)
        self.y += TEXT_LINE

    def _stack_preview(self, preview: LinkPreview) -> None:
        """The card of the first link."""
        room = self.content if self._only_pictures() else self.most
        self.preview = preview_box(preview, QPointF(PAD_X, self.y + META_GAP_Y), room)
        self.y = self.preview.box.bottom()
        self.content = max(self.content, self.preview.box.width())

    def _place_meta(self) -> None:
        """Time and tick at the end of the last line where they fit, else below it."""
        last = self._last_line()
        if last is not None and last + META_GAP_X + self.meta_width <= max(self._room(), self.content):
            self.content = max(self.content, last + META_GAP_X + self.meta_width)
            self.y += 1
        else:
            self.content = max(self.content, self.meta_width)
            self.y += META_LINE + (META_GAP_Y if self.text is None or self.preview is not None else 0)
        self.meta_box = QRectF(0, self.y - META_LINE, self.meta_width, META_LINE)

    def _room(self) -> float:
        """How wide the lines beside the meta may get."""
        return self.content if self._only_pictures() else self.most

    def _last_line(self) -> float | None:
        """How much of the last line is taken, or None where nothing may stand beside it."""
        if self.preview is not None:
            return None
        if self.more_box is not None:
            return self.more_box.width()
        if self.text is None or self.text.last_rtl or self.text.last_is_code:
            return None
        return self.text.last_width

    def _flush_right(self) -> QRectF:
        """The meta's box, now that the width is known."""
        return self.meta_box.translated(PAD_X + self.content - self.meta_width, 0)

    def _text_place(self) -> QPointF:
        """Where the text stands: right-to-left words at the right edge of what is wider than they are."""
        if self.text is None or not self.text.last_rtl:
            return self.text_at
        return QPointF(PAD_X + self.content - self.text.width, self.text_at.y())

    def _mark_boxes(self) -> tuple[tuple[str, QRectF], ...]:
        """Pin and star, before the time."""
        box = self._flush_right()
        top = box.top() + (META_LINE - MARK_WIDTH) / 2
        step = MARK_WIDTH + MARK_GAP
        places = (QRectF(box.left() + number * step, top, MARK_WIDTH, MARK_WIDTH) for number in range(2))
        return tuple(zip(self.mark_names, places, strict=False))

    def _tick_box(self) -> QRectF | None:
        """The tick's box at the end of the meta of one's own messages, and of those that are being changed."""
        if not self.ticks:
            return None
        box = self._flush_right()
        return QRectF(box.right() - TICK_WIDTH, box.top(), TICK_WIDTH, META_LINE)


def _marks(bubble: Bubble) -> tuple[str, ...]:
    """The icons of what a message is kept for."""
    return tuple(name for name, on in (("pin", bubble.pinned), ("star", bubble.starred)) if on)


def elided_name(name: str, room: float) -> str:
    """A file's name within a room in pixels, cut in the middle so that its ending stays."""
    return QFontMetricsF(fonts.text()).elidedText(name, Qt.TextElideMode.ElideMiddle, room)
