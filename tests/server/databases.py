"""The two databases that the storage runs on, so that the same test can be run on both.

    @on_both
    def test_…(setting: Setting) -> None: ...

SQLite is a file in the test's folder, PostgreSQL one private cluster for the run; of each, a test gets a copy of a
database that was migrated once. Its fsync is off, for nothing here is killed: what is has a cluster of its own.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

from server.storage.unit import Database
from tests.private_services import PrivatePostgres

SQLITE, POSTGRES = "sqlite", "postgresql"
DATABASES = (SQLITE, POSTGRES)
on_both = pytest.mark.parametrize("setting", DATABASES, indirect=True)
"""Runs a test of the services on each."""


class Cluster:
    """A PostgreSQL cluster with a template to copy; started when the first test asks for it."""

    def __init__(self, folder: Path) -> None:
        self._postgres = PrivatePostgres(folder)
        self._connection: psycopg.Connection | None = None

    def address(self) -> str:
        """A new migrated database."""
        connection = self._connection or self._start()
        name = f"hearth_{uuid.uuid4().hex[:12]}"
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE migrated')
        return self._url(name)

    def _start(self) -> psycopg.Connection:
        """Start the cluster and make the template."""
        self._postgres.start()
        self._connection = psycopg.connect(f"postgresql://hearth@{self._postgres.address}/postgres", autocommit=True)
        self._connection.execute("ALTER SYSTEM SET fsync = off")
        self._connection.execute("SELECT pg_reload_conf()")
        self._connection.execute("CREATE DATABASE migrated")
        made = Database(self._url("migrated"))
        made.migrate()
        made.close()
        return self._connection

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://hearth@{self._postgres.address}/{name}"

    def drop(self, url: str) -> None:
        """Forget a database, for each takes 8 MB."""
        assert self._connection is not None
        self._connection.execute(f'DROP DATABASE "{url.rsplit("/", 1)[1]}" WITH (FORCE)')

    def stop(self) -> None:
        """End it, if it was started."""
        if self._connection is not None:
            self._connection.close()
            self._postgres.stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The run's cluster."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


def new_file(folder: Path) -> str:
    """The address of a new SQLite database in a folder."""
    file = folder / "hearth.db"
    file.touch(mode=0o600)
    file.write_bytes(_migrated())
    return f"sqlite:///{file}"


@cache
def _migrated() -> bytes:
    """A SQLite database with its tables, and nothing in them but its epoch."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hearth.db"
        made = Database(f"sqlite:///{file}")
        made.migrate()
        made.close()
        return file.read_bytes()


@contextmanager
def new_address(kind: str, folder: Path, cluster: Cluster) -> Iterator[str]:
    """The address of a new database of a kind, for a block; whatever used it has let go before."""
    if kind == SQLITE:
        yield new_file(folder)
        return
    url = cluster.address()
    yield url
    cluster.drop(url)
