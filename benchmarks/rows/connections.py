"""What coming and staying costs: connections a second with their log-in, and the memory of those that say nothing."""

from __future__ import annotations

import time

from benchmarks import machine
from benchmarks.dose import Dose
from benchmarks.figures import Figures
from benchmarks.lines import Loop, calm, open_lines
from benchmarks.seeding import Stock
from benchmarks.servers import Servers

_FIRST = 5
"""Memory is compared with that after a fifth has come: before, a server's own room for growth would hide the lines."""
_SETTLE_S = 3.0
"""Until a server has let go of what connecting needed."""


def connections(servers: Servers, name: str, dose: Dose) -> Figures:
    """Everybody connects, fifty at a time, until `connected` has come; then they are idle.

    Each has one conversation with somebody else who connects.
    """
    with servers.serving(name, Stock(pairs=dose.idle // 2)) as served, Loop() as loop:
        people = [served.person(number) for number in range(1, dose.idle + 1)]
        first, others = people[: dose.idle // _FIRST], people[dose.idle // _FIRST :]
        settle_s = min(_SETTLE_S, dose.seconds)
        lines = open_lines(loop, served.port, first)
        loop.run_for(settle_s)
        rss, pss = machine.memory_kib(served.pid)
        with calm():
            begun, cpu_s = time.perf_counter(), served.cpu_s()
            lines += open_lines(loop, served.port, others)
            seconds, used_s = time.perf_counter() - begun, served.cpu_s() - cpu_s
        loop.run_for(settle_s)
        assert all(line.is_open for line in lines)
        rss_after, pss_after = machine.memory_kib(served.pid)
        return {
            "connects_per_s": len(others) / seconds,
            "connect_cpu_ms": used_s / len(others) * 1000,
            "idle_rss_kib": max(0, rss_after - rss) / len(others),
            "idle_pss_kib": max(0, pss_after - pss) / len(others),
        }
