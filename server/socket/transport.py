"""WebSocket lines under python-engineio: what comes in, from the handshake to the end.

Stands where python-engineio would put simple-websocket, whose limits come after the memory is spent, whose sends are
cut short under gevent and whose half-open lines linger (reliability 5.1, L6 to L9). RFC 6455 names the close codes.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from engineio.packet import NOOP, Packet
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from server.socket.frames import Frames, text_frame
from server.socket.outlet import Flushing, Outlet
from server.socket.turns import Turns

TAKE = "hearth.take"
"""Where a request's environment offers to give its connection away (`server.http.listening`)."""
_READ_BYTES = 65_536
_READABLE = 1
"""libev's sign for waiting until there is something to read."""
_SHARE = 16
"""Messages of one line handled before others have their turn (performance.md)."""
_USER_TIMEOUT_MS = 30_000
"""Unacknowledged bytes older than this end the connection (TCP_USER_TIMEOUT, RFC 5482)."""
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sixteen bytes in base64."""
_USUAL_CONNECTIONS = ("upgrade", "keep-alive, upgrade")
_ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_PING = text_frame(b"2")
_PROBED = text_frame(b"3probe")

_log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.frames")
_quiet.setLevel(logging.ERROR)


@dataclass(kw_only=True)
class Lines:
    """What all lines share: their limits, whom they hand messages to, and every one that is open, by its session."""

    max_bytes: int
    ping_interval_s: float
    ping_timeout_s: float
    receive: Callable[[str, str], None]
    """Takes an Engine.IO session's id and one message of its."""
    offend: Callable[[str, str], None]
    """Notes a session whose peer breaks the protocol, and how."""
    turns: Turns = field(default_factory=Turns)
    flushing: Flushing = field(default_factory=Flushing)
    open: dict[str, Transport] = field(default_factory=dict)


class Transport(Outlet):
    """One WebSocket line: reads in turns, writes by its outlet, and can always be ended.

    made ──► (handshake) ──► open ──► ending: a close frame was sent or received ──► ended
                               └───────────── abort() from anywhere ──────────────────┘
    The sweeper aborts a line that stays in "ending", and one whose upgrade does not come about. There is one object and
    one watcher to a line; nothing else of it is there while it idles.
    """

    __slots__ = (
        "_busy", "_frames", "_gone", "_lines", "_messages", "_probed", "_reader",
        "ending_at", "engine", "opened_at", "ping_at", "pinged_at",
    )  # fmt: skip

    def __init__(self, run: Callable[[Any], Any], lines: Lines) -> None:
        """`run` is the engine's own handler of a line; it is not used, but names the engine's session."""
        super().__init__(lines.flushing)
        self.engine = run.__self__  # type: ignore[attr-defined]  # a bound method of the engine's session
        self.opened_at = time.monotonic()
        self.ending_at: float | None = None
        self.ping_at = self.opened_at + lines.ping_interval_s
        self.pinged_at: float | None = None
        self._lines = lines
        self._frames = Frames(lines.max_bytes)
        self._messages: list[str] | None = None
        self._reader: Any = None
        self._busy = True
        self._probed = self._gone = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Take the connection over from the request, as a WSGI application; the request ends here."""
        answer = _accepted(environ)
        if answer is None or self.engine.upgrading:
            if not self.engine.connected:
                self.engine.close(wait=False, abort=True)
            start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"This is no WebSocket handshake that can be taken now. Use a Socket.IO client."]
        self._socket = environ[TAKE]()
        self._lines.open[self.engine.sid] = self
        self.push(answer)
        if self.engine.connected:
            self.engine.upgrading = True
        else:
            self.engine.connected = True
            self._take_over()
        try:
            _tune(self._socket)
            self._reader = self._lines.flushing.hub.loop.io(self._socket.fileno(), _READABLE)
        except OSError as error:
            _quiet.info("gone before the handshake: %s", error)
            self._finish()
        else:
            self._listen()
        # A list would be taken for packets to be answered with.
        return ()

    def _take_over(self) -> None:
        """From here on this is where the session's packets go, those first that wait already."""
        waiting, self.engine.queue = self.engine.queue, self
        self.engine.upgraded, self.engine.upgrading = True, False
        for packet in waiting.left():
            self.put(packet)

    def join(self) -> None:
        """Closing a session never waits for its reader."""

    # Reading.

    def _listen(self) -> None:
        """Wait for something to read."""
        self._busy = False
        self._reader.start(self.wake)

    def wake(self) -> None:
        """There is something to do: line up for a turn. Called in the hub as well."""
        if not self._busy:
            self._busy = True
            self._reader.stop()
            self._lines.turns.add(self)

    def turn(self) -> None:
        """Read and handle a share of what has come; whatever goes wrong with it ends this line alone."""
        try:
            if not self._messages:
                self._read()
            for _ in range(_SHARE):
                if not self._messages:
                    break
                self._handle(self._messages.pop())
            self._go_on()
        except Exception:  # noqa: BLE001 - the other lines want serving
            _log.exception("a line failed")
            self._finish()

    def _go_on(self) -> None:
        """After a turn: the next one, or waiting for something to read, or the end."""
        if self._messages:
            self._lines.turns.add(self)
        elif self._gone or (self._frames.ended and self.is_drained):
            self._finish()
        elif self._frames.ended:
            self._busy = False
        elif isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            # TLS has deciphered more than was read, of which the loop knows nothing.
            self._lines.turns.add(self)
        else:
            self._listen()

    def _read(self) -> None:
        """Take in what has come."""
        if self._gone or self._frames.ended:
            return
        try:
            data = self._socket.recv(_READ_BYTES)
        except _NOT_NOW:
            return
        except (OSError, ValueError):
            data = b""
        if data:
            self._messages = self._frames.take(data) or None
            if self._messages is not None:
                self._messages.reverse()
            self._reply()
        else:
            self._gone = True

    def _reply(self) -> None:
        """Send what the frames call for; note what was wrong with them."""
        replies, self._frames.replies = self._frames.replies, []
        for data in replies:
            self.push(data)
        if self._frames.ended and not self._muted:
            if self._frames.fault is not None:
                self._lines.offend(self.engine.sid, self._frames.fault)
            self.end()
            self.mute()

    def _handle(self, message: str) -> None:
        """One whole message: an Engine.IO packet that a client may send."""
        kind = message[:1]
        if kind == "4" and self.engine.upgraded:
            self._lines.receive(self.engine.sid, message[1:])
        elif kind == "3" and self.engine.upgraded:
            self.engine.last_ping = self.pinged_at = None
            self.ping_at = time.monotonic() + self._lines.ping_interval_s
        elif kind == "1" and self.engine.upgraded:
            self.engine.close(wait=False, abort=True)
        elif not self.engine.upgraded and message == ("5" if self._probed else "2probe"):
            self._upgrade()
        else:
            self._refuse(CloseCode.POLICY_VIOLATION, "no Engine.IO packet")

    def _upgrade(self) -> None:
        """The two steps from polling to this line."""
        if self._probed:
            polled = self.engine.queue
            self._take_over()
            polled.put(None)
        else:
            self._probed = True
            self.push(_PROBED)
            self.engine.queue.put(Packet(NOOP))

    # The end.

    def _refuse(self, code: CloseCode, reason: str) -> None:
        """Close over what the peer sent."""
        self._messages = None
        self._frames.fail(code, reason)
        self._reply()

    def farewell(self) -> None:
        """Say goodbye after what waits; the line ends with the peer's goodbye, or the sweeper ends it."""
        self.end()
        self._frames.close()
        self._reply()
        self.mute()

    def end(self) -> None:
        """From here on the line is ending."""
        if self.ending_at is None:
            self.ending_at = time.monotonic()

    def ignore(self) -> None:
        """Handle nothing of what has come and not been handled."""
        self._messages = None

    def abort(self) -> None:
        """End the line now, whoever reads or writes on it."""
        self.end()
        self.ignore()
        self.broke()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError) as error:
                _quiet.debug("already closed: %s", error)

    def broke(self) -> None:
        """The socket is gone: end in the next turn."""
        self._gone = True
        self.drop()
        self.wake()

    def drained(self) -> None:
        """The last words of an ending line are out."""
        if self._frames.ended:
            self.wake()

    def _finish(self) -> None:
        """Let go of the socket. The session ends with its line, unless it polls still: then it was no upgrade."""
        self.end()
        self.drop()
        self._messages = None
        if self._reader is not None:
            self._reader.stop()
            self._reader.close()
        self._socket.close()
        if self._lines.open.get(self.engine.sid) is self:
            del self._lines.open[self.engine.sid]
        if self.engine.connected and not self.engine.upgraded:
            self.engine.upgrading = False
        else:
            self.engine.close(wait=False, abort=True)
            self.engine.server.sockets.pop(self.engine.sid, None)
            # Session and line know each other: without this, only the garbage collector would find them.
            self.engine.queue = NOWHERE

    # What the sweeper asks.

    def ping(self, now: float) -> bool:
        """Ask whether the peer is there when it is time; False when it has not said so in time. `now`: monotonic s."""
        if self._busy and self.pinged_at is not None:
            # Its answer may have come: nobody looks while what it asked before waits for the database.
            self.pinged_at = now
        if self.pinged_at is not None:
            return now - self.pinged_at <= self._lines.ping_timeout_s
        if self.engine.upgraded and now >= self.ping_at:
            self.pinged_at = now
            self.push(_PING)
        return True


