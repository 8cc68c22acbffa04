"""What is read from the kernel about processes and the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks import machine

WORK = "sum(range(5_000_000))"
BUSY = f"""
import os, subprocess, sys
subprocess.run([sys.executable, '-c', '{WORK}'], check=True)
used = os.times()
print(used.children_user + used.children_system, flush=True)
input()
"""


def test_the_work_of_ended_children_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        of_children = float(process.stdout.readline())
        assert machine.cpu_s(process.pid) >= of_children > 0
        process.communicate(b"\n")


def test_a_family_is_a_process_and_its_children() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert {os.getpid(), process.pid} <= set(machine.family(os.getpid()))
        process.communicate(b"\n")
    assert process.pid not in machine.family(os.getpid())


def test_memory_is_of_pages_that_are_there() -> None:
    before, _ = machine.memory_kib(os.getpid())
    held = b"x" * (64 * 1024 * 1024)
    rss, pss = machine.memory_kib(os.getpid())
    assert rss - before > len(held) / 1024 * 0.8
    assert 0 < pss <= rss


def test_what_is_started_inherits_the_core() -> None:
    before = os.sched_getaffinity(0)
    ask = [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]
    with machine.on_cores({machine.SERVER_CORE}):
        said = subprocess.run(ask, capture_output=True, check=True, text=True).stdout
    assert said.split() == [str(machine.SERVER_CORE)]
    assert os.sched_getaffinity(0) == before


def test_the_description_says_what_figures_depend_on(tmp_path: Path) -> None:
    facts = machine.description(tmp_path)
    assert all(facts.values())
    assert {"cores", "memory", "kernel", "Python", "SQLite", "ours"} <= set(facts)
