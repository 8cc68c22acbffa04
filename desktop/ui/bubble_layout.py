"""Where everything in a bubble stands: one struct for painting, for the height of the row and for the hit test."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from desktop.core.bubble import Bubble, Tick
from desktop.ui import fonts
from desktop.ui.file_boxes import FileBox, file_box, height_of_files
from desktop.ui.message_text import emoji_only
from desktop.ui.text_block import TextBlock

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
FAILURE_LINE = 16
COLLAPSED_LINES = 20
LARGE_PX, LARGE_LINE = 40, 48
BETWEEN_FILES = 8

_DIGIT = re.compile(r"[1-9]")
DELETED_WORDS = "This message was deleted"


class Action(Enum):
    """What can be done with a message by a click on one of its words."""

    RETRY = auto()
    EDIT = auto()
    COPY = auto()
    DELETE = auto()


FAILURE_ACTIONS = (("Retry", Action.RETRY), ("Edit", Action.EDIT), ("Copy", Action.COPY), ("Delete", Action.DELETE))
SEPARATOR = " · "
NOT_SENT = "Not sent"


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


@dataclass(frozen=True, slots=True)
class BubbleLayout:
    """One bubble's geometry for one width. `bubble` and `failure` in the row's coordinates, the rest in the bubble's.

    `ground` is False for large emoji, which stand on the timeline itself. `height` is the row's without the gap above.
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


def widest_bubble(width: float) -> float:
    """The widest a bubble may get in a timeline whose rows are `width` pixels wide."""
    share = MOST_OF_NARROW_WIDTH if width < NARROW else MOST_OF_WIDTH
    return float(min(round(width * share), WIDEST))


def signature(bubble: Bubble) -> tuple[object, ...]:
    """The facts that a layout depends on: bubbles with equal ones share it, whatever their ticks and progress say."""
    files = tuple((file.kind, file.name, file.width, file.height, file.progress is not None) for file in bubble.files)
    failed = bubble.failure or "" if bubble.tick is Tick.FAILED else None
    return (bubble.text, bubble.own, files, bubble.at_ms, failed, bubble.edited, bubble.deleted)


def lay_out(bubble: Bubble, width: float, time_words: Callable[[int], str], *, expanded: bool = False) -> BubbleLayout:
    """The geometry of a bubble in a row `width` pixels wide; `expanded` shows a long text whole."""
    return _Builder(bubble, width, time_words(bubble.at_ms), expanded=expanded).build()


