"""What waits for one polling socket, within bounds: a reader that does not read costs a mebibyte, not the memory."""

from __future__ import annotations

from queue import Empty
from typing import Any

from engineio.packet import MESSAGE, Packet
from gevent.queue import SimpleQueue

from server.socket.frames import payload_of

PACKETS_MAX = 256
BYTES_MAX = 1024 * 1024
"""Beyond either the reader is a slow consumer and is closed (reliability 2.15)."""

TURN_PACKETS = 16
"""Packets handed out in one turn: python-engineio's own client refuses a poll's answer with more."""

_ACK = "3"


class Backlog:
    """The line of packets to one socket, in the form python-engineio asks of its queues.

    Answers to a socket's own commands are counted apart: one `sync` may be larger than what may wait of pushes, and
    the guard takes no further command while answers wait. Once overflowed, nothing more is taken in, and the sweeper
    closes the socket.
    """

    def __init__(self) -> None:
        self._waiting = SimpleQueue()
        self._turn = 0
        self.pushed = 0
        self.answered = 0
        self.overflowed = False

    def put(self, packet: Any) -> None:  # noqa: ANN401 - python-engineio's packet, or None for "no more"
        """Line a packet up; dropped once the reader is too far behind."""
        size, is_answer = _weight(packet)
        if packet is not None and not is_answer:
            waiting = len(self._waiting)
            self.overflowed = self.overflowed or waiting >= PACKETS_MAX or (waiting > 0 and self.pushed > BYTES_MAX)
        if self.overflowed and packet is not None:
            return
        self._count(size, is_answer=is_answer)
        self._waiting.put(packet)

    def push(self, frame: bytes, *, is_answer: bool = False) -> None:
        """Line up what is a WebSocket frame to others; whether it is an answer shows in it."""
        del is_answer
        self.put(Packet(MESSAGE, data=payload_of(frame)[1:].decode()))

    def left(self) -> list[Any]:
        """Take everything that waits."""
        return [self._waiting.get() for _ in range(len(self._waiting))]

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401, FBT002 - the queue's form
        """The oldest packet; raises queue.Empty where there is none in time, or where a turn has had enough."""
        self._turn = 1 if block else self._turn + 1
        if self._turn > TURN_PACKETS:
            raise Empty
        packet = self._waiting.get(block, timeout)
        size, is_answer = _weight(packet)
        self._count(-size, is_answer=is_answer)
        return packet

    def _count(self, size: int, *, is_answer: bool) -> None:
        """Add to the bytes that wait."""
        if is_answer:
            self.answered += size
        else:
            self.pushed += size

    def task_done(self) -> None:
        """Nobody waits for packets to be written."""

    def join(self) -> None:
        """Closing a socket never waits for its reader."""


def _weight(packet: Any) -> tuple[int, bool]:  # noqa: ANN401 - python-engineio's packet, or None
    """A packet's size in characters, and whether it answers one of the socket's own commands."""
    data = getattr(packet, "data", None)
    return (len(data), data.startswith(_ACK)) if isinstance(data, str) else (0, False)
