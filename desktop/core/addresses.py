"""The addresses in a text that a click opens: http and https links, e-mail addresses, telephone numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

WEB = r"\bhttps?://[^\s<>\"'`\u200b\u2028\u2029]{1,2000}"
MAIL = r"(?<![\w.+@/-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
# Only the international form: without its plus a row of digits is as often an order's number as a telephone's.
PHONE = r"(?<![\w+/.-])\+[1-9](?:[ ()/.-]{0,2}\d){6,14}(?![\w])"
_ADDRESS = re.compile(f"(?P<web>{WEB})|(?P<mail>{MAIL})|(?P<phone>{PHONE})", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:[\w.+-]{1,64}@[\w.-]{1,600}")
_TEL = re.compile(r"tel:\+\d{7,15}")
AT_MOST = 40
"""In one paragraph; Qt draws each line once for every link in its text, so more would stall the painting."""
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a text: from where to where it stands there, and what a click opens."""

    start: int
    end: int
    url: str


def addresses(text: str) -> Iterator[Address]:
    """The addresses of a text, without the punctuation that closes the sentence around them."""
    for found in islice(_ADDRESS.finditer(text), AT_MOST):
        address = address_of(found.lastgroup or "", found.group(), found.start())
        if address is not None:
            yield address


def address_of(kind: str, words: str, start: int) -> Address | None:
    """What was found as `web`, `mail` or `phone`, trimmed; None where it cannot be opened after all."""
    trimmed = without_sentence_end(words)
    if kind == "mail":
        url = f"mailto:{trimmed}"
    elif kind == "phone":
        trimmed = words
        url = "tel:+" + "".join(filter(str.isdecimal, words))
    else:
        url = trimmed
    return Address(start, start + len(trimmed), url) if openable(url) else None


def openable(url: str) -> bool:
    """Whether an address may be opened by a click: http or https with a host, mail or a number; nothing invisible."""
    if any(_is_hidden(sign) for sign in url):
        return False
    if _MAILTO.fullmatch(url) or (url.isascii() and _TEL.fullmatch(url)):
        return True
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return named and parts.scheme.lower() in {"http", "https"}


def without_sentence_end(url: str) -> str:
    """Drop trailing punctuation, and closing brackets that the address did not open."""
    spare = {closing: url.count(closing) - url.count(opening) for closing, opening in _CLOSING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if spare.get(last, 0) > 0:
            spare[last] -= 1
        elif last not in ".,;:!?…'\"»”’*":
            break
        end -= 1
    return url[:end]


def _is_hidden(sign: str) -> bool:
    """Control and format characters: in an address they could make it look like another."""
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs"}
