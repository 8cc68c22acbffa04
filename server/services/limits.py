"""How fast one user may send, whichever door they come through (contract, Limits)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from server.services.ports import ALONE, Bus

Key = int | str
"""Whose allowance it is: a user's id, a connection's name, a network."""

_FORGET_ABOVE = 10_000
"""Keys kept before full buckets are swept out; a full bucket says nothing that a new one does not."""


class Taken(Struct, frozen=True, array_like=True):
    """How often each key took something in the telling process."""

    counts: dict[Key, int]


class Allowance:
    """Token buckets by key: `burst` at once, refilled at `per_s`. Owns what each key has left; nothing is stored."""

    def __init__(self, per_s: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._clock = clock
        self._left: dict[Key, tuple[float, float]] = {}
        self._taken: Counter[Key] = Counter()
        self._bus: Bus = ALONE
        self._topic = ""

    def __len__(self) -> int:
        return len(self._left)

    def share(self, bus: Bus, topic: str) -> None:
        """From here on, the processes count together: each tells what it gave out, a moment after it did.

        Nobody is asked before something is given out, so within that moment each gives out by its own count, and with
        the bus away for as long as that lasts. What was given out too much is paid back.
        """
        self._bus, self._topic = bus, topic
        bus.hear(topic, Taken, self._heard)

    def take(self, key: Key) -> float:
        """Use one up; the seconds to wait where none is left (then nothing is used), else 0."""
        now = self._clock()
        left = self._now_left(key, now)
        if left < 1.0:
            return (1.0 - left) / self._per_s
        if len(self._left) >= _FORGET_ABOVE:
            self._forget_full(now)
        self._left[key] = (left - 1.0, now)
        if self._topic:
            self._tell(key)
        return 0.0

    def _tell(self, key: Key) -> None:
        """Have the others count one; what is taken until the bus comes for it goes along."""
        if not self._taken:
            self._bus.tell_later(self._topic, self._collect)
        self._taken[key] += 1

    def _collect(self) -> Taken:
        """What was taken here since the others were last told."""
        taken, self._taken = Taken(dict(self._taken)), Counter()
        return taken

    def _heard(self, taken: Taken) -> None:
        """Count what another process gave out; a debt is never more than the burst."""
        now = self._clock()
        for key, count in taken.counts.items():
            self._left[key] = (max(self._now_left(key, now) - count, -self._burst), now)

    def _now_left(self, key: Key, now: float) -> float:
        """What the key has after the time since its last use."""
        left, then = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - then) * self._per_s)

    def _forget_full(self, now: float) -> None:
        """Drop the keys that have everything back."""
        self._left = {key: kept for key, kept in self._left.items() if self._now_left(key, now) < self._burst}


class SendingLimit:
    """The contract's 60 messages a minute with bursts of 20, for each user over socket and REST together."""

    def __init__(
        self,
        limits: Limits,
        *,
        enabled: bool = True,
        bus: Bus = ALONE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._allowance = Allowance(limits.messages_per_minute / 60, limits.message_burst, clock=clock)
        if enabled and bus is not ALONE:
            self._allowance.share(bus, "sent")
        self._enabled = enabled

    def take(self, user_id: int) -> None:
        """Count one message about to be sent. Raises Refused (`rate_limited`, `retry_after_s`)."""
        wait_s = self._allowance.take(user_id) if self._enabled else 0.0
        if wait_s:
            message = (
                f"You may send {self._limits.messages_per_minute} messages a minute, "
                f"{self._limits.message_burst} at once. Wait {wait_s:.1f} seconds and send again."
            )
            raise Refused(ErrorCode.RATE_LIMITED, message, retry_after_s=round(wait_s + 0.05, 1))
