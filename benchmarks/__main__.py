"""`make bench`: our server against references that run beside it in interleaved rounds of one run.

Only ratios within one run mean something: the machine is never twice the same. `--quick` takes about three minutes.
What a run of all rows and servers found goes to benchmarks/results/, and a full one into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.dose import FULL, QUICK, Dose
from benchmarks.figures import Figures
from benchmarks.report import Run, show_in_docs, told, write
from benchmarks.rows import ROWS, Row
from benchmarks.servers import Servers
from benchmarks.targets import Rounds

_OTHER_FILES = 500
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
    """The dose that was asked for, with as many idle lines as this machine lets one process have."""
    dose = QUICK if options.quick else FULL
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    given = {name: getattr(options, name) for name in ("rounds", "seconds")}
    fitting = replace(dose, idle=min(dose.idle, most - _OTHER_FILES))
    return replace(fitting, **{name: value for name, value in given.items() if value is not None})


@contextmanager
def prepared() -> Iterator[tuple[Path, Servers]]:
    """A folder for the databases, with the load on its own core."""
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    with tempfile.TemporaryDirectory(prefix="hearth-bench-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL runs as somebody else where this is root.
        Path(folder).chmod(0o755)
        with Servers(Path(folder)) as servers:
            yield Path(folder), servers


def measured(row: Row, servers: Servers, names: list[str], dose: Dose, failures: list[str]) -> dict[str, list[Figures]]:
    """The rounds of one row, its servers taking turns. One that fails is told, and takes no more turns."""
    found: dict[str, list[Figures]] = {name: [] for name in names}
    for number in range(dose.rounds):
        for name in [name for name in names if len(found[name]) == number]:
            try:
                figures = row.measure(servers, name, dose)
            except Exception as error:  # noqa: BLE001 - twenty minutes of other figures are not thrown away for it
                failures.append(f"{row.name}, {name}: {type(error).__name__}: {error}")
                print(f"{row.name} {number + 1}  {name:12} failed", *traceback.format_exception(error), flush=True)
                continue
            found[name].append(figures)
            short = "  ".join(f"{figure} {value:.4g}" for figure, value in figures.items())
            print(f"{row.name} {number + 1}  {name:12} {short}", flush=True)
    return {name: figures for name, figures in found.items() if figures}


def all_measured(options: argparse.Namespace, servers: Servers, dose: Dose) -> tuple[Rounds, list[str]]:
    """Row by row what was asked for, and what failed."""
    rounds: dict[str, dict[str, list[Figures]]] = {}
    failures: list[str] = []
    for row in ROWS:
        names = [name for name in row.servers if not options.server or name in options.server]
        if names and (not options.only or row.name in options.only):
            rounds[row.name] = measured(row, servers, names, dose, failures)
    return rounds, failures


def main() -> int:
    """Measure what was asked for, and tell it; the exit status is 1 where something could not be measured."""
    options = arguments()
    dose = dose_of(options)
    begun = time.monotonic()
    with prepared() as (folder, servers):
        rounds, failures = all_measured(options, servers, dose)
        facts = {**machine.description(folder), **servers.versions()}
    run = Run(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        what="quick" if options.quick else "full",
        command=" ".join(["python -m benchmarks", *sys.argv[1:]]),
        dose=dose,
        machine=facts,
        minutes=(time.monotonic() - begun) / 60,
        rounds=rounds,
        failures=failures,
    )
    print(f"\n{told(run)}")
    if not options.only and not options.server:
        print(f"written to {write(run)}")
        if not options.quick:
            show_in_docs(run)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
