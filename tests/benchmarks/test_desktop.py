"""What the desktop's benchmark makes of what it has measured."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.desktop import apps, display, report, rows, stock
from benchmarks.desktop.dose import QUICK
from benchmarks.desktop.report import BOUNDS, Bound, Run, shown, told

TABLES = {
    "start": {"hearth": {"warm_s": 0.6, "pss_mib": 120.0}, "dino": {"warm_s": 0.8}, "floor": {"warm_s": 0.5}},
    "idle": {"hearth": {"idle_percent": 0.5}},
}


def run(tables: report.Tables = TABLES) -> Run:
    return Run(
        date="2026-11-22",
        what="full",
        command="python -m benchmarks.desktop",
        dose=QUICK,
        machine={"cores": "2"},
        minutes=3,
        tables=tables,
        told=["not installed here, so not measured: gajim"],
        failures=["append: RuntimeError: no line"],
    )


def test_a_ratio_is_made_against_a_program_of_the_same_run_and_judged() -> None:
    bound = Bound("warm start", "start", "warm_s", "dino", 1, 0.7)
    value = bound.value(TABLES)
    assert value == pytest.approx(0.75)
    assert bound.verdict(0.75) == "floor"
    assert bound.verdict(0.7) == "aim"
    assert bound.verdict(1.01) == "**missed**"
    assert Bound("warm start", "start", "warm_s", "floor", None, None).verdict(9) == ""


def test_what_was_not_measured_is_not_judged() -> None:
    assert Bound("memory", "start", "pss_mib", "dino", 1, 1).value(TABLES) is None
    assert Bound("warm start", "start", "warm_s", "gajim", 1, 1).value(TABLES) is None
    assert Bound("search", "reading", "common_p50_ms", None, 5, 2).value(TABLES) is None


def test_the_report_tells_misses_absences_and_failures() -> None:
    lines = told(run()).splitlines()
    assert "- **not measured** append: RuntimeError: no line" in lines
    assert "| warm start | 0.75 × dino | 1 | 0.75 | aim |" in lines
    assert "| idle CPU, connected, % | 0.5 | 0.3 | 0.1 | **missed** |" in lines
    assert "| warm s | 0.6 | 0.8 | 0.5 |" in lines
    assert "| pss mib | 120 |  |  |" in lines
    assert "- not installed here, so not measured: gajim" in lines


def test_the_page_shows_the_newest_run_alone_and_keeps_what_stands_around_it() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    once = shown(page, run())
    assert shown(once, run()) == once
    assert once.partition("<!-- newest desktop run -->")[0] == page.partition("<!-- newest desktop run -->")[0]
    with pytest.raises(ValueError, match="has lost"):
        shown("# Performance\n", run())


def test_every_bound_judges_a_row_that_is_measured() -> None:
    assert {bound.row for bound in BOUNDS} <= rows.ROWS.keys()


def test_as_many_frames_are_late_as_fit_into_the_gaps() -> None:
    assert rows.late([0.0, 0.016, 0.017, 0.051]) == 4
    assert rows.halves_ms("open", [0.001] * 99 + [0.5]) == {"open_p50_ms": 1.0, "open_p99_ms": 500.0}


def test_a_window_is_there_once_enough_of_the_picture_has_changed() -> None:
    assert display.changed_share(b"\0" * 8, b"\0" * 6 + b"\1\1") == 0.25
    with pytest.raises(ValueError, match="pictures of"):
        display.changed_share(b"\0", b"")


def test_clients_are_found_by_any_of_their_names_and_the_rest_is_told(tmp_path: Path) -> None:
    found, absent = apps.peers(tmp_path, {"dino": "/opt/dino", "gajim": "/opt/gajim"}.get)
    assert [(app.name, app.command[0]) for app in found] == [("gajim", "/opt/gajim"), ("dino", "/opt/dino")]
    assert absent == ["telegram-desktop", "nheko"]


def test_every_start_after_the_first_finds_its_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    one, other = (apps.environment({"DISPLAY": ":7"}, tmp_path / home) for home in ("one", "other"))
    assert "PYTHONDONTWRITEBYTECODE" not in one
    assert one["PYTHONPYCACHEPREFIX"] == other["PYTHONPYCACHEPREFIX"]
    assert (one["DISPLAY"], one["HOME"]) == (":7", str(tmp_path / "one"))


def test_the_words_searched_for_are_as_common_as_they_say() -> None:
    said = list(islice(stock.sentences(random.Random(1)), 2_000))  # noqa: S311 - no secrets
    assert sum(stock.COMMON in text.split() for text in said) == 250
    assert sum(stock.RARE in text.split() for text in said) == 2
    assert max(len(text.split()) for text in said) <= 24
