"""What is measured, a module for each kind of question; each gives plain figures of one round on one server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.dose import Dose
from benchmarks.figures import Figures
from benchmarks.rows.connections import connections
from benchmarks.rows.crowd import crowd
from benchmarks.rows.flood import flood
from benchmarks.rows.history import history
from benchmarks.rows.latency import latency
from benchmarks.rows.storm import storm
from benchmarks.rows.throughput import throughput
from benchmarks.servers import Servers


@dataclass(frozen=True)
class Row:
    """One kind of question, and the servers it is put to."""

    measure: Callable[[Servers, str, Dose], Figures]
    servers: tuple[str, ...]

    @property
    def name(self) -> str:
        """As `--only` names it."""
        return self.measure.__name__


_EVERYBODY = ("hearth", "hearth-pg", "node-seed", "node-pg", "node-sqlite", "node-echo")
_DURABLE = ("hearth", "node-seed", "node-sqlite")

ROWS = (
    Row(throughput, _EVERYBODY),
    Row(latency, (*_DURABLE, "node-echo")),
    Row(connections, _DURABLE),
    Row(crowd, _DURABLE),
    Row(storm, _DURABLE),
    Row(history, _DURABLE),
    Row(flood, ("hearth",)),
)
"""Ours first in each. Only ours limits rates, so it alone is flooded."""
