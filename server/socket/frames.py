"""WebSocket frames (RFC 6455): the common one in and every one out by hand, all others by `websockets`' sans-I/O layer.

The library takes 4.8 µs for a message's frame and this 0.6 (decision 0016), so a text frame that came whole,
unfragmented, masked and not too long is taken here. Whatever else comes makes a `Protocol` of the library, which takes
all from there on and is dropped once it stands between two frames with nothing left over. With `fast` off the library
takes everything: the tests hold the two against each other.
"""

from __future__ import annotations

import logging
import struct

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiler where it was installed
    from websockets.utils import apply_mask

_HEAD = 2
_MASK = 4
_TEXT_WHOLE = 0x81
_MASKED = 0x80
_SHORT, _IN_16_BITS, _IN_64_BITS = 125, 126, 127
"""The longest payload whose length stands in the head itself, and the two signs that it stands behind the head."""
_MAX_16_BITS = 0xFFFF
"""The longest payload taken by hand: a longer one seldom comes whole in one read."""
_LEAST = _HEAD + _MASK + 1
"""Bytes of the shortest message (a pong), and enough to hold a head with 16 bits of length."""

_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.ERROR)


def text_frame(payload: bytes) -> bytes:
    """One whole text frame, as a server sends it."""
    length = len(payload)
    if length <= _SHORT:
        return bytes((_TEXT_WHOLE, length)) + payload
    if length <= _MAX_16_BITS:
        return struct.pack("!BBH", _TEXT_WHOLE, _IN_16_BITS, length) + payload
    return struct.pack("!BBQ", _TEXT_WHOLE, _IN_64_BITS, length) + payload


def payload_of(frame: bytes) -> bytes:
    """What `text_frame` was given."""
    return frame[_HEAD + {_IN_16_BITS: 2, _IN_64_BITS: 8}.get(frame[1], 0) :]


class Frames:
    """What one peer sends, as whole text messages; owns what is unfinished of it. Nothing is kept while a line idles.

    `replies` are bytes that must be sent (pongs, close frames), `fault` is what the peer did wrong, and once `ended`
    nothing more is read: the line is over when the replies are out.
    """

    __slots__ = ("_fast", "_fed", "_framed", "_max_bytes", "_parts", "_protocol", "ended", "fault", "replies")

    def __init__(self, max_bytes: int, *, fast: bool = True) -> None:
        """`max_bytes` bounds a message while it is read."""
        self._max_bytes = max_bytes
        self._fast = fast
        self._protocol: Protocol | None = None
        self._parts: list[bytes] | None = None
        self._fed = self._framed = 0
        self.replies: list[bytes] = []
        self.ended = False
        self.fault: str | None = None

    def take(self, data: bytes) -> list[str]:
        """The messages that are whole with these bytes, in order."""
        messages: list[str] = []
        if self.ended:
            return messages
        rest = self._take_fast(data, messages) if self._fast and self._protocol is None else 0
        if rest < len(data):
            self._take_slow(data[rest:] if rest else data, messages)
        return messages

    def _take_fast(self, data: bytes, messages: list[str]) -> int:
        """Take the common frames at the beginning; where the first other one begins."""
        at, size = 0, len(data)
        while size - at >= _LEAST and data[at] == _TEXT_WHOLE:
            length, start = data[at + 1] - _MASKED, at + _HEAD + _MASK
            if length == _IN_16_BITS:
                length, start = data[at + 2] << 8 | data[at + 3], start + 2
            elif not 0 <= length <= _SHORT:
                break
            end = start + length
            if end > size or length > self._max_bytes:
                break
            try:
                messages.append(apply_mask(data[start:end], data[start - _MASK : start]).decode())
            except UnicodeDecodeError:
                break
            at = end
        return at

    def _take_slow(self, data: bytes, messages: list[str]) -> None:
        """Let the library parse, and part with it where nothing is left unfinished."""
        protocol = self._library()
        protocol.receive_data(data)
        self._fed += len(data)
        for frame in protocol.events_received():
            if isinstance(frame, Frame):
                self._framed += _size(frame)
                self._join(frame, messages)
        if protocol.parser_exc is not None and self.fault is None:
            self.fault = f"bad WebSocket frame ({type(protocol.parser_exc).__name__})"
        self._answer(protocol)
        if self._fast and self._fed == self._framed and self._parts is None and protocol.state is OPEN:
            self._protocol = None

    def _library(self) -> Protocol:
        """The library's side of this line, made when it is needed."""
        if self._protocol is None:
            self._protocol = Protocol(SERVER, max_size=self._max_bytes, logger=_quiet)
            self._fed = self._framed = 0
        return self._protocol

    def _join(self, frame: Frame, messages: list[str]) -> None:
        """Join a message's frames; control frames have been answered already, binary ones are never ours."""
        if frame.opcode is Opcode.BINARY:
            self.fail(CloseCode.UNSUPPORTED_DATA, "no binary messages")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT) and self.fault is None:
            parts = self._parts or []
            if frame.data:
                parts.append(bytes(frame.data))
            self._parts = None if frame.fin else parts
            if frame.fin:
                try:
                    messages.append(b"".join(parts).decode())
                except UnicodeDecodeError:
                    self.fail(CloseCode.INVALID_DATA, "no UTF-8")

    def fail(self, code: CloseCode, reason: str) -> None:
        """Close over what the peer sent."""
        if self.fault is None:
            self.fault = reason
            protocol = self._library()
            protocol.fail(code, reason)
            self._answer(protocol)

    def close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE) -> None:
        """Say goodbye; the peer's goodbye ends it."""
        protocol = self._library()
        if protocol.state is OPEN:
            protocol.send_close(code)
            self._answer(protocol)

    def _answer(self, protocol: Protocol) -> None:
        """Keep what the library has to say; an empty write of its means that nothing follows."""
        for data in protocol.data_to_send():
            if data:
                self.replies.append(data)
            else:
                self.ended = True


def _size(frame: Frame) -> int:
    """The fewest bytes this frame can have come in. A peer that wasted some is left to the library for good."""
    length = len(frame.data)
    extra = 0 if length <= _SHORT else 2 if length <= _MAX_16_BITS else 8
    return _HEAD + extra + _MASK + length