class _Nowhere:
    """Takes the place of a line that has ended in its session: whatever is sent there is forgotten."""

    answered = pushed = 0
    overflowed = False

    def put(self, packet: Any) -> None:  # noqa: ANN401 - python-engineio's packet
        """Forget a packet."""

    def push(self, frame: bytes, *, is_answer: bool = False) -> None:
        """Forget a frame."""

    def join(self) -> None:
        """Nothing is left to wait for."""


NOWHERE = _Nowhere()


def _accepted(environ: dict[str, Any]) -> bytes | None:
    """The answer to a handshake (RFC 6455, 4.2), or None where it is none that can be accepted.

    The one that clients send is answered by hand, in 4 µs; the library, which takes 100, judges all others.
    """
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    usual = (
        environ["REQUEST_METHOD"] == "GET"
        and environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        and environ.get("HTTP_UPGRADE") == "websocket"
        and environ.get("HTTP_CONNECTION", "").lower() in _USUAL_CONNECTIONS
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and _KEY.fullmatch(key) is not None
    )
    if usual:
        return _ACCEPTED % accept_key(key).encode()
    response = ServerProtocol(logger=_quiet).accept(_handshake(environ))
    return response.serialize() if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS else None


def _handshake(environ: dict[str, Any]) -> Request:
    """The request as `websockets` judges it: only what the handshake is made of, so that extensions are declined."""
    names = ("Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version")
    found = [(name, environ.get("HTTP_" + name.upper().replace("-", "_"))) for name in names]
    headers = Headers([(name, value) for name, value in found if value is not None])
    return Request(environ["PATH_INFO"], headers, method=environ["REQUEST_METHOD"], protocol=environ["SERVER_PROTOCOL"])


def _tune(line: Any) -> None:  # noqa: ANN401 - a plain socket, or gevent's TLS socket
    """Send small frames at once, and notice a peer that is gone (Linux; elsewhere what there is of it).

    Silence is the ping's and the sweeper's affair.
    """
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
