"""After a server was restored from a backup: what this desktop still holds of its user's own writing is sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from desktop.core.outbox import Outbox
from desktop.core.ports import Api, Cache, OutboxEntry
from desktop.core.store import Store
from protocol.shapes import Message
from protocol.times import from_wire

REFILL_MS = 30 * 24 * 60 * 60 * 1000
"""How far back one's own messages are verified (architecture.md, Reconnection)."""
AT_ONCE = 500
"""So many are asked about at a time: what was answered need not be asked again when the line breaks."""


class Refill:
    """Owns the own messages of a history that has ended, until the new one has said which of them it lacks.

    They are in the cache's file too, until they are known to be on the server or in the outbox's file; so a crash at
    any moment asks again, and what was queued already is not queued twice.
    """

    def __init__(self, api: Api, outbox: Outbox, cache: Cache, sent: Callable[[], None]) -> None:
        """`sent` is told when messages were put into the outbox again."""
        self._api = api
        self._outbox = outbox
        self._cache = cache
        self._sent = sent
        self._unverified: dict[str, OutboxEntry] = {}
        self._asking = asyncio.Lock()

    def keep(self, entries: Iterable[OutboxEntry]) -> None:
        """Take these over; the same one twice counts once."""
        self._unverified.update((entry.uid, entry) for entry in entries)

    @property
    def is_left(self) -> bool:
        """Whether anything may still be sent again."""
        return bool(self._unverified)

    async def verify(self) -> None:
        """Ask which are missing and queue those, in their old order. Raises Refused or Unreachable, losing nothing."""
        async with self._asking:
            while entries := list(islice(sorted(self._unverified.values(), key=_age), AT_ONCE)):
                missing = set(await self._api.verify([entry.uid for entry in entries]))
                await self._queue([entry for entry in entries if entry.uid in missing])
                for entry in entries:
                    self._unverified.pop(entry.uid, None)
                self._cache.verified([entry.uid for entry in entries])

    async def _queue(self, entries: Sequence[OutboxEntry]) -> None:
        """Put into the outbox what is not there from before a crash."""
        for entry in entries:
            if self._outbox.get(entry.uid) is None:
                await self._outbox.save(self._outbox.add(entry))
        if entries:
            self._sent()


def _age(entry: OutboxEntry) -> tuple[int, int, int]:
    """The old order: by time, and in a conversation by position."""
    return entry.created_ms, entry.conversation_id, entry.place


def own_since(store: Store, own_id: int, since_ms: int) -> list[OutboxEntry]:
    """What the store holds of one's own writing."""
    mine = (m for held in store.listed() for m in held.between(1, None) if m.sender_id == own_id)
    return [entry_of(message) for message in mine if counts(message, since_ms)]


def counts(message: Message, since_ms: int) -> bool:
    """Whether a message is worth sending again."""
    return message.deleted_at is None and message.type != "system" and from_wire(message.created_at) >= since_ms


def entry_of(message: Message) -> OutboxEntry:
    """The message as the entry it once was; its files are those that the server had."""
    return OutboxEntry(
        uid=message.uid,
        conversation_id=message.conversation_id,
        place=message.position,
        text=message.content or "",
        uploaded=tuple(message.attachments),
        created_ms=from_wire(message.created_at),
        reply_to_uid=message.reply_to.uid if message.reply_to else None,
        reply_to=message.reply_to,
        mentions=tuple(message.mentions),
        again=True,
    )
