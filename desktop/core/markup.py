"""Small markup in what people write: bold, italic, code, quotes, links and names, as a tree of spans; never HTML.

    **bold**  *italic*  _italic_  `code`  [words](https://…)  > quote at a line's start  ```code over lines```

What closes nothing is text. Every span is a piece of the source, so that nothing is shown that was not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Flag, auto
from functools import lru_cache, reduce
from operator import or_
from typing import Literal

from desktop.core.addresses import AT_MOST, MAIL, PHONE, WEB, address_of, addresses, openable

BlockKind = Literal["text", "quote", "code"]
Mentions = tuple[tuple[int, str], ...]
"""Who is named in a text: user id and display name."""

FENCE = "```"
PAIRS_AT_MOST = 200
"""Bold and italic places in one line; what comes behind is shown as it was written."""
NAMES_AT_MOST = 50
_CODE = r"(?<!`)`[^`\n]+`(?!`)"
_NAMED = r"\[[^\[\]\n]{1,300}\]\(https?://[^\s()<>]{1,2000}\)"
_MARKS = r"\*+|_+"
BRIEF_CHARS = 300
"""More of a text than one line of a list has room for."""
_LANGUAGE = re.compile(r"[\w+#-]{1,20}\n")


class Style(Flag):
    """How a span looks."""

    PLAIN = 0
    BOLD = auto()
    ITALIC = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the source, from where to where; `url` makes it a link, `user_id` somebody's name.

    `asks`: the words are not the address, so a click asks before it opens (behaviour 20).
    """

    start: int
    end: int
    style: Style = Style.PLAIN
    url: str | None = None
    user_id: int | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One line of text, of a quote or of code."""

    kind: BlockKind
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Markup:
    """A text as it is to be shown; `steps` is what reading it has cost, in pieces looked at and signs passed."""

    source: str
    blocks: tuple[Block, ...]
    steps: int = 0

    def shown(self) -> str:
        """The text without its marks."""
        return "\n".join("".join(self.source[span.start : span.end] for span in block.spans) for block in self.blocks)


@lru_cache(maxsize=512)
def parse(source: str, mentions: Mentions = ()) -> Markup:
    """Read a text; linear in its length, whatever it holds."""
    reader = _Reader(source, _token_pattern(tuple(name for _, name in mentions)), dict(_by_name(mentions)))
    blocks = tuple(reader.blocks())
    return Markup(source, blocks, reader.steps)


def in_brief(source: str, at_most: int = BRIEF_CHARS) -> str:
    """The beginning of a text in one line, without its marks: for lists, quotes and notices."""
    return " ".join(parse(source[:at_most]).shown().split())


def plain(source: str) -> Markup:
    """A text of which only the addresses mean something: sentences of ours and of the server."""
    blocks, start = [], 0
    for line in source.split("\n"):
        blocks.append(Block("text", tuple(_with_addresses(line, start))))
        start += len(line) + 1
    return Markup(source, tuple(blocks))


def _with_addresses(line: str, start: int) -> Iterator[Span]:
    """A line's spans: its addresses, and the text between them."""
    at = 0
    for address in addresses(line):
        if address.start > at:
            yield Span(start + at, start + address.start)
        yield Span(start + address.start, start + address.end, url=address.url)
        at = address.end
    if at < len(line):
        yield Span(start + at, start + len(line))


def _by_name(mentions: Mentions) -> Iterator[tuple[str, int]]:
    """The names as they stand in a text; of two people of one name the first."""
    for user_id, name in reversed(mentions):
        yield f"@{name}", user_id


