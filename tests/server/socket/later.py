"""Time in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Later:
    """Stands for gevent's clock: what is to happen later happens when the test says so; monotonic time is its own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waiting: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def __call__(self, seconds: float, run: Callable[..., None], *arguments: Any) -> None:
        self.waiting.append((self.now + seconds, run, arguments))

    def clock(self) -> float:
        """Monotonic seconds."""
        return self.now

    def passes(self, seconds: float) -> None:
        """Time passes, and what is due happens."""
        self.now += seconds
        due = [one for one in self.waiting if one[0] <= self.now]
        self.waiting = [one for one in self.waiting if one[0] > self.now]
        for _, run, arguments in due:
            run(*arguments)
