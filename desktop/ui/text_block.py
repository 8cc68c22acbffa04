"""A message's text laid out for a width: its lines, its links, and where the last line ends."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QTextCharFormat, QTextLayout, QTextLine, QTextOption

from desktop.ui.message_text import Link, drawn, links

SIGNS_A_LINE = 200
"""More do not fit into a line of the widest bubble, so that a text cut to some lines is never laid out whole."""
PARAGRAPHS_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph with its own direction: its layout, its top and height in the block, and its links."""

    layout: QTextLayout
    top: float
    height: float
    links: tuple[Link, ...]


class TextBlock:
    """The lines of a text. Owns Qt's layouts; holds no colours, so that it outlives a change of theme or of ticks.

    `size` is in pixels; `last_width` is the width of the last line and `last_rtl` says that it is flush right.
    `cut` says that lines were left out because there were more than `most_lines`.
    """

    def __init__(
        self, text: str, font: QFont, line_height: int, width: float, *, most_lines: int | None = None
    ) -> None:
        self.line_height = line_height
        self.width = 0.0
        self.height = 0.0
        self.last_width = 0.0
        self.last_rtl = False
        self.cut = False
        self.paragraphs: list[Paragraph] = []
        left = most_lines
        for part in _paragraphs(drawn(text)):
            if left is not None and left <= 0:
                self.cut = True
                break
            lines = self._add(part, font, width, left)
            left = None if left is None else left - lines
        self._align()

    def _add(self, text: str, font: QFont, width: float, most_lines: int | None) -> int:
        """Lay out one paragraph below the others; the result is how many lines it took."""
        if most_lines is not None and len(text) > most_lines * SIGNS_A_LINE:
            self.cut = True
            text = text[: most_lines * SIGNS_A_LINE]
        layout = _broken_into_lines(text, font, width)
        if most_lines is not None and layout.lineCount() > most_lines:
            self.cut = True
            layout = _broken_into_lines(_before_unit(text, layout.lineAt(most_lines).textStart()), font, width)
        count = layout.lineCount()
        for number in range(count):
            line = layout.lineAt(number)
            # A line is centred in its step, whatever fonts its signs are taken from.
            line.setPosition(QPointF(0, number * self.line_height + (self.line_height - line.height()) / 2))
            # A chain of joined emoji is one sign that no line holds; the bubble cuts it off.
            self.width = min(max(self.width, line.naturalTextWidth()), width)
        height = max(count, 1) * self.line_height
        self.paragraphs.append(Paragraph(layout, self.height, height, tuple(links(layout.text()))))
        self.height += height
        return max(count, 1)

    def _align(self) -> None:
        """Put right-to-left lines flush right within the width that the block turned out to have."""
        for paragraph in self.paragraphs:
            rtl = is_rtl(paragraph.layout.text())
            for number in range(paragraph.layout.lineCount()):
                line = paragraph.layout.lineAt(number)
                if rtl:
                    line.setPosition(QPointF(self.width - line.naturalTextWidth(), line.y()))
                self.last_width, self.last_rtl = min(line.naturalTextWidth(), self.width), rtl

    @property
    def has_links(self) -> bool:
        """Whether anything in it can be clicked."""
        return any(paragraph.links for paragraph in self.paragraphs)

    def link_at(self, point: QPointF) -> str | None:
        """The address under a point of the block, or None."""
        tops = [paragraph.top for paragraph in self.paragraphs]
        place = bisect_right(tops, point.y()) - 1
        if place < 0:
            return None
        paragraph = self.paragraphs[place]
        number = int((point.y() - paragraph.top) // self.line_height)
        if not paragraph.links or number >= paragraph.layout.lineCount():
            return None
        line = paragraph.layout.lineAt(number)
        if not line.x() <= point.x() <= line.x() + line.naturalTextWidth():
            return None
        cursor = line.xToCursor(point.x(), QTextLine.CursorPosition.CursorOnCharacter)
        return next((link.url for link in paragraph.links if link.start <= cursor < link.start + link.length), None)

    def draw(self, painter: QPainter, at: QPointF, ink: QColor, link_ink: QColor) -> None:
        """Draw the lines that meet the painter's clip, links underlined in their own colour."""
        painter.setPen(ink)
        for paragraph in self.paragraphs:
            layout = paragraph.layout
            top = QPointF(at.x(), at.y() + paragraph.top)
            clip = QRectF(at.x() - 2, top.y(), self.width + 4, paragraph.height)
            layout.draw(painter, top, _underlined(paragraph.links, link_ink), clip)


def is_rtl(text: str) -> bool:
    """Whether a paragraph runs from right to left: its first L, R or AL character decides (UAX 9, P2 and P3)."""
    kinds = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), False)


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of a text; beyond a number nobody reads at once the rest is one, with line separators in it."""
    parts = text.split("\n")
    if len(parts) <= PARAGRAPHS_AT_MOST:
        return parts
    return [*parts[:PARAGRAPHS_AT_MOST], "\u2028".join(parts[PARAGRAPHS_AT_MOST:])]


def _broken_into_lines(text: str, font: QFont, width: float) -> QTextLayout:
    """Qt's layout of one paragraph within a width."""
    layout = QTextLayout(text, font)
    option = QTextOption(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    # Each paragraph finds its own direction, so that no one's text reorders another's.
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
    layout.endLayout()
    return layout


def _before_unit(text: str, unit: int) -> str:
    """What stands before a place counted in UTF-16 units."""
    return text.encode("utf-16-le", "surrogatepass")[: unit * 2].decode("utf-16-le", "replace")


def _underlined(found: Sequence[Link], ink: QColor) -> list[QTextLayout.FormatRange]:
    """The links as Qt's formats."""
    ranges = []
    for link in found:
        one = QTextLayout.FormatRange()
        one.start, one.length = link.start, link.length
        look = QTextCharFormat()
        look.setForeground(ink)
        look.setFontUnderline(True)
        one.format = look
        ranges.append(one)
    return ranges
