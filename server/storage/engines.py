"""The databases that can be served, each behind the same `Backend`: connections, turns, and what errors mean."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from server.storage.postgres import PostgresBackend
from server.storage.sqlite import SqliteBackend


class Backend(Protocol):
    """One database as the writer and the readers need it."""

    writing: Engine
    """Of the one writing connection."""
    reading: Engine
    """Of connections that cannot write, each transaction one snapshot."""

    def turn(self) -> AbstractContextManager[None]:
        """Around a batch, its connection included: nobody else's program writes. Raises OSError when it never comes."""

    def enter(self, connection: Connection) -> Any:  # noqa: ANN401 - the backend's own, handed back to `was_committed`
        """Begin a batch inside its transaction; what comes back names the transaction."""

    def enter_migration(self, connection: Connection) -> None:
        """Begin changing the tables inside a transaction; may wait long, and take long."""

    def was_committed(self, ticket: Any) -> bool:  # noqa: ANN401 - what `enter` gave
        """What became of a transaction whose commit was never answered. Raises DBAPIError when nobody can tell."""

    def tidy(self, connection: Connection) -> None:
        """Between two batches, when nobody waits: do now what a later batch would have to. Raises DBAPIError."""

    def interrupt(self) -> None:
        """Make what the writer waits for fail, from another thread; nothing where waiting ends by itself."""

    def is_outage(self, error: DBAPIError) -> bool:
        """Whether the database is away or held by somebody else, so that no job can be written just now."""

    def is_full(self, error: DBAPIError) -> bool:
        """Whether there is no room left."""

    def close(self) -> None:
        """Let go of everything; the engines are no longer used."""


def open_backend(url: str, *, exclusive: bool) -> Backend:
    """The database of an address; `exclusive` holds a SQLite file. Raises ValueError, locks.DataInUse."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return PostgresBackend(parsed)
    return SqliteBackend(Path(str(parsed.database)), exclusive=exclusive)


def check_address(url: str) -> None:
    """Raise ValueError, saying what would be right, for an address that cannot be served; makes nothing."""
    if _parsed(url).get_backend_name() == "postgresql":
        PostgresBackend(_parsed(url))


def _parsed(url: str) -> URL:
    """The address in its parts, where it is one that can be served."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed is None or parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        message = "The database address must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE."
        raise ValueError(message)
    return parsed
