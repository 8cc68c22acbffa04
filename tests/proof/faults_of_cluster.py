"""Faults of what several workers share: PostgreSQL, Redis and nginx, and the workers themselves (profile L)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from tests.proof.ledger import read_all
from tests.proof.outcome import Outcome
from tests.proof.stage import Stage, chance
from tests.server.cluster.team import EXPECTED, Cluster

Dose = Mapping[str, int]

_TOLD = (*EXPECTED, "the database refused", "the sweep failed", "checking sessions failed")
_FROZEN_S = 3.0


class ClusterStage(Stage):
    """Owns two workers, PostgreSQL, Redis and nginx, through which all devices come."""

    def __init__(self, folder: Path, rng: random.Random, *, people: int = 4) -> None:
        self.cluster = Cluster(folder / "cluster", env={"HEARTH_LIMITS_SOCKETS_PER_USER": "20"})
        try:
            self.cluster.__enter__()
        except BaseException:
            self.cluster.__exit__(None, None, None)
            raise
        super().__init__(folder, rng, people=people, server=self.cluster.server)
        self.url = self.cluster.nginx.url

    def open(self) -> None:
        """The servers run already: let everybody in."""
        self.admit()

    async def close(self) -> None:
        """End everything."""
        await super().close()
        await asyncio.to_thread(self.cluster.__exit__, None, None, None)

    def workers(self) -> list[int]:
        """The workers' processes."""
        assert self.server.process is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self.server.process.pid)], capture_output=True, check=False, text=True
        )
        return [int(pid) for pid in found.stdout.split()]

    async def answering(self) -> None:
        """Wait until both workers answer."""
        while not all([await asyncio.to_thread(self.cluster.answers, number) for number in (1, 2)]):  # noqa: ASYNC110 - asked from outside
            await asyncio.sleep(0.1)


async def _worker_killed(stage: ClusterStage) -> None:
    """One worker dies; its supervisor starts it again."""
    os.kill(stage.rng.choice(stage.workers()), signal.SIGKILL)
    await asyncio.sleep(0.3)
    await stage.answering()


async def _nginx_reloaded(stage: ClusterStage) -> None:
    """Nginx takes up its configuration anew; its old processes let their lines end."""
    assert stage.cluster.nginx.process is not None
    stage.cluster.nginx.process.send_signal(signal.SIGHUP)
    await asyncio.sleep(0.5)


async def _redis_killed(stage: ClusterStage) -> None:
    """Redis dies, stays away for a while, and comes back."""
    await asyncio.to_thread(stage.cluster.redis.kill)
    await asyncio.sleep(1 + stage.rng.random())
    await asyncio.to_thread(stage.cluster.redis.start)
    await asyncio.sleep(0.5)


async def _redis_frozen(stage: ClusterStage) -> None:
    """Redis stands still with its connections open."""
    stage.cluster.redis.freeze()
    await asyncio.sleep(_FROZEN_S)
    stage.cluster.redis.thaw()
    await asyncio.sleep(0.5)


async def _postgres_killed(stage: ClusterStage) -> None:
    """PostgreSQL dies with everything under way, and comes back on its data."""
    await asyncio.to_thread(stage.cluster.postgres.kill)
    await asyncio.sleep(stage.rng.random())
    await asyncio.to_thread(stage.cluster.postgres.start)
    await asyncio.sleep(0.5)


async def _postgres_frozen(stage: ClusterStage) -> None:
    """PostgreSQL stands still with its connections open."""
    await asyncio.to_thread(stage.cluster.postgres.freeze)
    await asyncio.sleep(_FROZEN_S)
    await asyncio.to_thread(stage.cluster.postgres.thaw)
    await asyncio.sleep(0.5)


Trouble = Callable[[ClusterStage], Awaitable[None]]


async def _play(folder: Path, dose: Dose, seed: int, outcome: Outcome, troubles: tuple[Trouble, ...]) -> Outcome:
    """All the troubles in turn, `rounds` times, under traffic that lasts as long as they do."""
    stage = ClusterStage(folder, chance(seed), people=dose["people"])
    stage.open()
    await stage.bring(dose["devices"], url=stage.url)
    over = asyncio.Event()

    async def trouble() -> None:
        for _ in range(dose["rounds"]):
            for one in troubles:
                await one(stage)
        over.set()

    await asyncio.gather(trouble(), *(stage.write_until(device, over) for device in stage.devices))
    await stage.answering()
    await stage.judge(outcome, complaints=_TOLD)
    outcome.notes["answered_p95_ms"] = _answered_p95_ms(stage)
    await stage.close()
    return outcome


def _answered_p95_ms(stage: Stage) -> int:
    """How long sends waited for the answer that came, at the worst but one in twenty."""
    taken: list[int] = []
    for lines in read_all(stage.ledgers.glob("*.jsonl")).values():
        tried = {line.uid: line.at_ms for line in lines if line.kind == "tried"}
        taken += [line.at_ms - tried[line.uid] for line in lines if line.kind == "acked"]
    return sorted(taken)[int(len(taken) * 0.95)]


async def workers_killed(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F1, F13: workers are killed in turn and nginx is reloaded."""
    outcome = Outcome("F1", "", dose=dict(dose))
    return await _play(folder, dose, seed, outcome, (_worker_killed, _nginx_reloaded))


async def redis_away(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F5: Redis is killed and frozen: answers go on as if nothing were."""
    outcome = Outcome("F5", "", dose=dict(dose))
    await _play(folder, dose, seed, outcome, (_redis_killed, _redis_frozen))
    waited_ms = outcome.notes["answered_p95_ms"]
    outcome.expect("answers wait for no Redis", holds=isinstance(waited_ms, int) and waited_ms < 1000 * _FROZEN_S / 2)
    return outcome


async def postgres_away(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F6: PostgreSQL is killed and frozen."""
    outcome = Outcome("F6", "", dose=dict(dose))
    return await _play(folder, dose, seed, outcome, (_postgres_killed, _postgres_frozen))


async def everything_away(folder: Path, dose: Dose, seed: int) -> Outcome:
    """A little of all of them on one cluster, for the small dose."""
    outcome = Outcome("F5", "", dose=dict(dose))
    return await _play(folder, dose, seed, outcome, (_redis_killed, _postgres_killed, _worker_killed))
