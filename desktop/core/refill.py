"""After a server was restored from a backup: what this desktop still holds of its user's own writing is sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from desktop.core.outbox import Outbox
from desktop.core.ports import Api, Clock, OutboxEntry
from desktop.core.store import Store
from protocol.shapes import Message
from protocol.times import from_wire

REFILL_MS = 30 * 24 * 60 * 60 * 1000
"""How far back one's own messages are verified (architecture.md, Reconnection)."""


class Refill:
    """Owns the own messages of a history that has ended, until the new one has said which of them it lacks."""

    def __init__(self, api: Api, outbox: Outbox, clock: Clock, sent: Callable[[], None]) -> None:
        """`sent` is told when messages were put into the outbox again."""
        self._api = api
        self._outbox = outbox
        self._clock = clock
        self._sent = sent
        self._unverified: list[OutboxEntry] = []

    def keep(self, store: Store, own_id: int) -> None:
        """Take over what the user has written in the last 30 days, before the store forgets it."""
        since_ms = self._clock.now_ms() - REFILL_MS
        for held in store.listed():
            mine = (m for m in held.between(1, None) if m.sender_id == own_id)
            self._unverified += [_again(message) for message in mine if _counts(message, since_ms)]

    async def verify(self) -> None:
        """Ask which are missing and queue those, in their old order. Raises Refused or Unreachable, losing nothing."""
        if not self._unverified:
            return
        missing = set(await self._api.verify([entry.uid for entry in self._unverified]))
        lost, self._unverified = [entry for entry in self._unverified if entry.uid in missing], []
        await self._queue(lost)

    async def _queue(self, entries: Iterable[OutboxEntry]) -> None:
        """Put them into the outbox."""
        for entry in entries:
            await self._outbox.save(self._outbox.add(entry))
        self._sent()


def _counts(message: Message, since_ms: int) -> bool:
    """Whether a message is worth sending again."""
    return message.deleted_at is None and message.type != "system" and from_wire(message.created_at) >= since_ms


def _again(message: Message) -> OutboxEntry:
    """The message as the entry it once was; its files are those that the server had."""
    return OutboxEntry(
        uid=message.uid,
        conversation_id=message.conversation_id,
        place=0,
        text=message.content or "",
        uploaded=tuple(message.attachments),
        created_ms=from_wire(message.created_at),
        reply_to_uid=message.reply_to.uid if message.reply_to else None,
    )
