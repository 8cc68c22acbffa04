"""Faults of what several workers share: PostgreSQL, Redis, and the workers themselves, behind nginx."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.proof.stage import Outcome

Dose = dict[str, int]
CASES: tuple[tuple[str, str, Callable[[Path, Any, int], Awaitable[Outcome]], Dose, Dose, Dose], ...] = ()
