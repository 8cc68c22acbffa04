"""Servers that start quickly: a process that has loaded everything of the server, and forks one when it is asked.

A proof starts its server dozens of times, and each time a second would go into loading the same modules. What is
forked has run nothing of the server yet; from there on it is the launcher of tests/proof/server.py in its own process.
Run as a program (`python -m tests.proof.nest`) it reads orders from standard input, one a line, and answers with pids.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

_DIE_WITH_PARENT = 1
"""Linux's PR_SET_PDEATHSIG (prctl(2))."""
ROOT = Path(__file__).resolve().parents[2]


class Order(Struct, kw_only=True, frozen=True):
    """What a server is started with; its output is appended to `log`."""

    arguments: list[str]
    environment: dict[str, str]
    log: str


class Hatched:
    """A server that was forked, as `subprocess.Popen` would show it. Its end is seen through a pidfd."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._end: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._end = None

    def poll(self) -> int | None:
        """None while it runs; some number afterwards, for only its parent learns the status."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"server {self.pid}", timeout or 0)
        return status

    def _ended(self, timeout_s: float | None) -> int | None:
        """0 once it has ended, None if it has not within the time."""
        if self._end is not None:
            ended, _, _ = select.select([self._end], [], [], timeout_s)
            if not ended:
                return None
            os.close(self._end)
            self._end = None
        return 0

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._end is not None:
            signal.pidfd_send_signal(self._end, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Nest:
    """Owns the process that forks. Orders may come from several threads."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def hatch(self, order: Order) -> Hatched:
        """Start a server."""
        with self._lock:
            if self._process is None:
                command = [sys.executable, "-m", "tests.proof.nest"]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
            asking, answering = self._process.stdin, self._process.stdout
            assert asking is not None
            assert answering is not None
            asking.write(msgspec.json.encode(order) + b"\n")
            asking.flush()
            return Hatched(int(answering.readline()))

    def close(self) -> None:
        """Let the process end."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate()


def main() -> None:
    """Load everything, then fork at every order until there are no more."""
    # Here and in this order, so that gevent takes over only this process, and before anything of the server is loaded.
    launcher = importlib.import_module("tests.proof.server")
    for module in ("server.app", "server.cli"):
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=Order)
        pid = launcher.plain_fork()
        if pid == 0:
            _become(order, launcher.main)
        print(pid, flush=True)  # noqa: T201 - the answer


def _become(order: Order, serve: Callable[[], int]) -> None:
    """In the fork: be the server that was ordered, and nothing else."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A proof that is itself killed leaves no server behind: its nest ends, and with it what it has forked.
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for file, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = ["hearth-server", *order.arguments]
    status = 1
    try:
        status = serve()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
