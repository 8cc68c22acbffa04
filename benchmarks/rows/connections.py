"""What coming and staying costs: connections a second with their log-in, and the memory of those that say nothing."""

from __future__ import annotations

import time

from benchmarks import machine
from benchmarks.dose import Dose
from benchmarks.figures import Figures
from benchmarks.lines import Loop, calm, open_lines
from benchmarks.seeding import Stock
from benchmarks.servers import Servers

_WARM = 100
_SETTLE_S = 3.0
"""Until a server has let go of what connecting needed."""


def connections(servers: Servers, name: str, dose: Dose) -> Figures:
    """Everybody connects, fifty at a time, until `connected` has come; then they are idle.

    Each has one conversation with somebody else who connects. Memory is compared with that after a first hundred lines
    have come and gone.
    """
    with servers.serving(name, Stock(pairs=dose.idle // 2)) as served, Loop() as loop:
        people = [served.person(number) for number in range(1, dose.idle + 1)]
        for line in open_lines(loop, served.port, people[:_WARM]):
            line.close()
        time.sleep(min(_SETTLE_S, dose.seconds))
        rss, pss = machine.memory_kib(served.pid)
        with calm():
            begun, cpu_s = time.perf_counter(), served.cpu_s()
            lines = open_lines(loop, served.port, people)
            seconds, used_s = time.perf_counter() - begun, served.cpu_s() - cpu_s
        loop.run_for(min(_SETTLE_S, dose.seconds))
        assert all(line.is_open for line in lines)
        rss_after, pss_after = machine.memory_kib(served.pid)
        return {
            "connects_per_s": dose.idle / seconds,
            "connect_cpu_ms": used_s / dose.idle * 1000,
            "idle_rss_kib": max(0, rss_after - rss) / dose.idle,
            "idle_pss_kib": max(0, pss_after - pss) / dose.idle,
        }
