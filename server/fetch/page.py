"""What a page says of itself in its head: Open Graph (ogp.me), Twitter's cards, its title and description.

Read by the standard library's parser: nothing is built from the page, only the tags of its head are looked at, and it
is memory-safe. What is crafted to take it long ends with the process that reads it (`server.fetch.__main__`).
"""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

TITLE_CHARS_MAX = 200
SITE_CHARS_MAX = 100
DESCRIPTION_CHARS_MAX = 400
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,40})", re.IGNORECASE)
_LOOKED_AT = 4_096
_FORMAT = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Controls, and what would reorder or hide text."""


class _Over(Exception):  # noqa: N818 - a state
    """The head is over; the rest says nothing of the page as a whole."""


class _Head(HTMLParser):
    """Collects the properties of a head; `title` is its element's text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.properties: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a property; the first of a name counts."""
        if tag == "body":
            raise _Over
        self._in_title = tag == "title" and not self.title
        if tag == "meta":
            given = dict(attrs)
            name = (given.get("property") or given.get("name") or "").lower()
            if name and given.get("content"):
                self.properties.setdefault(name, given["content"] or "")

    def handle_endtag(self, tag: str) -> None:
        """The end of the title, or of all that is looked at."""
        if tag == "head":
            raise _Over
        self._in_title = False

    def handle_data(self, data: str) -> None:
        """The title's text."""
        if self._in_title:
            self.title += data


def facts(url: str, charset: str | None, body: bytes) -> dict[str, str] | None:
    """Title, site, description and picture's address of a page; None where it has no title."""
    head = _Head()
    try:
        head.feed(_text(charset, body))
        head.close()
    except _Over:
        pass
    said = head.properties
    title = _line(said.get("og:title") or said.get("twitter:title") or head.title, TITLE_CHARS_MAX)
    if not title:
        return None
    description = said.get("og:description") or said.get("twitter:description") or said.get("description") or ""
    picture = said.get("og:image:secure_url") or said.get("og:image") or said.get("twitter:image") or ""
    return {
        "title": title,
        "site": _line(said.get("og:site_name") or urlsplit(url).hostname or "", SITE_CHARS_MAX),
        "description": _line(description, DESCRIPTION_CHARS_MAX),
        "picture": urljoin(url, picture.strip()) if picture.strip() else "",
    }


def _text(charset: str | None, body: bytes) -> str:
    """The page as text, in the charset that it came with or names; what is none of it is replaced."""
    named = _META_CHARSET.search(body[:_LOOKED_AT])
    for name in (charset, named[1].decode() if named else None):
        try:
            if name and codecs.lookup(name)._is_text_encoding:  # noqa: SLF001 - else "zlib" and "rot13" are charsets
                return body.decode(name, "replace")
        except (LookupError, ValueError):
            continue
    return body.decode("utf-8", "replace")


def _line(text: str, most: int) -> str:
    """One line of at most so many characters, with nothing that hides or reorders."""
    plain = " ".join(_FORMAT.sub(" ", text).split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"
