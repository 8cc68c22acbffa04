"""The door for long polling: bodies are checked before python-engineio, which logs a traceback for each bad one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from protocol.codec import dumps
from protocol.errors import ErrorCode, Refused

PACKETS_MAX = 256
"""Packets in one body; a stock client puts everything it has into one."""
_SEPARATOR = "\x1e"
_PACKET_TYPES = ("1", "3", "4")
"""Close, pong, message: what a client may post (Engine.IO 4)."""

_QUERY = "hearth.query"


def query_of(environ: dict[str, Any]) -> dict[str, list[str]]:
    """A request's query, taken apart once."""
    query: dict[str, list[str]] | None = environ.get(_QUERY)
    if query is None:
        query = environ[_QUERY] = parse_qs(environ.get("QUERY_STRING", ""))
    return query


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class PollingDoor:
    """WSGI around the Socket.IO path: size, UTF-8 and packet types of what is posted; no JSONP."""

    def __init__(self, inner: Wsgi, *, path: str, max_bytes: int, offend: Callable[[str, str, str], None]) -> None:
        """`offend(engine_sid, address, why)` closes the session that posted what it should not."""
        self._inner = inner
        self._path = path
        self._max_bytes = max_bytes
        self._offend = offend

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Check a Socket.IO request, and hand everything on."""
        if not environ.get("PATH_INFO", "").startswith(self._path):
            return self._inner(environ, start_response)
        query = query_of(environ)
        try:
            self._check(environ, query)
        except Refused as refusal:
            self._offend(query.get("sid", [""])[0], environ.get("REMOTE_ADDR", ""), f"polling: {refusal.code}")
            status = f"{refusal.status} {refusal.code.replace('_', ' ').title()}"
            start_response(status, [("Content-Type", "application/json"), ("Connection", "close")])
            return [dumps({"error": refusal.body()})]
        return self._inner(environ, start_response)

    def _check(self, environ: dict[str, Any], query: dict[str, list[str]]) -> None:
        """Read what is posted, and put the checked bytes in its place. Raises Refused."""
        if "j" in query:
            raise Refused(ErrorCode.INVALID_REQUEST, "JSONP is not spoken here. Use polling or WebSocket.")
        if environ["REQUEST_METHOD"] == "POST":
            body = self._body(environ)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))

    def _body(self, environ: dict[str, Any]) -> bytes:
        """The posted packets, as they came. Raises Refused."""
        length = environ.get("CONTENT_LENGTH", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(ErrorCode.INVALID_REQUEST, "The body has no length. Send Content-Length.")
        if int(length) > self._max_bytes:
            message = f"The body has {length} bytes; {self._max_bytes} are allowed. Send less at once."
            raise Refused(ErrorCode.PAYLOAD_TOO_LARGE, message)
        body: bytes = environ["wsgi.input"].read(int(length))
        try:
            packets = body.decode().split(_SEPARATOR)
        except UnicodeDecodeError as error:
            raise Refused(ErrorCode.INVALID_REQUEST, "The body is not UTF-8. Send Engine.IO 4 packets.") from error
        if len(packets) > PACKETS_MAX or not all(one.startswith(_PACKET_TYPES) for one in packets):
            raise Refused(ErrorCode.INVALID_REQUEST, "The body holds no Engine.IO 4 packets that a client may send.")
        return body
