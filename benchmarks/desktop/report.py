"""Judges the desktop's figures by the design's floors and aims, and writes them down as the server's are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.desktop.dose import Dose
from benchmarks.figures import Figures

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- newest desktop run -->\n", "<!-- end of newest desktop run -->\n"
OURS = "hearth"

Tables = Mapping[str, Mapping[str, Figures]]
"""By row and program."""


@dataclass(frozen=True)
class Bound:
    """One figure of ours, itself or as a ratio to the same of another program; less is better. None: only told."""

    told: str
    row: str
    figure: str
    against: str | None
    floor: float | None
    aim: float | None

    def value(self, tables: Tables) -> float | None:
        """What is judged; None where the run has not measured it."""
        found = tables.get(self.row, {})
        ours = found.get(OURS, {}).get(self.figure)
        if ours is None or self.against is None:
            return ours
        theirs = found.get(self.against, {}).get(self.figure)
        return ours / theirs if theirs else None

    def verdict(self, value: float) -> str:
        """`aim`, `floor`, `**missed**`, or nothing where no bound was set."""
        if self.floor is None or self.aim is None:
            return ""
        return "aim" if value <= self.aim else "floor" if value <= self.floor else "**missed**"


BOUNDS = (
    Bound("warm start to the cached list painted", "start", "warm_s", "telegram-desktop", 0.35, 0.25),
    Bound("warm start", "start", "warm_s", "dino", 1, 0.75),
    Bound("warm start", "start", "warm_s", "gajim", 1, 1),
    Bound("warm start", "start", "warm_s", "nheko", 1, 1),
    Bound("warm start", "start", "warm_s", "floor", None, None),
    Bound("CPU to the first picture", "start", "cpu_to_picture_s", "floor", None, None),
    Bound("memory (PSS), signed in, 200 conversations", "start", "pss_mib", "telegram-desktop", 0.55, 0.4),
    Bound("memory (PSS)", "start", "pss_mib", "gajim", 1.4, 1),
    Bound("memory (PSS)", "start", "pss_mib", "dino", 1, 1),
    Bound("memory (PSS)", "start", "pss_mib", "nheko", 1, 1),
    Bound("memory (PSS)", "start", "pss_mib", "floor", None, None),
    Bound("modules imported before the first picture", "modules", "modules_before_picture", None, None, None),
    Bound("of them of the network or SQLAlchemy", "modules", "forbidden_modules", None, 0, 0),
    Bound("longest freeze after the first picture, ms", "modules", "longest_freeze_ms", None, 100, 50),
    Bound("the first conversation opened, click to picture, ms", "reading", "first_open_ms", None, 100, 60),
    Bound("further ones, p50 ms", "reading", "open_p50_ms", None, 50, 30),
    Bound("scroll frame p99, ms", "reading", "frame_p99_ms", None, 16, 8),
    Bound("key press to picture p99, ms", "reading", "key_p99_ms", None, None, None),
    Bound("search for a common word, p50 ms", "reading", "common_p50_ms", None, 5, 2),
    Bound("search for a common word, p99 ms", "reading", "common_p99_ms", None, 40, 20),
    Bound("search for a rare word, p50 ms", "reading", "rare_p50_ms", None, 5, 2),
    Bound("search for a rare word, p99 ms", "reading", "rare_p99_ms", None, 40, 20),
    Bound("frames late while 50 messages/s arrive", "append", "late_frames", None, 0, 0),
    Bound("idle CPU, connected, %", "idle", "idle_percent", None, 0.3, 0.1),
)
"""performance.md's table; start and memory against the other clients are issue 4's. The floor is a bare window."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Everything about one run."""

    date: str
    what: str
    command: str
    dose: Dose
    machine: Mapping[str, str]
    minutes: float
    tables: Tables
    told: Sequence[str] = ()
    failures: Sequence[str] = ()


def write(run: Run) -> Path:
    """Both files of a run; where the table is."""
    RESULTS.mkdir(exist_ok=True)
    table = RESULTS / f"{run.date}-desktop-{run.what}.md"
    table.with_suffix(".json").write_text(json.dumps(asdict(run), indent=1) + "\n", encoding="utf-8")
    table.write_text(f"# {run.date}: desktop, {run.what}\n\n{told(run)}", encoding="utf-8")
    return table


def shown(page: str, run: Run) -> str:
    """The page with this run in the place of the one before. Raises ValueError where the page has no such place."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"docs/performance.md has lost {_BEGIN.strip()}")
    return f"{before}{_BEGIN}\n`{run.command}`, {run.date}:\n\n{told(run)}\n{_END}{after}"


def show_in_docs(run: Run) -> None:
    """Put the run into docs/performance.md."""
    PAGE.write_text(shown(PAGE.read_text(encoding="utf-8"), run), encoding="utf-8")


def told(run: Run) -> str:
    """The run in Markdown: what failed, what was to be reached, every figure, and on what machine."""
    failed = "\n".join(f"- **not measured** {failure}" for failure in run.failures)
    facts = {"command": f"`{run.command}`", "took": f"{run.minutes:.0f} minutes", **run.machine}
    dose = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in asdict(run.dose).items())
    notes = [*run.told, *(f"{name}: {fact}" for name, fact in {**facts, "dose": dose}.items())]
    listed = "\n".join(f"- {note}" for note in notes)
    parts = [failed, _judged(run.tables), "Every figure:", *_rows(run.tables), listed]
    return "\n\n".join(part for part in parts if part) + "\n"


def _judged(tables: Tables) -> str:
    """Ours against the bounds that this run can judge."""
    lines = []
    for bound in BOUNDS:
        value = bound.value(tables)
        if value is not None:
            ratio = f"{_short(value)} × {bound.against}" if bound.against else _short(value)
            limits = ["–" if limit is None else _short(limit) for limit in (bound.floor, bound.aim)]
            lines.append((bound.told, ratio, *limits, bound.verdict(value)))
    return _table(("what", "ours", "floor", "aim", "reached"), lines) if lines else ""


def _rows(tables: Tables) -> Iterable[str]:
    """A table for each row, figures downwards and programs across."""
    for row, found in tables.items():
        names = dict.fromkeys(name for figures in found.values() for name in figures)
        lines = [
            (name.replace("_", " "), *(_short(one[name]) if name in one else "" for one in found.values()))
            for name in names
        ]
        yield _table((row, *found), lines)


def _short(value: float) -> str:
    """Three digits that matter, without exponents."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits by themselves


def _table(heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ("---",) * len(heads), *lines])
