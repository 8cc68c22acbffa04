"""What is measured, a module for each kind of question; each gives plain figures of one round on one server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.dose import Dose
from benchmarks.figures import Figures
from benchmarks.rows.throughput import throughput
from benchmarks.servers import Servers


@dataclass(frozen=True)
class Row:
    """One kind of question, and the servers it is put to."""

    name: str
    told: str
    measure: Callable[[Servers, str, Dose], Figures]
    servers: tuple[str, ...]


ROWS = (
    Row(
        name="throughput",
        told="{pairs} pairs, {outstanding} messages outstanding each",
        measure=throughput,
        servers=("hearth", "hearth-pg", "node-seed", "node-pg", "node-sqlite", "node-echo"),
    ),
)
