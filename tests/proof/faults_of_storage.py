"""Faults below the server: its database locked by somebody else, and its disk full."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from tests.proof.device import until
from tests.proof.outcome import Outcome
from tests.proof.stage import Stage, chance

Dose = Mapping[str, int]

_TOLD = ["the database refused a transaction", "database is locked", "disk is full", "disk I/O error", "storage_full"]
_SMALL_DISK_MB = 24
RECOVERY_S = 30.0


async def database_locked(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F3: another process holds the database for some seconds: no answer without a commit, and reading goes on."""
    stage = Stage(folder, chance(seed), people=2)
    stage.open()
    await stage.bring(dose["devices"])
    outcome = Outcome("F3", "database locked", dose=dict(dose))
    slowest: list[float] = []

    async def trouble() -> None:
        for _ in range(dose["locks"]):
            await asyncio.sleep(0.2)
            locked = asyncio.to_thread(_lock, stage.server.data_dir / "hearth.db", float(dose["lock_s"]))
            await asyncio.gather(locked, _reading(stage, dose["lock_s"], slowest))

    await stage.under(dose["messages"], trouble, pause_s=0.1)
    slowest.sort()
    p95_ms = 1000 * slowest[int(len(slowest) * 0.95)]
    outcome.notes["reading_p95_ms"] = round(p95_ms)
    outcome.expect("others read meanwhile", holds=p95_ms < 1000 * dose["lock_s"] / 2)
    await stage.judge(outcome, complaints=_TOLD)
    await stage.close()
    return outcome


def _lock(file: Path, seconds: float) -> None:
    """Hold the database as a stranger's program would."""
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


async def _reading(stage: Stage, seconds: float, taken: list[float]) -> None:
    """Read over REST all the while; how long each took."""
    token = stage.devices[0].seat.tokens
    assert token is not None
    (conversation_id, *_) = stage.conversations
    path = f"/api/messages/{conversation_id}?limit=20"
    end = time.monotonic() + seconds - 0.1
    while time.monotonic() < end:
        began = time.monotonic()
        answer = await asyncio.to_thread(stage.server.request, "GET", path, token.access_token)
        assert answer.status_code == 200, answer.text
        taken.append(time.monotonic() - began)


@contextmanager
def _small_disk(at: Path) -> Iterator[bool]:
    """A disk of 24 MB at this folder, in memory; tells whether this machine lets one be made."""
    at.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK_MB}m", "tmpfs", str(at)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


async def disk_full(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F4: the disk under database and files fills up and is freed again, without a restart of the server."""
    outcome = Outcome("F4", "disk full", dose=dict(dose))
    with _small_disk(folder / "server" / "data") as is_small:
        if not is_small:
            outcome.notes["not_run"] = "mounting a small disk needs the right to mount"
            return outcome
        stage = Stage(folder, chance(seed), people=2)
        stage.open()
        await stage.bring(dose["devices"])
        for _ in range(dose["fills"]):
            await _fill_and_free(stage, outcome)
        await stage.judge(outcome, complaints=_TOLD)
        with closing(sqlite3.connect(stage.server.data_dir / "hearth.db")) as connection:
            whole = [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
        outcome.expect("the database is whole", holds=whole)
        await stage.close()
    return outcome


async def _fill_and_free(stage: Stage, outcome: Outcome) -> None:
    """Fill the disk, write against it, free it, and see that what was written arrives."""
    ballast = stage.server.data_dir / "ballast"
    await asyncio.to_thread(_give_back, stage.server.data_dir / "hearth.db")
    await asyncio.to_thread(_fill, ballast)
    for device in stage.devices:
        for number in range(6):
            own = stage.conversations_of(device.seat.user.user_id)
            await device.say(stage.rng.choice(own), f"{device.name} #{device.said} {'x' * 15_000} {number}")
    full = await until(lambda: stage.confirmed() == sum(device.said for device in stage.devices), 3)
    outcome.expect("something had to wait", holds=not full)
    ballast.unlink()
    freed = await until(lambda: not any(device.unsent for device in stage.devices), RECOVERY_S)
    outcome.expect(f"everything arrives within {RECOVERY_S:g} s of the disk being freed", holds=freed)


def _give_back(file: Path) -> None:
    """Return to the disk what the write-ahead log keeps for later, which else takes some hundred texts more."""
    with closing(sqlite3.connect(file, timeout=10)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1 << 9):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


async def backup_restored(folder: Path, dose: Dose, seed: int) -> Outcome:
    """R1: the database goes back to an earlier state under a new epoch; the desktops bring back what that lost."""
    stage = Stage(folder, chance(seed), people=2)
    stage.open()
    await stage.bring(dose["devices"])
    outcome = Outcome("R1", "backup restored", dose=dict(dose))
    backup, database = folder / "backup.db", stage.server.data_dir / "hearth.db"
    await stage.under(dose["messages"], _nothing)
    await stage.settle()
    held = len(await asyncio.to_thread(stage.stored))
    await asyncio.to_thread(_copy, database, backup)
    await stage.under(dose["messages"], _nothing)
    await stage.settle()
    outcome.notes["lost_with_the_server"] = len(await asyncio.to_thread(stage.stored)) - held
    await asyncio.to_thread(stage.server.stop)
    await asyncio.to_thread(_restore, backup, database)
    stage.history_since_ms = time.time_ns() // 1_000_000
    await asyncio.to_thread(stage.server.start)
    back = await until(lambda: all(one.session.is_connected() for one in stage.devices), RECOVERY_S)
    outcome.expect("everybody is connected again", holds=back)
    await asyncio.sleep(2)
    await stage.under(len(stage.devices), _nothing)
    await stage.judge(outcome)
    await stage.close()
    return outcome


async def _nothing() -> None:
    """No trouble."""


def _copy(database: Path, backup: Path) -> None:
    """Take a backup beside the running server."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)


def _restore(backup: Path, database: Path) -> None:
    """Put it back as an operator does, and give it the name of a new history."""
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.write_bytes(backup.read_bytes())
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE server_facts SET value = ? WHERE name = 'epoch'", (str(uuid.uuid4()),))
