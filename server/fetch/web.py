"""Asking the web for one thing: bounded in time, bytes and redirects, telling nothing of us but that we ask."""

from __future__ import annotations

import io
import socket
import ssl
import time
import zlib
from dataclasses import dataclass
from email.message import Message as Headers
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from server.fetch.addresses import Forbidden, Place, resolved

REDIRECTS_MAX = 3
URL_CHARS_MAX = 2_048
USER_AGENT = "Hearth-LinkPreview/1.0"
_HEAD_BYTES_MAX = 64 * 1024
"""What a head and the framing of a body may take beside the body."""
_CHUNK = 16 * 1024
_MOVED = (301, 302, 303, 307, 308)
_GZIP_OR_ZLIB = 47
"""zlib's word for either, recognised by itself."""
_OK = 200
_SAFE = "/%:=&~+!$,;'@()*-._"
"""What may stand in a path as it is (RFC 3986, 3.3), and what is encoded already."""


class Failed(Exception):  # noqa: N818 - a state, told nobody
    """There is nothing to be had there; the message says why, for the log."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found at the end of all redirects; `whole`: there was no more than was asked for."""

    url: str
    kind: str
    charset: str | None
    body: bytes
    whole: bool


class _Hurried(io.RawIOBase):
    """A socket as a file whose every read ends at one moment, and which gives no more than so many bytes."""

    def __init__(self, line: socket.socket, until: float, budget: int) -> None:
        self._line, self._until, self._budget = line, until, budget

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever BufferedReader gives
        """The next bytes. Raises TimeoutError, Failed."""
        if self._budget <= 0:
            raise Failed("too many bytes")
        self._line.settimeout(left(self._until))
        count = self._line.recv_into(memoryview(buffer)[: self._budget])
        self._budget -= count
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Itself, as HTTPResponse asks a socket for it."""
        del mode
        return io.BufferedReader(self, _CHUNK)


def left(until: float) -> float:
    """The seconds until a moment of the monotonic clock. Raises TimeoutError once it is over."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no time left")
    return seconds


class Web:
    """Gets things from public addresses. Has no cookies, no proxy, no credentials, and remembers nothing."""

    def __init__(self, until: float, allowed: frozenset[Place] = frozenset()) -> None:
        """Everything ends at `until` (monotonic clock); `allowed` are places beside the public ones, for tests."""
        self._until = until
        self._allowed = allowed
        self._tls = ssl.create_default_context()

    def get(self, url: str, kinds: tuple[str, ...], most: int) -> Fetched:
        """What is at an address, or where it sends us to, if it is of one of these types: at most `most` bytes of it.

        Raises Failed, whatever it was.
        """
        try:
            for _ in range(REDIRECTS_MAX + 1):
                found = self._ask(_checked(url), kinds, most)
                if isinstance(found, Fetched):
                    return found
                url = urljoin(url, found)
        except (OSError, HTTPException, ValueError, zlib.error, Forbidden) as error:
            raise Failed(f"{type(error).__name__}: {error}") from error
        raise Failed("too many redirects")

    def _ask(self, url: SplitResult, kinds: tuple[str, ...], most: int) -> Fetched | str:
        """One request: what was found, or the address that it sends us on to."""
        line = self._connected(url)
        try:
            line.settimeout(left(self._until))
            line.sendall(_request(url, kinds))
            # All that an answer asks of its socket is to be made a file.
            hurried = cast("socket.socket", _Hurried(line, self._until, most + _HEAD_BYTES_MAX))
            response = HTTPResponse(hurried, method="GET")
            response.begin()
            if response.status in _MOVED:
                return response.headers.get("Location") or ""
            return _found(url.geturl(), response, kinds, most)
        finally:
            line.close()

    def _connected(self, url: SplitResult) -> socket.socket:
        """A connection to the address that was judged, with TLS where the link asks for it."""
        host = (url.hostname or "").encode("idna").decode()
        port = url.port or (443 if url.scheme == "https" else 80)
        error: OSError | None = None
        for place in resolved(host, port, self._allowed):
            try:
                line = socket.create_connection(place, timeout=left(self._until))
            except OSError as failure:
                error = failure
                continue
            return line if url.scheme == "http" else self._wrapped(line, host)
        raise error or Failed("no address")

    def _wrapped(self, line: socket.socket, host: str) -> socket.socket:
        """TLS with whoever has a certificate for the name of the link."""
        try:
            return self._tls.wrap_socket(line, server_hostname=host)
        except BaseException:
            line.close()
            raise


def _checked(url: str) -> SplitResult:
    """The parts of a link that we follow. Raises Forbidden, ValueError."""
    parts = urlsplit(url)
    if len(url) > URL_CHARS_MAX or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Forbidden("no link of the web")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("a link with a name or password in it")
    return parts


def _request(url: SplitResult, kinds: tuple[str, ...]) -> bytes:
    """The request; everything in it that comes from the link is percent-encoded ASCII."""
    host = (url.hostname or "").encode("idna").decode()
    named = f"[{host}]" if ":" in host else host
    port = f":{url.port}" if url.port else ""
    path = quote(url.path or "/", safe=_SAFE)
    query = f"?{quote(url.query, safe=_SAFE + '?')}" if url.query else ""
    lines = [
        f"GET {path}{query} HTTP/1.1",
        f"Host: {named}{port}",
        f"User-Agent: {USER_AGENT}",
        f"Accept: {', '.join(kinds)}",
        "Accept-Encoding: gzip",
        "Connection: close",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")


def _found(url: str, response: HTTPResponse, kinds: tuple[str, ...], most: int) -> Fetched:
    """The body of an answer that is what was asked for. Raises Failed."""
    headers: Headers = response.headers
    kind = headers.get_content_type()
    if response.status != _OK or kind not in kinds or "Content-Type" not in headers:
        raise Failed(f"{response.status}, {kind}")
    body = response.read(most)
    whole = response.read(1) == b""
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        # Never more than was asked for, however small it came over the line.
        inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        body = inflater.decompress(body, most)
        whole = whole and inflater.eof
    elif encoding != "identity":
        raise Failed(f"encoded as {encoding}")
    return Fetched(url=url, kind=kind, charset=headers.get_content_charset(), body=body, whole=whole)
