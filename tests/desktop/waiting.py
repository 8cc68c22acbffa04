"""Waiting for something to become true, without guessing how long it takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T], within_s: float = 15.0) -> T:
    """The first true value of `condition`, asked every 10 ms; fails after `within_s` seconds and shows the last."""
    ends = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < ends, f"still {value!r} after {within_s} s"
        await asyncio.sleep(0.01)
    return value
