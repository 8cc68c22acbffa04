"""Everything of an account that may be on screen, derived anew after each change and kept within bounds."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.core.bubble import Header
from desktop.core.conversation_list import ConversationList
from desktop.core.observable import Observable
from desktop.core.ports import Clock
from desktop.core.row_maker import RowMaker
from desktop.core.rows import RowDeriver
from desktop.core.store import Changes, Store
from desktop.core.timeline import Surroundings, Timeline


class Shown:
    """Owns the list, and the timelines and headers that were asked for: one object each for as long as the session."""

    def __init__(self, store: Store, own_id: int, clock: Clock, around: Surroundings, maker: RowMaker) -> None:
        """`around` is what each timeline needs of the session."""
        self.conversations = ConversationList(store, maker)
        self._store = store
        self._own_id = own_id
        self._clock = clock
        self._around = around
        self._maker = maker
        self._timelines: dict[int, Timeline] = {}
        self._headers: dict[int, Observable[Header]] = {}

    def timeline(self, conversation_id: int) -> Timeline:
        """The rows of a conversation; the same object each time, loading when first asked for."""
        known = self._timelines.get(conversation_id)
        if known is not None:
            return known
        deriver = RowDeriver(self._store, self._own_id, self._clock)
        timeline = self._timelines[conversation_id] = Timeline(conversation_id, self._around, deriver)
        timeline.open()
        return timeline

    def header(self, conversation_id: int) -> Observable[Header]:
        """What stands above a conversation's timeline; the same object each time."""
        known = self._headers.get(conversation_id)
        if known is None:
            known = self._headers[conversation_id] = Observable(self._maker.header(conversation_id))
        return known

    def to_the_end(self, conversation_id: int) -> None:
        """Bring the writer to the end of the conversation, where the new bubble is; the divider has done its duty."""
        timeline = self._timelines.get(conversation_id)
        if timeline is not None:
            timeline.end_reading()
            timeline.jump_to_latest()

    def begin_anew(self) -> None:
        """The server tells another history."""
        for timeline in tuple(self._timelines.values()):
            timeline.begin_anew()

    def line_is_up(self) -> None:
        """Load what could not be loaded, and anew what may be old."""
        for timeline in tuple(self._timelines.values()):
            timeline.retry()
            timeline.renew()

    def follow(self, changes: Changes) -> None:
        """Forget what a merge has pushed out of bounds, and derive anew what it concerns."""
        self._let_go(changes.conversations)
        self.refresh(self._concerned(changes))

    def refresh(self, conversation_ids: Iterable[int]) -> None:
        """Derive anew what shows these conversations."""
        concerned = set(conversation_ids)
        for conversation_id in concerned:
            timeline = self._timelines.get(conversation_id)
            if timeline is not None:
                timeline.refresh()
            header = self._headers.get(conversation_id)
            if header is not None:
                header.value = self._maker.header(conversation_id)
        self.conversations.refresh(concerned)

    def _let_go(self, conversation_ids: Iterable[int]) -> None:
        """Keep memory bounded: what is neither shown nor unread can be fetched again."""
        for conversation_id in conversation_ids:
            held, timeline = self._store.of(conversation_id), self._timelines.get(conversation_id)
            if timeline is not None and timeline.is_loading:
                continue  # The page that has just come is not shown yet.
            unread = self._around.unread(conversation_id).first_position
            shown = timeline.first_position if timeline is not None else None
            held.let_go(min(place for place in (unread, shown, held.last_position) if place is not None))

    def _concerned(self, changes: Changes) -> set[int]:
        """The conversations whose rows may look different: those that changed, and those of people who did."""
        concerned = set(changes.conversations)
        if changes.users:
            for conversation_id, held in self._store.held.items():
                if not changes.users.isdisjoint(held.members):
                    concerned.add(conversation_id)
        return concerned
