"""Who misbehaves on a socket, told in the log once in ten seconds however often they do it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

_QUIET_S = 10.0
_FORGET_ABOVE = 10_000

_log = logging.getLogger(__name__)


class Offenders:
    """Addresses that broke the protocol: one log line each per 10 s, with the count of what was left out."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def note(self, address: str, what: str) -> None:
        """Log the offence, unless this address had a line within the last 10 s."""
        now = self._clock()
        told_at, silent = self._told.get(address, (float("-inf"), 0))
        if now - told_at < _QUIET_S:
            self._told[address] = (told_at, silent + 1)
            return
        if len(self._told) >= _FORGET_ABOVE:
            self._told = {key: seen for key, seen in self._told.items() if now - seen[0] < _QUIET_S}
        self._told[address] = (now, 0)
        _log.warning("socket refused: %s (from %s, %d more before)", what, address or "unknown", silent)
