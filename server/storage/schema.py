"""Bringing a database to this program's tables, and the facts a new one starts with."""

from __future__ import annotations

import uuid
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, func, insert, inspect, select, update

from protocol.times import now_ms
from server.storage import trigrams
from server.storage.tables import conversations, server_facts

_MIGRATIONS = Path(__file__).with_name("migrations")
_NUMBERS_LEFT_OUT = 1_000_000
"""More conversations than were opened since any backup (architecture.md of the design, Reconnection)."""


class TooNew(Exception):  # noqa: N818 - read by the operator as a sentence, not as a class name
    """The database was made by a newer program."""


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing, then give a new database its epoch. Raises TooNew."""
    if not is_current(connection):
        _run_revisions(connection)
    trigrams.ensure(connection)
    _found_epoch(connection)


def _run_revisions(connection: Connection) -> None:
    """Run those that are missing. Raises TooNew."""
    # Alembic takes a tenth of what a start takes, and most starts find nothing to do.
    from server.storage.upgrading import run_revisions  # noqa: PLC0415

    current = _revision(connection)
    if not run_revisions(connection, _MIGRATIONS, current):
        message = f"The database is at revision {current}, which this hearth-server does not know. Install a newer one."
        raise TooNew(message)


def is_current(connection: Connection) -> bool:
    """Whether the database is at the newest revision this program knows."""
    return _revision(connection) == _head()


def _revision(connection: Connection) -> str | None:
    """The revision that Alembic has noted in the database; None in a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


@cache
def _head() -> str:
    """The newest revision; each is in a file that begins with its number, and none changes while the program runs."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def epoch(connection: Connection) -> str:
    """The name of this database's history; replaced when a backup is restored."""
    return str(connection.execute(select(server_facts.c.value).where(server_facts.c.name == "epoch")).scalar_one())


def begin_epoch(connection: Connection) -> None:
    """Give the database's history another name: what desktops know of the one before counts for nothing any more."""
    connection.execute(update(server_facts).where(server_facts.c.name == "epoch").values(value=str(uuid.uuid4())))
    _leave_numbers_out(connection)


def _leave_numbers_out(connection: Connection) -> None:
    """Give no conversation the number of a lost one: a desktop would send there what it wrote to other people."""
    known = connection.execute(select(func.max(conversations.c.conversation_id))).scalar_one() or 0
    last = known + _NUMBERS_LEFT_OUT
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence("conversations", "conversation_id")
        connection.execute(select(func.setval(sequence, last)))
    else:
        # SQLite goes on from the largest number there is: a conversation of nobody holds the place.
        now = now_ms()
        row = {"conversation_id": last, "kind": "direct", "created_at": now, "updated_at": now}
        connection.execute(insert(conversations).values(row))


def _found_epoch(connection: Connection) -> None:
    """Name the history of a new database."""
    known = connection.execute(select(server_facts.c.value).where(server_facts.c.name == "epoch")).scalar()
    if known is None:
        connection.execute(insert(server_facts).values(name="epoch", value=str(uuid.uuid4())))
