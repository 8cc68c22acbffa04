"""How much of everything the desktop's rows take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dose:
    """Sizes, counts and seconds of a run; `stored` messages lie in the large cache, spread over all conversations."""

    starts: int = 7
    conversations: int = 200
    stored: int = 1_000_000
    opened: int = 60
    frames: int = 600
    keys: int = 200
    searches: int = 200
    append_per_s: int = 50
    append_s: float = 20.0
    idle_s: float = 60.0
    settle_s: float = 6.0


FULL = Dose()
QUICK = Dose(starts=5, stored=100_000, opened=25, frames=200, keys=60, searches=60, append_s=8.0, idle_s=20.0)