@lru_cache(maxsize=256)
def _token_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """What is looked for in a line; longer names first, so that "Ada B" is not taken for "Ada"."""
    known = sorted({name for name in names[:NAMES_AT_MOST] if name}, key=len, reverse=True)
    mention = "@(?:" + "|".join(map(re.escape, known)) + r")(?!\w)" if known else r"(?!)"
    kinds = {
        "code": _CODE,
        "named": _NAMED,
        "web": WEB,
        "mention": mention,
        "mail": MAIL,
        "phone": PHONE,
        "mark": _MARKS,
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A span, and from where to where it stands with the signs around it that are not shown."""

    start: int
    end: int
    span: Span


@dataclass(slots=True)
class _Mark:
    """Asterisks or an underscore: where they stand, and what they turn on or off once they have found their partner."""

    start: int
    end: int
    turns: Style = Style.PLAIN
    on: bool = False


@dataclass
class _Reader:
    """Reads one text. Owns the count of its steps."""

    source: str
    pattern: re.Pattern[str]
    names: dict[str, int]
    steps: int = 0

    def blocks(self) -> Iterator[Block]:
        """The text's blocks from the top down."""
        at = 0
        for opening, closing in self._fences():
            if opening > at:
                yield from self._lines(at, opening - 1)
            yield from self._code_lines(opening + len(FENCE), closing)
            at = closing + len(FENCE)
            at += self.source.startswith("\n", at)
        if at < len(self.source) or at == 0:
            yield from self._lines(at, len(self.source))

    def _fences(self) -> Iterator[tuple[int, int]]:
        """Where code over several lines is opened, at the start of a line, and closed."""
        at = 0
        while (opening := self.source.find(FENCE, at)) >= 0:
            self.steps += 1
            starts_line = opening == 0 or self.source[opening - 1] == "\n"
            closing = self.source.find(FENCE, opening + len(FENCE)) if starts_line else -1
            if starts_line and closing < 0:
                return
            if starts_line and self.source[opening + len(FENCE) : closing].strip():
                yield opening, closing
                at = closing + len(FENCE)
            else:
                at = opening + len(FENCE)

    def _code_lines(self, start: int, end: int) -> Iterator[Block]:
        """The lines between two fences, without the language's name and the fences' own line breaks."""
        named = _LANGUAGE.match(self.source, start, end)
        start = named.end() if named else start + self.source.startswith("\n", start, end)
        end -= self.source.endswith("\n", start, end)
        for first, last in self._split(start, end):
            yield Block("code", (Span(first, last, Style.CODE),) if last > first else ())

    def _lines(self, start: int, end: int) -> Iterator[Block]:
        """Lines of text and of quotes."""
        for first, last in self._split(start, end):
            if self.source.startswith(">", first, last):
                inner = first + 1 + self.source.startswith(" ", first + 1, last)
                yield Block("quote", tuple(self._spans(inner, last)))
            else:
                yield Block("text", tuple(self._spans(first, last)))

    def _split(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where each line begins and ends."""
        while True:
            self.steps += 1
            found = self.source.find("\n", start, end)
            yield start, end if found < 0 else found
            if found < 0:
                return
            start = found + 1

    def _spans(self, start: int, end: int) -> Iterator[Span]:
        """The spans of one line."""
        pieces = list(self._pieces(start, end))
        _Pairing(self).pair([piece for piece in pieces if isinstance(piece, _Mark)])
        styles: list[Style] = []
        for piece in pieces:
            if isinstance(piece, _Mark) and not piece.turns:
                continue
            if piece.start > start:
                yield Span(start, piece.start, _together(styles))
            start = piece.end
            if isinstance(piece, _Piece):
                yield replace(piece.span, style=piece.span.style | _together(styles))
            elif piece.on:
                styles.append(piece.turns)
            else:
                styles.remove(piece.turns)
        if start < end:
            yield Span(start, end, _together(styles))

    def _pieces(self, start: int, end: int) -> Iterator[_Piece | _Mark]:
        """What is more than plain text in a line, in order."""
        links = 0
        while (found := self.pattern.search(self.source, start, end)) is not None:
            self.steps += 1 + len(found.group())
            start = found.end()
            if found.lastgroup == "mark":
                yield _Mark(found.start(), found.end())
                continue
            links += found.lastgroup != "code"
            piece = self._meant(found.lastgroup or "", found) if links <= AT_MOST else None
            if piece is not None:
                start = piece.end
                yield piece

    def _meant(self, kind: str, found: re.Match[str]) -> _Piece | None:
        """What was found as a span; None where it is only text after all."""
        words, start, end = found.group(), found.start(), found.end()
        if kind == "code":
            return _Piece(start, end, Span(start + 1, end - 1, Style.CODE))
        if kind == "mention":
            user_id = self.names.get(words)
            return None if user_id is None else _Piece(start, end, Span(start, end, user_id=user_id))
        if kind == "named":
            shown, _, url = words[1:-1].partition("](")
            span = Span(start + 1, start + 1 + len(shown), url=url, asks=shown != url)
            return _Piece(start, end, span) if openable(url) else None
        address = address_of(kind, words, start)
        return _Piece(start, address.end, Span(start, address.end, url=address.url)) if address else None


@dataclass
class _Pairing:
    """Finds which marks of a line belong together. Each is put on the stack and taken off once at most."""

    reader: _Reader
    stack: list[tuple[str, _Mark]] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    pairs: int = 0

    def pair(self, marks: Sequence[_Mark]) -> None:
        """Tell each mark that has a partner what it turns."""
        for mark in marks:
            sign = self.reader.source[mark.start : mark.end]
            if sign not in {"*", "**", "***", "_"} or self.pairs >= PAIRS_AT_MOST:
                continue
            if self.waiting.get(sign) and self._may_close(sign, mark):
                self._close(sign, mark)
            elif self._may_open(sign, mark):
                self.stack.append((sign, mark))
                self.waiting[sign] = self.waiting.get(sign, 0) + 1

    def _close(self, sign: str, mark: _Mark) -> None:
        """Take marks off the stack down to the partner; those between have none."""
        while True:
            self.reader.steps += 1
            other, partner = self.stack.pop()
            self.waiting[other] -= 1
            if other == sign:
                break
        self.pairs += 1
        partner.turns = mark.turns = _STYLES[sign]
        partner.on = True

    def _may_open(self, sign: str, mark: _Mark) -> bool:
        """Before a word; a single sign not inside one, so that snake_case and 2*3*4 stay as they are."""
        source = self.reader.source
        after = source[mark.end : mark.end + 1]
        before = source[mark.start - 1 : mark.start] if mark.start else ""
        return bool(after.strip()) and (sign == "**" or not _in_word(before))

    def _may_close(self, sign: str, mark: _Mark) -> bool:
        """Behind a word."""
        source = self.reader.source
        before, after = source[mark.start - 1 : mark.start], source[mark.end : mark.end + 1]
        return bool(before.strip()) and (sign == "**" or not _in_word(after))


_STYLES = {"*": Style.ITALIC, "_": Style.ITALIC, "**": Style.BOLD, "***": Style.BOLD | Style.ITALIC}


def _together(styles: Sequence[Style]) -> Style:
    """Several styles as one."""
    return reduce(or_, styles, Style.PLAIN)


def _in_word(sign: str) -> bool:
    """Whether a sign belongs to a word."""
    return sign.isalnum() or sign == "_"
