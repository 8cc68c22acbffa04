"""A real server in a real process on a real port, for tests that stand outside of it.

    with RunningServer(tmp_path) as server:
        ada, token = server.create_user("ada")
        server.request("GET", "/api/me", token).json()

By default anybody may register and nothing is limited by rate; `env` changes settings (HEARTH_*). After `stop` or
`kill`, `start` brings it back on the same data and port. `complaints` are what it logged at WARNING or above.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

PASSWORD = "correct horse battery staple"
"""Everybody's password."""
ROOT = Path(__file__).resolve().parent.parent
Unique = Callable[[str], str]
"""Makes a user name of the test's own (the fixture `unique`)."""
_PATIENCE_S = 60.0
_LOUD = ("warning", "error", "critical")


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def server_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anybody's HEARTH_* settings, then the tests' defaults, then `env`."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("HEARTH_")}
    defaults = {"HEARTH_REGISTRATION": "open", "HEARTH_RATE_LIMITS": "off", "HEARTH_FREE_BYTES_MIN": "1"}
    return {**plain, **defaults, **(env or {})}


class RunningServer:
    """Owns one `hearth-server serve` process, its data directory and its log file."""

    module = "server"
    """What is run; the proof runs the same with fail points around it (tests/proof/server.py)."""

    def __init__(
        self,
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        arguments: list[str] | None = None,
        workers: int = 1,
    ) -> None:
        """Prepare to serve from `folder`/data; `arguments` are further ones of `serve`. Call `start`, or use `with`.

        Of several `workers`, which need PostgreSQL and Redis in `env`, the first listens on `port`, the others on the
        ports after it.
        """
        self.data_dir = folder / "data"
        self.port = free_port() if workers == 1 else _free_ports(workers)
        self.workers = workers
        self.scheme = "https" if "--tls-cert" in (arguments or []) else "http"
        self.process: subprocess.Popen[bytes] | None = None
        self._env = server_environment(env)
        self._arguments = (arguments or []) + (["--workers", str(workers)] if workers > 1 else [])
        self._log_path = folder / "server.log"
        self._http = requests.Session()
        self._http.trust_env = False

    @property
    def url(self) -> str:
        """Where it serves, without a trailing slash."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything it has written to standard error, over all starts."""
        return self._log_path.read_text(encoding="utf-8") if self._log_path.exists() else ""

    def complaints(self) -> list[str]:
        """The lines of the log at WARNING or above, and those that are no log lines (a traceback)."""
        return [line for line in self.log.splitlines() if line.strip() and _is_loud(line)]

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, if it still runs."""
        self.stop()

    def start(self) -> None:
        """Start, and return once it answers. Raises RuntimeError with its log when it does not."""
        serve = [sys.executable, "-m", self.module, "serve"]
        command = [*serve, "--port", str(self.port), "--data-dir", str(self.data_dir)]
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._arguments], cwd=ROOT, env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        until = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        """Whether somebody accepts connections at every port."""
        return all(_accepts(self.port + number) for number in range(self.workers))

    def worker_pid(self, number: int) -> int:
        """The process of a worker that was last started."""
        started = [json.loads(line) for line in self.log.splitlines() if "a worker starts" in line]
        pid: int = next(line["pid"] for line in reversed(started) if line["worker"] == number)
        return pid

    def stop(self) -> int | None:
        """End it as an operator would (SIGTERM); its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int | None:
        """End it as a power cut would (SIGKILL), with its workers."""
        if self.process is not None and self.workers > 1:
            self.process.send_signal(signal.SIGSTOP)
            for number in range(1, self.workers + 1):
                with suppress(ProcessLookupError, StopIteration):
                    os.kill(self.worker_pid(number), signal.SIGKILL)
        return self._end(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int | None:
        """Send the signal and wait; None when it does not run."""
        process, self.process = self.process, None
        if process is None:
            return None
        process.send_signal(number)
        try:
            return process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def request(
        self,
        method: str,
        path: str,
        token: str | None = None,
        **options: Any,
    ) -> requests.Response:
        """One request; `options` are those of the requests library (`json`, `data`, `files`, `params`, `headers`)."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **(options.pop("headers", None) or {})}
        return self._http.request(method, self.url + path, headers=headers, timeout=30, **options)

    def create_user(self, username: str, *, display_name: str = "") -> tuple[dict[str, Any], str]:
        """Register somebody (password `PASSWORD`): their `User`, and an access token."""
        tokens = self.register(username, display_name=display_name)
        user: dict[str, Any] = tokens["user"]
        return user, tokens["access_token"]

    def register(self, username: str, *, display_name: str = "") -> dict[str, Any]:
        """Register somebody: the whole answer, with both tokens."""
        body = {"username": username, "password": PASSWORD, "display_name": display_name or username.title()}
        return _of(self.request("POST", "/api/auth/register", json=body), 201)

    def login(self, username: str, password: str = PASSWORD, *, device_name: str = "") -> dict[str, Any]:
        """Log somebody in: the whole answer, with both tokens."""
        body = {"username": username, "password": password, "device_name": device_name}
        return _of(self.request("POST", "/api/auth/login", json=body), 200)

    def open_direct(self, token: str, one_id: int, other_id: int) -> dict[str, Any]:
        """The direct conversation of two people, of whom the token's owner is one."""
        body = {"participant1_id": one_id, "participant2_id": other_id}
        answer = self.request("POST", "/api/conversations", token, json=body)
        return _of(answer, answer.status_code if answer.ok else 201)

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run an operator's command on the same data, also while the server runs."""
        command = [sys.executable, "-m", "server", *arguments, "--data-dir", str(self.data_dir)]
        return subprocess.run(
            command, cwd=ROOT, env=self._env, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )


def _free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody listens on just now."""
    while True:
        first = free_port()
        if not any(_accepts(first + number) for number in range(count)):
            return first


def _accepts(port: int) -> bool:
    """Whether somebody accepts connections at a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _of(response: requests.Response, status: int) -> dict[str, Any]:
    """The body of a response with the status expected; AssertionError with the body otherwise."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    body: dict[str, Any] = response.json()
    return body


def _is_loud(line: str) -> bool:
    """Whether a line of the log is one that a test should fail on."""
    try:
        record = json.loads(line)
    except ValueError:
        return True
    return not isinstance(record, dict) or record.get("level") in _LOUD
