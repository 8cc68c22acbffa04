"""The database as services see it: a snapshot to read from, and units of work that are written in one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, bindparam, update

from protocol.times import now_ms
from server.storage import schema
from server.storage.engines import database_path, reading_engine, writing_engine
from server.storage.locks import DataInUse, FileLock
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
    .values(head=conversations.c.head + 1)
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

    def next_version(self, conversation_id: int) -> int:
        """The conversation's next number. The caller has seen that the conversation exists."""
        return int(self.connection.execute(_NEXT_VERSION, {"whose": conversation_id}).scalar_one())

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
    """One SQLite file: its readers, its writer, and the lock that keeps other processes from serving it too."""

    def __init__(self, url: str, announce: Announce | None = None, *, exclusive: bool = True) -> None:
        """Open the file, creating it where there is none; call `migrate` before anything else.

        `exclusive` is the server's: it holds the data directory and does the checkpoints. An operator's command beside
        a running server passes False. Raises DataInUse when another process serves these data.
        """
        self.path = database_path(url)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._serving = FileLock(self.path.with_name(f"{self.path.name}.serving"))
        if exclusive and not self._serving.take(wait=False):
            self._serving.close()
            message = f"Another hearth-server serves {self.path.parent}. Stop it first, or choose another --data-dir."
            raise DataInUse(message)
        self._writing = FileLock(self.path.with_name(f"{self.path.name}.writing"))
        self._engine = writing_engine(self.path, checkpoints=exclusive)
        self._readers = reading_engine(self.path)
        self._announce = announce
        self.clock = now_ms
        """The time of each job, in milliseconds since 1970; only the sample sets it back."""
        self._writer: Writer[Unit] = Writer(
            self._engine, self._writing, lambda connection: Unit(connection, self.clock()), self._told
        )

    def announce_to(self, announce: Announce) -> None:
        """From here on, hand announcements to this."""
        self._announce = announce

    def migrate(self) -> None:
        """Bring the tables up to this version of the program, and give a new database its epoch.

        Raises schema.TooNew for a database of a newer program.
        """
        with self._writing.held():
            schema.upgrade(self._engine)
        self.path.chmod(0o600)

    def is_current(self) -> bool:
        """Whether the tables are those of this program (for readiness)."""
        with self.read() as connection:
            return schema.is_current(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot: everything read in the block is of the same moment."""
        with self._readers.connect() as connection, connection.begin():
            yield connection

    def write(self, job: Callable[[Unit], T]) -> T:
        """Run the job in the next batch and return its result once the batch is on disk.

        The job runs in the writer's own thread, where it must not wait for anything. What it raises undoes its own
        changes only, and is raised here. Raises Refused (`unavailable`, `storage_full`) when nothing can be written.
        """
        return self._writer.write(job)

    def _told(self, unit: Unit) -> None:
        """A unit is on disk: tell it."""
        if unit.announcements and self._announce is not None:
            self._announce(unit.announcements)
        for callback in unit.callbacks:
            callback()

    def close(self) -> None:
        """Finish what waits to be written, then let go of the file. The writer closes last: it does the checkpoint."""
        self._readers.dispose()
        self._writer.close()
        self._writing.close()
        self._serving.close()
