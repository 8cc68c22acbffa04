"""The rows of one conversation: a bounded window over what is held, paged both ways."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from desktop.core.bubble import Row
from desktop.core.differ import diff
from desktop.core.history import PAGE
from desktop.core.listops import ListOp
from desktop.core.observable import Observable, Topic
from desktop.core.outbox import Waiting
from desktop.core.ports import HistoryPage, Place, Unreachable
from desktop.core.rows import Divider, RowDeriver, facets_between, key_of
from desktop.core.store import Held
from desktop.core.unread import Unread
from protocol.errors import Refused

LOG = logging.getLogger(__name__)

WINDOW_MOST = 400
WINDOW_KEPT = 350
"""Beyond the most, the far end is let go down to this many: a view that asks every row its height stays quick."""
CONTEXT = 25
"""Read messages shown above the first unread one."""

Phase = Literal["loading", "ready", "empty", "error"]


@dataclass(frozen=True, slots=True)
class TimelineState:
    """What the chat page shows around the rows; `reason` is a sentence for people when `phase` is error."""

    phase: Phase = "loading"
    reason: str | None = None
    has_older: bool = False
    has_newer: bool = False


class Surroundings(Protocol):
    """What a timeline needs from its session."""

    def held(self, conversation_id: int) -> Held:
        """What the store knows of the conversation."""

    def entries(self, conversation_id: int) -> Sequence[Waiting]:
        """The messages that wait in the conversation, in order."""

    def changes(self, conversation_id: int) -> Sequence[Waiting]:
        """What waits to change its messages, in order."""

    def unread(self, conversation_id: int) -> Unread:
        """What is unread in it."""

    async def fetch(self, conversation_id: int, place: Place, position: int) -> HistoryPage:
        """Merge a page of history, from the disk or the server. Raises Refused or Unreachable."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else until the session closes."""


