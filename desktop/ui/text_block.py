"""A message's text laid out for a width: its lines, its links, where the last line ends, and what a point means."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QTextLayout, QTextLine, QTextOption

from desktop.core.markup import Markup, plain
from desktop.ui.message_text import drawn
from desktop.ui.text_formats import Colours, Line, Link, coloured, found, joined, lines_of, mono, shaped

SIGNS_A_LINE = 200
"""More do not fit into a line of the widest bubble, so that a text cut to some lines is never laid out whole."""
PARAGRAPHS_AT_MOST = 100
QUOTE_INDENT, CODE_PAD = 11, 8
QUOTE_BAR, CODE_RADIUS = 3, 6
_HIGHLIGHT_REACH = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph with its own direction: its line, layout, left edge, top and height in the block.

    `first` counts, in UTF-16 units, the signs of the block that stand before it, line breaks among them.
    """

    line: Line
    layout: QTextLayout
    left: float
    top: float
    height: float
    first: int

    @property
    def links(self) -> tuple[Link, ...]:
        """What can be clicked in it."""
        return self.line.links

    @property
    def length(self) -> int:
        """Its signs in UTF-16 units."""
        return len(self.layout.text().encode("utf-16-le", "surrogatepass")) // 2


class TextBlock:
    """The lines of a text. Owns Qt's layouts; holds no colours, so that it outlives a change of theme or of ticks.

    A plain text has links only; markup has the rest. `width` and `height` are in pixels; `last_width` is where the last
    line ends and `last_rtl` says that it is flush right. `cut`: there were more lines than `most_lines`.
    """

    def __init__(
        self, text: str | Markup, font: QFont, line_height: int, width: float, *, most_lines: int | None = None
    ) -> None:
        self.line_height = line_height
        self.width = 0.0
        self.height = 0.0
        self.last_width = 0.0
        self.last_rtl = False
        self.last_is_code = False
        self.cut = False
        self.paragraphs: list[Paragraph] = []
        self._font = font
        left = most_lines
        for line in _few(lines_of(plain(drawn(text)) if isinstance(text, str) else text)):
            if left is not None and left <= 0:
                self.cut = True
                break
            lines = self._add(line, width, left)
            left = None if left is None else left - lines
        self._align()

    def _add(self, line: Line, width: float, most_lines: int | None) -> int:
        """Lay out one paragraph below the others; the result is how many lines it took."""
        indent = {"quote": QUOTE_INDENT, "code": CODE_PAD}.get(line.kind, 0)
        room = max(1.0, width - indent - (CODE_PAD if line.kind == "code" else 0))
        if most_lines is not None and len(line.text) > most_lines * SIGNS_A_LINE:
            self.cut = True
            line = replace(line, text=line.text[: most_lines * SIGNS_A_LINE])
        font = mono() if line.kind == "code" else self._font
        layout = _broken_into_lines(line, font, room)
        if most_lines is not None and layout.lineCount() > most_lines:
            self.cut = True
            line = replace(line, text=_before_unit(line.text, layout.lineAt(most_lines).textStart()))
            layout = _broken_into_lines(line, font, room)
        count = layout.lineCount()
        for number in range(count):
            one = layout.lineAt(number)
            # A line is centred in its step, whatever fonts its signs are taken from.
            one.setPosition(QPointF(0, number * self.line_height + (self.line_height - one.height()) / 2))
            # A chain of joined emoji is one sign that no line holds; the bubble cuts it off.
            needed = indent + one.naturalTextWidth() + (CODE_PAD if line.kind == "code" else 0)
            self.width = min(max(self.width, needed), width)
        height = max(count, 1) * self.line_height
        first = 0 if not self.paragraphs else self.paragraphs[-1].first + self.paragraphs[-1].length + 1
        self.paragraphs.append(Paragraph(line, layout, indent, self.height, height, first))
        self.height += height
        return max(count, 1)

    def _align(self) -> None:
        """Put right-to-left lines flush right within the width that the block turned out to have."""
        for paragraph in self.paragraphs:
            rtl = is_rtl(paragraph.layout.text())
            for number in range(paragraph.layout.lineCount()):
                line = paragraph.layout.lineAt(number)
                ends = paragraph.left + line.naturalTextWidth()
                if rtl:
                    line.setPosition(QPointF(self.width - ends, line.y()))
                self.last_width = min(ends, self.width)
                self.last_rtl = rtl
                # Nothing stands beside code: its ground reaches across.
                self.last_is_code = paragraph.line.kind == "code"

    @property
    def has_links(self) -> bool:
        """Whether anything in it can be clicked."""
        return any(paragraph.links for paragraph in self.paragraphs)

    @property
    def length(self) -> int:
        """How many UTF-16 units it shows, line breaks among them."""
        return self.paragraphs[-1].first + self.paragraphs[-1].length if self.paragraphs else 0

    def shown(self) -> str:
        """The words as they are seen."""
        return "\n".join(paragraph.layout.text() for paragraph in self.paragraphs)

    def between(self, start: int, end: int) -> str:
        """The words from a unit to another."""
        wide = self.shown().encode("utf-16-le", "surrogatepass")
        return wide[2 * start : 2 * end].decode("utf-16-le", "replace").replace("\u2028", "\n")

    def link_at(self, point: QPointF) -> Link | None:
        """The link under a point of the block, or None."""
        found = self._line_at(point)
        if found is None or not found[0].links:
            return None
        paragraph, line = found
        x = point.x() - paragraph.left
        if not line.x() <= x <= line.x() + line.naturalTextWidth():
            return None
        cursor = line.xToCursor(x, QTextLine.CursorPosition.CursorOnCharacter)
        return next((link for link in paragraph.links if link.start <= cursor < link.start + link.length), None)

    def unit_at(self, point: QPointF) -> int:
        """The place between two signs that is nearest to a point, in UTF-16 units; the ends for points outside."""
        if point.y() < 0 or not self.paragraphs:
            return 0
        if point.y() >= self.height:
            return self.length
        found = self._line_at(point)
        if found is None:
            return self.length
        paragraph, line = found
        return paragraph.first + int(line.xToCursor(point.x() - paragraph.left))

    def word_at(self, unit: int) -> tuple[int, int]:
        """The word that a place lies in, from unit to unit."""
        paragraph = self.paragraphs[self._paragraph_of(unit)]
        layout, at = paragraph.layout, unit - paragraph.first
        text = layout.text()
        wide = text.encode("utf-16-le", "surrogatepass")
        place = len(wide[: 2 * at].decode("utf-16-le", "replace"))
        start, end = place, place
        while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return paragraph.first + _units_before(text, start), paragraph.first + _units_before(text, end)

    def draw(
        self,
        painter: QPainter,
        at: QPointF,
        colours: Colours,
        selected: tuple[int, int] | None = None,
        sought: Sequence[str] = (),
    ) -> None:
        """Draw the lines that meet the painter's clip; `selected` has another ground, from unit to unit.

        So have the words that are `sought`, wherever they stand.
        """
        if any(paragraph.line.kind != "text" for paragraph in self.paragraphs):
            self._draw_grounds(painter, at, colours)
        painter.setPen(colours.ink)
        for paragraph in self.paragraphs:
            top = QPointF(at.x() + paragraph.left, at.y() + paragraph.top)
            clip = QRectF(at.x() - 2, top.y(), self.width + 4, paragraph.height)
            place = None if selected is None else _within(selected, paragraph)
            formats = [*coloured(paragraph.line, colours, place), *found(paragraph.line.text, sought)]
            paragraph.layout.draw(painter, top, formats, clip)

    def _draw_grounds(self, painter: QPainter, at: QPointF, colours: Colours) -> None:
        """The bar beside a quote's lines, and the ground under those of code."""
        for kind, group in groupby(self.paragraphs, key=lambda paragraph: paragraph.line.kind):
            if kind == "text":
                continue
            run = list(group)
            top, bottom = at.y() + run[0].top, at.y() + run[-1].top + run[-1].height
            painter.save()
            painter.setPen(Qt.PenStyle.NoPen)
            if kind == "quote":
                painter.fillRect(QRectF(at.x(), top + 1, QUOTE_BAR, bottom - top - 2), colours.link)
            else:
                painter.setBrush(colours.code)
                painter.drawRoundedRect(QRectF(at.x(), top, self.width, bottom - top), CODE_RADIUS, CODE_RADIUS)
            painter.restore()

    def _paragraph_of(self, unit: int) -> int:
        """The number of the paragraph that a unit lies in."""
        return max(0, bisect_right([paragraph.first for paragraph in self.paragraphs], unit) - 1)

    def _line_at(self, point: QPointF) -> tuple[Paragraph, QTextLine] | None:
        """The line at the height of a point."""
        tops = [paragraph.top for paragraph in self.paragraphs]
        place = bisect_right(tops, point.y()) - 1
        if place < 0:
            return None
        paragraph = self.paragraphs[place]
        number = int((point.y() - paragraph.top) // self.line_height)
        return (paragraph, paragraph.layout.lineAt(number)) if number < paragraph.layout.lineCount() else None


def is_rtl(text: str) -> bool:
    """Whether a paragraph runs from right to left: its first L, R or AL character decides (UAX 9, P2 and P3)."""
    kinds = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), False)


