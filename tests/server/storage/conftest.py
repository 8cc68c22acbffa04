"""Fixtures for tests of the storage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.storage.unit import Database
from tests.server.databases import DATABASES, Cluster, cluster, new_address, new_file

__all__ = ["cluster"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new SQLite database with its tables."""
    made = Database(new_file(tmp_path))
    yield made
    made.close()


@pytest.fixture(params=DATABASES)
def either(request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster) -> Iterator[Database]:
    """A new database with its tables, on SQLite and again on PostgreSQL."""
    with new_address(request.param, tmp_path, cluster) as url:
        made = Database(url)
        yield made
        made.close()
