"""Two workers behind nginx, and people with sockets in the worker of a test's choice."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import requests

from server.config import load_config
from server.config.nginx import Site, nginx_conf
from tests.private_services import PrivateNginx, PrivatePostgres, PrivateRedis
from tests.running import PASSWORD, RunningServer
from tests.server.socket.lines import Line

SOCKETS_PER_USER = 6
EXPECTED = (
    "the bus is away",
    "a worker has ended",
)
"""What the workers complain of when Redis or one of them is killed."""


@dataclass(frozen=True)
class Door:
    """Somewhere to connect to: a worker's own port, or nginx'."""

    port: int
    scheme: str = "http"

    def line(self, token: str | None) -> Line:
        """A socket, logged in where there is a token."""
        return Line(cast("RunningServer", self), token)


def worker_of(line: Line) -> str:
    """The worker that a socket is in, by its session's id."""
    sid: str = json.loads(line.packets[0][1:])["sid"]
    return sid.partition("-")[0]


class Cluster:
    """Owns the four kinds of processes. `doors` are the workers' own, by number; `front` is nginx'."""

    def __init__(self, folder: Path, *, env: Mapping[str, str]) -> None:
        self.postgres = PrivatePostgres(folder)
        self.redis = PrivateRedis(folder)
        self._folder = folder
        self._env = env
        self._marks = iter(range(1, 256))
        self._running = ExitStack()
        self.http = self._running.enter_context(requests.Session())
        self.http.trust_env = False

    def __enter__(self) -> Self:
        self._running.enter_context(self.postgres)
        self._running.enter_context(self.redis)
        env = {
            "HEARTH_DATABASE_URL": self.postgres.new_database(),
            "HEARTH_REDIS_URL": self.redis.url,
            "HEARTH_TRUSTED_PROXIES": "1",
            "HEARTH_RESTART_SPREAD_MS": "500",
            "HEARTH_LIMITS_SOCKETS_PER_USER": str(SOCKETS_PER_USER),
            **self._env,
        }
        self.server = self._running.enter_context(RunningServer(self._folder, env=env, workers=2))
        self.nginx = self._running.enter_context(PrivateNginx(self._folder, self._nginx_conf))
        self.doors = {number: Door(self.server.port + number - 1) for number in (1, 2)}
        self.front = Door(self.nginx.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def _nginx_conf(self, folder: Path, port: int) -> str:
        """The shipped configuration in a bare nginx that writes only where the test may."""
        overrides = {"data_dir": self.server.data_dir, "port": self.server.port, "workers": 2}
        shipped = nginx_conf(load_config({}, overrides=overrides), Site(name="_", listen=f"127.0.0.1:{port}"))
        shipped = shipped.replace("/var/log/nginx/hearth.log", str(folder / "access.log"))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        return f"pid {folder}/pid;\nevents {{}}\nhttp {{\n{places}\n{shipped}\n}}\n"

    def complaints(self) -> list[str]:
        """What the workers logged at WARNING or above that no test provoked."""
        return [line for line in self.server.complaints() if not any(text in line for text in EXPECTED)]

    def request(self, number: int, method: str, path: str, token: str | None = None, **options: Any) -> Any:
        """A REST call to one worker; its response."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"http://127.0.0.1:{self.doors[number].port}{path}"
        return self.http.request(method, url, headers=headers, timeout=30, **options)

    def answers(self, number: int) -> bool:
        """Whether a worker answers."""
        try:
            return bool(self.request(number, "GET", "/healthz").ok)
        except requests.ConnectionError:
            return False

    def measure(self, number: int, name: str) -> float:
        """A number of a worker's /metrics."""
        text: str = self.request(number, "GET", "/metrics").text
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        assert found, text
        return float(found[1])

    def pair(self) -> Two:
        """Two people who share a conversation."""
        mark = next(self._marks)
        ada, ben = self._register(f"ada-{mark}"), self._register(f"ben-{mark}")
        ids = ada["user"]["user_id"], ben["user"]["user_id"]
        conversation_id = self.server.open_direct(ada["access_token"], *ids)["conversation_id"]
        return Two(*ids, f"ada-{mark}", f"ben-{mark}", ada["access_token"], ben["access_token"], conversation_id)

    def _register(self, name: str) -> dict[str, Any]:
        """Open an account from a network of its own, for few may be opened from one."""
        headers = {"X-Forwarded-For": f"10.{next(self._marks)}.1.1"}
        body = {"username": name, "password": PASSWORD, "display_name": name}
        answer = self.server.request("POST", "/api/auth/register", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


@dataclass(frozen=True)
class Two:
    """Ada and Ben with their names and tokens, and their conversation."""

    ada_id: int
    ben_id: int
    ada_name: str
    ben_name: str
    ada_token: str
    ben_token: str
    conversation_id: int


def say(line: Line, two: Two, text: str, **more: Any) -> dict[str, Any]:
    """Send a message; its acknowledgement."""
    return line.call("send_message", {"conversation_id": two.conversation_id, "content": text, **more})


def settles(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something comes to hold in time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
