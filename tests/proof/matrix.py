"""The fault matrix (reliability 4.2): every fault with its doses, and how each comes to a verdict."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.proof import (
    faults_of_cluster,
    faults_of_desktop,
    faults_of_files,
    faults_of_line,
    faults_of_server,
    faults_of_storage,
)
from tests.proof.outcome import Outcome
from tests.proof.stage import Stage

DoseName = Literal["small", "standard", "large"]
Fault = Callable[[Path, Any, int], Awaitable[Outcome]]
MOST_S = 1_200.0
"""A fault that has no verdict after so long has failed."""


@dataclass(frozen=True)
class Case:
    """A fault and how much of it each dose holds; a dose that leaves it out holds nothing."""

    fault: str
    title: str
    run: Fault
    small: dict[str, int]
    standard: dict[str, int]
    large: dict[str, int]
    profile: str = "S"

    def dose(self, name: DoseName) -> dict[str, int]:
        """How much of it."""
        dose: dict[str, int] = getattr(self, name)
        return dose


def _counts(**numbers: int) -> dict[str, int]:
    """A dose."""
    return numbers


CASES: tuple[Case, ...] = (
    Case(
        "F1",
        "server killed at random",
        faults_of_server.killed_at_random,
        small=_counts(people=2, devices=2, messages=60, kills=2),
        standard=_counts(people=4, devices=2, messages=2_000, kills=15),
        large=_counts(people=8, devices=3, messages=10_000, kills=50),
    ),
    Case(
        "F1b",
        "server killed at named points of a send",
        faults_of_server.killed_at_points,
        small=_counts(devices=1, kills=1),
        standard=_counts(devices=2, kills=6),
        large=_counts(devices=2, kills=30),
    ),
    Case(
        "F1b",
        "server killed with a file half stored",
        faults_of_server.killed_at_files,
        small=_counts(kills=1),
        standard=_counts(kills=3),
        large=_counts(kills=15),
    ),
    Case(
        "F1b",
        "server killed in a migration",
        faults_of_server.killed_in_migration,
        small=_counts(kills=2),
        standard=_counts(kills=6),
        large=_counts(kills=20),
    ),
    Case(
        "F2",
        "desktop killed in every state of a text",
        faults_of_desktop.killed_desktops,
        small=_counts(devices=1, kills=8, texts=6),
        standard=_counts(devices=1, kills=40, texts=10),
        large=_counts(devices=1, kills=220, texts=22),
    ),
    Case(
        "F3",
        "database locked",
        faults_of_storage.database_locked,
        small=_counts(devices=1, messages=12, locks=1, lock_s=1),
        standard=_counts(devices=2, messages=60, locks=2, lock_s=4),
        large=_counts(devices=2, messages=400, locks=4, lock_s=8),
    ),
    Case(
        "F4",
        "disk full",
        faults_of_storage.disk_full,
        small=_counts(devices=1, fills=1),
        standard=_counts(devices=2, fills=2),
        large=_counts(devices=2, fills=10),
    ),
    Case(
        "F7",
        "slow and lossy lines",
        faults_of_line.slow_and_lossy,
        small=_counts(people=2, devices=1, messages=16),
        standard=_counts(people=4, devices=1, messages=200),
        large=_counts(people=4, devices=2, messages=1_000),
    ),
    Case(
        "F8",
        "half-open lines",
        faults_of_line.half_open,
        small=_counts(devices=1, rounds=1, messages=12),
        standard=_counts(devices=4, rounds=3, messages=80),
        large=_counts(devices=8, rounds=10, messages=400),
    ),
    Case(
        "F9",
        "slow consumers",
        faults_of_line.slow_readers,
        small=_counts(devices=1, messages=500),
        standard=_counts(devices=4, messages=800),
        large=_counts(devices=10, messages=2_000),
    ),
    Case(
        "F10",
        "lost, doubled and late packets",
        faults_of_line.mixed_up,
        small=_counts(people=2, devices=1, messages=40),
        standard=_counts(people=4, devices=2, messages=600),
        large=_counts(people=4, devices=2, messages=4_000),
    ),
    Case(
        "F11",
        "clocks jump",
        faults_of_server.clock_moved,
        small=_counts(devices=1, messages=9, jumps=2),
        standard=_counts(devices=2, messages=120, jumps=10),
        large=_counts(devices=2, messages=600, jumps=30),
    ),
    Case(
        "F12",
        "thundering herd",
        faults_of_server.herd,
        small=_counts(people=2, devices=3, kills=1),
        standard=_counts(people=4, devices=15, kills=1),
        large=_counts(people=10, devices=20, kills=3),
    ),
    Case(
        "F17",
        "sessions revoked under traffic",
        faults_of_server.revoked,
        small=_counts(devices=1, revoked=1),
        standard=_counts(devices=2, revoked=5),
        large=_counts(devices=2, revoked=15),
    ),
    Case(
        "R1",
        "backup restored, desktops refill it",
        faults_of_storage.backup_restored,
        small=_counts(devices=2, messages=12),
        standard=_counts(devices=2, messages=100),
        large=_counts(devices=2, messages=600),
    ),
    Case(
        "F15",
        "uploads cut at random offsets",
        faults_of_files.uploads_cut,
        # The suite has its small dose already (tests/desktop/net/test_transfers.py).
        small={},
        standard=_counts(files=20, cuts=5, largest=20_000_000),
        large=_counts(files=100, cuts=5, largest=100_000_000),
    ),
    Case(
        "F1",
        "workers killed, nginx reloaded",
        faults_of_cluster.workers_killed,
        small={},
        standard=_counts(people=4, devices=1, rounds=3),
        large=_counts(people=4, devices=2, rounds=20),
        profile="L",
    ),
    Case(
        "F5",
        "Redis killed and frozen",
        faults_of_cluster.redis_away,
        small={},
        standard=_counts(people=4, devices=1, rounds=2),
        large=_counts(people=4, devices=2, rounds=10),
        profile="L",
    ),
    Case(
        "F6",
        "PostgreSQL killed and frozen",
        faults_of_cluster.postgres_away,
        small={},
        standard=_counts(people=4, devices=1, rounds=2),
        large=_counts(people=4, devices=2, rounds=10),
        profile="L",
    ),
    Case(
        "F5-6",
        "Redis, PostgreSQL and a worker killed",
        faults_of_cluster.everything_away,
        small=_counts(people=2, devices=1, rounds=1),
        standard={},
        large={},
        profile="L",
    ),
)


def judged(case: Case, dose: DoseName, folder: Path, seed: int) -> Outcome:
    """Play one fault. Whatever goes wrong with it is a verdict too."""
    folder.mkdir(parents=True)
    return asyncio.run(_judged(case, case.dose(dose), folder, seed))


async def _judged(case: Case, dose: dict[str, int], folder: Path, seed: int) -> Outcome:
    """The fault, or a breach that says why it has no outcome; nothing stays behind."""
    try:
        async with asyncio.timeout(MOST_S):
            outcome = await case.run(folder, dose, seed)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - a fault without a verdict has failed
        told = "".join(traceback.format_exception(error))
        outcome = Outcome(case.fault, case.title, dose=dose, breaches=[f"no verdict: {told}"])
    finally:
        for stage in [one for one in Stage.open_ones if one.thread == threading.get_ident()]:
            await stage.close()
    outcome.title, outcome.profile = case.title, case.profile
    return outcome
