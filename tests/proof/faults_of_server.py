"""Faults of the server's process: killed at random and at named points, its clock moved, and a herd that comes back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from desktop.core.bubble import Line
from desktop.core.pace import Pace
from tests.proof.device import until
from tests.proof.outcome import Outcome
from tests.proof.stage import CLOCK, ProofServer, Stage, chance

Dose = dict[str, int]

POINTS_OF_A_SEND = ("before_commit", "after_commit", "after_ack", "before_publish")
_HOUR_S, _DAY_S = 3600.0, 86_400.0


async def killed_at_random(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F1: kill -9 of the server at random moments under traffic."""
    stage = Stage(folder, chance(seed), people=dose["people"])
    stage.open()
    await stage.bring(dose["devices"])
    texts, kills = dose["messages"], dose["kills"]

    async def trouble() -> None:
        for number in range(kills):
            due = (number + stage.rng.random()) * texts / kills
            await until(_reached(stage, due), 120)
            await asyncio.sleep(stage.rng.random() * 0.05)
            await stage.restart()

    await stage.under(texts, trouble)
    await _latecomer(stage)
    outcome = await stage.judge(Outcome("F1", "server killed at random", dose=dose))
    await _send_again(stage, outcome, most=100)
    outcome.expect("the database is whole", holds=_is_whole(stage.server.data_dir))
    await stage.close()
    return outcome


async def _send_again(stage: Stage, outcome: Outcome, *, most: int) -> None:
    """Prove that a repeated send is answered as before; desktops themselves often learn it from `sync` first."""
    again, strange = await asyncio.to_thread(stage.send_again, most)
    outcome.repeated += again
    outcome.breaches += strange
    outcome.expect("repeated sends were answered as before", holds=again > 0)


def _reached(stage: Stage, due: float) -> Callable[[], bool]:
    """Whether so many texts are confirmed."""
    return lambda: stage.confirmed() >= due


async def _latecomer(stage: Stage) -> None:
    """A device that begins with nothing has to end like all others."""
    await stage.new_device("latecomer", stage.people[0]).start()


def _is_whole(data_dir: Path) -> bool:
    """Whether SQLite finds its file without fault."""
    with closing(sqlite3.connect(data_dir / "hearth.db")) as connection:
        return [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]