class Timeline:
    """Owns the window (positions `_low` to `_high`, open to new messages without `_high`) and the frozen divider.

    The rows are derived anew after each change and told as operations; nothing else changes them.
    """

    def __init__(self, conversation_id: int, around: Surroundings, deriver: RowDeriver) -> None:
        self.conversation_id = conversation_id
        self.operations: Topic[Sequence[ListOp[Row]]] = Topic()
        self.state: Observable[TimelineState] = Observable(TimelineState())
        self._around = around
        self._deriver = deriver
        self._rows: list[Row] = []
        self._index: dict[str, int] | None = None
        self._low: int | None = None
        self._high: int | None = None
        self._looks_back = False
        self._divider: Divider | None = None
        self._renewed: int | None = None
        self._loading = False
        self._begins_anew = False
        self._reason: str | None = None
        self._retry: Callable[[], None] | None = None
        self._deriving = False
        self._derive_again = False

    @property
    def rows(self) -> Sequence[Row]:
        """The rows now; each change of them is told by `operations` right after."""
        return self._rows

    @property
    def first_unread(self) -> int | None:
        """The position at which the unread line stands, frozen while the conversation is read."""
        return None if self._divider is None else self._divider.position

    @property
    def first_position(self) -> int | None:
        """Where the window begins; None before it is open."""
        return self._low

    @property
    def has_older(self) -> bool:
        """Whether there is anything above the window."""
        return self._low is not None and self._low > self._held.first_position

    @property
    def has_newer(self) -> bool:
        """Whether the window ends before the latest message."""
        return self._high is not None

    @property
    def is_loading(self) -> bool:
        """Whether a page is on its way; asking for more until then changes nothing."""
        return self._loading

    @property
    def _held(self) -> Held:
        return self._around.held(self.conversation_id)

    def index_of(self, key: str) -> int | None:
        """Where the row with this key stands."""
        if self._index is None:
            self._index = {row.key: index for index, row in enumerate(self._rows)}
        return self._index.get(key)

    def open(self) -> None:
        """Show the newest page, or what surrounds the first unread message; asks the server where that is not held."""
        last = self._held.last_position
        unread = self._around.unread(self.conversation_id).first_position
        low = max(self._held.first_position, last - PAGE + 1)
        if unread is not None:
            low = max(self._held.first_position, min(low, unread - CONTEXT))
        if last - low < WINDOW_KEPT and self._held.has_all(low, last) and self._held.conversation is not None:
            self._show(low, None)
        elif unread is not None and unread < last - PAGE + 1:
            self._load("around", unread, self._show_page)
        else:
            self._load("newest", 0, self._show_newest)

    def begin_anew(self) -> None:
        """The server tells another history: what was shown where means nothing any more."""
        self._low = self._high = self._divider = self._renewed = self._retry = None
        self._begins_anew = self._loading
        if not self._loading:
            self.open()

    def retry(self) -> None:
        """Ask again for the page that failed, or that came from the disk with holes, if one did."""
        self._renewed = None
        retry, self._retry = self._retry, None
        if retry is not None:
            retry()

    def renew(self) -> None:
        """Fetch again what is shown but may be old, as long as that helps; the rows stay where they are."""
        if self._low is None or self._loading:
            return
        last = self._held.last_position if self._high is None else self._high
        old = sorted(position for position in self._held.stale if self._low <= position <= last)
        if old and old[0] != self._renewed:
            self._renewed = old[0]
            self._load("around", old[0] + PAGE // 2 - 1, self._fill_page)

    def load_older(self) -> None:
        """Widen the window upwards by a page; harmless while one is on its way or where nothing is above."""
        if self._low is None or not self.has_older:
            return
        wanted = max(self._held.first_position, self._low - PAGE)
        if self._held.has_all(wanted, self._low - 1):
            self._widen_up(wanted)
        else:
            self._load("before", self._low, lambda page: self._widen_up(_first(page, wanted)))

    def load_newer(self) -> None:
        """Widen the window downwards by a page; it follows the latest again once it reaches it."""
        if self._high is None:
            return
        wanted = min(self._held.last_position, self._high + PAGE)
        if self._held.has_all(self._high + 1, wanted):
            self._widen_down(wanted)
        else:
            self._load("after", self._high, lambda page: self._widen_down(_last(page, wanted)))

    def load_around(self, position: int) -> None:
        """Show what surrounds a position, or fill the hole it lies in; harmless where it is shown already."""
        inside = self._low is not None and self._low <= position <= (self._high or self._held.last_position)
        if inside and position in self._held.messages and position not in self._held.stale:
            return
        self._load("around", position, self._fill_page if inside else self._show_page)

    def jump_to_latest(self) -> None:
        """Follow the latest message again."""
        if self._high is None and self._low is not None:
            return
        last = self._held.last_position
        low = max(self._held.first_position, last - PAGE + 1)
        if last and self._held.has_all(low, last):
            self._show(low, None)
        else:
            self._load("newest", 0, self._show_newest)

    def begin_reading(self) -> None:
        """The conversation is opened: freeze the divider where reading begins, and bring the window there."""
        unread = self._around.unread(self.conversation_id)
        position = unread.first_position
        if position is None:
            return
        self._divider = Divider(position, unread.count)
        if self._low is None or self._low <= position <= (self._high or self._held.last_position):
            self.refresh()
        else:
            self.open()

    def end_reading(self) -> None:
        """The conversation is left, or something is sent into it: the divider goes."""
        if self._divider is not None:
            self._divider = None
            self.refresh()

    def refresh(self) -> None:
        """Derive the rows anew and tell what has changed. A watcher that causes a change is told of it afterwards."""
        self._derive_again = True
        if self._deriving:
            return
        self._deriving = True
        try:
            while self._derive_again:
                self._derive_again = False
                self._derive()
        finally:
            self._deriving = False

    def _derive(self) -> None:
        """One step from the rows told last to the rows now."""
        self._let_go()
        entries = self._around.entries(self.conversation_id) if self._high is None else ()
        low = self._held.last_position + 1 if self._low is None else self._low
        changes = self._around.changes(self.conversation_id)
        rows = self._deriver.derive(self._held, low, self._high, entries, self._divider, changes)
        operations = diff(self._rows, rows, key_of, facets_between)
        self._rows = rows
        self._index = None
        if operations:
            self.operations.publish(operations)
        self.state.value = self._state_now()

    def _state_now(self) -> TimelineState:
        """The state that follows from the window and the last request."""
        phase: Phase = "ready" if self._rows else "empty"
        if self._reason is not None:
            phase = "error"
        elif self._low is None and not (self._rows and not self._loading):
            phase = "loading"
        return TimelineState(phase, self._reason, self.has_older, self.has_newer)

    def _let_go(self) -> None:
        """Keep the window bounded: the end away from where the reader goes is let go."""
        if self._low is None:
            return
        last = self._held.last_position if self._high is None else self._high
        if self._held.count_between(self._low, last) <= WINDOW_MOST:
            return
        shown = [message.position for message in self._held.between(self._low, self._high)]
        if self._looks_back:
            self._high = shown[WINDOW_KEPT - 1]
        else:
            self._low = shown[-WINDOW_KEPT]

    def _show(self, low: int, high: int | None) -> None:
        """Make another window the one shown."""
        self._low, self._high = low, high
        self._looks_back = high is not None
        self._reason = None
        self.refresh()

    def _show_page(self, page: HistoryPage) -> None:
        """Show exactly the page that came, open to the latest where it reaches it."""
        if not page.messages:
            self._show(self._held.first_position, None)
            return
        low, high = page.messages[0].position, page.messages[-1].position
        self._show(low, None if high >= self._held.last_position else high)

    def _show_newest(self, page: HistoryPage) -> None:
        """Show the page that came, open to the latest whether it reaches it or that is still to come."""
        self._show(page.messages[0].position if page.messages else self._held.first_position, None)

    def _fill_page(self, page: HistoryPage) -> None:
        """A hole within the window was filled: the rows follow from the store."""
        del page
        self.refresh()

    def _widen_up(self, low: int) -> None:
        """Begin the window further up."""
        self._looks_back = True
        self._low = min(low, self._low if self._low is not None else low)
        self.refresh()

    def _widen_down(self, high: int) -> None:
        """End the window further down, or not at all."""
        self._looks_back = False
        self._high = None if high >= self._held.last_position else high
        self.refresh()

    def _load(self, place: Place, position: int, then: Callable[[HistoryPage], None]) -> None:
        """Ask for a page, one at a time."""
        if self._loading:
            return
        self._loading = True
        self._reason = None
        self._around.spawn(self._fetch(place, position, then))
        self.refresh()

    async def _fetch(self, place: Place, position: int, then: Callable[[HistoryPage], None]) -> None:
        """Wait for the page; where it does not come, say why and keep what was asked for `retry`."""
        try:
            page = await self._around.fetch(self.conversation_id, place, position)
        except (Refused, Unreachable) as reason:
            self._loading = False
            if self._begins_anew:
                self.begin_anew()
            else:
                self._fail(reason, lambda: self._load(place, position, then))
            return
        self._loading = False
        if self._begins_anew:
            self.begin_anew()
            return
        then(page)
        if page.is_whole:
            self.renew()
        else:
            self._retry = lambda: self._load(place, position, self._fill_page)

    def _fail(self, reason: Refused | Unreachable, again: Callable[[], None]) -> None:
        """No page: rows already held are shown all the same."""
        LOG.info("no history for conversation %s: %s", self.conversation_id, reason)
        self._retry = again
        if self._low is None and self._held.positions:
            self._low = self._held.positions[-min(PAGE, len(self._held.positions))]
        if not self._held.positions or self._low is None:
            self._reason = _sentence(reason)
        self.refresh()


def _sentence(reason: Refused | Unreachable) -> str:
    """Why there are no messages, for people."""
    if isinstance(reason, Refused):
        return reason.message
    return "The server cannot be reached. The messages will appear when the line is back."


def _first(page: HistoryPage, otherwise: int) -> int:
    """The first position of a page."""
    return page.messages[0].position if page.messages else otherwise


def _last(page: HistoryPage, otherwise: int) -> int:
    """The last position of a page."""
    return page.messages[-1].position if page.messages else otherwise
