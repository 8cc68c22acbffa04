"""The database as services see it: a snapshot to read from, and units of work that are written in one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.exc import DBAPIError

from protocol.times import now_ms
from server.storage import schema
from server.storage.engines import open_backend
from server.storage.failures import Failures
from server.storage.jobs import Done, Run
from server.storage.readers import Readers
from server.storage.tables import conversations, users
from server.storage.writer import Writer

T = TypeVar("T")

Snapshot: TypeAlias = Connection
"""A connection inside one transaction: all that is read through it is of the same moment."""

Announce = Callable[[Sequence[Any]], None]
"""Takes the announcements of one job after its commit, in order; must not block or raise."""


_NEXT_VERSION = (
    update(conversations)
    .where(conversations.c.conversation_id == bindparam("whose"))
    .values(head=conversations.c.head + bindparam("many"))
    .returning(conversations.c.head)
)
_NEXT_USER_VERSION = (
    update(users)
    .where(users.c.user_id == bindparam("whose"))
    .values(user_version=users.c.user_version + 1)
    .returning(users.c.user_version)
)


class Unit:
    """One job's part of the transaction being written: what it may touch, and what is told once it is on disk."""

    def __init__(self, connection: Connection, at_ms: int) -> None:
        self.connection = connection
        self.now_ms = at_ms
        self.announcements: list[Any] = []
        self.callbacks: list[Callable[[], object]] = []

    def next_version(self, conversation_id: int, many: int = 1) -> int:
        """The conversation's next number, or the last of so many. The caller has seen that the conversation exists."""
        return int(self.connection.execute(_NEXT_VERSION, {"whose": conversation_id, "many": many}).scalar_one())

    def next_user_version(self, user_id: int) -> int:
        """The next number of the facts that are this user's alone."""
        return int(self.connection.execute(_NEXT_USER_VERSION, {"whose": user_id}).scalar_one())

    def announce(self, announcement: object) -> None:
        """Have this told after the commit, in the order of commits (an `Announcement` of services/ports.py)."""
        self.announcements.append(announcement)

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Have this called after the commit; it must not block or raise."""
        self.callbacks.append(callback)


class Database:
    """One database: its readers and its writer, and what keeps other processes in order."""

    def __init__(self, url: str, announce: Announce | None = None, *, exclusive: bool = True) -> None:
        """Open it, a SQLite file also where there is none yet; call `migrate` before anything else.

        `exclusive` is the server's: it holds a SQLite file and does its checkpoints. An operator's command beside a
        running server passes False. Raises ValueError for an address that cannot be served, and locks.DataInUse when
        another process serves the file.
        """
        self._backend = open_backend(url, exclusive=exclusive)
        failures = Failures(self._backend)
        self._readers = Readers(self._backend, failures)
        self._announce = announce
        self.clock = now_ms
        """The time of each job, in milliseconds since 1970; only the sample sets it back."""
        self._writer: Writer[Unit] = Writer(
            self._backend, failures, lambda connection: Unit(connection, self.clock()), self._told
        )

    def announce_to(self, announce: Announce) -> None:
        """From here on, hand announcements to this."""
        self._announce = announce

    def migrate(self) -> None:
        """Bring the tables up to this version of the program, and give a new database its epoch.

        Raises schema.TooNew for a database of a newer program, ConnectionError where there is no database.
        """
        try:
            with self._backend.turn(), self._backend.writing.connect() as connection, connection.begin():
                self._backend.enter_migration(connection)
                schema.upgrade(connection)
        except DBAPIError as error:
            if not self._backend.is_outage(error):
                raise
            message = f"The database cannot be reached: {str(error.orig).strip()}"
            raise ConnectionError(message) from None

    def is_current(self) -> bool:
        """Whether the tables are those of this program (for readiness)."""
        with self.read() as connection:
            return schema.is_current(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot: everything read in the block is of the same moment. Raises Refused (`unavailable`)."""
        with self._readers.snapshot() as snapshot:
            yield snapshot

    def write(self, job: Run[Unit, T]) -> T:
        """Run the job in the next batch and return its result once the batch is on disk.

        The job runs in the writer's own thread, where it must not wait for anything. What it raises undoes its own
        changes only, and is raised here. Raises Refused (`unavailable`, `storage_full`) when nothing can be written.
        """
        return self._writer.write(job)

    def write_later(self, job: Run[Unit, T], done: Done) -> None:
        """Line the job up for the next batch and return; `done` gets its result, or what it raised, after the commit.

        Under gevent `done` is called in the hub's thread, in the order of commits and before anything of the batch is
        told. Raises Refused (`unavailable`) when too many wait.
        """
        self._writer.write_later(job, done)

    def _told(self, unit: Unit) -> None:
        """A unit is on disk: tell it."""
        if unit.announcements and self._announce is not None:
            self._announce(unit.announcements)
        for callback in unit.callbacks:
            callback()

    def close(self) -> None:
        """Finish what waits to be written, then let go. The writer closes last: on SQLite it does the checkpoint."""
        self._readers.close()
        self._writer.close()
        self._backend.close()
