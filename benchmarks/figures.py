"""Figures of a round: plain numbers by name, units in the names."""

from __future__ import annotations

from typing import TypeAlias

Figures: TypeAlias = dict[str, float]


def percentile(values: list[float], share: float) -> float:
    """The value that this share (0 to 1) of the sorted values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def percentiles_ms(name: str, values_s: list[float]) -> Figures:
    """p50, p95 and p99 of times, in milliseconds. Raises AssertionError where nothing was timed."""
    assert values_s, f"nothing was timed for {name}"
    return {f"{name}_p{share}_ms": percentile(values_s, share / 100) * 1000 for share in (50, 95, 99)}
