"""Each row of `make bench` runs against our server and counts what really happened; nothing is timed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.dose import TINY
from benchmarks.rows import ROWS, Row
from benchmarks.servers import Servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_tiny_dose_of_every_row_gives_its_figures(row: Row, servers: Servers) -> None:
    figures = row.measure(servers, "hearth", TINY)
    assert figures
    assert all(value >= 0 for value in figures.values())
