"""Text made safe for storage, alike on both sides (contract, Limits, last paragraph)."""

from __future__ import annotations

import re
import unicodedata

# Everything of category Cc but newline and tab, and lone surrogates: neither can be stored or shown.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Explicit bidirectional controls (UAX 9, 2): in a name they would reorder the text around it.
BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Zero-width and other invisible format characters by which two names could look alike.
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\ufeff\uffa0]")
_LEADING_EMPTY_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


def clean_content(text: str) -> str:
    """A message's text as it is stored: NFC, no control characters, no outer empty lines; indentation stays.

    The result is empty where nothing visible was written; the caller refuses that.
    """
    plain = _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _LEADING_EMPTY_LINES.sub("", unicodedata.normalize("NFC", plain).rstrip())


def clean_draft(text: str) -> str:
    """A text that is still being written: made safe for storage, and left as it is."""
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def clean_name(text: str) -> str:
    """A person's, conversation's or file's name: one line, NFC, single blanks, no bidirectional controls."""
    plain = _UNSTORABLE.sub("", text)
    plain = _INVISIBLE.sub("", BIDI_CONTROLS.sub("", plain))
    return " ".join(unicodedata.normalize("NFC", plain).split())


def isolate(text: str) -> str:
    """Text wrapped in FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE, so that it cannot reorder its surroundings."""
    return f"\u2068{text}\u2069"
