"""Pages of history over HTTP, by hand: one connection that stays, or one that joins the lines of a loop."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Self

from benchmarks.lines import Loop, Refused

_READ_BYTES = 256 * 1024
_LENGTH = b"content-length:"


def _asked(path: str, token: str) -> bytes:
    """A request for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def _body(answer: bytes) -> bytes | None:
    """The body of an answer once it is whole. Raises Refused for anything but a 200 that tells its length."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    if not head.startswith(b"HTTP/1.1 200"):
        raise Refused("a page was answered with " + head.partition(b"\r\n")[0].decode("latin-1"))
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)), None)
    if length is None:
        raise Refused("a page came without its length")
    return body if len(body) >= int(length[len(_LENGTH) :]) else None


class PageDoor:
    """Asks for one page after the other on one connection, and waits for each."""

    def __init__(self, port: int, token: str) -> None:
        self._token = token
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def read(self, path: str) -> bytes:
        """The page at a path. Raises Refused."""
        self._socket.sendall(_asked(path, self._token))
        answer = b""
        while (body := _body(answer)) is None:
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise Refused("the server hung up on a page")
            answer += data
        return body


class PageLine:
    """Asks for one page on a connection of its own, among the lines of a loop."""

    def __init__(self, loop: Loop, port: int, path: str, token: str, done: Callable[[bytes], None]) -> None:
        """`done` is called with the body."""
        self._loop = loop
        self._ask = _asked(path, token)
        self._done = done
        self._answer = b""
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.connect_ex(("127.0.0.1", port))
        loop.add(self._socket.fileno(), self)

    def ready(self, events: int) -> None:
        """The loop says that the socket can be read or written."""
        if self._ask and events & select.EPOLLOUT:
            self._socket.send(self._ask)
            self._ask = b""
            self._loop.watch(self._socket.fileno(), writing=False)
        elif events & ~select.EPOLLOUT:
            self._read()

    def _read(self) -> None:
        """Take what has come."""
        data = self._socket.recv(_READ_BYTES)
        if not data:
            raise Refused("the server hung up on a page")
        self._answer += data
        body = _body(self._answer)
        if body is not None:
            self.close()
            self._done(body)

    def close(self) -> None:
        """Leave the loop."""
        self._loop.remove(self._socket.fileno())
        self._socket.close()
