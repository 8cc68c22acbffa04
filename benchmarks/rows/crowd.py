"""What a delivery costs in a conversation of hundreds: one writes, everybody is connected and is told."""

from __future__ import annotations

import time

from benchmarks.dose import Dose
from benchmarks.figures import Figures
from benchmarks.lines import Loop, calm
from benchmarks.rows.chat import joined, open_joined
from benchmarks.seeding import Stock
from benchmarks.servers import Servers

_OUTSTANDING = 4


def crowd(servers: Servers, name: str, dose: Dose) -> Figures:
    """One member keeps four messages under way. Deliveries are counted on every line but the writer's."""
    with servers.serving(name, Stock(pairs=1, crowd=dose.crowd)) as served, Loop() as loop:
        people = [served.person(number) for number in range(1, dose.crowd + 1)]
        lines = open_joined(loop, served, people, [2] * dose.crowd)
        told = [0]

        def heard(text: bytes) -> None:
            told[0] += text.startswith(b'42["new_message"')

        for line in lines[2:]:
            line.heard = heard
        chat = joined(lines[0], lines[1], conversation_id=2)
        with calm():
            for _ in range(_OUTSTANDING):
                chat.writer.make()
            chat.writer.flush()
            loop.run_for(dose.warm_s)
            at, cpu_s, before = time.perf_counter(), served.cpu_s(), told[0] + chat.reader.delivered
            loop.run_for(dose.seconds)
            seconds, used_s = time.perf_counter() - at, served.cpu_s() - cpu_s
            deliveries = told[0] + chat.reader.delivered - before
        assert deliveries > 0, "nobody was told anything"
        return {"deliveries_per_s": deliveries / seconds, "cpu_us_per_delivery": used_s / deliveries * 1_000_000}
