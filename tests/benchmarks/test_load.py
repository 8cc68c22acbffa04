"""The benchmark counts what really happens, on both servers: its figures are not timed here."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.__main__ import Serving
from benchmarks.load import measure
from benchmarks.servers import hearth, reference


@pytest.mark.parametrize("serving", [reference, hearth])
def test_a_small_load_is_acknowledged_and_delivered(serving: Serving, tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (address, pairs):
        tally = asyncio.run(measure(address, pairs, outstanding=2, seconds=0.5))
    assert tally.acked > 0
    assert tally.delivered > 0
    assert tally.refused == 0
    assert len(tally.waits_s) == tally.acked
