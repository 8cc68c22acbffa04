"""What is made of a run: ratios within each round, verdicts, and a table that says it all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.dose import TINY
from benchmarks.figures import percentiles_ms
from benchmarks.report import Run
from benchmarks.rows import ROWS
from benchmarks.targets import TARGETS, Target

RUN = Run(
    date="2026-11-22",
    what="full",
    command="python -m benchmarks",
    dose=TINY,
    machine={"cores": "2 (some kind)"},
    minutes=1.0,
    rounds={
        "throughput": {
            "hearth": [{"acked_per_s": rate, "cpu_s_per_1000": 0.1} for rate in (9_000.0, 10_000.0, 500.0)],
            "node-seed": [{"acked_per_s": rate, "cpu_s_per_1000": 1.0} for rate in (500.0, 1_000.0, 50.0)],
        },
        "connections": {"hearth": [{"idle_pss_kib": 20.0, "connects_per_s": 900.0}]},
    },
)


def found(told: str) -> Target:
    return next(target for target in TARGETS if target.told.startswith(told))


def test_a_ratio_is_the_median_of_those_within_rounds() -> None:
    assert found("acknowledged").value(RUN.rounds) == 10


def test_what_was_not_measured_has_no_ratio() -> None:
    assert found("1,000 drop").value(RUN.rounds) is None


@pytest.mark.parametrize(
    ("told", "value", "verdict"),
    [
        ("acknowledged", 25, "aim"),
        ("acknowledged", 24.9, "floor"),
        ("acknowledged", 9.9, "missed"),
        ("KiB", 18, "aim"),
        ("KiB", 18.1, "floor"),
        ("KiB", 26.1, "missed"),
    ],
)
def test_a_value_reaches_the_aim_the_floor_or_neither(told: str, value: float, verdict: str) -> None:
    assert found(told).verdict(value) == verdict


def test_the_table_says_what_was_reached_and_what_failed() -> None:
    told = report.told(replace(RUN, failures=["storm, node-seed: TimeoutError: too long"]))
    assert "| node-seed 500 | 10 × | 10 | 25 | floor |" in told
    assert "| server CPU a message | 0.1 | node-seed 1 | 0.1 × | 0.06 | 0.025 | **missed** |" in told
    assert "| acked per s | 9,000 | 500 |" in told
    assert "**not measured** storm, node-seed: TimeoutError: too long" in told
    assert "some kind" in told


def test_a_run_is_kept_and_the_newest_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text("before\n<!-- newest run -->\nold\n<!-- end of newest run -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(report, "PAGE", page)
    table = report.write(RUN)
    report.show_in_docs(RUN)
    report.show_in_docs(RUN)
    kept = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    assert kept["rounds"] == RUN.rounds
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert text.count("`python -m benchmarks`, 2026-11-22:") == 1


def test_every_target_is_measured_by_its_row() -> None:
    rows = {row.name: row.servers for row in ROWS}
    assert all(target.against in (None, *rows[target.row]) for target in TARGETS)


def test_percentiles_are_of_the_values() -> None:
    times = [number / 1000 for number in range(1, 101)]
    assert percentiles_ms("ack", times) == pytest.approx({"ack_p50_ms": 51, "ack_p95_ms": 96, "ack_p99_ms": 100})
