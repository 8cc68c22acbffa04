"""Fixtures for tests of the storage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.storage.unit import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new database with its tables."""
    made = Database(f"sqlite:///{tmp_path / 'hearth.db'}")
    made.migrate()
    yield made
    made.close()
