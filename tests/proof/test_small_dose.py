"""The small dose of the fault matrix, by the command that people run (docs/proof.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.running import ROOT

FAMILIES = {"F1", "F1b", "F2", "F3", "F4", "F7", "F8", "F9", "F10", "F11", "F12", "F17", "R1"}


@pytest.mark.timeout(600)
def test_nothing_is_lost_in_the_small_dose(tmp_path: Path) -> None:
    record = tmp_path / "proof.md"
    # Three at a time, for most of each is waiting: for back-offs, for starts, for somebody to be let go.
    # On one process: several workers are killed, and their Redis and PostgreSQL, in tests/server/cluster.
    how = ["--dose", "small", "--profile", "S", "--jobs", "3", "--record", str(record)]
    command = [sys.executable, "-m", "tests.proof", *how]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    faults = msgspec.json.decode(record.with_suffix(".json").read_bytes())["faults"]
    assert {fault["fault"] for fault in faults} == FAMILIES
    assert sum(fault["lost"] + fault["duplicates"] + fault["disorder"] + fault["left"] for fault in faults) == 0
    assert sum(fault["acked"] for fault in faults) > 200
    assert "| F2 | S |" in record.read_text(encoding="utf-8")


def test_a_fault_that_is_not_known_is_told() -> None:
    command = [sys.executable, "-m", "tests.proof", "--only", "F99"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (2, "No fault is called so.")
