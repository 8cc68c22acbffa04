"""Pixels and heights of a timeline's rows: what a row looks like, how high it is, and what lies under the mouse."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from desktop.core import moments
from desktop.core.bubble import Bubble, DayLine, HappeningLine, Hole, Row, Tick, UnreadLine
from desktop.core.ports import Clock
from desktop.models.happening_words import happening_words
from desktop.models.spoken_rows import spoken
from desktop.ui import fonts
from desktop.ui.bubble_layout import BubbleLayout, lay_out, signature
from desktop.ui.bubble_parts import Action, words_at
from desktop.ui.painters.bubbles import paint_bubble
from desktop.ui.painters.facts import Facts
from desktop.ui.painters.lines import PILL_HEIGHT, UNREAD_HEIGHT, paint_hole, paint_pill, paint_system, paint_unread
from desktop.ui.text_block import TextBlock
from desktop.ui.text_formats import Link

HOLE_HEIGHT = 150
IN_GROUP, BETWEEN_GROUPS = 2, 10
AROUND_DAY, ABOVE_UNREAD, BELOW_UNREAD = 12, 14, 10
REMEMBERED = 1200


class Target(Enum):
    """What lies under the mouse."""

    BUBBLE = auto()
    LINK = auto()
    FILE = auto()
    CANCEL = auto()
    SHOW_MORE = auto()
    META = auto()
    ACTION = auto()
    QUOTE = auto()
    REACTION = auto()
    ADD_REACTION = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Hit:
    """What a point of a message means; `file` counts its files, `url` is a link's, `action` that of a word below it.

    `asks`: the link's words are not its address. `emoji` is a reaction's. `words` are selected in it.
    """

    target: Target
    bubble: Bubble
    file: int | None = None
    url: str | None = None
    action: Action | None = None
    asks: bool = False
    emoji: str | None = None
    words: str = ""

    @property
    def clickable(self) -> bool:
        """Whether a click does something here."""
        if self.target is Target.META:
            return self.bubble.edited and not self.bubble.deleted
        return self.target not in {Target.BUBBLE, Target.TEXT}


def gap_above(above: Row | None, row: Row) -> int:
    """The room between a row and the one above it, in pixels: 2 inside a group, 10 elsewhere."""
    if above is None:
        return 0
    if isinstance(row, UnreadLine):
        return ABOVE_UNREAD
    if isinstance(above, UnreadLine):
        return BELOW_UNREAD
    if isinstance(row, DayLine) or isinstance(above, DayLine):
        return AROUND_DAY
    if isinstance(row, Bubble) and isinstance(above, Bubble) and not row.first_in_group:
        return BETWEEN_GROUPS if above.tick is Tick.FAILED else IN_GROUP
    return BETWEEN_GROUPS


class BubbleDelegate:
    """Owns the layouts of the rows, cached by key, look and width; knows no view and no scroll position.

    `named`: several people write here, so that bubbles have names and pictures; `own_id` is who is called "you".
    `mirrored`: people read from the right.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.named = False
        self.own_id = 0
        self.mirrored = False
        self._layouts: OrderedDict[tuple[str, float], tuple[object, BubbleLayout | TextBlock]] = OrderedDict()
        self._expanded: set[str] = set()

    def expand(self, key: str) -> None:
        """Show a long message whole from now on."""
        self._expanded.add(key)

    def layout(self, bubble: Bubble, width: float) -> BubbleLayout:
        """The geometry of a bubble in a row of this width."""
        expanded = bubble.key in self._expanded
        look = (signature(bubble), expanded, self.named and (bubble.first_in_group, self.named), self.mirrored)
        known = self._remembered(bubble.key, width, look)
        if isinstance(known, BubbleLayout):
            return known
        made = lay_out(bubble, width, self._time_words, expanded=expanded, named=self.named, mirrored=self.mirrored)
        self._remember(bubble.key, width, look, made)
        return made

    def height(self, row: Row, width: float) -> float:
        """How high a row is, without the gap above it."""
        match row:
            case Bubble(type="system") | HappeningLine():
                return self._system(row, width).height
            case Bubble():
                return self.layout(row, width).height
            case DayLine():
                return PILL_HEIGHT
            case UnreadLine():
                return UNREAD_HEIGHT
            case Hole():
                return HOLE_HEIGHT
            case _:
                assert_never(row)

    def paint(self, painter: QPainter, row: Row, width: float, facts: Facts) -> None:
        """Draw a row; the painter stands at its corner."""
        match row:
            case Bubble(type="system") | HappeningLine():
                paint_system(painter, width, self._system(row, width), facts)
            case Bubble():
                paint_bubble(painter, row, self.layout(row, width), facts)
            case DayLine():
                paint_pill(painter, width, self.day_words(row.at_ms), facts)
            case UnreadLine():
                paint_unread(painter, width, row.count, facts)
            case Hole():
                paint_hole(painter, width, HOLE_HEIGHT, facts)
            case _:
                assert_never(row)

    def hit(self, row: Row, point: QPointF, width: float) -> Hit | None:
        """What lies under a point of a row, in the row's coordinates; None beside the bubble."""
        if not isinstance(row, Bubble) or row.type == "system":
            return None
        layout = self.layout(row, width)
        if layout.failure is not None and (action := words_at(layout.failure.words, point)) is not None:
            return Hit(Target.ACTION, row, action=action)
        for chip in layout.chips:
            if chip.box.contains(point):
                emoji = chip.reaction.emoji if chip.reaction else None
                return Hit(Target.REACTION if emoji else Target.ADD_REACTION, row, emoji=emoji)
        if not layout.bubble.contains(point):
            return None
        return _inside(row, layout, point - layout.bubble.topLeft())

    def unit_at(self, bubble: Bubble, point: QPointF, width: float) -> int:
        """The place between two signs of a bubble's text that is nearest to a point of its row, in UTF-16 units."""
        layout = self.layout(bubble, width)
        if layout.text is None or bubble.deleted:
            return 0
        return layout.text.unit_at(point - layout.bubble.topLeft() - layout.text_at)

    def word_at(self, bubble: Bubble, unit: int, width: float) -> tuple[int, int]:
        """The word around a place, from unit to unit."""
        text = self.layout(bubble, width).text
        return (unit, unit) if text is None else text.word_at(unit)

    def words_between(self, bubble: Bubble, start: int, end: int, width: float) -> str:
        """The selected words; the text as it was typed where all of it is selected."""
        text = self.layout(bubble, width).text
        if text is None:
            return ""
        whole = start == 0 and end >= text.length and not text.cut
        return bubble.text if whole and bubble.text else text.between(start, end)

    def first_link(self, bubble: Bubble, width: float) -> Link | None:
        """The first address in a bubble's text, for the keyboard."""
        text = self.layout(bubble, width).text
        found = () if text is None else (link for part in text.paragraphs for link in part.links)
        return next(iter(found), None)

    def day_words(self, at_ms: int) -> str:
        """What a day pill says."""
        return moments.day_words(at_ms, self._clock.now_ms(), self._clock.local_offset_s)

    def sentence(self, row: Row) -> str:
        """A row in words for people who hear it: with the time, and with the day unless that is today."""
        if isinstance(row, HappeningLine):
            return happening_words(row, self.own_id)
        if isinstance(row, DayLine):
            return self.day_words(row.at_ms)
        at_ms = row.at_ms if isinstance(row, Bubble) else self._clock.now_ms()
        day = self.day_words(at_ms)
        return spoken(row, self._time_words(at_ms) if day == "Today" else f"{day} {self._time_words(at_ms)}")

    def explained(self, hit: Hit) -> str:
        """What is said about a place under the mouse."""
        bubble = hit.bubble
        words: dict[Target, Callable[[], str]] = {
            Target.META: lambda: self._meta_words(bubble),
            Target.CANCEL: lambda: "Cancel",
            Target.ADD_REACTION: lambda: "Add a reaction",
            Target.REACTION: lambda: ", ".join(
                name for one in bubble.reactions if one.emoji == hit.emoji for name in one.names
            ),
            Target.LINK: lambda: (hit.url or "") if hit.asks else "",
            Target.FILE: lambda: bubble.files[hit.file].name if hit.file is not None else "",
        }
        return words[hit.target]() if hit.target in words else ""

    def _meta_words(self, bubble: Bubble) -> str:
        """The whole date of a bubble, when it was edited, and what it is kept for."""
        lines = [self.full_time(bubble.at_ms)]
        if bubble.edited_at_ms is not None and not bubble.deleted:
            lines.append(f"Edited {self.full_time(bubble.edited_at_ms)}")
        lines += [words for words, on in (("Pinned for everybody", bubble.pinned), ("Starred", bubble.starred)) if on]
        return "\n".join(lines)

    def full_time(self, at_ms: int) -> str:
        """The whole date, shown over a bubble's time."""
        return moments.full_time(at_ms, self._clock.local_offset_s)

    def _time_words(self, at_ms: int) -> str:
        """HH:MM."""
        return moments.bubble_time(at_ms, self._clock.local_offset_s)

    def _system(self, row: Bubble | HappeningLine, width: float) -> TextBlock:
        """The lines of a system message."""
        words = row.text if isinstance(row, Bubble) else happening_words(row, self.own_id)
        known = self._remembered(row.key, width, words)
        if isinstance(known, TextBlock):
            return known
        made = TextBlock(words, fonts.text(12), 18, width * 0.8)
        self._remember(row.key, width, words, made)
        return made

    def _remembered(self, key: str, width: float, look: object) -> BubbleLayout | TextBlock | None:
        """A layout made before for the same look and width."""
        known = self._layouts.get((key, width))
        return known[1] if known is not None and known[0] == look else None

    def _remember(self, key: str, width: float, look: object, made: BubbleLayout | TextBlock) -> None:
        """Keep a layout; the ones made longest ago go first."""
        self._layouts[key, width] = (look, made)
        self._layouts.move_to_end((key, width))
        if len(self._layouts) > REMEMBERED:
            self._layouts.popitem(last=False)


