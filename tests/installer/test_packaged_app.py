"""The packaged desktop app: built once, started on an X display, and logged in to a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyInstaller.archive.readers import CArchiveReader

from tests.running import PASSWORD, ROOT, RunningServer

# Building takes a minute where nothing else runs.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make installer` makes, built here from the same description."""
    place = tmp_path_factory.mktemp("installer")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    places = ["--distpath", str(place / "dist"), "--workpath", str(place / "build")]
    run = subprocess.run(
        [*command, *places, str(ROOT / "build_installer.spec")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return place / "dist" / "hearth"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """The name of a virtual X display."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        yield f":{number}"
        process.terminate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of its own with one account."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        running.create_user("ada")
        yield running


def self_check(
    packaged: Path, display: str, server: RunningServer, password: str, home: Path
) -> subprocess.CompletedProcess[str]:
    """Start the app as a person's session would: nothing of this Python, a display, a home of its own."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "DISPLAY": display, "LANG": "C.UTF-8"}
    return subprocess.run(
        [packaged / "hearth", "--self-check", server.url, "--user", "ada", "--password-stdin"],
        input=f"{password}\n",
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_packaged_app_logs_in_to_a_real_server(
    packaged: Path, display: str, server: RunningServer, tmp_path: Path
) -> None:
    run = self_check(packaged, display, server, PASSWORD, tmp_path)
    assert (run.returncode, run.stdout.splitlines()[-1:], run.stderr) == (0, ["ok"], "")


def test_the_packaged_app_tells_why_a_log_in_is_refused(
    packaged: Path, display: str, server: RunningServer, tmp_path: Path
) -> None:
    run = self_check(packaged, display, server, "not the password", tmp_path)
    assert run.returncode == 1
    assert run.stderr.startswith("not ok: ")


def test_nothing_of_the_server_is_packaged(packaged: Path) -> None:
    modules = set(CArchiveReader(str(packaged / "hearth")).open_embedded_archive("PYZ.pyz").toc)
    roots = {name.split(".")[0] for name in modules}
    assert {"desktop", "protocol", "socketio"} <= roots
    assert roots & {"server", "sqlalchemy", "flask", "flask_socketio", "gevent", "alembic", "PIL", "pytest"} == set()
    assert {name for name in modules if name.startswith("desktop.demo")} == set()


def test_qt_is_stripped_to_what_a_window_loads(packaged: Path) -> None:
    files = {path.relative_to(packaged).as_posix() for path in packaged.rglob("*") if path.is_file()}
    assert [name for name in files if "Qml" in name or "Quick" in name or "translations" in name] == []
    platforms = {Path(name).name for name in files if "/plugins/platforms/" in name}
    assert platforms == {"libqxcb.so", "libqwayland.so", "libqoffscreen.so"}
    assert any(name.endswith("libqsvgicon.so") for name in files), "the interface's icons are drawings"


def test_the_packaged_app_does_not_tell_where_it_was_built(packaged: Path) -> None:
    addresses = list(packaged.rglob("direct_url.json"))
    assert addresses == []
    told = [path for path in packaged.rglob("*") if path.is_file() and os.fsencode(ROOT) in path.read_bytes()]
    assert told == []
