"""One desktop of the story: the shipped session, outbox and cache, on a disk that survives its process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from unittest import mock

from desktop.cache import message_cache, outbox_file, own_file
from desktop.cache.database import Database
from desktop.cache.message_cache import MessageCache
from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core.bubble import Line
from desktop.core.pace import Pace
from desktop.core.ports import Api, Clock
from desktop.core.session import Session
from desktop.core.timeline import Timeline
from protocol.limits import Limits
from protocol.shapes import User
from tests.model.network import LiveLine, Network, RestLine
from tests.model.server import ModelServer
from tests.model.virtual_time import VirtualLoop

if TYPE_CHECKING:
    from server.services.ports import Actor

T = TypeVar("T")
Migration = Callable[[sqlite3.Connection], None]
Disk = dict[str, sqlite3.Connection]
"""File name → its content, as SQLite in memory: what is committed survives a kill, what is not is rolled back."""

PACE = Pace(most_s=4.0, gap_s=2.0, digest_s=12.0, latency_s=3600.0, draw=lambda: 0.5)
"""The shipped rules with fewer awakenings, and no chance."""
NOON_MS = 1_795_608_000_000
NOWHERE = Path("/dev/null/hearth")
"""Where nothing can be made: whatever goes to a real disk fails."""


class InlineDatabase(Database):
    """`cache.database.Database` without its thread and file; once killed it writes nothing and answers nobody."""

    def __init__(
        self, process: Process, path: Path, migrations: Sequence[Migration], *_rescue: Any, **_how: Any
    ) -> None:
        super().__init__(path, migrations, is_small=False)
        self._process = process

    def _opened(self) -> sqlite3.Connection:
        """The file, made at its first use."""
        if self._connection is None:
            disk, name = self._process.disk, self._path.name
            if name not in disk:
                disk[name] = sqlite3.connect(":memory:", isolation_level=None)
            self._connection = disk[name]
            self._migrate(self._connection)
        return self._connection

    async def run(self, job: Callable[[sqlite3.Connection], T], committed: Migration | None = None) -> T:
        """A job in its transaction; others have their turn before and after it."""
        await self._process.turn()
        result = self._in_transaction(job, committed)
        await self._process.turn()
        return result

    async def set_aside(self, error: Exception) -> None:
        """Nothing breaks these files."""
        raise AssertionError("a file of the model was found broken") from error

    async def close(self) -> None:
        """The disk stays."""


class Process:
    """One run of the program on a disk, until it is killed."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.is_killed = False

    async def turn(self) -> None:
        """Let others run; for ever, once this is killed."""
        await asyncio.sleep(0)
        if self.is_killed:
            await asyncio.get_running_loop().create_future()


class Device:
    """Owns a disk, a network and, while it runs, a session."""

    def __init__(self, loop: VirtualLoop, server: ModelServer, actor: Actor, user: User) -> None:
        self.user = user
        self.actor = actor
        self.network = Network(server)
        self.session: Session | None = None
        self.timelines: dict[int, Timeline] = {}
        """Those that its user has opened since it was started."""
        self._loop = loop
        self._disk: Disk = {}
        self._process = Process(self._disk)
        server.networks.append((actor.user_id, self.network))

    @property
    def running(self) -> Session:
        """The session of a device that runs."""
        assert self.session is not None
        return self.session

    def start(self) -> Session:
        """Start the program on what its disk holds."""
        process = self._process = Process(self._disk)
        with ExitStack() as stack:
            for module in (outbox_file, own_file, message_cache):
                stack.enter_context(mock.patch.object(module, "Database", partial(InlineDatabase, process)))
            files = SqliteOutboxFile(NOWHERE), MessageCache(NOWHERE, self.actor.user_id)
        api = cast("Api", RestLine(self.network, self.actor))
        live, clock = LiveLine(self.network, self.actor), Clock(self.now_ms, passed_ms=self.now_ms)
        session = Session(self.user, live, api, files[0], clock, limits=Limits(), pace=PACE, cache=files[1])
        self.session, self.timelines = session, {}
        self._loop.run_as(process, session.start())
        return session

    def now_ms(self) -> int:
        """The story's time, which all share."""
        return NOON_MS + round(self._loop.time() * 1000)

    def do(self, verb: Callable[[Session], T]) -> T:
        """Something its user does, and whatever follows at once."""

        async def act() -> T:
            return verb(self.running)

        result: T = self._loop.run_as(self._process, act())
        self._loop.run_now()
        return result

    def open(self, conversation_id: int) -> Timeline:
        """Look at a conversation."""
        timeline = self.timelines[conversation_id] = self.do(lambda session: session.timeline(conversation_id))
        return timeline

    def has_edited(self, uid: str, text: str) -> bool:
        """Change a waiting text; False where it is too late."""
        editing = self.do(lambda session: asyncio.get_running_loop().create_task(session.edit_waiting(uid, text)))
        assert editing.done()
        return editing.exception() is None

    def kill(self) -> None:
        """End the program at this very moment."""
        self._process.is_killed = True
        self.session = None
        self.network.break_line("the desktop was killed")
        self._loop.kill(self._process)

    def is_caught_up(self) -> bool:
        """Whether the line is up and nothing waits."""
        return self.running.connection.value.line is Line.CONNECTED and not self.running.unsent

    def close(self) -> None:
        """Throw everything away."""
        if self.session is not None:
            self.kill()
        for connection in self._disk.values():
            connection.close()