def _inside(bubble: Bubble, layout: BubbleLayout, point: QPointF) -> Hit:
    """What lies under a point of the bubble itself, in its coordinates."""
    for number, file in enumerate(layout.files):
        if file.cancel is not None and file.cancel.adjusted(-6, -6, 6, 6).contains(point):
            return Hit(Target.CANCEL, bubble, file=number)
        if file.box.contains(point):
            return Hit(Target.FILE, bubble, file=number)
    card = layout.preview
    if card is not None and bubble.preview is not None and card.box.contains(point):
        return Hit(Target.LINK, bubble, url=bubble.preview.url)
    places = (
        (Target.QUOTE, layout.quote.box if layout.quote is not None else None),
        (Target.SHOW_MORE, layout.more_box),
        (Target.META, layout.meta_box),
    )
    for target, box in places:
        if box is not None and box.contains(point):
            return Hit(target, bubble)
    return _in_text(bubble, layout, point)


def _in_text(bubble: Bubble, layout: BubbleLayout, point: QPointF) -> Hit:
    """A link, words that can be selected, or the bubble around them."""
    if layout.text is None:
        return Hit(Target.BUBBLE, bubble)
    place = point - layout.text_at
    link = layout.text.link_at(place) if layout.text.has_links else None
    if link is not None:
        return Hit(Target.LINK, bubble, url=link.url, asks=link.asks)
    over = 0 <= place.x() <= layout.text.width and 0 <= place.y() < layout.text.height
    return Hit(Target.TEXT if over and not bubble.deleted else Target.BUBBLE, bubble)
