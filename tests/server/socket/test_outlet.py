"""The writing half of a line, and turns, on real sockets: whole, in order, within bounds, and nobody waits for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import gevent
import gevent.event
import pytest

from server.socket.backlog import BYTES_MAX, PACKETS_MAX
from server.socket.frames import text_frame
from server.socket.outlet import Flushing, Outlet
from server.socket.turns import Turns


class Line(Outlet):
    """A line that only writes, and tells what becomes of it."""

    def __init__(self, flushing: Flushing, line: socket.socket) -> None:
        super().__init__(flushing)
        self._socket = line
        self.told: list[str] = []

    def farewell(self) -> None:
        self.told.append("farewell")

    def broke(self) -> None:
        self.told.append("broke")

    def drained(self) -> None:
        self.told.append("drained")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection that holds little, its ends never blocking."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 20_000)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def line(ends: tuple[socket.socket, socket.socket]) -> Iterator[Line]:
    """A line over the connection; it is dropped before the connection closes, as a line of the server's is."""
    line = Line(Flushing(), ends[0])
    yield line
    line.drop()


def heard(theirs: socket.socket, size: int) -> bytes:
    """So much as is expected to arrive, read slowly."""
    data = b""
    while len(data) < size:
        gevent.sleep(0.001)
        with suppress(BlockingIOError):
            data += theirs.recv(50_000)
    return data


def test_all_of_a_turn_leaves_in_one_write(line: Line, ends: Any) -> None:
    line.push(b"one")
    line.push(b"two", is_answer=True)
    with pytest.raises(BlockingIOError):
        ends[1].recv(10)
    gevent.sleep(0)
    assert ends[1].recv(100) == b"onetwo"
    assert (line.pushed, line.answered, line.is_drained, line.told) == (0, 0, True, ["drained"])


def test_what_does_not_fit_follows_whole_and_in_order(line: Line, ends: Any) -> None:
    frames = [text_frame(bytes([65 + number % 26]) * (number * 150)) for number in range(100)]
    for number, frame in enumerate(frames):
        line.push(frame, is_answer=number % 2 == 0)
        if number % 7 == 0:
            gevent.sleep(0)
    sent = b"".join(frames)
    assert heard(ends[1], len(sent)) == sent
    assert (line.pushed, line.answered, line.is_drained) == (0, 0, True)


def test_a_burst_to_somebody_who_reads_is_no_overflow(line: Line, ends: Any) -> None:
    for _ in range(PACKETS_MAX + 50):
        line.push(b"x")
    assert line.overflowed is False
    gevent.sleep(0)
    assert ends[1].recv(10_000) == b"x" * (PACKETS_MAX + 50)


@pytest.mark.parametrize("size", [10, 20_000])
def test_who_does_not_read_overflows_and_costs_no_more(line: Line, size: int) -> None:
    count = 0
    while not line.overflowed:
        line.push(b"x" * size)
        count += 1
        assert count < 100_000
        gevent.sleep(0)
    held = line.pushed
    line.push(b"x" * size)
    line.push(b"x" * size, is_answer=True)
    assert (line.pushed, line.answered) == (held, 0)
    assert held <= BYTES_MAX + size


def test_answers_are_counted_apart_until_they_are_written(line: Line, ends: Any) -> None:
    line.push(b"a" * 3_000_000, is_answer=True)
    line.push(b"b" * 2_000_000, is_answer=True)
    gevent.sleep(0)
    assert (line.answered, line.overflowed) == (2_000_000, False)
    assert heard(ends[1], 5_000_000) == b"a" * 3_000_000 + b"b" * 2_000_000
    assert (line.answered, line.is_drained) == (0, True)


def test_a_peer_that_is_gone_is_told_once_and_nobody_raises(line: Line, ends: Any) -> None:
    ends[1].close()
    line.push(b"x")
    gevent.sleep(0)
    assert line.told == ["broke"]
    line.drop()
    line.push(b"y")
    gevent.sleep(0)
    assert (line.told, line.is_drained) == (["broke"], True)


class Worker:
    """Something that has turns, may wait in them, and notes what it did."""

    def __init__(self, turns: Turns, name: str, log: list[str], shares: int = 1) -> None:
        self._turns = turns
        self._name = name
        self._log = log
        self._shares = shares
        self.waits: Any = None

    def turn(self) -> None:
        if self.waits is not None:
            self.waits.wait()
        self._log.append(self._name)
        self._shares -= 1
        if self._shares:
            self._turns.add(self)


def test_a_line_with_much_to_do_lets_the_others_have_their_turns() -> None:
    turns, log = Turns(), list[str]()
    turns.add(Worker(turns, "greedy", log, shares=4))
    turns.add(Worker(turns, "modest", log))
    timer: list[str] = []
    gevent.spawn(timer.append, "somebody else")
    gevent.sleep(0.01)
    assert log == ["greedy", "modest", "greedy", "greedy", "greedy"]
    assert timer


def test_a_line_that_waits_holds_up_nobody() -> None:
    turns, log = Turns(), list[str]()
    slow = [Worker(turns, f"slow {number}", log) for number in range(40)]
    for one in slow:
        one.waits = gevent.event.Event()
        turns.add(one)
    turns.add(Worker(turns, "quick", log))
    gevent.sleep(0.01)
    assert log == ["quick"]
    for one in slow:
        one.waits.set()
    gevent.sleep(0.01)
    assert sorted(log) == sorted(["quick", *(f"slow {number}" for number in range(40))])
    turns.add(Worker(turns, "later", log))
    gevent.sleep(0.01)
    assert log[-1] == "later"
