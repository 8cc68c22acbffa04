"""The machine under the measurement: which core does what, what a process tree has used, and how to describe it all."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CORES = tuple(sorted(os.sched_getaffinity(0)))
LOAD_CORE = CORES[0]
"""The load's own; with one core alone everything shares it, and the description says so."""
SERVER_CORE = CORES[-1]


@contextmanager
def on_cores(cores: Iterable[int]) -> Iterator[None]:
    """What is started in the block inherits these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def family(pid: int) -> list[int]:
    """A process and everything it has started that still runs."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            waiting += map(int, _text(children).split())
    return found


def cpu_s(pid: int) -> float:
    """Seconds on a core, of the process and its children, in user and kernel code, the ended ones included."""
    total = 0
    for one in family(pid):
        fields = _text(Path(f"/proc/{one}/stat")).rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) if fields else 0
    return total / _TICKS_PER_S


def memory_kib(pid: int) -> tuple[int, int]:
    """Resident and proportional memory of the process and its children."""
    sizes = {"Rss": 0, "Pss": 0}
    for one in family(pid):
        for line in _text(Path(f"/proc/{one}/smaps_rollup")).splitlines():
            name, _, rest = line.partition(":")
            if name in sizes:
                sizes[name] += int(rest.split()[0])
    return sizes["Rss"], sizes["Pss"]


def _text(path: Path) -> str:
    """A file of /proc; empty when its process has just ended."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""


@cache
def description(folder: Path) -> dict[str, str]:
    """What the figures depend on; `folder` is where the databases lie."""
    model = next(
        (line.partition(":")[2] for line in _text(Path("/proc/cpuinfo")).splitlines() if "model name" in line), ""
    )
    memory = int(_text(Path("/proc/meminfo")).split()[1]) / 1024 / 1024
    packages = ("flask-socketio", "python-socketio", "gevent", "websockets", "sqlalchemy")
    return {
        "cores": f"{len(CORES)} ({' '.join(model.split())})",
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "file system of the databases": _said(["stat", "--file-system", "--format=%T", str(folder)]),
        "Python": platform.python_version(),
        "SQLite": _said([_python(), "-c", "import sqlite3; print(sqlite3.sqlite_version)"]),
        "ours": ", ".join(f"{name} {version(name)}" for name in packages),
        "load": f"one process on core {LOAD_CORE}; servers on core {SERVER_CORE}; PostgreSQL on any",
    }


def _python() -> str:
    """The Python that runs this."""
    return f"/proc/{os.getpid()}/exe"


def _said(command: list[str]) -> str:
    """What a program prints."""
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
