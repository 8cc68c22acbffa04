"""Lines to a server: raw sockets under one epoll, Engine.IO 4 and Socket.IO 5 spoken by hand.

    line = Line(loop, address, person)      loop.run(lambda: line.is_open)

A line calls what belongs to whoever uses it: `opened` once `connected` has come, `heard` for each text after that,
`flushed` after each read (to send what was made of it in one piece), `ended` when it is gone.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, Self

from benchmarks.frames import CLOSED, Frames, text_frame

_READ_BYTES = 256 * 1024
_IN = select.EPOLLIN
_IN_OUT = select.EPOLLIN | select.EPOLLOUT
_PATIENCE_S = 60.0
_UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_HEAD_END = b"\r\n\r\n"


class Refused(Exception):  # noqa: N818 - read as a sentence by whoever runs the benchmark
    """The server did not let a line in, or closed it while it was needed."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who connects: a number and what proves it."""

    user_id: int
    token: str


class Ready(Protocol):
    """What the loop wakes."""

    def ready(self, events: int) -> None:
        """The socket can be read or written."""

    def close(self) -> None:
        """Leave the loop and let go of the socket."""


class Loop:
    """Owns the epoll and who waits in it; use it as a context, which ends with all lines closed."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._waiting: dict[int, Ready] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for one in list(self._waiting.values()):
            one.close()
        self._epoll.close()

    def add(self, fd: int, one: Ready, *, writing: bool = True) -> None:
        """Wake `one` for this descriptor."""
        self._waiting[fd] = one
        self._epoll.register(fd, _IN_OUT if writing else _IN)

    def watch(self, fd: int, *, writing: bool) -> None:
        """From now on wake for writing too, or only for reading."""
        self._epoll.modify(fd, _IN_OUT if writing else _IN)

    def remove(self, fd: int) -> None:
        """Wake nobody for this descriptor any more."""
        del self._waiting[fd]
        self._epoll.unregister(fd)

    def turn(self, timeout_s: float) -> None:
        """Wait once, and wake whoever is ready."""
        waiting = self._waiting
        for fd, events in self._epoll.poll(timeout_s):
            one = waiting.get(fd)
            if one is not None:
                one.ready(events)

    def run(self, until: Callable[[], bool], patience_s: float = _PATIENCE_S) -> None:
        """Turn until the condition holds. Raises TimeoutError when it does not within the patience."""
        deadline = time.perf_counter() + patience_s
        while not until():
            self.turn(0.05)
            if time.perf_counter() > deadline:
                raise TimeoutError("the server did not do in time what the load waits for")

    def run_for(self, seconds: float) -> None:
        """Turn for so long."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self.turn(min(left, 0.05))


@contextmanager
def calm() -> Iterator[None]:
    """Without the garbage collector, whose pauses would be told as the server's."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


class Line:
    """One Socket.IO connection over a WebSocket of its own. Owns the socket and what could not be sent yet."""

    __slots__ = (
        "_connect",
        "_fd",
        "_frames",
        "_head",
        "_hear",
        "_loop",
        "_socket",
        "_unsent",
        "begun_at",
        "ended",
        "flushed",
        "heard",
        "is_open",
        "opened",
        "person",
    )

    def __init__(self, loop: Loop, port: int, person: Person) -> None:
        """Begin to connect; the loop does the rest."""
        self.person = person
        self.is_open = False
        self.begun_at = time.perf_counter()
        self.opened: Callable[[Line], None] = _nothing
        self.heard: Callable[[bytes], None] = _nothing
        self.flushed: Callable[[], None] | None = None
        self.ended: Callable[[Line, str], None] = _refused
        self._loop = loop
        self._connect = text_frame(b"40" + json.dumps({"token": person.token}).encode())
        self._frames = Frames()
        self._head: bytes | None = b""
        self._hear: Callable[[bytes], None] = self._hear_opening
        self._unsent = _UPGRADE
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fd = self._socket.fileno()
        self._socket.connect_ex(("127.0.0.1", port))
        loop.add(self._fd, self)

    def send(self, data: bytes) -> None:
        """Send frames; what the socket does not take now goes when it does."""
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(str(error))
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.watch(self._fd, writing=True)

    @property
    def unsent(self) -> int:
        """How many bytes wait for the socket."""
        return len(self._unsent)

    def emit(self, event: str, payload: object, ack_id: int | None = None) -> None:
        """Send one event that is not in the hot path."""
        number = "" if ack_id is None else str(ack_id)
        self.send(text_frame(f"42{number}{json.dumps([event, payload])}".encode()))

    def close(self) -> None:
        """Hang up without a word, as a laptop does that is shut."""
        if self._fd >= 0:
            self._loop.remove(self._fd)
            self._socket.close()
            self._fd = -1
            self.is_open = False

    def ready(self, events: int) -> None:
        """The loop says that the socket can be read or written."""
        if events & select.EPOLLOUT:
            self._write()
        if self._fd >= 0 and events & ~select.EPOLLOUT:
            self._read()

    def _write(self) -> None:
        """Send what waits."""
        data, self._unsent = self._unsent, b""
        if data:
            self.send(data)
        if not self._unsent and self._fd >= 0:
            self._loop.watch(self._fd, writing=False)

    def _read(self) -> None:
        """Take what has come, all of it."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(str(error))
            return
        if not data:
            self._end("the server hung up")
            return
        if self._head is not None:
            data = self._take_head(data)
        hear = self._hear
        for text in self._frames.texts(data):
            if text == b"2":
                self.send(_PONG_PACKET)
            elif text == CLOSED:
                self._end("the server closed the connection")
                return
            else:
                hear(text)
                hear = self._hear
        if self.flushed is not None:
            self.flushed()

    def _take_head(self, data: bytes) -> bytes:
        """The answer to the upgrade; what is behind it."""
        assert self._head is not None
        head, end, rest = (self._head + data).partition(_HEAD_END)
        if not end:
            self._head = head
            return b""
        self._head = None
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self._end(head.partition(b"\r\n")[0].decode())
            return b""
        return rest

    def _hear_opening(self, text: bytes) -> None:
        """Before the line is open: Engine.IO's greeting, CONNECT's answer, `connected`."""
        if text.startswith(b"0"):
            self.send(self._connect)
        elif text.startswith(b"44"):
            self._end(text.decode())
        elif text.startswith(b'42["connected"'):
            self.is_open = True
            self._hear = self._hear_open
            self.opened(self)

    def _hear_open(self, text: bytes) -> None:
        """Everything else."""
        self.heard(text)

    def _end(self, why: str) -> None:
        """The line is gone."""
        if self._fd >= 0:
            self.close()
            self.ended(self, why)


_PONG_PACKET = text_frame(b"3")


def _nothing(_what: object) -> None:
    """Nobody listens."""


def _refused(line: Line, why: str) -> None:
    """Nobody expected this line to end."""
    raise Refused(f"the line of user {line.person.user_id} ended: {why}")


def open_lines(loop: Loop, port: int, people: list[Person], at_once: int = 50) -> list[Line]:
    """Open a line for each, so many at a time."""
    lines: list[Line] = []
    waiting = list(reversed(people))
    under_way: set[Line] = set()

    def begin() -> None:
        while waiting and len(under_way) < at_once:
            line = Line(loop, port, waiting.pop())
            line.opened = settled
            under_way.add(line)
            lines.append(line)

    def settled(line: Line) -> None:
        under_way.discard(line)
        begin()

    begin()
    loop.run(lambda: not under_way and not waiting, patience_s=_PATIENCE_S + 0.02 * len(people))
    return lines
