"""What a message's text means to the eye: whether it is emoji only, and how much of it a bubble draws."""

from __future__ import annotations

import re

from PySide6.QtCore import QTextBoundaryFinder

_MARKS_IN_A_ROW = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5,}")
_MOST_MARKS = 4

_LARGE_EMOJI_AT_MOST = 3
_EMOJI = re.compile(
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2934-\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f004-\U0001faff]"
)
_EMOJI_PARTS = re.compile("[\u200d\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")


def drawn(text: str) -> str:
    """The text as a bubble draws it: towers of combining marks are cut so that they stay within their line."""
    return _MARKS_IN_A_ROW.sub(lambda marks: marks.group()[:_MOST_MARKS], text.replace("\t", "    "))


def units(text: str) -> int:
    """The length of a text in UTF-16 units, Qt's measure."""
    return len(text) + sum(sign > "\uffff" for sign in text)


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
