"""What is to be reached: floors and aims as ratios within one run, and whether a run reaches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from benchmarks.figures import Figures

Rounds: TypeAlias = Mapping[str, Mapping[str, Sequence[Figures]]]
"""By row and server, the figures of each round."""
OURS = "hearth"


@dataclass(frozen=True)
class Target:
    """One figure of ours against the same of another server, or against nothing where it stands for itself."""

    told: str
    row: str
    figure: str
    against: str | None
    floor: float
    aim: float
    more_is_better: bool = False

    def value(self, rounds: Rounds) -> float | None:
        """The median over the rounds of the ratio within each; None where the run has not measured it."""
        found = rounds.get(self.row, {})
        ours = [figures[self.figure] for figures in found.get(OURS, ())]
        if self.against is None:
            return median(ours) if ours else None
        theirs = [figures[self.figure] for figures in found.get(self.against, ())]
        ratios = [one / other for one, other in zip(ours, theirs, strict=False) if other]
        return median(ratios) if ratios else None

    def verdict(self, value: float) -> str:
        """`aim`, `floor` or `missed`: what the value reaches."""
        for name, bound in (("aim", self.aim), ("floor", self.floor)):
            if value >= bound if self.more_is_better else value <= bound:
                return name
        return "missed"


def _throughput(against: str, floor: float, aim: float) -> Target:
    """Messages a second against one of the references."""
    return Target(
        "acknowledged and delivered messages/s", "throughput", "acked_per_s", against, floor, aim, more_is_better=True
    )


TARGETS = (
    _throughput("node-seed", 10, 25),
    _throughput("node-sqlite", 2, 4.5),
    _throughput("node-echo", 0, 0.9),
    Target("server CPU a message", "throughput", "cpu_s_per_1000", "node-seed", 0.06, 0.025),
    Target("one message, send to receive, p50", "latency", "single_p50_ms", "node-seed", 0.15, 0.1),
    Target("one message, send to receive, p99", "latency", "single_p99_ms", "node-seed", 0.2, 0.1),
    Target("p99 at a steady 200 messages/s", "latency", "steady_p99_ms", "node-echo", 1.7, 1.2),
    Target("KiB of an idle connection", "connections", "idle_pss_kib", None, 26, 18),
    Target("connects/s", "connections", "connects_per_s", "node-seed", 1.5, 2.5, more_is_better=True),
    Target("CPU a delivery, conversation of 500", "crowd", "cpu_us_per_delivery", "node-seed", 0.3, 0.2),
    Target("1,000 drop and all are back and synced", "storm", "all_back_s", "node-seed", 0.25, 0.12),
    Target("newest page of 100,000 messages, p50", "history", "newest_page_p50_ms", "node-seed", 0.5, 0.3),
    Target("deep page of 100,000 messages, p50", "history", "deep_page_p50_ms", "node-seed", 0.5, 0.3),
    Target("send p50, 1,000 to 1,000,000 stored", "history", "send_growth", None, 1.2, 1.05),
    Target("page p50, 1,000 to 1,000,000 stored", "history", "page_growth", None, 1.2, 1.05),
    Target("p95 of others under a flood, to its quiet value", "flood", "flood_p95_ratio", None, 2, 1.2),
)
"""The design's table. The last is issue 3's; its aim is ours."""
