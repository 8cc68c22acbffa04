"""WebSocket lines under python-engineio: frames by `websockets`' sans-I/O layer, everything else by us.

Stands where python-engineio would put simple-websocket, whose limits come after the memory is spent, whose sends are
cut short under gevent and whose half-open lines linger (reliability 5.1, L6 to L9). RFC 6455 names the close codes.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import gevent
from gevent.lock import RLock
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, SERVER, Protocol
from websockets.server import ServerProtocol

_READ_BYTES = 65_536
_YIELD_EVERY = 16
"""Messages of one line handled before others have their turn (performance.md)."""
_USER_TIMEOUT_MS = 30_000
"""Unacknowledged bytes older than this end the connection (TCP_USER_TIMEOUT, RFC 5482)."""
_DATA = (Opcode.TEXT, Opcode.CONT)
_PACKET_TYPES = frozenset("134")
"""What a client may send on a line: close, pong, message (Engine.IO 4)."""
_UPGRADE_PACKETS = frozenset({"2probe", "5"})

_log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.frames")
_quiet.setLevel(logging.ERROR)


class Transport:
    """One WebSocket line: hands out whole messages, sends whole frames, and can always be ended.

    made ──► (handshake) ──► open ──► ending: a close frame was sent or received, or the reader stopped ──► ended
                                └──────────────────── abort() from anywhere ────────────────────────────────┘
    The sweeper aborts a line that stays in "ending", and one whose upgrade does not come about.
    """

    def __init__(
        self,
        run: Callable[[Any], Any],
        *,
        max_bytes: int,
        offend: Callable[[str, str], None],
        on_end: Callable[[Transport], None],
    ) -> None:
        """`run` is the engine's handler for this line; `max_bytes` bounds a message while it is read.

        `offend(engine_sid, why)` notes a peer that breaks the protocol; `on_end` is told when the line is over.
        """
        self.engine = run.__self__  # type: ignore[attr-defined]  # a bound method of the engine's session
        self.opened_at = time.monotonic()
        self.ending_at: float | None = None
        self._run = run
        self._offend = offend
        self._on_end = on_end
        self._protocol = Protocol(SERVER, max_size=max_bytes, logger=_quiet)
        self._line: Any = None
        self._sending = RLock()
        self._parts: list[bytes] = []
        self._messages: deque[str] = deque()
        self._handled = 0
        self._refused = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve the line until it ends, as a WSGI application."""
        try:
            return self._serve(environ, start_response)
        finally:
            self._on_end(self)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The handshake, then everything until the end."""
        response = ServerProtocol(logger=_quiet).accept(_handshake(environ))
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS or self.engine.upgrading:
            if not self.engine.connected:
                self.engine.close(wait=False, abort=True)
            start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"This is no WebSocket handshake that can be taken now. Use a Socket.IO client."]
        stream = environ["wsgi.input"]
        self._line = stream.raw._sock  # noqa: SLF001 - pywsgi gives its connection away nowhere else
        try:
            _tune(self._line)
            self._line.sendall(response.serialize())
            self._run(self)
        except (OSError, ValueError) as error:
            _quiet.info("line ended: %s", error)
        finally:
            self._leave()
            self.abort()
            # A closed stream tells pywsgi that no further request follows on this connection.
            stream.close()
        return []

    def _leave(self) -> None:
        """The session ends with its line, unless it polls still: then only the upgrade did not come about."""
        if self.engine.connected and not self.engine.upgraded:
            self.engine.upgrading = False
        else:
            self.engine.close(wait=False, abort=True)

    def wait(self) -> str | None:
        """The next message; None once the line is ending."""
        self._handled += 1
        if self._handled % _YIELD_EVERY == 0:
            gevent.sleep(0)
        while not self._messages:
            if self.ending_at is not None or not self._read():
                self.end()
                return None
        return self._messages.popleft()

    def _read(self) -> bool:
        """Take in what has come; False when nothing more will."""
        try:
            data = self._line.recv(_READ_BYTES)
        except (OSError, ValueError):
            return False
        if not data:
            return False
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame):
                self._take(frame)
        self._flush()
        if self._protocol.parser_exc is not None:
            self._offend(self.engine.sid, f"bad WebSocket frame ({type(self._protocol.parser_exc).__name__})")
        return self._protocol.state is OPEN or bool(self._messages)

    def _take(self, frame: Frame) -> None:
        """Join a message's frames; control frames have been answered already, binary ones are never ours."""
        if frame.opcode is Opcode.BINARY:
            self._refuse(CloseCode.UNSUPPORTED_DATA, "no binary messages")
        elif frame.opcode in _DATA and not self._refused:
            if frame.data:
                self._parts.append(bytes(frame.data))
            if frame.fin:
                data, self._parts = b"".join(self._parts), []
                self._accept(data)

    def _accept(self, data: bytes) -> None:
        """Check one whole message: UTF-8, and a packet that a client may send."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._refuse(CloseCode.INVALID_DATA, "no UTF-8")
            return
        if text[:1] in _PACKET_TYPES or (self.engine.upgrading and text in _UPGRADE_PACKETS):
            self._messages.append(text)
        else:
            self._refuse(CloseCode.POLICY_VIOLATION, "no Engine.IO packet")

    def _refuse(self, code: CloseCode, reason: str) -> None:
        """Close over what the peer sent."""
        if not self._refused:
            self._refused = True
            self._offend(self.engine.sid, reason)
            self._protocol.fail(code, reason)

    def send(self, message: str) -> None:
        """Send one message as one whole frame; raises OSError when the line is gone."""
        with self._sending:
            if self._protocol.state is not OPEN:
                raise OSError("the line is closed")
            self._protocol.send_text(message.encode())
            self._flush()

    def _flush(self) -> None:
        """Write what the protocol has to say, whole and in order."""
        with self._sending:
            for data in self._protocol.data_to_send():
                if data:
                    self._line.sendall(data)
                else:
                    self.end()

    def close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye; the reader ends with the peer's goodbye, or the sweeper ends it."""
        self.end()
        try:
            with self._sending:
                if self._protocol.state is OPEN:
                    self._protocol.send_close(code, reason)
                    self._flush()
        except (OSError, ValueError) as error:
            _quiet.debug("gone before the goodbye: %s", error)

    def end(self) -> None:
        """From here on the line is ending."""
        if self.ending_at is None:
            self.ending_at = time.monotonic()

    def abort(self) -> None:
        """End the line now, whoever reads or writes on it."""
        self.end()
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError) as error:
                _quiet.debug("already closed: %s", error)


def _handshake(environ: dict[str, Any]) -> Request:
    """The request as `websockets` judges it: only what the handshake is made of, so that extensions are declined."""
    names = ("Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version")
    found = [(name, environ.get("HTTP_" + name.upper().replace("-", "_"))) for name in names]
    headers = Headers([(name, value) for name, value in found if value is not None])
    return Request(environ["PATH_INFO"], headers, method=environ["REQUEST_METHOD"], protocol=environ["SERVER_PROTOCOL"])


def _tune(line: Any) -> None:  # noqa: ANN401 - gevent's socket, or its TLS socket
    """Send small frames at once, and notice a peer that is gone (Linux; elsewhere what there is of it).

    Silence is the ping's and the sweeper's affair: the listener's time limit for requests ends with the handshake.
    """
    line.settimeout(None)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
