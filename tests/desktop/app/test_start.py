"""The app as a process: what it loads when, how it ends, and what it says where it cannot begin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import PASSWORD, RunningServer, free_port

NETWORK = ("socketio", "engineio", "aiohttp", "requests", "keyring", "urllib3")


def environment(**changes: str) -> dict[str, str]:
    """This environment for a window that nobody sees."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    return {**plain, "QT_QPA_PLATFORM": "offscreen", **changes}


def hearth(*arguments: str, said: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the app until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "desktop", *arguments],
        input=said,
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one person, ada."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        running.create_user("ada")
        yield running
    assert running.complaints() == []


def test_the_network_is_not_loaded_before_the_first_picture() -> None:
    code = f"import sys, desktop.app.start; print([name for name in {NETWORK!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_the_self_check_says_ok(server: RunningServer) -> None:
    run = hearth("--self-check", server.url, "--user", "ada", "--password-stdin", said=f"{PASSWORD}\n")
    assert (run.stdout, run.returncode, run.stderr) == ("ok\n", 0, "")


def test_the_self_check_says_what_is_wrong(server: RunningServer) -> None:
    run = hearth("--self-check", server.url, "--user", "ada", "--password-stdin", said="not the password\n")
    assert (run.returncode, run.stdout) == (1, "")
    assert "password is not right" in run.stderr
    nobody = f"http://127.0.0.1:{free_port()}"
    run = hearth("--self-check", nobody, "--user", "ada", "--password-stdin", said="x\n")
    assert run.returncode == 1
    assert "cannot be reached" in run.stderr


def test_a_self_check_needs_its_options() -> None:
    run = hearth("--self-check", "https://chat.example.org")
    assert run.returncode == 2
    assert "--password-stdin" in run.stderr


def test_without_a_display_it_says_so(tmp_path: Path) -> None:
    env = environment()
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        env.pop(name, None)
    run = hearth("--profile", str(tmp_path), env=env)
    assert run.returncode == 2
    assert "needs a display" in run.stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    run = hearth("--profile", str(tmp_path / "file" / "profile"))
    assert run.returncode == 1
    assert "--profile FOLDER" in run.stderr
    assert "Traceback" not in run.stderr


@contextmanager
def opened(profile: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The app with its first window open."""
    app = subprocess.Popen(
        [sys.executable, "-m", "desktop", "--profile", str(profile), *more],
        env=environment(PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring"),
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (profile / "log" / "hearth.log").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(2)
    try:
        yield app
    finally:
        app.kill()
        app.wait()
        assert app.stderr is not None
        app.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with opened(tmp_path / "profile") as app:
        app.send_signal(number)
        _, told = app.communicate(timeout=60)
    assert (app.returncode, told) == (0, "")


def test_a_second_start_hands_over_to_the_first(tmp_path: Path) -> None:
    with opened(tmp_path / "profile") as app:
        second = hearth("--profile", str(tmp_path / "profile"), "hearth://server/chat.example.org")
        assert (second.returncode, second.stderr) == (0, "")
        app.send_signal(signal.SIGSTOP)  # One that does not answer is told of, not joined.
        third = hearth("--profile", str(tmp_path / "profile"))
        assert (third.returncode, "open already" in third.stderr) == (1, True)
        app.kill()
        app.wait()
        with opened(tmp_path / "profile", "--minimised") as after_a_crash:
            assert after_a_crash.poll() is None
