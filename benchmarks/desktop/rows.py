"""The rows of the desktop's report: each starts what it needs and gives plain figures, by the program measured."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.desktop import apps, stock
from benchmarks.desktop.display import Display
from benchmarks.desktop.dose import Dose
from benchmarks.figures import Figures, percentile
from benchmarks.lines import Loop, open_lines
from benchmarks.rows.chat import Writer, enough
from tests.running import RunningServer

FRAME_S = 1 / 60
OURS = "hearth"
Table = dict[str, Figures]
"""Figures by the program they are of."""
_ANSWER_WITHIN_S = 300.0
_QUIET_S = 1.0


@dataclass
class Bench:
    """What the rows share: the display, the server, and the profiles, each made when it is first needed."""

    folder: Path
    display: Display
    dose: Dose
    told: list[str] = field(default_factory=list)
    """What a reader of the figures should know."""
    _server: RunningServer | None = None
    _house: stock.House | None = None
    _signed_in: Path | None = None
    _large: Path | None = None

    @property
    def house(self) -> stock.House:
        """The server with its conversations."""
        if self._house is None:
            self._server = RunningServer(self.folder / "server")
            self._server.start()
            self._house = stock.House(self._server, self.dose.conversations)
        return self._house

    @property
    def signed_in(self) -> Path:
        """A profile that the app has filled from the server in an earlier run."""
        if self._signed_in is None:
            profile = self.house.profile(self.folder / "signed-in")
            with self.hearth(profile):
                time.sleep(self.dose.settle_s)
            self._signed_in = profile
        return self._signed_in

    @property
    def large(self) -> Path:
        """A profile with a large cache."""
        if self._large is None:
            profile = self.folder / "large"
            took_s = stock.large_profile(profile, self.dose.conversations, self.dose.stored)
            self.told.append(f"the cache of {self.dose.stored:,} messages took {took_s:.0f} s to write")
            self._large = profile
        return self._large

    @contextmanager
    def hearth(self, profile: Path) -> Iterator[tuple[int, float]]:
        """The app as shipped, painted: its process and the seconds it took."""
        with apps.running(apps.own(self.folder, profile), self.display) as painted:
            yield painted

    def others(self) -> list[apps.App]:
        """The floor, and the clients that this machine has; those it has not are told as absent, once."""
        found, absent = apps.peers(self.folder / "peers")
        words = f"not installed here, so not measured: {', '.join(absent)}"
        if absent and words not in self.told:
            self.told.append(words)
        return [apps.floor(self.folder), *found]

    def probed(
        self, work: str, profile: Path, meanwhile: Callable[[int], None] = lambda _pid: None, **wish: object
    ) -> Any:  # noqa: ANN401 - what the probe says
        """What the watcher inside the app has found; `meanwhile` is called with its process when it says "ready"."""
        wishes = json.dumps({**asdict(self.dose), **wish})
        command = [sys.executable, "-m", "benchmarks.desktop.probe", work, wishes, "--profile", str(profile)]
        env = apps.environment(self.display.env, self.folder / "hearth-home")
        errors = self.folder / f"{work}.errors"
        with (
            errors.open("wb") as log,
            subprocess.Popen(
                command, cwd=apps.ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            ) as child,
        ):
            assert child.stdout is not None
            found = None
            for line in child.stdout:
                found = json.loads(line)
                if "ready" in found:
                    meanwhile(found["ready"])
            child.wait(_ANSWER_WITHIN_S)
        if found is None or "ready" in found:
            raise RuntimeError(f"{work} gave no figures:\n{errors.read_text(encoding='utf-8')[-2000:]}")
        return found

    def close(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.stop()


def begin(bench: Bench) -> Table:
    """Exec to the first painted window, and PSS once it has settled; they take turns; the first start is left out."""
    programs = [apps.own(bench.folder, bench.signed_in), *bench.others()]
    starts: dict[str, list[float]] = {app.name: [] for app in programs}
    used: dict[str, list[float]] = {app.name: [] for app in programs}
    memory: dict[str, list[float]] = {app.name: [] for app in programs}
    for number in range(bench.dose.starts + 1):
        for app in programs:
            with apps.running(app, bench.display) as (pid, took_s):
                if number:
                    starts[app.name].append(took_s)
                    used[app.name].append(machine.cpu_s(pid))
                if number == bench.dose.starts:
                    time.sleep(bench.dose.settle_s)
                    memory[app.name].append(machine.memory_kib(pid)[1] / 1024)
    return {
        name: {
            "warm_s": median(starts[name]),
            "fastest_s": min(starts[name]),
            "cpu_to_picture_s": median(used[name]),
            "pss_mib": median(memory[name]),
        }
        for name in starts
    }


def modules(bench: Bench) -> Table:
    """What is imported before the first picture, and how long the window did not answer after it."""
    found = [bench.probed("starting", bench.signed_in) for _ in range(max(2, bench.dose.starts // 2))]
    forbidden = {name for one in found for name in one["forbidden"]}
    if forbidden:
        bench.told.append(f"imported before the first picture: {', '.join(sorted(forbidden))}")
    return {
        OURS: {
            "modules_before_picture": median(one["modules"] for one in found),
            "forbidden_modules": len(forbidden),
            "longest_freeze_ms": median(one["freeze_s"] for one in found) * 1000,
        }
    }


def reading(bench: Bench) -> Table:
    """Opening, scrolling, writing and searching in a large cache."""
    found = bench.probed("reading", bench.large, common=stock.COMMON, rare=stock.RARE)
    figures = {"first_open_ms": found["first_open_s"] * 1000}
    for name in ("open", "open_again", "frame", "key", "common", "rare"):
        figures |= halves_ms(name, found[f"{name}_s"])
    figures |= {"common_hits": found["common_hits"], "rare_hits": found["rare_hits"]}
    return {OURS: figures}


def append(bench: Bench) -> Table:
    """So many messages a second into the open conversation: frames that were late, and the app's CPU."""
    dose, house = bench.dose, bench.house
    conversation_id = house.conversation_ids[-1]
    used: list[float] = []

    def write(pid: int) -> None:
        before = machine.cpu_s(pid)
        with Loop() as loop:
            (line,) = open_lines(loop, house.server.port, [house.writer])
            writer = Writer(line, conversation_id)
            writer.on_ack = enough
            _by_the_clock(loop, writer, dose.append_per_s, dose.append_s - _QUIET_S)
        used.append((machine.cpu_s(pid) - before) / (dose.append_s - _QUIET_S))

    found = bench.probed("following", bench.signed_in, write, conversation_id=conversation_id)
    gaps = found["gap_s"]
    return {
        OURS: {
            "messages_shown": found["rows"],
            "pictures_per_s": found["paints"] / dose.append_s,
            "late_frames": late(gaps),
            "late_share": late(gaps) * FRAME_S / dose.append_s,
            "longest_gap_ms": max(gaps) * 1000,
            "cpu_percent": 100 * used[0],
        }
    }


