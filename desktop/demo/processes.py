"""The demo's child processes: the server on sample data, and one app a window. They meet by address only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

_START_WITHIN_S = 60.0
_END_WITHIN_S = 8.0


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody of the sample, as `hearth-server sample` prints them: with the keys to act for them.

    `groups`: title → conversation id.
    """

    username: str
    display_name: str
    user_id: int
    password: str
    token: str
    groups: dict[str, int]


class Child:
    """One child process with its output in a file. Ended politely, and after 8 s for good."""

    def __init__(self, arguments: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        """Start `python -m …arguments`."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules with our own arguments
                [sys.executable, "-m", *arguments],
                env={**clean_environment(), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def ask_to_end(self) -> None:
        """Ask it to end."""
        if self.runs:
            self._process.terminate()

    def end(self) -> None:
        """Have it ended when this returns."""
        self.ask_to_end()
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def clean_environment() -> dict[str, str]:
    """This environment without anybody's own Hearth settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}


def make_sample(data_dir: Path) -> list[Person]:
    """Fill a server's data directory. Raises DemoError, also where the server is not installed."""
    made = subprocess.run(  # noqa: S603 - our own module with our own arguments
        [sys.executable, "-m", "server", "sample", "--data-dir", str(data_dir)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        why = made.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise DemoError(f"The sample server cannot be made: {why[0]}\nThe demo needs the server too: make setup")
    return msgspec.json.decode(made.stdout.splitlines()[-1], type=list[Person])


def start_server(folder: Path, data_dir: Path) -> tuple[Child, str]:
    """The server on a free loopback port, once it answers, and its address. Raises DemoError."""
    port = _free_port()
    log = folder / "server.log"
    arguments = ["server", "serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(data_dir)]
    server = Child(arguments, log, {"HEARTH_NAME": "Harbour project"})
    until = time.monotonic() + _START_WITHIN_S
    while not _answers(port):
        if not server.runs or time.monotonic() > until:
            server.end()
            raise DemoError(f"The server did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        time.sleep(0.05)
    return server, f"http://127.0.0.1:{port}"


def _free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
