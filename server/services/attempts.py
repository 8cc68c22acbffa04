"""How often somebody may try to log in: a few times a minute, then with a growing delay.

The count is kept for each address and account together, so that nobody can lock an owner out from elsewhere, and the
delay has an end, so that the owner at the same address gets in too. A network of addresses counts as one (/24, /64).
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

from protocol.errors import ErrorCode, Refused
from server.services.ports import ALONE, Bus

_WINDOW_S = 60.0
_DELAY_FIRST_S = 15.0
_DELAY_LONGEST_S = 300.0
_REMEMBERED = 10_000
"""Pairs kept in memory; the oldest is forgotten first."""


class Tried(Struct, frozen=True, array_like=True):
    """A try in another process, or (`right`) one that came out right."""

    network: str
    account: str
    right: bool = False


class _Tries:
    """The tries of one pair since the last quiet time."""

    def __init__(self, now: float) -> None:
        self.times: list[float] = []
        self.delay = _DELAY_FIRST_S
        self.wait_until = now


class Attempts:
    """Counts tries by (address, account), those in other processes too; owns nothing that outlives the process."""

    def __init__(
        self, per_minute: int, *, enabled: bool, bus: Bus = ALONE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._enabled = enabled
        self._bus = bus
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        bus.hear("tried", Tried, self._heard)

    def admit(self, address: str, account: str) -> None:
        """Count a try; raises Refused (`rate_limited`) with the wait. A refused try does not lengthen the wait."""
        if not self._enabled:
            return
        now = self._clock()
        pair = (network(address), account)
        tries = self._of(pair, now)
        if now < tries.wait_until:
            raise _too_often(tries.wait_until - now)
        self._count(tries, now)
        self._bus.tell("tried", Tried(*pair))

    def forget(self, address: str, account: str) -> None:
        """The try was right: start anew."""
        pair = (network(address), account)
        self._tries.pop(pair, None)
        self._bus.tell("tried", Tried(*pair, right=True))

    def _heard(self, tried: Tried) -> None:
        """Somebody tried in another process."""
        pair, now = (tried.network, tried.account), self._clock()
        if tried.right:
            self._tries.pop(pair, None)
        else:
            self._count(self._of(pair, now), now)

    def _count(self, tries: _Tries, now: float) -> None:
        """Count one; from the last that is free on, each makes the next one wait."""
        tries.times.append(now)
        if len(tries.times) >= self._per_minute:
            tries.wait_until = now + tries.delay
            tries.delay = min(tries.delay * 2, _DELAY_LONGEST_S)

    def _of(self, pair: tuple[str, str], now: float) -> _Tries:
        """The tries of a pair, those outside the window dropped; quiet for as long as the last delay forgives all."""
        tries = self._tries.pop(pair, None)
        if tries is None or now > tries.wait_until + max(_WINDOW_S, tries.delay):
            recent = [] if tries is None else [at for at in tries.times if now - at < _WINDOW_S]
            tries = _Tries(now)
            tries.times = recent
        elif tries.delay == _DELAY_FIRST_S:
            tries.times = [at for at in tries.times if now - at < _WINDOW_S]
        self._tries[pair] = tries
        if len(self._tries) > _REMEMBERED:
            self._tries.popitem(last=False)
        return tries


def network(address: str) -> str:
    """The neighbourhood of an address that one person can choose from: /24 of IPv4, /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))  # noqa: PLR2004


def _too_often(wait_s: float) -> Refused:
    """The refusal with the wait in it."""
    seconds = max(1, round(wait_s))
    message = f"Too many tries. Wait {seconds} s and try again."
    return Refused(ErrorCode.RATE_LIMITED, message, retry_after_s=float(seconds))
