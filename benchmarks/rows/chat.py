"""Pairs that chat: the ends of the lines, with what each has counted. The hot path of the load, so plain code."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable

from benchmarks.frames import text_frame
from benchmarks.lines import Line, Loop, open_lines
from benchmarks.seeding import CONTENT
from benchmarks.servers import Pair, Served

_OK = b'"ok":true'
_OK_WITHIN = 48


class Writer:
    """Sends one pair's messages and times their acknowledgements. Owns what is under way."""

    def __init__(self, line: Line, pair: Pair) -> None:
        self.acked = 0
        self.refused = 0
        self.waits_s: list[float] = []
        self.sent_at: deque[float] = deque()
        """When each message not yet delivered was sent, for the reader of the pair."""
        self.on_ack: Callable[[], None] = self.make
        """What an acknowledgement leads to: the next message, unless told otherwise."""
        self._line = line
        payload = (
            f'["send_message",{{"conversation_id":{pair.conversation_id},"sender_id":{pair.writer.user_id},'
            f'"content":"{CONTENT}","uid":"{str(uuid.uuid4())[:24]}'
        )
        self._before = payload.encode()
        self._next_id = 0
        self._under_way: dict[int, float] = {}
        self._made: list[bytes] = []
        line.heard = self.heard
        line.flushed = self.flush

    @property
    def under_way(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._under_way)

    def make(self) -> None:
        """One more message, sent with the next flush."""
        number = self._next_id
        self._next_id = number + 1
        self._made.append(text_frame(b'42%d%b%012x"}]' % (number, self._before, number)))
        self._under_way[number] = time.perf_counter()

    def flush(self) -> None:
        """Send what has been made, in one piece."""
        if self._made:
            self._line.send(b"".join(self._made))
            self._made.clear()

    def heard(self, text: bytes) -> None:
        """An acknowledgement (`43<id>[{"ok":…}]`), or an event that only the reader counts."""
        if not text.startswith(b"43"):
            return
        end = text.index(b"[")
        self.waits_s.append(time.perf_counter() - self._under_way.pop(int(text[2:end])))
        if text.find(_OK, end, end + _OK_WITHIN) < 0:
            self.refused += 1
        else:
            self.acked += 1
        self.on_ack()


class Reader:
    """Counts what reaches the other end of a pair."""

    def __init__(self, line: Line) -> None:
        self.delivered = 0
        self.on_delivery: Callable[[], None] | None = None
        line.heard = self.heard

    def heard(self, text: bytes) -> None:
        """An event."""
        if text.startswith(b'42["new_message"'):
            self.delivered += 1
            if self.on_delivery is not None:
                self.on_delivery()


def open_pairs(loop: Loop, served: Served, pairs: list[Pair]) -> list[tuple[Writer, Reader]]:
    """Lines for both ends of each pair, in the rooms where the server wants them."""
    writers = open_lines(loop, served.port, [pair.writer for pair in pairs])
    readers = open_lines(loop, served.port, [pair.reader for pair in pairs])
    if not served.is_ours:
        numbers = [pair.conversation_id for pair in pairs]
        join(loop, [*zip(writers, numbers, strict=True), *zip(readers, numbers, strict=True)])
    return [
        (Writer(writer, pair), Reader(reader)) for writer, reader, pair in zip(writers, readers, pairs, strict=True)
    ]


def join(loop: Loop, seats: list[tuple[Line, int]]) -> None:
    """Enter the rooms of conversations, as the references want it; ours knows its members."""
    waiting = set(range(len(seats)))
    for place, (line, conversation_id) in enumerate(seats):
        line.heard = lambda _text, place=place: waiting.discard(place)  # type: ignore[misc] # mypy: lambda defaults
        line.emit("join_conversation", {"conversation_id": conversation_id, "user_id": line.person.user_id}, ack_id=0)
    loop.run(lambda: not waiting)
