"""`make bench`: our server against references that run beside it in interleaved rounds of one run.

Only ratios within one run mean something: the machine is never twice the same. `--quick` takes about three minutes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.dose import FULL, QUICK, Dose
from benchmarks.figures import Figures
from benchmarks.rows import ROWS, Row
from benchmarks.servers import Servers

NAMES = sorted({name for row in ROWS for name in row.servers})


def arguments() -> argparse.Namespace:
    """What is measured, and how much of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="this row (repeatable)")
    parser.add_argument("--server", action="append", choices=NAMES, help="this server (repeatable)")
    parser.add_argument("--rounds", type=int, help="rounds of each server")
    parser.add_argument("--seconds", type=float, help="measured seconds of a round")
    return parser.parse_args()


def dose_of(options: argparse.Namespace) -> Dose:
    """The dose that was asked for."""
    dose = QUICK if options.quick else FULL
    given = {name: getattr(options, name) for name in ("rounds", "seconds")}
    return replace(dose, **{name: value for name, value in given.items() if value is not None})


@contextmanager
def prepared() -> Iterator[tuple[Path, Servers]]:
    """A folder for the databases, with the load on its own core."""
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    with tempfile.TemporaryDirectory(prefix="hearth-bench-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL runs as somebody else where this is root.
        Path(folder).chmod(0o755)
        with Servers(Path(folder)) as servers:
            yield Path(folder), servers


def measure(row: Row, servers: Servers, names: list[str], dose: Dose) -> dict[str, list[Figures]]:
    """The rounds of one row, its servers taking turns."""
    found: dict[str, list[Figures]] = {name: [] for name in names}
    for number in range(dose.rounds):
        for name in names:
            figures = row.measure(servers, name, dose)
            found[name].append(figures)
            print(f"{row.name} {number + 1}  {name:12} {told(figures)}", flush=True)
    return found


def told(figures: Figures) -> str:
    """One round on one line."""
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())


def main() -> None:
    """Measure what was asked for, row by row."""
    options = arguments()
    dose = dose_of(options)
    with prepared() as (_, servers):
        for row in ROWS:
            names = [name for name in row.servers if not options.server or name in options.server]
            if names and (not options.only or row.name in options.only):
                measure(row, servers, names, dose)


if __name__ == "__main__":
    main()
