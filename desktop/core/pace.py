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
    draft_s: float = 1.0
    draft_most_s: float = 5.0
    draft_told_s: float = 2.0
    burst_s: float = 2.0
    away_after_s: float = 300.0
    back_again_s: float = 5.0
    draw: Callable[[], float] = field(default=random.random)

    def digest_wait_s(self) -> float:
        """The wait before the next digest: jittered, so that desktops that came back together do not ask together."""
        return self.digest_s * (2 + self.draw()) / 3

    def report_wait_s(self) -> float:
        """The wait before reading is reported: at the earliest `report_s`, as many may read one message at once."""
        return self.report_s * (1 + self.draw())

    def told_to_wait_s(self, retry_after_s: float, attempt: int) -> float:
        """The wait after a refusal that names one: never less, and spread, as a proxy tells everybody the same."""
        spread_s = self.draw() * min(retry_after_s, self.closed_by_server_s)
        return max(retry_after_s + spread_s, self.back_off_s(attempt))

    def back_off_s(self, attempt: int) -> float:
        """The wait after the `attempt`-th failure in a row, counted from 0."""
        return self.draw() * min(self.most_s, self.first_s * 2.0 ** min(attempt, 16))
