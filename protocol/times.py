"""Times on the wire: ISO 8601 UTC with milliseconds and `Z`; inside, whole milliseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = EPOCH.date().toordinal()
_DAY_MS = 24 * 60 * 60 * 1000
_MINUTES = [f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60)]
_SECONDS = [f"{second:02d}" for second in range(60)]
_PARTS = [f".{part:03d}Z" for part in range(1000)]


def now_ms() -> int:
    """The present, in whole milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def to_wire(at_ms: int) -> str:
    """Milliseconds since 1970 as `2026-11-22T09:41:07.120Z`."""
    # Looked up in 0.4 µs, where isoformat takes 1.4: that was a fifth of a page of history.
    days, of_day = divmod(at_ms, _DAY_MS)
    minute, of_minute = divmod(of_day, 60_000)
    second, part = divmod(of_minute, 1000)
    return _day(days) + _MINUTES[minute] + _SECONDS[second] + _PARTS[part]


@lru_cache(maxsize=1024)
def _day(days: int) -> str:
    """The date so many days after 1970's first."""
    return date.fromordinal(_FIRST_DAY + days).isoformat()


def from_wire(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time; raises ValueError where it is not one with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"a time without a zone: {text!r}"
        raise ValueError(message)
    return round((moment - EPOCH) / timedelta(milliseconds=1))
