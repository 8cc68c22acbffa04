"""Several workers of one server: started on neighbouring ports, started again when one dies, ended together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import gevent
from gevent.event import Event

from server.config import Config

BACK_OFF_FIRST_S = 0.5
BACK_OFF_MOST_S = 30.0
_LIVED_S = 60.0
"""A worker that lived so long is started again as if it had never died."""
_START_S = 30.0
_END_S = 25.0
"""How long the workers may take to end; a little less than what systemd gives us (resources/hearth-server.service)."""
_CANNOT_SERVE = (1, 2)
"""The statuses of a `serve` that was refused."""

_log = logging.getLogger(__name__)


class WorkerRefused(Exception):  # noqa: N818 - read by the operator as a sentence
    """A worker cannot serve with these settings; it has said why."""


class Supervisor:
    """Owns the worker processes.

    started ──► serving ── dies ──► waiting (0.5 s, 1 s … 30 s) ──► started again
       └ refused at once: all end     └────────── SIGTERM, SIGINT ──────────► all are told, all end
    """

    def __init__(self, config: Config, arguments: Sequence[str]) -> None:
        """`arguments` are those of this process's own `serve`; a worker gets them with a port of its own."""
        self._config = config
        self._arguments = list(arguments)
        self._stopping = Event()
        self._refused: int | None = None
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises WorkerRefused where a worker does not come up."""
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self._stopping.set)
        keeping = [gevent.spawn(self._keep, number) for number in range(1, self._config.workers + 1)]
        self._stopping.wait()
        _log.info("stopping")
        self._end()
        gevent.joinall(keeping, timeout=1)
        _log.info("stopped")
        if self._refused is not None:
            raise WorkerRefused(f"Worker {self._refused} could not start; what it said stands above. Correct that.")

    def _keep(self, number: int) -> None:
        """Keep one worker running."""
        wait_s = BACK_OFF_FIRST_S
        is_first = True
        while not self._stopping.is_set():
            began = time.monotonic()
            self._processes[number] = process = self._start(number)
            status = process.wait()
            lived_s = time.monotonic() - began
            if self._stopping.is_set():
                return
            if is_first and status in _CANNOT_SERVE and lived_s < _START_S:
                self._refused = number
                self._stopping.set()
                return
            is_first = False
            wait_s = BACK_OFF_FIRST_S if lived_s >= _LIVED_S else wait_s
            facts = {"worker": number, "status": status, "again_in_s": wait_s}
            _log.error("a worker has ended; it is started again", extra=facts)
            self._stopping.wait(wait_s)
            wait_s = min(wait_s * 2, BACK_OFF_MOST_S)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        """Start one worker. Its standard input is ours: when it closes, we are gone, and the worker ends."""
        port = str(self._config.port + number - 1)
        command = [sys.executable, "-m", _program(), *self._arguments, "--port", port, "--supervised"]
        environment = {**os.environ, "HEARTH_WORKER": str(number)}
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)  # noqa: S603 - our own program
        _log.info("a worker starts", extra={"worker": number, "port": int(port), "pid": process.pid})
        return process

    def _end(self) -> None:
        """Have every worker finish what it does; one that does not come to its end is killed."""
        for process in self._processes.values():
            process.terminate()
        until = time.monotonic() + _END_S
        for number, process in self._processes.items():
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.exception("a worker did not end in time", extra={"worker": number})
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def _program() -> str:
    """The module that this process runs, for the workers to run it too."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return "server" if spec is None else spec.name.removesuffix(".__main__")
