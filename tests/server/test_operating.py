"""docs/operating.md tells every command and setting, and none that is not there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from protocol.limits import Limits
from server.config import Config
from tests.running import free_port, server_environment
from tests.server.certificates import make_certificate

_ROOT = Path(__file__).parents[2]
_DOCUMENT = (_ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
_README = (_ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_told_with_its_default() -> None:
    told = set(re.findall(r"`(\w+)`", _DOCUMENT.partition("## Settings")[2].partition("## The data")[0]))
    assert set(Config.__struct_fields__) - {"data_dir", "limits"} <= told
    for name in Limits.__struct_fields__:
        assert re.search(rf"`{name}`\s+{getattr(Limits(), name)}\b", _DOCUMENT), name


def test_the_service_file_starts_what_there_is() -> None:
    unit = (_ROOT / "resources" / "hearth-server.service").read_text(encoding="utf-8")
    assert re.search(r"^ExecStart=.*/hearth-server serve --data-dir /var/lib/hearth$", unit, re.MULTILINE)


def test_an_installed_server_has_its_pages_and_templates() -> None:
    """What is no Python comes along only where the package says so."""
    taken = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    there = {path for path in (_ROOT / "server").rglob("*.*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert {path.name for path in there} >= {"docs.html", "docs.css", "script.py.mako"}
    assert there == {path for pattern in taken["server"] for path in (_ROOT / "server").glob(pattern)}


def _commands(text: str) -> list[list[str]]:
    """The arguments of every hearth-server command that stands on a line of its own."""
    lines = re.findall(r"^hearth-server (.*)$", text, re.MULTILINE)
    return [shlex.split(line.replace("/var/lib/hearth", "here"), comments=True) for line in lines]


@pytest.mark.parametrize("text", [_README, _DOCUMENT], ids=["README", "operating"])
def test_the_commands_that_are_told_work_as_they_stand(text: str, tmp_path: Path) -> None:
    """In an empty folder with a certificate, in the order they are told; only the address is the tests' own."""
    cert, _ = make_certificate(tmp_path)
    told = _commands(text)
    assert {arguments[0] for arguments in told} >= {"create-admin", "invite", "serve"}
    environment = {**server_environment({"HEARTH_REGISTRATION": "invite"}), "PYTHONPATH": str(_ROOT)}
    with ExitStack() as running:
        for arguments in told:
            command = [sys.executable, "-m", "server", *arguments]
            if arguments[0] == "serve":
                running.enter_context(_serving(command, cert, environment))
            else:
                done = subprocess.run(
                    command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr
                assert done.stdout


@contextmanager
def _serving(command: list[str], cert: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """`serve` as it is told, on loopback; it must answer over TLS, and end when it is told to."""
    port = str(free_port())
    own = [*command, "--host", "127.0.0.1", "--port", port]
    process = subprocess.Popen(own, cwd=cert.parent, env=environment, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not _answers(f"https://127.0.0.1:{port}/readyz", cert):
            assert process.poll() is None, "serve has ended"
            assert time.monotonic() < until, "serve does not answer"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
    assert process.wait(timeout=60) == 0


def _answers(url: str, cert: Path) -> bool:
    """Whether a server answers there that it is ready."""
    try:
        return requests.get(url, verify=str(cert), timeout=10).ok
    except requests.ConnectionError:
        return False
