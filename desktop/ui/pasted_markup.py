"""What is bold, italic, code or a link in pasted HTML, as the small marks that a message knows; nothing more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from desktop.core.addresses import openable

HTML_AT_MOST = 200_000
_LINES = {"p", "div", "br", "li", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table"}
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "tt": "`", "kbd": "`"}
_UNSEEN = {"style", "script", "head", "title"}
_ALONE = {"br", "img", "meta", "hr", "link", "input", "wbr", "col"}
_NORMAL = re.compile(r"font-(?:weight|style)\s*:\s*(?:normal|400)", re.IGNORECASE)
_IN_MARKS = re.compile(r"[*_`\[\]]")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of one line: its words, its marks from the outside in, and where it leads."""

    words: str
    marks: tuple[str, ...] = ()
    href: str = ""

    def marked(self) -> str:
        """The words with their marks; blanks at the edges stay outside, where marks would mean nothing."""
        core = self.words.strip()
        if not core or _IN_MARKS.search(core):
            return self.words
        before, behind = self.words.split(core, 1)
        for mark in reversed(self.marks):
            core = f"{mark}{core}{mark}"
        if self.href and self.href != self.words.strip():
            core = f"[{core}]({self.href})"
        return f"{before}{core}{behind}"


class _Reader(HTMLParser):
    """Owns the runs of each line read so far, and which elements are open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[list[Run]] = [[]]
        self._open: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins; a heading or paragraph begins a line."""
        told = dict(attrs)
        if tag in _LINES:
            self._break()
        if tag not in _ALONE:
            mark = "" if _NORMAL.search(told.get("style") or "") else _MARKS.get(tag, "")
            address = (told.get("href") or "") if tag == "a" else ""
            is_web = address.startswith(("http://", "https://")) and openable(address)
            self._open.append((tag, mark, address if is_web else ""))

    def handle_endtag(self, tag: str) -> None:
        """It ends, and with it what was not closed inside."""
        places = [place for place, (name, _, _) in enumerate(self._open) if name == tag]
        if places:
            del self._open[places[-1] :]
        if tag in _LINES:
            self._break()

    def handle_data(self, data: str) -> None:
        """Words; their line breaks are blanks."""
        if any(tag in _UNSEEN for tag, _, _ in self._open):
            return
        words = re.sub(r"\s+", " ", data)
        marks = tuple(dict.fromkeys(mark for _, mark, _ in self._open if mark))
        href = next((address for _, _, address in reversed(self._open) if address), "")
        line = self.lines[-1]
        if line and (line[-1].marks, line[-1].href) == (marks, href):
            words = line.pop().words + words
        line.append(Run(words, marks, href))

    def _break(self) -> None:
        """The next line begins, unless this one is empty."""
        if any(run.words.strip() for run in self.lines[-1]):
            self.lines.append([])


def marked(html: str, plain: str) -> str | None:
    """The pasted text with its marks; None where it has none, or where its words are not those of `plain`.

    Line breaks are those of the HTML.
    """
    if len(html) > HTML_AT_MOST:
        return None
    reader = _Reader()
    reader.feed(html)
    reader.close()
    words = "\n".join("".join(run.words for run in line).strip() for line in reader.lines)
    found = "\n".join("".join(run.marked() for run in line).strip() for line in reader.lines).strip()
    if words.split() != plain.split() or found == words.strip():
        return None
    return found
