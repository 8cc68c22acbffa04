"""What a message's text means to the eye: its links, whether it is emoji only, and how much of it a bubble draws."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from PySide6.QtCore import QTextBoundaryFinder

# Behaviour 20, narrowed by issue 2: only http and https become links, everything else stays text.
_LINK = re.compile(r"\bhttps?://[^\s<>\"'`\u200b\u2028\u2029]{1,2000}", re.IGNORECASE)
LINKS_AT_MOST = 40
"""In one paragraph; Qt draws each line once for every link in its text, so more would stall the painting."""
_CLOSING = {")": "(", "]": "[", "}": "{"}
_MARKS_IN_A_ROW = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5,}")
_MOST_MARKS = 4

_LARGE_EMOJI_AT_MOST = 3
_EMOJI = re.compile(
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2934-\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f004-\U0001faff]"
)
_EMOJI_PARTS = re.compile("[\u200d\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")


@dataclass(frozen=True, slots=True)
class Link:
    """An address in a drawn text: its place and length in UTF-16 units, as Qt counts, and where it leads."""

    start: int
    length: int
    url: str


def drawn(text: str) -> str:
    """The text as a bubble draws it: towers of combining marks are cut so that they stay within their line."""
    return _MARKS_IN_A_ROW.sub(lambda marks: marks.group()[:_MOST_MARKS], text.replace("\t", "    "))


def units(text: str) -> int:
    """The length of a text in UTF-16 units, Qt's measure."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def links(text: str) -> Iterator[Link]:
    """The http(s) addresses of a text, without the punctuation that closes the sentence around them."""
    counted, at = 0, 0
    for found in islice(_LINK.finditer(text), LINKS_AT_MOST):
        url = _without_sentence_end(found.group())
        at += units(text[counted : found.start()])
        counted = found.start()
        if openable(url):
            yield Link(at, units(url), url)


def openable(url: str) -> bool:
    """Whether an address may be opened by a click: http or https, with a host, and nothing invisible in it."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return named and parts.scheme.lower() in {"http", "https"} and not any(_is_hidden(sign) for sign in url)


def emoji_only(text: str) -> bool:
    """Whether a message is one to three emoji and nothing else, to be shown large and without a bubble."""
    packed = "".join(text.split())
    if not packed or len(packed) > 40:
        return False
    rest = _EMOJI_PARTS.sub("", _EMOJI.sub("", _KEYCAP.sub("", packed)))
    pictures = any(_EMOJI.match(sign) for sign in packed) or _KEYCAP.search(packed)
    return bool(pictures) and not rest and _clusters(packed) <= _LARGE_EMOJI_AT_MOST


def _clusters(text: str) -> int:
    """How many signs the eye sees."""
    finder = QTextBoundaryFinder(QTextBoundaryFinder.BoundaryType.Grapheme, text)
    count = 0
    while finder.toNextBoundary() >= 0:
        count += 1
    return count


def _is_hidden(sign: str) -> bool:
    """Control and format characters: in an address they could make it look like another."""
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs"}


def _without_sentence_end(url: str) -> str:
    """Drop trailing punctuation, and closing brackets that the address did not open."""
    spare = {closing: url.count(closing) - url.count(opening) for closing, opening in _CLOSING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if spare.get(last, 0) > 0:
            spare[last] -= 1
        elif last not in ".,;:!?…'\"»”’":
            break
        end -= 1
    return url[:end]
