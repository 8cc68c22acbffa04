"""How long one message takes from one person to the other: alone, and among a steady few hundred a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.dose import Dose
from benchmarks.figures import Figures, percentiles_ms
from benchmarks.lines import Loop, calm
from benchmarks.rows.chat import Chat, enough, open_pairs
from benchmarks.seeding import Stock
from benchmarks.servers import Servers

_LATE_S = 0.001
"""How long the load sleeps at most while a message is due."""


def latency(servers: Servers, name: str, dose: Dose) -> Figures:
    """First one pair's messages one after the other, then all pairs' at a steady rate; send to receive."""
    with servers.serving(name, Stock(pairs=dose.pairs)) as served, Loop() as loop:
        chats = open_pairs(loop, served, served.pairs())
        with calm():
            one_by_one(loop, chats[0], replace(dose, seconds=dose.warm_s))
            single = one_by_one(loop, chats[0], dose)
            steady = at_a_steady_rate(loop, chats, dose.steady_per_s, dose.seconds)
    return percentiles_ms("single", single) | percentiles_ms("steady", steady)


def one_by_one(loop: Loop, chat: Chat, dose: Dose) -> list[float]:
    """Seconds from send to receive; the next message is sent when the last is both acknowledged and delivered."""
    chat.writer.on_ack = enough
    received: list[float] = []
    chat.reader.received_s = received
    until = time.perf_counter() + dose.seconds
    while time.perf_counter() < until:
        chat.writer.make()
        chat.writer.flush()
        loop.run(lambda: chat.is_quiet)
    return received


def at_a_steady_rate(
    loop: Loop, chats: list[Chat], per_s: float, seconds: float, meanwhile: Callable[[], None] = lambda: None
) -> list[float]:
    """Seconds from send to receive of messages sent by the clock, pair after pair, whatever the server does.

    `meanwhile` is called about a thousand times a second.
    """
    received: list[float] = []
    for chat in chats:
        chat.writer.on_ack = enough
        chat.reader.received_s = received
    begun = time.perf_counter()
    for number in range(int(per_s * seconds)):
        while (left := begun + number / per_s - time.perf_counter()) > 0:
            loop.turn(min(left, _LATE_S))
            meanwhile()
        writer = chats[number % len(chats)].writer
        writer.make()
        writer.flush()
        loop.turn(0)
    loop.run(lambda: all(chat.is_quiet for chat in chats))
    return received
