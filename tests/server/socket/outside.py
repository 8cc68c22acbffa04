"""What can be seen of a server's process from outside, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.running import RunningServer

REFUSED = "socket refused"
"""How the log begins to tell of an offender."""


def only_refusing(server: RunningServer) -> Iterator[RunningServer]:
    """Run a server; in the end, all it complained about must be whom it refused."""
    with server:
        yield server
    assert [line for line in server.complaints() if REFUSED not in line] == []


def settles(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something comes to hold in time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def open_files(server: RunningServer) -> int:
    """How many files and connections it has open."""
    assert server.process is not None
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def memory_mib(server: RunningServer) -> float:
    """The memory that it holds now."""
    return _status_mib(server, "VmRSS:")


def most_memory_mib(server: RunningServer) -> float:
    """The most memory that it has held so far."""
    return _status_mib(server, "VmHWM:")


def _status_mib(server: RunningServer, name: str) -> float:
    """A line of what Linux says of its process."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split(name)[1].split()[0]) / 1024
