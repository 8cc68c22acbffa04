"""Waiting times: how long to wait for an answer, and how long before asking again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pace:
    """All waits of the core in seconds, in one place so that tests can hasten them.

    Back-off is full jitter: a random part of min(`most_s`, `first_s` · 2ⁿ) (reliability 2.10), so that desktops which
    lost the same server do not come back together.
    """

    first_s: float = 1.0
    most_s: float = 60.0
    answer_s: float = 10.0
    sync_s: float = 30.0
    gap_s: float = 0.5
    digest_s: float = 45.0
    closed_by_server_s: float = 5.0
    report_s: float = 0.3
    typing_repeat_s: float = 3.0
    typing_expires_s: float = 6.0
    latency_s: float = 5.0
    line_patience_s: float = 2.0
    draw: Callable[[], float] = field(default=random.random)

    def back_off_s(self, attempt: int) -> float:
        """The wait after the `attempt`-th failure in a row, counted from 0."""
        return self.draw() * min(self.most_s, self.first_s * 2.0 ** min(attempt, 16))
