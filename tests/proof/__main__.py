"""`python -m tests.proof [--dose small|standard|large]`: play the fault matrix, and say what held (docs/proof.md).

Exit status 0 when every fault passed. `--record FILE` writes the table as Markdown and everything as JSON beside it.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.proof.matrix import CASES, Case, judged
from tests.proof.outcome import Outcome, plain
from tests.proof.stage import ProofServer

_COLUMNS = ("fault", "profile", "what", "dose", "sent", "acked", "lost", "twice", "order", "left", "again", "s", "")
_WIDTHS = (5, 2, 40, 46, 6, 6, 5, 5, 5, 5, 6, 7, 7)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    options = _options(arguments)
    chosen = [case for case in CASES if _is_chosen(case, options)]
    if not chosen:
        _say("No fault is called so.")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="hearth-proof-"))
    # What runs as somebody else (PostgreSQL as an ordinary user) has to get through.
    folder.chmod(0o755)
    _say(f"dose {options.dose}, seed {options.seed}, kept on failure: {folder}")
    _say(_row(_COLUMNS))
    with ThreadPoolExecutor(options.jobs) as players:

        def play(numbered: tuple[int, Case]) -> Outcome:
            number, case = numbered
            return judged(case, options.dose, folder / f"{number}-{case.fault}", options.seed)

        outcomes = [_shown(outcome) for outcome in players.map(play, enumerate(chosen))]
    ProofServer.nest.close()
    passed = all(outcome.passed for outcome in outcomes)
    if passed:
        shutil.rmtree(folder)
    if options.record:
        _record(Path(options.record), options, outcomes)
    _say("PASS" if passed else "FAIL")
    return 0 if passed else 1


def _shown(outcome: Outcome) -> Outcome:
    """Print an outcome."""
    _say(_row(_cells(outcome)))
    for line in [*_told(outcome), *outcome.breaches]:
        _say(f"      {line}")
    return outcome


def _say(line: str) -> None:
    """Print a line, also into a pipe, as soon as it is known."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--dose", choices=["small", "standard", "large"], default="standard")
    parser.add_argument("--only", default="", help="faults by number, separated by commas: F1,F2")
    parser.add_argument("--profile", choices=["S", "L"], help="S: SQLite, one process; L: PostgreSQL, Redis, workers")
    parser.add_argument("--jobs", type=int, default=1, help="faults at a time")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--record", default="", help="a file for the table")
    return parser.parse_args(arguments)


def _is_chosen(case: Case, options: argparse.Namespace) -> bool:
    """Whether a fault is to be played."""
    wanted = {name for name in options.only.upper().split(",") if name}
    is_wanted = (not wanted or case.fault.upper() in wanted) and options.profile in {None, case.profile}
    return is_wanted and bool(case.dose(options.dose))


def _cells(outcome: Outcome) -> list[str]:
    """An outcome as the table shows it."""
    dose = " ".join(f"{name}={count}" for name, count in outcome.dose.items())
    verdict = "not run" if "not_run" in outcome.notes else "PASS" if outcome.passed else "FAIL"
    counts = (outcome.sent, outcome.acked, outcome.lost, outcome.duplicates, outcome.disorder, outcome.left)
    told = [outcome.fault, outcome.profile, outcome.title, dose, *map(str, counts), str(outcome.repeated)]
    return [*told, f"{outcome.seconds:.1f}", verdict]


def _told(outcome: Outcome) -> list[str]:
    """The figures of the fault's own, as one line."""
    return [", ".join(f"{name}: {value}" for name, value in outcome.notes.items())] if outcome.notes else []


def _row(cells: Sequence[str]) -> str:
    """One line of the table."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def _record(file: Path, options: argparse.Namespace, outcomes: Sequence[Outcome]) -> None:
    """Write the table down, with the machine and the command."""
    machine = (
        f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    lines = [
        f"# Proof, {options.dose} dose",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {options.seed}; {machine}.",
        "",
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + "---|" * len(_COLUMNS),
        *("| " + " | ".join(_cells(outcome)) + " |" for outcome in outcomes),
        "",
        *(f"- {outcome.fault}, {outcome.title}: {told}." for outcome in outcomes for told in _told(outcome)),
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    record = {
        "dose": options.dose,
        "seed": options.seed,
        "machine": machine,
        "faults": [plain(one) for one in outcomes],
    }
    file.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


if __name__ == "__main__":
    raise SystemExit(main())