def _by_the_clock(loop: Loop, writer: Writer, per_s: int, seconds: float) -> None:
    """Send at a steady rate, whatever the app does."""
    begun = time.perf_counter()
    for number in range(int(per_s * seconds)):
        while (left := begun + number / per_s - time.perf_counter()) > 0:
            loop.turn(left)
        writer.make()
        writer.flush()
    loop.run(lambda: not writer.under_way)


def idle(bench: Bench) -> Table:
    """CPU of an app that is connected and left alone, and of the floor."""
    figures: Table = {}
    for app in (apps.own(bench.folder, bench.signed_in), apps.floor(bench.folder)):
        with apps.running(app, bench.display) as (pid, _):
            time.sleep(bench.dose.settle_s)
            before = machine.cpu_s(pid)
            time.sleep(bench.dose.idle_s)
            figures[app.name] = {"idle_percent": 100 * (machine.cpu_s(pid) - before) / bench.dose.idle_s}
    return figures


def halves_ms(name: str, values_s: list[float]) -> Figures:
    """p50 and p99 of times in milliseconds. Raises AssertionError where nothing was timed."""
    assert values_s, f"nothing was timed for {name}"
    return {f"{name}_p{share}_ms": percentile(values_s, share / 100) * 1000 for share in (50, 99)}


def late(gaps_s: list[float]) -> int:
    """How many frames of 1/60 s were missed: as many as fit into each gap between two turns of the loop."""
    return sum(int(gap / FRAME_S) for gap in gaps_s)


ROWS: dict[str, Callable[[Bench], Table]] = {
    "start": begin,
    "modules": modules,
    "reading": reading,
    "append": append,
    "idle": idle,
}
"""In the order of the report; `--only` names them."""
