"""The verdict on one fault: what was counted, and what did not hold."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.proof.checker import Breach, Evidence
from tests.proof.ledger import Line


@dataclass(slots=True)
class Outcome:
    """One row of the report. `breaches` are what the checker found; `notes` are figures of the fault's own."""

    fault: str
    title: str
    profile: str = "S"
    dose: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    acked: int = 0
    lost: int = 0
    duplicates: int = 0
    disorder: int = 0
    left: int = 0
    repeated: int = 0
    seconds: float = 0.0
    notes: dict[str, object] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every promise held."""
        return not self.breaches

    def expect(self, name: str, *, holds: bool) -> None:
        """A promise of this fault alone: where it does not hold, it is a breach."""
        if not holds:
            self.breaches.append(f"expected: {name}")


class Complaints(logging.Handler):
    """Collects what the desktops log at WARNING or above while it is in place, but for what is `foreign`."""

    def __init__(self, foreign: Callable[[], Collection[int]]) -> None:
        """`foreign` tells the threads in which other faults are played just now."""
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._foreign = foreign

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        if record.thread not in self._foreign():
            self.lines.append(f"{record.name}: {self.format(record)}")


def tally(outcome: Outcome, evidence: Evidence, breaches: list[Breach]) -> None:
    """Count what is told in the report's columns."""
    acked: dict[str, Line] = {}
    repeated: set[str] = set()
    for _, line in evidence.lines("acked"):
        acked[line.uid] = line
        if line.again:
            repeated.add(line.uid)
    outcome.sent = sum(1 for _ in evidence.lines("enqueued"))
    outcome.acked, outcome.repeated = len(acked), len(repeated)
    outcome.lost = sum(breach.name in {_LOST, _NEVER} for breach in breaches)
    outcome.duplicates = sum(breach.promise == "P2" for breach in breaches)
    outcome.disorder = sum(breach.promise in {"P3", "P4"} for breach in breaches)
    outcome.left = sum(1 for _ in evidence.lines("left", "failed"))
    outcome.breaches += [str(breach) for breach in breaches[:50]]


_LOST, _NEVER = "an acknowledged message is lost", "a text of the outbox never arrived"


def plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome for the record."""
    told: dict[str, Any] = msgspec.to_builtins(outcome)
    return {**told, "passed": outcome.passed}
