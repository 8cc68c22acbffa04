"""Each row of `make bench` runs against our server and counts what really happened; nothing is timed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks.dose import TINY
from benchmarks.rows import ROWS, Row
from benchmarks.seeding import Stock
from benchmarks.servers import Served, Servers


class KeptServers(Servers):
    """Lets rows that ask for the same store use the same server, for starting one takes longer than a tiny dose."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._kept: dict[str, Served] = {}
        self._running = ExitStack()

    def __exit__(self, *error: object) -> None:
        self._running.close()
        super().__exit__(*error)

    @contextmanager
    def serving(self, name: str, stock: Stock, settings: dict[str, str] | None = None) -> Iterator[Served]:
        key = f"{name} {stock.written} {settings}"
        if key not in self._kept:
            self._kept[key] = self._running.enter_context(super().serving(name, stock, settings))
        yield self._kept[key]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with KeptServers(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_tiny_dose_of_every_row_gives_its_figures(row: Row, servers: Servers) -> None:
    figures = row.measure(servers, "hearth", TINY)
    assert figures
    assert all(value >= 0 for value in figures.values())
