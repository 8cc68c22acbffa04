"""F15: uploads whose lines are cut at random offsets, as tests/desktop/net/cuts.py plays it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.proof.nest import ROOT
from tests.proof.outcome import Outcome

Dose = Mapping[str, int]


async def uploads_cut(folder: Path, dose: Dose, seed: int) -> Outcome:
    """Files of 1 KB to `largest` bytes, each through `cuts` cuts: whole in the end, and nothing is left of them."""
    outcome = Outcome("F15", "uploads cut at random offsets", dose=dict(dose))
    began = time.monotonic()
    asked = [f"--{name}={count}" for name, count in {**dose, "seed": seed}.items()]
    playing = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.desktop.net.cuts",
        *asked,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await playing.communicate()
    told, *breaches = said.decode().strip().splitlines() or ["nothing was said"]
    outcome.notes["uploads"] = told
    outcome.breaches += breaches
    outcome.expect("every file is whole, and nothing is left", holds=playing.returncode == 0)
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome
