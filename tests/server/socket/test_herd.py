"""Everybody comes at once: so many a second are let in, and each of the others is told a time of its own."""

from __future__ import annotations

from server.socket.herd import BURST_S, LONGEST_S, Herd


class Clock:
    """A time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_in_then_so_many_a_second() -> None:
    clock = Clock()
    herd = Herd(50, clock=clock)
    assert [herd.wait_s() for _ in range(200)].count(0) == 50 * BURST_S + 1
    clock.now += 1
    assert [herd.wait_s() for _ in range(200)].count(0) == 50


def test_those_turned_away_are_spread_evenly_over_the_time_it_takes() -> None:
    herd = Herd(50, clock=Clock())
    waits = [wait for wait in (herd.wait_s() for _ in range(1001)) if wait]
    assert len(waits) == 900
    assert waits == sorted(set(waits))
    assert abs(waits[-1] - 900 / 50) < 0.1


def test_who_keeps_their_time_is_let_in_and_the_line_comes_to_an_end() -> None:
    clock = Clock()
    herd = Herd(50, clock=clock)
    due = [clock.now] * 1000
    asked = 0
    while due:
        due.sort()
        clock.now = max(clock.now, due.pop(0))
        asked += 1
        wait_s = herd.wait_s()
        if wait_s:
            due.append(clock.now + wait_s)
    assert clock.now - 1000.0 < 2 * (1000 - 100) / 50
    assert asked < 3 * 1000


def test_nobody_can_push_the_others_away_for_long() -> None:
    herd = Herd(50, clock=Clock())
    assert max(herd.wait_s() for _ in range(20_000)) <= LONGEST_S + 0.1
