"""The cache on disk: what the store knows, written behind it on a thread of its own and read back at a start."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from desktop.cache.cache_form import FORMS, begin, overwrites, put, put_unverified
from desktop.cache.cache_reading import read_page, read_sent_since, read_state, read_unverified
from desktop.cache.database import Database
from desktop.cache.text_index import fill, find
from desktop.core.ports import CachedPage, CachedState, OutboxEntry, Place, Reached
from desktop.core.search_words import Asked
from desktop.core.updates import Update
from protocol.shapes import Message

T = TypeVar("T")
N = TypeVar("N")

LOG = logging.getLogger(__name__)

FILE_NAME = "cache.sqlite3"
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")
"""What is lost with the power, the server has still: no commit waits for the disk. What is deleted is overwritten."""
WRITE_AFTER_S = 0.1
"""Updates within this time share a transaction."""
RETRY_AFTER_S = 30.0
INDEX_AFTER_S, INDEX_REST_S = 5.0, 0.05
"""What an earlier program has kept without an index is indexed once the start is over, a helping at a time."""
WAITING_MOST = 2_000
"""Beyond so many updates that the disk refuses, the cache stays as it is until the next start."""

Pending = tuple[Update, Reached]


def forget_cache(folder: Path) -> None:
    """Remove the file with everything beside it. Raises OSError."""
    for path in folder.glob(f"{FILE_NAME}*"):
        path.unlink(missing_ok=True)


class MessageCache:
    """`core.ports.Cache` in one account's folder, in a file that may be lost: the outbox has its own.

        update ──save()──► waiting ──0.1 s, page(), begin_epoch() or close()──► one transaction ──► gone
                              ▲                                                   │ the disk refuses
                              └─────────────── again after 30 s ──────────────────┘

    An update leaves the queue only once its transaction is committed, and the queue is written from its beginning: so
    progress is never ahead of the rows it covers, whatever fails or is killed when. A file that makes no sense is set
    aside, and for the rest of the run nothing is kept: what the store followed before would be missing in a new one.
    """

    def __init__(self, folder: Path, own_id: int) -> None:
        """The file is made in `folder` by the first call, readable by its user alone."""
        self._database = Database(folder / FILE_NAME, FORMS, pragmas=PRAGMAS, is_small=False)
        self._folder = folder
        self._own_id = own_id
        self._waiting: deque[Pending] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._jobs: set[asyncio.Task[object]] = set()
        self._indexing: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._is_off = False
        self._refused = False

    async def load(self) -> CachedState:
        """What an earlier run has left; a file that cannot be understood is set aside until the next start."""
        await asyncio.to_thread(self._remove_set_aside)
        self._index_in(INDEX_AFTER_S)
        try:
            return await self._database.run(partial(read_state, own_id=self._own_id))
        except (OSError, sqlite3.OperationalError) as error:
            self._wait_for_the_disk(error)
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            await self._database.set_aside(error)
        return CachedState(Update())

    def save(self, update: Update, reached: Reached) -> None:
        """Merge behind, soon, together with what comes until then."""
        if self._is_off:
            return
        self._waiting.append((update, reached))
        if len(self._waiting) > WAITING_MOST and self._refused:
            self._give_up("the disk has refused too much")
        elif self._timer is None:
            self._write_in(RETRY_AFTER_S if self._refused else WRITE_AFTER_S)

    async def page(self, conversation_id: int, place: Place, position: int, limit: int) -> CachedPage:
        """At most `limit` messages nearest to a place; everything saved before counts."""

        def read(connection: sqlite3.Connection) -> CachedPage:
            return read_page(connection, conversation_id, place, position, limit)

        return await self._after_writing(read, CachedPage())

    async def find(self, asked: Asked) -> Sequence[Message]:
        """The newest messages on this computer that answer; everything saved before counts."""
        return await self._after_writing(partial(find, asked=asked), ())

    async def begin_epoch(self, epoch: str, since_ms: int) -> Sequence[OutboxEntry]:
        """Begin another history; the result is what the server is to be asked about."""

        def change(connection: sqlite3.Connection) -> Sequence[OutboxEntry]:
            known = connection.execute("SELECT value FROM facts WHERE name='epoch'").fetchone()
            if known is None or known[0] != epoch:
                put_unverified(connection, read_sent_since(connection, self._own_id, since_ms))
                begin(connection, epoch)
            return read_unverified(connection)

        left = await self._after_writing(change, None)
        if left is None:
            self._give_up("it holds another history than the server tells now")
        return list(left or ())

    def verified(self, uids: Sequence[str]) -> None:
        """Forget these."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM unverified WHERE uid=?", ((uid,) for uid in uids))

        self._start(forget)

    async def close(self) -> None:
        """Write what is left, close the file and end its thread."""
        self._cancel_timer()
        self._stop_indexing()
        while self._jobs:
            await asyncio.wait(self._jobs)
        if self._waiting:
            await self._after_writing(_nothing_more, None)
        await self._database.close()

    def _remove_set_aside(self) -> None:
        """What an earlier run has set aside may hold words that were deleted since, and the server has the rest."""
        for path in self._folder.glob(f"{FILE_NAME}.broken-*"):
            with suppress(OSError):
                path.unlink()

    def _index_in(self, seconds: float) -> None:
        """Index some more after a moment."""
        loop = asyncio.get_running_loop()
        self._indexing = loop.call_later(seconds, lambda: self._keep_task(self._index_some()))

    async def _index_some(self) -> None:
        """A helping; then the next one, until everything is indexed."""
        self._indexing = None
        if await self._after_writing(fill, False) and not self._is_closing:
            self._index_in(INDEX_REST_S)

    def _stop_indexing(self) -> None:
        """What is left is indexed in another run."""
        self._is_closing = True
        if self._indexing is not None:
            self._indexing.cancel()
            self._indexing = None

    def _write_in(self, seconds: float) -> None:
        """Write what waits after a moment."""
        self._timer = asyncio.get_running_loop().call_later(seconds, self._write_now)

    def _write_now(self) -> None:
        """The moment is over."""
        self._timer = None
        self._start(_nothing_more)

    def _start(self, job: Callable[[sqlite3.Connection], None]) -> None:
        """Do a job beside, after writing what waits."""
        self._keep_task(self._after_writing(job, None))

    def _keep_task(self, work: Coroutine[Any, Any, object]) -> None:
        """Run beside until it is done; `close` waits for it."""
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def _after_writing(self, job: Callable[[sqlite3.Connection], T], otherwise: N) -> T | N:
        """The result of a job in one transaction with what waits now; `otherwise` where the disk refuses."""
        if self._is_off:
            return otherwise
        try:
            result = await self._in_order(tuple(self._waiting), job)
        except (OSError, sqlite3.OperationalError) as error:
            self._wait_for_the_disk(error)
            return otherwise
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            self._give_up("its content makes no sense")
            await self._database.set_aside(error)
            return otherwise
        if self._refused:
            self._refused = False
            LOG.info("the cache can be written again")
        return result

    async def _in_order(self, batch: Sequence[Pending], job: Callable[[sqlite3.Connection], T]) -> T:
        """Write what is left of a batch, then do the job; what was written leaves the queue before anything else."""

        def write(connection: sqlite3.Connection) -> T:
            left = batch[len(batch) - self._left_of(batch) :]
            for update, reached in left:
                put(connection, update, reached)
            return job(connection)

        def forget(connection: sqlite3.Connection) -> None:
            for _ in range(self._left_of(batch)):
                self._waiting.popleft()
            if any(overwrites(update) for update, _ in batch):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        return await self._database.run(write, forget)

    def _left_of(self, batch: Sequence[Pending]) -> int:
        """How many of a batch are not committed yet: those at its end, which the queue begins with."""
        first = self._waiting[0] if self._waiting else None
        return next((len(batch) - index for index, pending in enumerate(batch) if pending is first), 0)

    def _wait_for_the_disk(self, error: Exception) -> None:
        """The app goes on and asks the server for what it would have read here; what waits is tried again."""
        if not self._refused:
            LOG.warning("the cache cannot be used, Hearth goes on without it: %s", error)
        self._refused = True
        if self._waiting and self._timer is None:
            self._write_in(RETRY_AFTER_S)

    def _give_up(self, reason: str) -> None:
        """Keep nothing more in this run."""
        LOG.info("nothing more is cached until the next start: %s", reason)
        self._is_off = True
        self._cancel_timer()
        self._waiting.clear()

    def _cancel_timer(self) -> None:
        """Write at no moment any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _nothing_more(_connection: sqlite3.Connection) -> None:
    """Only what waits is to be written."""
