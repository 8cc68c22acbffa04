"""`make bench-desktop`: the desktop app under a virtual display, beside a bare window and the clients found on PATH.

Only ratios within one run mean something across machines. A full run of all rows goes to benchmarks/results/ and into
docs/performance.md; `--quick` and `--only` print.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import machine
from benchmarks.desktop.display import Display
from benchmarks.desktop.dose import FULL, QUICK, Dose
from benchmarks.desktop.report import Run, show_in_docs, told, write
from benchmarks.desktop.rows import ROWS, Bench, Table


def arguments() -> argparse.Namespace:
    """What is measured, and how much of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desktop", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, about three minutes")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row (repeatable)")
    return parser.parse_args()


def measured(bench: Bench, names: list[str]) -> tuple[dict[str, Table], list[str]]:
    """Row by row, and what failed."""
    tables: dict[str, Table] = {}
    failures: list[str] = []
    for name in names:
        try:
            tables[name] = ROWS[name](bench)
        except Exception as error:  # noqa: BLE001 - minutes of other figures are not thrown away for it
            failures.append(f"{name}: {type(error).__name__}: {error}")
            print(f"{name} failed", *traceback.format_exception(error), flush=True)
            continue
        for program, figures in tables[name].items():
            short = "  ".join(f"{figure} {value:.4g}" for figure, value in figures.items())
            print(f"{name:8} {program:16} {short}", flush=True)
    return tables, failures


def run_of(options: argparse.Namespace, dose: Dose) -> Run:
    """Measure what was asked for."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hearth-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with Display(folder / "display") as display:
            bench = Bench(folder, display, dose)
            try:
                tables, failures = measured(bench, options.only or list(ROWS))
            finally:
                bench.close()
        facts = machine.description(folder)
    kept = {name: facts[name] for name in ("cores", "memory", "kernel", "Python", "SQLite")}
    return Run(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        what="quick" if options.quick else "full",
        command=" ".join(["python -m benchmarks.desktop", *sys.argv[1:]]),
        dose=dose,
        machine={**kept, "Qt": f"PySide6 {version('PySide6-Essentials')}, Xvfb, software rendering"},
        minutes=(time.monotonic() - begun) / 60,
        tables=tables,
        told=bench.told,
        failures=failures,
    )


def main() -> int:
    """Measure and tell; the exit status is 1 where something could not be measured."""
    options = arguments()
    run = run_of(options, QUICK if options.quick else FULL)
    print(f"\n{told(run)}")
    if not options.only and not options.quick:
        print(f"written to {write(run)}")
        show_in_docs(run)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