async def killed_at_points(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F1b: killed where a send is written, committed, answered and told; in each place `kills` times."""
    stage = Stage(folder, chance(seed), people=2)
    stage.open()
    await stage.bring(dose["devices"])
    points = [point for point in POINTS_OF_A_SEND for _ in range(dose["kills"])]
    stage.rng.shuffle(points)
    died: list[str] = []

    async def trouble() -> None:
        for point in points:
            stage.proof_server.arm(point, stage.rng.randint(1, 4))
            await stage.restart()
            if await until(lambda: not stage.proof_server.is_running, 20):
                died.append(point)
            stage.proof_server.disarm()
        await stage.restart()
        over.set()

    over = asyncio.Event()
    await asyncio.gather(trouble(), *(stage.write_until(device, over) for device in stage.devices))
    outcome = await stage.judge(Outcome("F1b", "server killed at named points", dose=dose))
    outcome.expect(f"it died {len(points)} times where it should", holds=len(died) == len(points))
    await _send_again(stage, outcome, most=500)
    outcome.notes["died"] = len(died)
    await stage.close()
    return outcome


async def killed_at_files(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F1b: killed between a file's place among the blobs and the row that names it."""
    stage = Stage(folder, chance(seed), people=2)
    stage.open()
    await stage.bring(1)
    outcome = Outcome("F1b", "server killed with a file half stored", dose=dose)
    device = stage.devices[0]
    (conversation_id,) = stage.conversations
    for number in range(dose["kills"]):
        stage.proof_server.arm("after_rename", 1)
        await stage.restart()
        file = folder / f"file {number}.bin"
        file.write_bytes(stage.rng.randbytes(20_000))
        await device.say_file(conversation_id, file, f"file {number}")
        died = await until(lambda: not stage.proof_server.is_running, 30)
        outcome.expect(f"it died with file {number}", holds=died)
        stage.proof_server.disarm()
        await stage.restart()
        await stage.settle()
    await stage.judge(outcome)
    await stage.close()
    return outcome


async def killed_in_migration(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F1b: killed while it makes its tables; the next start finishes them."""
    rng = chance(seed)
    outcome = Outcome("F1b", "server killed in a migration", dose=dose)
    server = ProofServer(folder / "server")
    died = 0
    for _ in range(dose["kills"]):
        server.arm("mid_migration", rng.randint(1, 6))
        try:
            await asyncio.to_thread(server.start)
        except RuntimeError:
            died += 1
        await asyncio.to_thread(server.kill)
    server.disarm()
    stage = Stage(folder / "then", rng, people=2, server=server)
    stage.open()
    await stage.bring(1)
    await stage.under(10, _nothing)
    await stage.judge(outcome, complaints=["."])
    outcome.expect("it died in each migration", holds=died == dose["kills"])
    outcome.expect("the database is whole", holds=_is_whole(server.data_dir))
    await stage.close()
    return outcome


async def _nothing() -> None:
    """No trouble."""


async def clock_moved(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F11: the server's wall clock jumps by hours and days, and so do the desktops'."""
    clock = folder / "clock"
    stage = Stage(folder, chance(seed), people=3, env={CLOCK: str(clock)})
    clock.write_text("0", encoding="ascii")
    stage.open()
    await stage.bring(dose["devices"])

    async def trouble() -> None:
        for _ in range(dose["jumps"]):
            stage.proof_server.move_clock(stage.rng.choice([_HOUR_S, -_HOUR_S, _DAY_S, -_DAY_S, 0.0]))
            for device in stage.devices:
                device.ahead_ms = int(1000 * stage.rng.choice([0.0, _DAY_S, -_DAY_S]))
            await asyncio.sleep(0.3 + stage.rng.random())
        stage.proof_server.move_clock(0.0)

    await stage.under(dose["messages"], trouble, pause_s=0.2)
    outcome = await stage.judge(Outcome("F11", "clocks jump", dose=dose))
    await stage.close()
    return outcome


async def revoked(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F17: sessions are ended from another device while everybody writes; they hear nothing more."""
    stage = Stage(folder, chance(seed), people=2)
    stage.open()
    await stage.bring(dose["devices"])
    owner = stage.people[0]
    director = stage.devices[0].session.api
    listeners = [stage.new_device(f"listener-{number}", owner) for number in range(dose["revoked"])]
    for listener in listeners:
        await listener.start()
        await until(listener.session.is_connected, 30)

    async def trouble() -> None:
        for listener in listeners:
            await asyncio.sleep(0.2)
            own = next(one for one in await listener.session.api.devices() if one.current)
            await director.end_device(own.device_id)
            listener.cut_off()
        await asyncio.sleep(3)
        over.set()

    over = asyncio.Event()
    writers = [device for device in stage.devices if device not in listeners]
    await asyncio.gather(trouble(), *(stage.write_until(device, over) for device in writers))
    outcome = Outcome("F17", "sessions revoked under traffic", dose=dose)
    told = [one.session.connection.value.line is Line.SIGNED_OUT for one in listeners]
    outcome.expect("each knows that it is signed out", holds=all(told))
    for listener in listeners:
        await listener.stop()
    await stage.judge(outcome)
    await stage.close()
    return outcome


async def herd(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F12: everybody comes back at once after a kill, at the pace of the shipped desktop."""
    stage = Stage(folder, chance(seed), people=dose["people"])
    stage.open()
    await stage.bring(dose["devices"], pace=Pace())
    outcome = Outcome("F12", "thundering herd", dose=dose)
    slowest = 0.0
    for _ in range(dose["kills"]):
        await stage.restart()
        back = asyncio.get_running_loop().time()
        all_back = await until(lambda: all(one.session.is_connected() for one in stage.devices), 120)
        slowest = max(slowest, asyncio.get_running_loop().time() - back)
        outcome.expect("everybody is back within 120 s", holds=all_back)
    outcome.notes["slowest_back_s"] = round(slowest, 1)
    await stage.under(len(stage.devices), _nothing)
    await stage.judge(outcome)
    await stage.close()
    return outcome
