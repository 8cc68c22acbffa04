"""How many messages a second are acknowledged and delivered when many pairs keep several under way each."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.dose import Dose
from benchmarks.figures import Figures, percentiles_ms
from benchmarks.lines import Loop, calm
from benchmarks.rows.chat import Chat, enough, open_pairs
from benchmarks.seeding import Stock
from benchmarks.servers import Served, Servers


@dataclass(frozen=True)
class _Moment:
    """The counts at one time."""

    at: float
    acked: int
    delivered: int
    cpu_s: float
    database_cpu_s: float
    load_cpu_s: float


def throughput(servers: Servers, name: str, dose: Dose) -> Figures:
    """All pairs at full speed. Raises AssertionError where a message was refused, lost or told twice."""
    with servers.serving(name, Stock(pairs=dose.pairs)) as served, Loop() as loop:
        chats = open_pairs(loop, served, served.pairs())
        with calm():
            for chat in chats:
                for _ in range(dose.outstanding):
                    chat.writer.make()
                chat.writer.flush()
            loop.run_for(dose.warm_s)
            before, already = _moment(served, chats), [len(chat.writer.waits_s) for chat in chats]
            loop.run_for(dose.seconds)
            after = _moment(served, chats)
        waits_s = [wait for chat, start in zip(chats, already, strict=True) for wait in chat.writer.waits_s[start:]]
        _drain(loop, chats)
    return _figures(before, after) | percentiles_ms("ack", waits_s)


def _moment(served: Served, chats: list[Chat]) -> _Moment:
    """Now."""
    return _Moment(
        at=time.perf_counter(),
        acked=sum(chat.writer.acked for chat in chats),
        delivered=sum(chat.reader.delivered for chat in chats),
        cpu_s=served.cpu_s(),
        database_cpu_s=served.database_cpu_s(),
        load_cpu_s=time.process_time(),
    )


def _figures(before: _Moment, after: _Moment) -> Figures:
    """What happened in between."""
    seconds, acked = after.at - before.at, after.acked - before.acked
    return {
        "acked_per_s": acked / seconds,
        "delivered_per_s": (after.delivered - before.delivered) / seconds,
        "cpu_s_per_1000": (after.cpu_s - before.cpu_s) / acked * 1000,
        "database_cpu_s_per_1000": (after.database_cpu_s - before.database_cpu_s) / acked * 1000,
        "load_core_used": (after.load_cpu_s - before.load_cpu_s) / seconds,
    }


def _drain(loop: Loop, chats: list[Chat]) -> None:
    """Let everything under way arrive, and count it all against each other."""
    for chat in chats:
        chat.writer.on_ack = enough
    loop.run(lambda: all(chat.is_quiet for chat in chats))
    loop.run_for(0.1)
    for chat in chats:
        chat.check()
