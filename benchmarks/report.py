"""Writes what a run found: a table for people, every round for programs, and the newest into docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.dose import Dose
from benchmarks.figures import Figures
from benchmarks.targets import OURS, TARGETS, Rounds, Target

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- newest run -->\n", "<!-- end of newest run -->\n"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything about one run."""

    date: str
    what: str
    command: str
    dose: Dose
    machine: Mapping[str, str]
    minutes: float
    rounds: Rounds
    failures: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.date}-{self.what}"


def write(run: Run) -> Path:
    """Both files of a run; where the table is."""
    RESULTS.mkdir(exist_ok=True)
    facts = {
        name: getattr(run, name) for name in ("date", "what", "command", "machine", "minutes", "rounds", "failures")
    }
    as_json = json.dumps({**facts, "dose": asdict(run.dose)}, indent=1)
    (RESULTS / f"{run.name}.json").write_text(as_json + "\n", encoding="utf-8")
    table = RESULTS / f"{run.name}.md"
    table.write_text(f"# {run.date}: {run.what}\n\n{told(run)}", encoding="utf-8")
    return table


def show_in_docs(run: Run) -> None:
    """Put the run into docs/performance.md, in the place of the one before."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}\n`{run.command}`, {run.date}:\n\n{told(run)}\n{_END}{after}", encoding="utf-8")


def told(run: Run) -> str:
    """The run in Markdown: what failed, what was to be reached, what every server did, and on what machine."""
    failed = "\n".join(f"- **not measured** {failure}" for failure in run.failures)
    parts = [failed, _against_targets(run.rounds), "Medians of the rounds:", *_rows(run.rounds), _machine(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _against_targets(rounds: Rounds) -> str:
    """Ours against the floors and aims that this run can judge."""
    lines = [_judged(target, value, rounds) for target in TARGETS if (value := target.value(rounds)) is not None]
    heads = ("what", "ours", "theirs", "ratio", "floor", "aim", "reached")
    return _table(heads, lines) if lines else ""


def _judged(target: Target, value: float, rounds: Rounds) -> tuple[str, ...]:
    """One line of the table."""
    found = rounds[target.row]
    ours = _short(_medians(found[OURS])[target.figure])
    reached = target.verdict(value)
    bounds = [_short(bound) if bound else "–" for bound in (target.floor, target.aim)]
    mark = "**missed**" if reached == "missed" else reached
    if target.against is None:
        return (target.told, ours, "", "", *bounds, mark)
    theirs = _short(_medians(found[target.against])[target.figure])
    return (target.told, ours, f"{target.against} {theirs}", f"{_short(value)} ×", *bounds, mark)


def _rows(rounds: Rounds) -> Iterable[str]:
    """A table for each row, figures downwards and servers across."""
    for row, found in rounds.items():
        medians = {server: _medians(figures) for server, figures in found.items()}
        names = next(iter(medians.values()), {})
        lines = [
            (name.replace("_", " "), *(_short(one[name]) if name in one else "" for one in medians.values()))
            for name in names
        ]
        yield _table((row, *medians), lines)


def _machine(run: Run) -> str:
    """What it ran on and how, as a list."""
    facts = {"command": f"`{run.command}`", "took": f"{run.minutes:.0f} minutes", **run.machine}
    dose = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in asdict(run.dose).items())
    return "\n".join(f"- {name}: {fact}" for name, fact in {**facts, "dose": dose}.items())


def _medians(rounds: Iterable[Figures]) -> Figures:
    """The median of each figure."""
    found = list(rounds)
    return {name: median(figures[name] for figures in found) for name in found[0]}


def _short(value: float) -> str:
    """Three digits that matter, without exponents."""
    if abs(value) >= 100:  # noqa: PLR2004 - from here on whole numbers have three digits
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _table(heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ("---",) * len(heads), *lines])
