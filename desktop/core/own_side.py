"""One's own side of a session: choices, drafts, groups and notices, joined to the waist and to their file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from desktop.core.attention import Attention
from desktop.core.choices import Choices
from desktop.core.drafts import Drafts
from desktop.core.groups import Groups
from desktop.core.notices import Noticing
from desktop.core.outbox import Waiting
from desktop.core.own_ports import OwnApi, OwnFile
from desktop.core.pace import Pace
from desktop.core.ports import Clock
from desktop.core.row_maker import RowMaker
from desktop.core.store import Changes, Held, Store
from desktop.core.unread import Unread
from desktop.core.updates import Update
from protocol.shapes import Draft, Own


@dataclass(frozen=True, slots=True)
class Ways:
    """What the parts need of the session: whether the line is up, its waist, and deriving a conversation anew."""

    is_connected: Callable[[], bool]
    ingest: Callable[[Update], None]
    refresh: Callable[[int], None]


class OwnSide:
    """Owns the file of what is one's own, and passes on to its parts what the session hears."""

    def __init__(
        self, store: Store, own_id: int, api: OwnApi, file: OwnFile, clock: Clock, pace: Pace, *, ways: Ways
    ) -> None:
        """`file` is closed with the session."""
        self._store = store
        self._own_id = own_id
        self._clock = clock
        self._pace = pace
        self._file = file
        self.choices = Choices(store, api, self._file, clock, is_connected=ways.is_connected, refresh=ways.refresh)
        self.drafts = Drafts(store, api, self._file, clock, pace, is_connected=ways.is_connected, refresh=ways.refresh)
        self.groups = Groups(store, own_id, api, ways.ingest)
        self._notices: Noticing | None = None

    def notice(self, maker: RowMaker, unread: Callable[[int], Unread], attention: Attention) -> Noticing:
        """Begin to decide what deserves a notice."""
        self._notices = Noticing(
            self._store,
            self._own_id,
            self._clock,
            burst_s=self._pace.burst_s,
            maker=maker,
            choices=self.choices,
            unread=unread,
            is_busy=lambda: attention.chosen == "busy",
        )
        return self._notices

    def own(self, held: Held) -> Own:
        """One's own facts as they are to be shown."""
        return self.choices.own(held)

    def is_muted(self, held: Held) -> bool:
        """Whether a conversation is muted now."""
        return self.choices.muted_until_ms(held) is not None

    def draft(self, held: Held) -> Draft | None:
        """What was begun in a conversation."""
        return self.drafts.get(held.conversation_id)

    async def load(self, waiting: Iterable[Waiting]) -> None:
        """Take up what an earlier run has left; the store and the outbox, of what is `waiting`, are loaded already."""
        kept = await self._file.load()
        self.choices.load(kept.choices)
        self.drafts.load(kept.drafts, [one.entry for one in waiting])
        if self._notices is not None:
            self._notices.load()

    def follow(self, update: Update, changes: Changes) -> None:
        """An update was merged."""
        self.groups.follow(changes.conversations)
        if not update.kept:
            told = {facts.conversation_id for facts in update.own}
            if told:
                self.choices.told(told)
            self.drafts.told(told)
            self.drafts.follow(update.messages, self._own_id)
        for conversation_id in update.gone:
            self.choices.forget(conversation_id)
            self.drafts.forget(conversation_id)
        if self._notices is not None:
            self._notices.follow(update, changes.conversations)

    def look(self, conversation_ids: Iterable[int]) -> None:
        """Something in these conversations has changed here."""
        if self._notices is not None:
            self._notices.look(conversation_ids)

    def begin_epoch(self) -> None:
        """The server tells another history."""
        self.drafts.begin_epoch()
        if self._notices is not None:
            self._notices.begin_epoch()

    def line_is_up(self) -> None:
        """Say what could not be said, and ask what could not be asked."""
        self.choices.line_is_up()
        self.drafts.line_is_up()
        self.groups.line_is_up()

    async def close(self) -> None:
        """Have everything on disk."""
        if self._notices is not None:
            self._notices.close()
        await self.groups.close()
        await self.choices.close()
        await self.drafts.close()
        await self._file.close()
