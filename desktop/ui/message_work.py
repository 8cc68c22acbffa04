"""What people do with messages that are there, by the session's verbs: asked, waited for, and said when it fails."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.core.bubble import Bubble, Header
from desktop.core.moments import system_clock
from desktop.core.ports import Clock, Unreachable
from desktop.core.session import Session
from desktop.ui.edits_popup import edits_dialog
from desktop.ui.failures import words_of
from desktop.ui.forward_dialog import ForwardDialog
from desktop.ui.message_deeds import is_stored, may_delete
from desktop.ui.plain_text import PlainMessageBox
from desktop.ui.seen_by import seen_by_dialog
from desktop.ui.tasks import Tasks
from desktop.ui.toast import Toast
from protocol.errors import Refused

_log = logging.getLogger(__name__)

DISK_WORDS = "This computer could not keep this, so nothing was changed. Free some space and try again."


class MessageWork(QObject):
    """Does deeds with messages through `session.changing`. Owns what still runs, and tells problems by the toast."""

    def __init__(self, session: Session, toast: Toast, page: QWidget, clock: Clock | None = None) -> None:
        super().__init__(page)
        self._session = session
        self._toast = toast
        self._page = page
        self._clock = clock or system_clock()
        self._tasks = Tasks()
        self._unsubscribe = session.changing.problems.subscribe(toast.say)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._unsubscribe()
        self._tasks.cancel()

    def header(self, bubble: Bubble) -> Header:
        """What is known of the conversation that a message stands in."""
        return self._session.header(bubble.conversation_id).value

    def react(self, bubble: Bubble, emoji: str) -> None:
        """Choose an emoji, or take it back where one has chosen it."""
        chosen = any(one.emoji == emoji and one.own for one in bubble.reactions)
        changing = self._session.changing
        self._start(lambda: changing.react(bubble.conversation_id, bubble.key, emoji, not chosen))

    def pin(self, bubble: Bubble, *, on: bool) -> None:
        """Pin for all, or no longer."""
        self._start(lambda: self._session.changing.pin(bubble.conversation_id, bubble.key, on))

    def star(self, bubble: Bubble, *, on: bool) -> None:
        """Keep at hand for oneself, or no longer."""
        self._start(lambda: self._session.changing.star(bubble.conversation_id, bubble.key, on))

    def remove_preview(self, bubble: Bubble) -> None:
        """Take the link's card away."""
        self._start(lambda: self._session.changing.remove_preview(bubble.conversation_id, bubble.key))

    def ask_to_delete(self, bubbles: Sequence[Bubble], then: Callable[[], object] | None = None) -> None:
        """Delete for everybody, after a question."""
        if not bubbles:
            return
        one = len(bubbles) == 1
        title = "Delete this message?" if one else f"Delete {len(bubbles)} messages?"
        goes = "It disappears" if one else "They disappear"
        box = PlainMessageBox(self._page, title, title, f"{goes} for everybody. This cannot be undone.")
        deletes = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        deletes.clicked.connect(lambda: self._delete(bubbles, then))
        box.open()

    def forward(self, bubbles: Sequence[Bubble], then: Callable[[], object] | None = None) -> None:
        """Ask where to, then forward in order."""
        rows = [row for row in self._session.conversations.rows if not row.blocked]
        dialog = ForwardDialog(rows, len(bubbles), self._page)

        def chosen(to: list[int]) -> None:
            self._start(lambda: self._forward(bubbles, to))
            if then is not None:
                then()

        dialog.chosen.connect(chosen)
        dialog.open()

    def show_readers(self, bubble: Bubble) -> None:
        """Who has read it."""
        seen_by_dialog(self._session.changing, bubble, self._clock, self._page).open()

    def show_edits(self, bubble: Bubble) -> None:
        """What it said before."""
        edits_dialog(self._session.changing, bubble, self._clock, self._page).open()

    def can_forward(self, bubbles: Sequence[Bubble]) -> bool:
        """Whether all of these can be forwarded."""
        return bool(bubbles) and all(map(is_stored, bubbles))

    def can_delete(self, bubbles: Sequence[Bubble]) -> bool:
        """Whether all of these may be deleted for everybody."""
        return bool(bubbles) and all(may_delete(bubble, self.header(bubble)) for bubble in bubbles)

    def _delete(self, bubbles: Sequence[Bubble], then: Callable[[], object] | None) -> None:
        """It was asked and answered."""
        changing = self._session.changing
        for bubble in bubbles:
            self._start(partial(changing.delete, bubble.conversation_id, bubble.key))
        if then is not None:
            then()

    async def _forward(self, bubbles: Sequence[Bubble], to: Sequence[int]) -> None:
        """One after the other, so that they arrive in their order."""
        for bubble in bubbles:
            await self._session.changing.forward(bubble.conversation_id, bubble.key, to)
        self._toast.say("Forwarded" if len(to) == 1 else f"Forwarded to {len(to)} conversations")

    def _start(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Do it, and say why where it was refused."""
        self._tasks.start(self._told(ask))

    async def _told(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Wait for it; what is on its way to the disk goes there although nobody waits any more."""
        try:
            await asyncio.shield(asyncio.ensure_future(ask()))
        except (Refused, Unreachable) as error:
            self._toast.say(words_of(error))
        except (OSError, sqlite3.Error):
            _log.exception("a change of a message could not be written")
            self._toast.say(DISK_WORDS)
