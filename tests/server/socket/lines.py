"""A Socket.IO client that says exactly what a test wants said, in packets or bare bytes; no stock manners."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.running import RunningServer

PATIENCE_S = 20.0
PATH = "/socket.io/?EIO=4&transport=websocket"


class Line:
    """One WebSocket to the server: sends packets, gathers events and acknowledgements, answers pings."""

    def __init__(self, server: RunningServer, token: str | None = None) -> None:
        """Open the line; with a token, log in and wait for `connected`."""
        scheme = "wss" if server.scheme == "https" else "ws"
        self._opened = ExitStack()
        self.ws: ClientConnection = self._opened.enter_context(
            connect(f"{scheme}://127.0.0.1:{server.port}{PATH}", max_size=None, compression=None, ping_interval=None)
        )
        self.events: list[tuple[str, Any]] = []
        self.acks: dict[int, Any] = {}
        self.packets: list[str] = []
        self.answers_pings = True
        self._ids = iter(range(1_000_000))
        if token is not None:
            self.log_in(token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self.close()

    def close(self) -> None:
        """End the line as a client that leaves."""
        self._opened.close()

    def say(self, packet: str | bytes) -> None:
        """Send one packet."""
        self.ws.send(packet)

    def log_in(self, token: str) -> dict[str, Any]:
        """CONNECT with a token; what `connected` says."""
        self.say("40" + json.dumps({"token": token}))
        return self.next("connected")

    def refusal(self, auth: object) -> dict[str, Any]:
        """CONNECT with what is refused; what CONNECT_ERROR says."""
        self.say("40" + ("" if auth is None else json.dumps(auth)))
        self._until(lambda: any(packet.startswith("44") for packet in self.packets), "a refusal")
        refused: dict[str, Any] = json.loads(next(packet for packet in self.packets if packet.startswith("44"))[2:])
        return refused

    def emit(self, event: Any, *arguments: Any, ack: int | None = None) -> None:
        """Send an event, with the number of an acknowledgement where one is wanted."""
        self.say(f"42{'' if ack is None else ack}{json.dumps([event, *arguments])}")

    def call(self, event: str, *arguments: Any) -> dict[str, Any]:
        """Send an event; its acknowledgement."""
        number = next(self._ids)
        self.emit(event, *arguments, ack=number)
        self._until(lambda: number in self.acks, f"the acknowledgement of {event}")
        answer: dict[str, Any] = self.acks.pop(number)
        return answer

    def next(self, event: str, timeout: float = PATIENCE_S) -> Any:
        """The payload of the next event of a name, taken out of those heard."""
        self._until(lambda: any(name == event for name, _ in self.events), event, timeout)
        place = next(index for index, (name, _) in enumerate(self.events) if name == event)
        return self.events.pop(place)[1]

    def hears(self, seconds: float) -> list[str]:
        """The names of what is heard in a while, and of what was heard before."""
        until = time.monotonic() + seconds
        while self._take(until - time.monotonic()):
            pass
        names = [name for name, _ in self.events]
        self.events.clear()
        return names

    def ends_within(self, seconds: float) -> tuple[int | None, str]:
        """Wait for the server to end the line; its close code and reason (None where there was none)."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                self._take(until - time.monotonic())
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (None, "")
        raise AssertionError(f"the line is still open; heard {self.packets[-5:]}")

    def _until(self, holds: Callable[[], bool], what: str, timeout: float = PATIENCE_S) -> None:
        """Read until something holds."""
        until = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < until, f"{what} did not come; heard {[name for name, _ in self.events]}"
            self._take(until - time.monotonic())

    def _take(self, timeout: float) -> bool:
        """Read one packet; False when none came in time."""
        try:
            packet = self.ws.recv(timeout=max(0.0, timeout))
        except TimeoutError:
            return False
        assert isinstance(packet, str)
        self.packets.append(packet)
        if packet == "2" and self.answers_pings:
            self.say("3")
        elif packet.startswith("42"):
            name, payload = json.loads(packet[2:])
            self.events.append((name, payload))
        elif packet.startswith("43"):
            number, _, rest = packet[2:].partition("[")
            self.acks[int(number)] = json.loads("[" + rest)[0]
        return True


class Wire:
    """A TCP connection past the WebSocket handshake, for frames that no library would send."""

    def __init__(self, server: RunningServer, path: str = PATH, *, headers: str = "") -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
        )
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            self.head += self.socket.recv(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self.socket.close()

    def say(self, text: str) -> None:
        """Send a text frame as it should be."""
        self.socket.sendall(frame(0x81, text.encode()))

    def close_code(self, timeout: float = PATIENCE_S) -> int | None:
        """Read to the end; the code of the close frame, None where the connection just ended."""
        self.socket.settimeout(timeout)
        data = b""
        try:
            while chunk := self.socket.recv(65_536):
                data += chunk
        except ConnectionResetError:
            pass
        return _close_code(data)


def _close_code(data: bytes) -> int | None:
    """The code of the close frame in what a server sent."""
    while len(data) >= 2:
        head, length = data[0], data[1]
        size = 2
        if length == 126:
            length, size = struct.unpack("!H", data[2:4])[0], 4
        elif length == 127:
            length, size = struct.unpack("!Q", data[2:10])[0], 10
        if head == 0x88:
            return int(struct.unpack("!H", data[size : size + 2])[0])
        data = data[size + length :]
    return None


def frame(head: int, payload: bytes, *, announced: int | None = None, masked: bool = True) -> bytes:
    """A WebSocket frame with this first byte; `announced` lies about its length."""
    length = len(payload) if announced is None else announced
    bit = 0x80 if masked else 0
    if length < 126:
        out = struct.pack("!BB", head, bit | length)
    elif length < 65_536:
        out = struct.pack("!BBH", head, bit | 126, length)
    else:
        out = struct.pack("!BBQ", head, bit | 127, length)
    mask = b"\x00\x00\x00\x00" if masked else b""
    return out + mask + payload
