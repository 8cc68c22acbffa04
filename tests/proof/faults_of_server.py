"""Faults of the server's process: killed at random and at named points, and a herd that comes back at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.proof.device import until
from tests.proof.stage import Outcome, Stage, chance

Dose = dict[str, int]


async def killed_at_random(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F1: kill -9 of the server at random moments under traffic."""
    stage = Stage(folder, chance(seed), people=dose["people"])
    stage.open()
    await stage.bring(dose["devices"])
    texts, kills = dose["messages"], dose["kills"]

    async def trouble() -> None:
        for number in range(kills):
            due = (number + stage.rng.random()) * texts / kills
            await until(lambda due=due: stage.confirmed() >= due, 120)  # type: ignore[misc]
            await asyncio.sleep(stage.rng.random() * 0.05)
            await stage.restart()

    await stage.under(texts, trouble)
    outcome = await stage.judge(Outcome("F1", "server killed at random", dose=dose))
    await stage.close()
    return outcome