def _few(lines: list[Line]) -> Iterator[Line]:
    """The lines of a text; beyond a number nobody reads at once the rest is one, with line separators in it."""
    yield from lines[:PARAGRAPHS_AT_MOST]
    if len(lines) > PARAGRAPHS_AT_MOST:
        yield joined(lines[PARAGRAPHS_AT_MOST:])


def _within(selected: tuple[int, int], paragraph: Paragraph) -> tuple[int, int] | None:
    """The selected place as one paragraph counts it."""
    start = max(0, selected[0] - paragraph.first)
    end = min(paragraph.length, selected[1] - paragraph.first)
    return (start, end) if end > start else None


def _units_before(text: str, place: int) -> int:
    """A place counted in UTF-16 units."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def _broken_into_lines(line: Line, font: QFont, width: float) -> QTextLayout:
    """Qt's layout of one paragraph within a width."""
    layout = QTextLayout(line.text, font)
    option = QTextOption(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    # Each paragraph finds its own direction, so that no one's text reorders another's.
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    layout.setTextOption(option)
    if line.fonts and line.kind != "code":
        layout.setFormats(shaped(line, font))
    layout.setCacheEnabled(True)
    layout.beginLayout()
    while (one := layout.createLine()).isValid():
        one.setLineWidth(width)
    layout.endLayout()
    return layout


def _before_unit(text: str, unit: int) -> str:
    """What stands before a place counted in UTF-16 units."""
    return text.encode("utf-16-le", "surrogatepass")[: unit * 2].decode("utf-16-le", "replace")
