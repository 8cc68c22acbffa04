"""Programs with a window that are started, looked at and ended: ours, the floor, and the clients this machine has."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.desktop.display import Display

ROOT = Path(__file__).resolve().parents[2]
_END_WITHIN_S = 10.0
_GONE_S = 0.5


@dataclass(frozen=True)
class App:
    """A program by its name in the report, and how it is started; `home` is a folder that it may fill."""

    name: str
    command: Sequence[str]
    home: Path


@dataclass(frozen=True)
class Peer:
    """Another client: the names it may have on PATH, and arguments that keep it to itself, given its home."""

    name: str
    programs: tuple[str, ...]
    arguments: Callable[[Path], list[str]]


PEERS = (
    Peer("telegram-desktop", ("telegram-desktop", "Telegram"), lambda home: ["-workdir", str(home), "-many"]),
    Peer("gajim", ("gajim",), lambda home: ["--separate", "-c", str(home)]),
    Peer("dino", ("dino-im", "dino"), lambda _home: []),
    Peer("nheko", ("nheko",), lambda _home: []),
)


def peers(folder: Path, find: Callable[[str], str | None] = shutil.which) -> tuple[list[App], list[str]]:
    """The clients that are installed, each with a home in `folder`, and the names of those that are not."""
    found, absent = [], []
    for peer in PEERS:
        program = next((path for name in peer.programs if (path := find(name))), None)
        if program is None:
            absent.append(peer.name)
        else:
            home = folder / peer.name
            found.append(App(peer.name, [program, *peer.arguments(home)], home))
    return found, absent


def own(folder: Path, profile: Path, *arguments: str) -> App:
    """Hearth with a profile."""
    return App(
        "hearth", [sys.executable, "-m", "desktop", "--profile", str(profile), *arguments], folder / "hearth-home"
    )


def floor(folder: Path) -> App:
    """The bare window."""
    return App("floor", [sys.executable, "-m", "benchmarks.desktop.floor"], folder / "floor-home")


def environment(display: Mapping[str, str], home: Path) -> dict[str, str]:
    """Nobody's own settings, places or session bus: the same for all.

    Bytecode is kept from start to start, as wherever an app is installed, also where this shell forbids it.
    """
    own_settings = ("HEARTH_", "XDG_", "WAYLAND", "PYTHON")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(own_settings)}
    plain.pop("DBUS_SESSION_BUS_ADDRESS", None)
    runtime = home / "run"
    runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    bytecode = home.parent / "bytecode"
    return {
        **plain,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPYCACHEPREFIX": str(bytecode),
        **display,
    }


@contextmanager
def running(app: App, display: Display) -> Iterator[tuple[int, float]]:
    """The app with its window painted: its process, and the seconds from exec to the first picture."""
    env = environment(display.env, app.home)
    children: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        silent = subprocess.DEVNULL
        children.append(subprocess.Popen(app.command, cwd=ROOT, env=env, stdin=silent, stdout=silent, stderr=silent))

    try:
        took_s = display.painted_s(begin)
        yield children[0].pid, took_s
    finally:
        for child in children:
            end(child)
        # The next start finds the display as this one did.
        time.sleep(_GONE_S)


def end(child: subprocess.Popen[bytes]) -> None:
    """Have a process and what it has started ended."""
    family = machine.family(child.pid)
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        for pid in family:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
        child.wait()
