"""Small markup as Qt draws it: one line's signs, fonts, links and names, counted in UTF-16 units as Qt counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PySide6.QtGui import QColor, QFont, QFontDatabase, QTextCharFormat, QTextLayout

from desktop.core.markup import Block, BlockKind, Markup, Span, Style
from desktop.core.search_words import marks
from desktop.ui.message_text import units

CODE_PX = 13
SOUGHT_GROUND, SOUGHT_INK = QColor("#FFE08A"), QColor("#1B1F27")
"""A marker's yellow, in every theme: what is searched for stands out of own and others' bubbles alike."""
MARKED_AT_MOST = 40
"""Code and names in one line that get a colour; Qt draws a line once for each."""


@dataclass(frozen=True, slots=True)
class Colours:
    """What a text is drawn in: words, links, the ground of code, and the ground of what is selected."""

    ink: QColor
    link: QColor
    code: QColor
    selected: QColor


@dataclass(frozen=True, slots=True)
class Link:
    """An address in a drawn text: its place and length in UTF-16 units, as Qt counts, and where it leads.

    `asks`: its words are not the address.
    """

    start: int
    length: int
    url: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message as it is typed: its signs, and what is special in it by place and length in units."""

    kind: BlockKind
    text: str
    fonts: tuple[tuple[int, int, Style], ...] = ()
    links: tuple[Link, ...] = ()
    codes: tuple[tuple[int, int], ...] = ()
    names: tuple[tuple[int, int], ...] = ()


def lines_of(markup: Markup) -> list[Line]:
    """The lines of a text, as they are to be laid out."""
    return [_line(markup.source, block) for block in markup.blocks]


def _line(source: str, block: Block) -> Line:
    """One block's signs and what is special among them."""
    at, texts = 0, []
    placed: list[tuple[int, int, Span]] = []
    for span in block.spans:
        text = source[span.start : span.end]
        length = units(text)
        placed.append((at, length, span))
        texts.append(text)
        at += length
    inline = block.kind != "code"
    return Line(
        block.kind,
        "".join(texts),
        tuple((start, length, span.style) for start, length, span in placed if span.style),
        tuple(Link(start, length, span.url, span.asks) for start, length, span in placed if span.url),
        tuple((start, length) for start, length, span in placed if inline and Style.CODE in span.style),
        tuple((start, length) for start, length, span in placed if span.user_id is not None),
    )


def joined(lines: Sequence[Line]) -> Line:
    """Many lines as one with line separators in it: nobody reads so many at once, and each layout has its price."""
    return Line("text", "\u2028".join(line.text for line in lines))


def shaped(line: Line, font: QFont) -> list[QTextLayout.FormatRange]:
    """The fonts of a line's bold, italic and code places."""
    return [_range(start, length, _look(style, font)) for start, length, style in line.fonts]


def coloured(line: Line, colours: Colours, selected: tuple[int, int] | None) -> list[QTextLayout.FormatRange]:
    """What is drawn in other colours than the rest: links, code, names, and the selected place from unit to unit."""
    ranges = [_range(start, length, _ground(colours.code)) for start, length in line.codes[:MARKED_AT_MOST]]
    ranges += [_range(link.start, link.length, _linked(colours.link)) for link in line.links]
    ranges += [_range(start, length, _named(colours.link)) for start, length in line.names[:MARKED_AT_MOST]]
    if selected is not None and selected[1] > selected[0]:
        marked = _ground(colours.selected)
        # Links and names in their own colour could not be read on this ground.
        marked.setForeground(colours.ink)
        ranges.append(_range(selected[0], selected[1] - selected[0], marked))
    return ranges


def mono(size_px: int = CODE_PX) -> QFont:
    """The system's font for code."""
    return QFont(_mono(size_px))


@cache
def _mono(size_px: int) -> QFont:
    """The font, made once."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(size_px)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _range(start: int, length: int, look: QTextCharFormat) -> QTextLayout.FormatRange:
    """A place of a line with its look."""
    one = QTextLayout.FormatRange()
    one.start, one.length, one.format = start, length, look
    return one


def _look(style: Style, font: QFont) -> QTextCharFormat:
    """A style as a font."""
    wanted = mono(min(font.pixelSize(), CODE_PX)) if Style.CODE in style else QFont(font)
    if Style.BOLD in style:
        wanted.setWeight(QFont.Weight.DemiBold)
    if Style.ITALIC in style:
        wanted.setItalic(True)
    look = QTextCharFormat()
    look.setFont(wanted)
    return look


def _linked(ink: QColor) -> QTextCharFormat:
    """A link's colour and line."""
    look = QTextCharFormat()
    look.setForeground(ink)
    look.setFontUnderline(True)
    return look


def _named(ink: QColor) -> QTextCharFormat:
    """A name's colour."""
    look = QTextCharFormat()
    look.setForeground(ink)
    return look


def _ground(colour: QColor) -> QTextCharFormat:
    """A colour behind the words."""
    look = QTextCharFormat()
    look.setBackground(colour)
    return look


def found(text: str, sought: Sequence[str]) -> list[QTextLayout.FormatRange]:
    """The ground of the words that are searched for, in a line of text."""
    look = _ground(SOUGHT_GROUND)
    look.setForeground(SOUGHT_INK)
    places = marks(text, sought)[:MARKED_AT_MOST]
    return [_range(units(text[:start]), units(text[start : start + length]), look) for start, length in places]
