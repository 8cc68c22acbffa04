"""Starts the measured servers as child processes on loopback, with people who talk in pairs."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.load import Pair, Person

START_S = 30


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_up(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers; False when it ended, or did not answer within 30 seconds."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{address}/healthz", timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return True
    return False


@contextmanager
def running(command: Callable[[int], list[str]], environment: dict[str, str], log: Path) -> Iterator[str]:
    """Run a server given as a command for a port; gives its address and ends it afterwards.

    Raises:
        RuntimeError: it did not come up; its log is in the message.
    """
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(command(port), env=os.environ | environment, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}"
    try:
        if not is_up(address, process):
            raise RuntimeError(f"the server at {address} did not come up:\n{log.read_text(encoding='utf-8')}")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=START_S)


@contextmanager
def reference(folder: Path, count: int) -> Iterator[tuple[str, list[Pair]]]:
    """The reference server with `count` pairs."""

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "benchmarks.reference", str(port), str(folder), str(count)]

    with running(command, {}, folder / "server.log") as address:
        yield address, [Pair(n, Person(2 * n - 1, 2 * n - 1), Person(2 * n, 2 * n)) for n in range(1, count + 1)]


@contextmanager
def hearth(folder: Path, count: int) -> Iterator[tuple[str, list[Pair]]]:
    """Our server on SQLite with `count` pairs who registered like anybody."""
    environment = {"HEARTH_REGISTRATION": "open", "HEARTH_RATE_LIMITS": "off"}

    def command(port: int) -> list[str]:
        served = [sys.executable, "-m", "server", "serve", "--host", "127.0.0.1"]
        return [*served, "--port", str(port), "--data-dir", str(folder / "data")]

    with running(command, environment, folder / "server.log") as address:
        yield address, [registered_pair(address, number) for number in range(count)]


def registered_pair(address: str, number: int) -> Pair:
    """Register two people and open their conversation."""
    with requests.Session() as http:
        writer, reader = (registered(http, address, f"{role}-{number}") for role in ("writer", "reader"))
        answer = http.post(
            f"{address}/api/conversations",
            json={"participant1_id": writer.user_id, "participant2_id": reader.user_id},
            headers={"Authorization": f"Bearer {writer.token}"},
            timeout=START_S,
        )
        answer.raise_for_status()
        return Pair(answer.json()["conversation_id"], writer, reader)


def registered(http: requests.Session, address: str, username: str) -> Person:
    """Register one person under a password nobody knows."""
    body = {"username": username, "password": secrets.token_urlsafe(16), "display_name": username}
    answer = http.post(f"{address}/api/auth/register", json=body, timeout=START_S)
    answer.raise_for_status()
    registration = answer.json()
    return Person(registration["user"]["user_id"], registration["access_token"])
