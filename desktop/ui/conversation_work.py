"""What people do with whole conversations, by the session's verbs: asked, waited for, and said when it fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.core import moments
from desktop.core.bubble import ConversationRow
from desktop.core.choices import FOR_GOOD_MS
from desktop.core.ports import Clock, Unreachable
from desktop.core.session import Session
from desktop.ui.failures import words_of
from desktop.ui.plain_text import PlainMessageBox, one_line
from desktop.ui.tasks import Tasks
from desktop.ui.toast import Toast
from protocol.commands import PatchOwn
from protocol.errors import Refused
from protocol.shapes import Notify, Own
from protocol.text import isolate

MORNING_MS = 8 * moments.HOUR_MS
"""A mute until tomorrow ends at eight."""


class ConversationWork(QObject):
    """Pins, mutes, archives, blocks, leaves and marks. Owns what still runs, and tells problems by the toast."""

    def __init__(self, session: Session, clock: Clock, page: QWidget, toast: Toast) -> None:
        super().__init__(page)
        self._session = session
        self._clock = clock
        self._page = page
        self._toast = toast
        self._tasks = Tasks()
        self._unsubscribe = [
            session.choices.problems.subscribe(lambda refusal: toast.say(refusal.message)),
            session.groups.removed.subscribe(
                lambda title: toast.say(f"You are no longer in the group “{isolate(one_line(title))}”.")
            ),
        ]

    def close(self) -> None:
        """Wait for nothing any more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._tasks.cancel()

    def own(self, conversation_id: int) -> Own:
        """One's own facts of a conversation as they are shown."""
        return self._session.choices.own(self._session.held(conversation_id))

    def change(self, conversation_id: int, change: PatchOwn) -> None:
        """Choose something for a conversation; shown at once."""
        self._start(self._session.choices.set(conversation_id, change))

    def notify(self, conversation_id: int, level: Notify) -> None:
        """Which messages make themselves heard."""
        self.change(conversation_id, PatchOwn(notify=level))

    def mute(self, conversation_id: int, ms: int | None) -> None:
        """Mute for so long, or no longer (None)."""
        self._start(self._session.choices.mute_for(conversation_id, ms))

    def mute_for_good(self, conversation_id: int) -> None:
        """Mute until it is taken back."""
        self.mute(conversation_id, FOR_GOOD_MS)

    def until_tomorrow_ms(self) -> int:
        """From now until tomorrow morning."""
        now_ms = self._clock.now_ms()
        return moments.midnight_after(now_ms, self._clock.local_offset_s) + MORNING_MS - now_ms

    def mark_read(self, conversation_id: int) -> None:
        """Everything in it was seen."""
        self._session.mark_read(conversation_id, self._session.held(conversation_id).last_position)

    def mark_all_read(self) -> None:
        """Everything everywhere was seen."""
        for row in self._session.conversations.rows:
            if row.unread or row.marked_unread:
                self.mark_read(row.conversation_id)

    def can_mark_unread(self, conversation_id: int) -> bool:
        """Whether there is a message to count from."""
        return self._newest(conversation_id) is not None

    def mark_unread(self, conversation_id: int) -> None:
        """Let it count as unread from its newest message of somebody else on."""
        message_id = self._newest(conversation_id)
        if message_id is not None:
            self._session.mark_unread(conversation_id, message_id)

    def ask_to_block(self, row: ConversationRow) -> None:
        """Block the other one, after a question."""
        name = isolate(one_line(row.title))
        more = "They cannot write to you here any more, and do not see whether you are there. They are not told."
        self._ask(f"Block {name}?", more, "Block", lambda: self.change(row.conversation_id, PatchOwn(blocked=True)))

    def unblock(self, conversation_id: int) -> None:
        """Let the other one write again."""
        self.change(conversation_id, PatchOwn(blocked=False))

    def ask_to_leave(self, row: ConversationRow) -> None:
        """Leave a group, after a question."""
        more = "You will not see its messages any more, unless somebody adds you again."
        self._ask(
            f"Leave {isolate(one_line(row.title))}?",
            more,
            "Leave group",
            lambda: self._start(self._session.groups.leave(row.conversation_id)),
        )

    def _ask(self, title: str, more: str, does: str, work: Callable[[], None]) -> None:
        """A question whose answer is no, unless somebody says so."""
        box = PlainMessageBox(self._page, title, title, more)
        box.setIcon(QMessageBox.Icon.Question)
        box.addButton(does, QMessageBox.ButtonRole.DestructiveRole).clicked.connect(work)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.open()

    def _newest(self, conversation_id: int) -> int | None:
        """The newest message held of somebody else, or the newest of all."""
        held, own_id = self._session.held(conversation_id), self._session.me.value.user_id
        newest = [held.messages[position] for position in reversed(held.positions)]
        others = (message for message in newest if message.sender_id != own_id and message.deleted_at is None)
        found = next(others, newest[0] if newest else None)
        return None if found is None else found.message_id

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, and say why where it was refused."""
        self._tasks.start(self._told(work))

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for it."""
        try:
            await work
        except (Refused, Unreachable) as error:
            self._toast.say(words_of(error))
