"""The smallest rows to write and count: facts of the server, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.pool import NullPool

from server.storage.tables import server_facts
from server.storage.unit import Database, Unit


def note(name: str, value: str = "") -> Callable[[Unit], str]:
    """A job that writes one row and announces it."""

    def job(unit: Unit) -> str:
        unit.connection.execute(insert(server_facts).values(name=name, value=value))
        unit.announce(name)
        return name

    return job


def noted(database: Database) -> set[str]:
    """The rows as a reader sees them."""
    with database.read() as snapshot:
        return set(snapshot.execute(select(server_facts.c.name)).scalars()) - {"epoch"}


def on_disk(path: Path) -> int:
    """How many rows a stranger's connection finds in the file."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(server_facts)).scalar_one() - 1
