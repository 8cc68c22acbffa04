"""What the keyboard does with the window: going between conversations and regions, and opening what finds things."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget

from desktop.core.choices import FOR_GOOD_MS
from desktop.core.finder import Hit
from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.ui.failures import words_of
from desktop.ui.tasks import Tasks
from protocol.errors import Refused

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow

VISITED_MOST = 100


class Visits:
    """Owns which conversations were visited, in order and by recency; knows nothing of the window."""

    def __init__(self) -> None:
        self._trail: list[int] = []
        self._at = -1
        self._recent: list[int] = []
        self._cycle: list[int] | None = None
        self._cycle_at = 0

    def visit(self, conversation_id: int) -> None:
        """A conversation was opened by choice."""
        if self._trail[self._at : self._at + 1] != [conversation_id]:
            self._trail = [*self._trail[: self._at + 1], conversation_id][-VISITED_MOST:]
            self._at = len(self._trail) - 1
        self._cycle = None
        self._touch(conversation_id)

    def step(self, steps: int, there: Iterable[int]) -> int | None:
        """The conversation so many steps back (negative) or forward; those that are gone are passed over."""
        known = set(there)
        at = self._at + steps
        while 0 <= at < len(self._trail):
            if self._trail[at] in known and self._trail[at] != self._trail[self._at]:
                self._at = at
                self._touch(self._trail[at])
                return self._trail[at]
            at += steps
        return None

    def cycle(self, steps: int, there: Iterable[int]) -> int | None:
        """The next one by recency; pressed again it goes on, until something is opened otherwise."""
        if self._cycle is None:
            known = set(there)
            self._cycle, self._cycle_at = [one for one in self._recent if one in known], 0
        if len(self._cycle) <= 1:
            return None
        self._cycle_at = (self._cycle_at + steps) % len(self._cycle)
        return self._cycle[self._cycle_at]

    def settle(self, conversation_id: int) -> None:
        """Cycling has come to rest here: the next press begins anew."""
        self._cycle = None
        self._touch(conversation_id)

    def recent(self) -> list[int]:
        """The conversations, the last visited first."""
        return list(self._recent)

    def _touch(self, conversation_id: int) -> None:
        """The most recent one."""
        if conversation_id in self._recent:
            self._recent.remove(conversation_id)
        self._recent.insert(0, conversation_id)


class WindowActions(QObject):
    """Does the actions of `shortcuts.ACTIONS` in a window. Owns the visits and what is asked of the server."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._tasks = Tasks()
        self._leads = False
        self.visits = Visits()

    def close(self) -> None:
        """Wait for nothing any more."""
        self._tasks.cancel()

    def opened(self, conversation_id: int) -> None:
        """A conversation was opened; going back, forward or round is no visit of its own."""
        if not self._leads:
            self.visits.visit(conversation_id)

    def table(self) -> dict[str, Callable[[], object]]:
        """What each action does."""
        window, view = self._window, self._window.list.view
        return {
            "switch": window.show_switcher,
            "search": window.search_everything,
            "find": window.chat.show_search,
            "previous": partial(view.choose_beside, -1),
            "next": partial(view.choose_beside, 1),
            "previous_unread": partial(view.choose_beside, -1, unread_only=True),
            "next_unread": partial(view.choose_beside, 1, unread_only=True),
            "recent": partial(self._cycle, 1),
            "recent_back": partial(self._cycle, -1),
            "back": partial(self._step, -1),
            "forward": partial(self._step, 1),
            "region": partial(self._region, 1),
            "region_back": partial(self._region, -1),
            "first_unread": window.chat.to_first_unread,
            "latest": window.chat.pane.to_latest,
            "read_all": window.list.work.mark_all_read,
            "info": window.toggle_info,
            "mute": self._mute,
            "new": window.show_new_conversation,
            "outbox": window.show_outbox,
            "settings": partial(window.show_settings, "account"),
            "shortcuts": window.show_shortcuts,
            **{f"nth_{number}": partial(self._nth, number - 1) for number in range(1, 10)},
        }

    def open_hit(self, hit: Hit, query: str) -> None:
        """Show a found message in its conversation, with the way to the next and previous one."""
        self._window.open_conversation(hit.conversation_id)
        self._window.chat.show_hit(hit, query)

    def open_person(self, user_id: int) -> None:
        """Open the conversation with somebody, made where there is none."""
        self._tasks.start(self._open_person(user_id))

    async def _open_person(self, user_id: int) -> None:
        """Ask for it, and say why where that fails."""
        try:
            self._window.open_conversation(await self._session.open_direct(user_id))
        except (Refused, Unreachable) as error:
            self._window.list.toast.say(words_of(error))

    def _there(self) -> list[int]:
        """The conversations there are."""
        return [row.conversation_id for row in self._session.conversations.rows]

    def _lead(self, conversation_id: int | None) -> None:
        """Open one without making it a visit."""
        if conversation_id is not None:
            self._leads = True
            self._window.open_conversation(conversation_id)
            self._leads = False

    def _step(self, steps: int) -> None:
        """Back or forward."""
        self._lead(self.visits.step(steps, self._there()))

    def _cycle(self, steps: int) -> None:
        """Round by recency."""
        self._lead(self.visits.cycle(steps, self._there()))

    def _nth(self, place: int) -> None:
        """The conversation at a place of the list."""
        if place < self._window.list.shown.rowCount():
            self._window.list.view.choose_nth(place)

    def _mute(self) -> None:
        """Mute the open conversation for good, or no longer."""
        identity = self._window.chat.conversation_id
        if identity is not None:
            muted = self._session.header(identity).value.muted
            self._window.list.work.mute(identity, None if muted else FOR_GOOD_MS)

    def _region(self, step: int) -> None:
        """Lead the keyboard to the next part of the window that is seen."""
        window = self._window
        regions: list[tuple[QWidget, QWidget]] = [
            (window.rail, window.rail.conversations),
            (window.list, window.list.search if window.list.query() else window.list.view),
            (window.chat.pane, window.chat.pane.view),
            (window.chat.composer, window.chat.composer),
        ]
        if window.shows_info():
            regions.append((window.info, window.info))
        seen = [(whole, entry) for whole, entry in regions if whole.isVisible()]
        focus = QApplication.focusWidget()
        here = next((at for at, (whole, _) in enumerate(seen) if focus is not None and _holds(whole, focus)), -1)
        entry = seen[(here + step) % len(seen)][1]
        if entry is window.list.view:
            window.list.view.enter()
        else:
            entry.setFocus(Qt.FocusReason.TabFocusReason)


def _holds(whole: QWidget, part: QWidget) -> bool:
    """Whether a widget is this one or in it."""
    return whole is part or whole.isAncestorOf(part)