@dataclass
class _Builder:
    """Stacks the parts of one bubble from the top down."""

    bubble: Bubble
    width: float
    time: str
    expanded: bool
    y: float = PAD_TOP
    content: float = 0.0
    text: TextBlock | None = None
    text_at: QPointF = field(default_factory=QPointF)
    files: tuple[FileBox, ...] = ()
    meta_box: QRectF = field(default_factory=QRectF)
    more_box: QRectF | None = None

    def __post_init__(self) -> None:
        """Work out what all parts need to know."""
        self.most = widest_bubble(self.width) - 2 * PAD_X
        self.large = not self.bubble.files and not self.bubble.deleted and emoji_only(self.bubble.text)
        self.meta = f"edited {self.time}" if self.bubble.edited and not self.bubble.deleted else self.time
        # Digits count as wide as the widest, so that another time moves nothing (the server's clock replaces ours).
        words = QFontMetricsF(fonts.text(11)).horizontalAdvance(_DIGIT.sub("0", self.meta))
        self.meta_width = words + (TICK_GAP + TICK_WIDTH if self.bubble.own else 0)

    def build(self) -> BubbleLayout:
        """Stack files, text, "Show more", time and tick, and what stands below."""
        if not self.bubble.deleted:
            self._stack_files()
        self._stack_text()
        self._place_meta()
        size = QRectF(0, 0, self.content + 2 * PAD_X, self.y + PAD_BOTTOM)
        box = size.translated(self.width - size.width() if self.bubble.own else 0.0, 0)
        if self.large:
            box.translate(PAD_X if self.bubble.own else -PAD_X, 0)
        failure = self._failure(box.bottom()) if self.bubble.tick is Tick.FAILED else None
        return BubbleLayout(
            height=box.height() if failure is None else self._failure_bottom(failure),
            bubble=box,
            ground=not self.large,
            text=self.text,
            text_at=self.text_at,
            files=self.files,
            meta=self.meta,
            meta_box=self._flush_right(),
            tick_box=self._tick_box(),
            more_box=self.more_box,
            failure=failure,
        )

    def _stack_files(self) -> None:
        """Pictures stand nearer to the edge than chips."""
        boxes: list[FileBox] = []
        for file in self.bubble.files:
            pictorial = file.kind != "file"
            inset = PAD_X - PICTURE_INSET if pictorial else 0
            if boxes:
                self.y += PICTURE_INSET if pictorial else BETWEEN_FILES
            elif pictorial:
                self.y = PICTURE_INSET
            box = file_box(file, QPointF(PAD_X - inset, self.y), self.most + 2 * inset)
            boxes.append(box)
            self.y += height_of_files([box])
            self.content = max(self.content, box.box.width() - 2 * inset)
            # A picture is followed by its caption or name two pixels below.
            self.y += 2 if pictorial else 0
        self.files = tuple(boxes)

    def _stack_text(self) -> None:
        """The text, a picture's name where it has no caption, or nothing."""
        words = self._words()
        if not words:
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

    def _words(self) -> str:
        """What stands as text in the bubble."""
        if self.bubble.deleted:
            return DELETED_WORDS
        if self.bubble.text or not self.files:
            return self.bubble.text
        if len(self.files) > 1 or self.files[0].kind == "file":
            return ""
        room = self.content - META_GAP_X - self.meta_width
        return elided_name(self.files[0].name, room)

    def _only_pictures(self) -> bool:
        """Whether the bubble is as wide as its pictures, and its text no wider."""
        return bool(self.files) and all(box.kind != "file" for box in self.files)

    def _stack_more(self) -> None:
        """The words that show the rest of a long text."""
        words = QFontMetricsF(fonts.text(13, 500)).horizontalAdvance("Show more")
        self.more_box = QRectF(PAD_X, self.y, words, TEXT_LINE)
        self.y += TEXT_LINE

    def _place_meta(self) -> None:
        """Time and tick at the end of the last line where they fit, else below it."""
        last = self._last_line()
        if last is not None and last + META_GAP_X + self.meta_width <= max(self._room(), self.content):
            self.content = max(self.content, last + META_GAP_X + self.meta_width)
            self.y += 1
        else:
            self.content = max(self.content, self.meta_width)
            self.y += META_LINE + (META_GAP_Y if self.text is None else 0)
        self.meta_box = QRectF(0, self.y - META_LINE, self.meta_width, META_LINE)

    def _room(self) -> float:
        """How wide the lines beside the meta may get."""
        return self.content if self._only_pictures() else self.most

    def _last_line(self) -> float | None:
        """How much of the last line is taken, or None where nothing may stand beside it."""
        if self.more_box is not None:
            return self.more_box.width()
        if self.text is None or self.text.last_rtl:
            return None
        return self.text.last_width

    def _flush_right(self) -> QRectF:
        """The meta's box, now that the width is known."""
        return self.meta_box.translated(PAD_X + self.content - self.meta_width, 0)

    def _tick_box(self) -> QRectF | None:
        """The tick's box at the end of the meta of one's own messages."""
        if not self.bubble.own or self.bubble.deleted:
            return None
        box = self._flush_right()
        return QRectF(box.right() - TICK_WIDTH, box.top(), TICK_WIDTH, META_LINE)

    def _failure(self, bottom: float) -> Failure:
        """The line below a refused bubble, flush right, and the server's sentence under it."""
        metrics = QFontMetricsF(fonts.text(12, 500))
        texts: list[tuple[str, Action | None]] = [(NOT_SENT, None)]
        for word, offered in FAILURE_ACTIONS:
            texts += [(SEPARATOR, None), (word, offered)]
        widths = [metrics.horizontalAdvance(text) for text, _ in texts]
        x = self.width - 4 - sum(widths)
        words = []
        for (text, action), advance in zip(texts, widths, strict=True):
            words.append(Word(text, QRectF(x, bottom + 2, advance, FAILURE_LINE), action))
            x += advance
        return self._with_sentence(tuple(words), bottom + 2 + FAILURE_LINE)

    def _with_sentence(self, words: tuple[Word, ...], y: float) -> Failure:
        """Add the server's sentence, where it said one."""
        if not self.bubble.failure:
            return Failure(words, None, QPointF())
        room = min(self.width - 8, WIDEST)
        block = TextBlock(self.bubble.failure, fonts.text(12), FAILURE_LINE, room, most_lines=3)
        return Failure(words, block, QPointF(self.width - 4 - block.width, y))

    def _failure_bottom(self, failure: Failure) -> float:
        """Where the last thing below the bubble ends."""
        if failure.sentence is not None:
            return failure.sentence_at.y() + failure.sentence.height
        return failure.words[0].box.bottom()


def elided_name(name: str, room: float) -> str:
    """A file's name within a room in pixels, cut in the middle so that its ending stays."""
    return QFontMetricsF(fonts.text()).elidedText(name, Qt.TextElideMode.ElideMiddle, room)


def words_at(words: Sequence[Word], point: QPointF) -> Action | None:
    """The action of the word under a point, with a finger's width of tolerance above and below."""
    return next((one.action for one in words if one.action and one.box.adjusted(0, -3, 0, 3).contains(point)), None)
