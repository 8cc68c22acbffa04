"""Pairs that chat: the ends of the lines, with what each has counted. The hot path of the load, so plain code."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.frames import text_frame
from benchmarks.lines import Line, Loop, Person, open_lines
from benchmarks.seeding import CONTENT
from benchmarks.servers import Pair, Served

_OK = b'"ok":true'
_OK_WITHIN = 48


class Writer:
    """Sends one person's messages to one conversation and times their acknowledgements. Owns what is under way."""

    def __init__(self, line: Line, conversation_id: int) -> None:
        self.acked = 0
        self.refused = 0
        self.waits_s: list[float] = []
        self.sent_at: deque[float] = deque()
        """When each message not yet delivered was sent, for the reader."""
        self.on_ack: Callable[[], None] = self.make
        """What an acknowledgement leads to: the next message, unless told otherwise."""
        self._line = line
        payload = (
            f'["send_message",{{"conversation_id":{conversation_id},"sender_id":{line.person.user_id},'
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
        now = time.perf_counter()
        self._under_way[number] = now
        self.sent_at.append(now)

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
    """Counts and times what reaches the other end of a pair; a conversation's messages come in their order."""

    def __init__(self, line: Line, writer: Writer) -> None:
        self.delivered = 0
        self.received_s: list[float] = []
        self._sent_at = writer.sent_at
        line.heard = self.heard

    def heard(self, text: bytes) -> None:
        """An event."""
        if text.startswith(b'42["new_message"'):
            self.delivered += 1
            self.received_s.append(time.perf_counter() - self._sent_at.popleft())


@dataclass(frozen=True, slots=True)
class Chat:
    """Both ends of a pair."""

    writer: Writer
    reader: Reader

    @property
    def is_quiet(self) -> bool:
        """Whether everything is acknowledged and delivered."""
        return not self.writer.under_way and self.reader.delivered >= self.writer.acked

    def check(self) -> None:
        """Raises AssertionError where a message was refused, lost or told twice."""
        refused, acked, delivered = self.writer.refused, self.writer.acked, self.reader.delivered
        assert refused == 0, f"{refused} messages were refused"
        assert delivered == acked, f"{acked} messages acknowledged, {delivered} delivered"


def open_pairs(loop: Loop, served: Served, pairs: list[Pair]) -> list[Chat]:
    """Lines for both ends of each pair, in the rooms where the server wants them."""
    numbers = [pair.conversation_id for pair in pairs]
    writers = open_joined(loop, served, [pair.writer for pair in pairs], numbers)
    readers = open_joined(loop, served, [pair.reader for pair in pairs], numbers)
    return [joined(*ends) for ends in zip(writers, readers, numbers, strict=True)]


def joined(writer: Line, reader: Line, conversation_id: int) -> Chat:
    """The two ends of a conversation."""
    writing = Writer(writer, conversation_id)
    return Chat(writing, Reader(reader, writing))


def open_joined(loop: Loop, served: Served, people: list[Person], conversation_ids: list[int]) -> list[Line]:
    """A line for each person, in the room of their conversation where the server has such; ours knows its members."""
    lines = open_lines(loop, served.port, people)
    if not served.is_ours:
        waiting = set(lines)
        for line, conversation_id in zip(lines, conversation_ids, strict=True):
            line.heard = _leaves(waiting, line)
            line.emit("join_conversation", {"conversation_id": conversation_id, "user_id": line.person.user_id}, 0)
        loop.run(lambda: not waiting)
    return lines


def _leaves(waiting: set[Line], line: Line) -> Callable[[bytes], None]:
    """What takes a line from those that wait for an answer."""
    return lambda _text: waiting.discard(line)


def enough() -> None:
    """Nothing follows an acknowledgement."""
