"""Where messages come from that are not held in memory: the disk where it has them as they are, else the server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from desktop.core import updates
from desktop.core.ports import (
    Api,
    Cache,
    CachedPage,
    CachedState,
    HistoryPage,
    OutboxEntry,
    Place,
    Reached,
    Unreachable,
)
from desktop.core.progress import Following
from desktop.core.search_words import Asked
from desktop.core.store import Held, Store
from desktop.core.updates import Update
from protocol.shapes import Message

LOG = logging.getLogger(__name__)

PAGE = 50


class NoCache:
    """`core.ports.Cache` for who wants nothing kept on this computer, and for tests of everything else."""

    async def load(self) -> CachedState:
        """Nothing."""
        return CachedState(Update())

    def save(self, update: Update, reached: Reached) -> None:
        """Keep nothing."""

    async def page(self, conversation_id: int, place: Place, position: int, limit: int) -> CachedPage:
        """Nothing."""
        del conversation_id, place, position, limit
        return CachedPage()

    async def find(self, asked: Asked) -> Sequence[Message]:
        """Nothing."""
        del asked
        return ()

    async def begin_epoch(self, epoch: str, since_ms: int) -> Sequence[OutboxEntry]:
        """Nothing."""
        del epoch, since_ms
        return ()

    def verified(self, uids: Sequence[str]) -> None:
        """Nothing was to be forgotten."""

    async def close(self) -> None:
        """Nothing is open."""


class History:
    """Owns the way from the disk and from the server's history into the store, and what goes to the disk behind it."""

    def __init__(
        self,
        cache: Cache,
        api: Api,
        store: Store,
        ingest: Callable[[Update], None],
        is_connected: Callable[[], bool],
    ) -> None:
        self._cache = cache
        self._api = api
        self._store = store
        self._ingest = ingest
        self._is_connected = is_connected

    async def load(self) -> CachedState:
        """Merge what an earlier run has left; the result says what else is known."""
        state = await self._cache.load()
        self._ingest(replace(state.rows, kept=True))
        LOG.info("%d conversations are known from the last time", len(state.rows.conversations))
        return state

    def keep(self, update: Update, following: Following) -> None:
        """Write behind what was merged, with how far is followed since."""
        if not update.kept and update != Update(presence=update.presence, typing=update.typing):
            self._cache.save(update, following.reached_by(update))

    async def fetch(self, conversation_id: int, place: Place, position: int) -> HistoryPage:
        """Merge a page, from the disk if it is there whole and current. Raises Refused or Unreachable.

        Without the line, what the disk has is better than nothing: it is shown with its holes, and asked for again.
        """
        cached = await self._cached(conversation_id, place, position)
        held = self._store.of(conversation_id)
        is_whole = _is_whole(cached, held, place, position)
        if is_whole or (cached.messages and not self._is_connected()):
            return self._merged(conversation_id, cached, is_whole=is_whole)
        try:
            where = {} if place == "newest" else {str(place): position}
            page = await self._api.history(conversation_id, limit=PAGE, **where)
        except Unreachable:
            if not cached.messages:
                raise
            return self._merged(conversation_id, cached, is_whole=False)
        self._ingest(updates.of_page(conversation_id, page))
        return page

    async def _cached(self, conversation_id: int, place: Place, position: int) -> CachedPage:
        """What the disk has, unless news came meanwhile by which it may be of another history or old: then again."""
        while True:
            held = self._store.of(conversation_id)
            jumps = held.jumps
            page = await self._cache.page(conversation_id, place, position, PAGE)
            if self._store.of(conversation_id) is held and held.jumps == jumps:
                return page

    def _merged(self, conversation_id: int, cached: CachedPage, *, is_whole: bool) -> HistoryPage:
        """Merge a page of the disk."""
        self._ingest(updates.of_cached(cached))
        return HistoryPage(cached.messages, 0, self._store.of(conversation_id).last_position, is_whole)


def _is_whole(cached: CachedPage, held: Held, place: Place, position: int) -> bool:
    """Whether a page from the disk has every position that it is asked for, as it is now on the server."""
    if held.conversation is None or cached.old:
        return False
    first, last = _wanted(held, place, position)
    return [message.position for message in cached.messages] == list(range(first, last + 1))


def _wanted(held: Held, place: Place, position: int) -> tuple[int, int]:
    """The first and last position of a page."""
    lowest, highest = held.first_position, held.last_position
    if place == "newest":
        return max(lowest, highest - PAGE + 1), highest
    if place == "before":
        return max(lowest, position - PAGE), position - 1
    if place == "after":
        return position + 1, min(highest, position + PAGE)
    first = max(lowest, position - PAGE // 2)
    return first, min(highest, first + PAGE - 1)
