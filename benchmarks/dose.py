"""How much is measured: the sizes and times of every row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dose:
    """The sizes of performance.md's table, and how long each is looked at."""

    rounds: int = 3
    seconds: float = 5.0
    warm_s: float = 1.0
    pairs: int = 50
    outstanding: int = 8
    steady_per_s: int = 200
    idle: int = 5_000
    crowd: int = 500
    storm: int = 1_000
    stored_small: int = 1_000
    stored_large: int = 1_000_000
    long: int = 100_000
    pages: int = 300
    offenders: int = 20


FULL = Dose()
QUICK = Dose(rounds=1, seconds=2.0, warm_s=0.5, idle=1_000, storm=500, stored_large=100_000, long=10_000, pages=100)
TINY = Dose(
    rounds=1,
    seconds=0.3,
    warm_s=0.1,
    pairs=2,
    outstanding=2,
    steady_per_s=50,
    idle=4,
    crowd=6,
    storm=4,
    stored_small=100,
    stored_large=400,
    long=200,
    pages=5,
    offenders=8,
)
"""For tests: each row's code runs, and its figures mean nothing."""
