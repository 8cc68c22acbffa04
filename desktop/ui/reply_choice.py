"""Which message is answered or edited: chosen in the timeline, or from the composer by keyboard (behaviours 23, 24)."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.core.bubble import Bubble
from desktop.ui.composer import Composer
from desktop.ui.message_actions import MessageActions
from desktop.ui.message_deeds import Deed, deeds
from desktop.ui.reply_bar import answered
from desktop.ui.timeline_pane import TimelinePane


class ReplyChoice(QObject):
    """Joins the timeline with the composer's bar. Owns nothing: the composer holds what is answered."""

    def __init__(self, pane: TimelinePane, composer: Composer, actions: MessageActions) -> None:
        super().__init__(composer)
        self._pane = pane
        self._composer = composer
        self._actions = actions
        actions.reply_wanted.connect(self.answer)
        actions.edit_wanted.connect(self.edit)
        composer.bar.pressed.connect(self._show)
        composer.field.edit_last_asked.connect(self.edit_last)
        composer.field.answer_step_asked.connect(self.step)

    def answer(self, bubble: Bubble) -> None:
        """Answer a message."""
        self._composer.answer(answered(bubble))
        self._composer.setFocus()

    def edit(self, bubble: Bubble) -> None:
        """Edit a message that the server has."""
        if self._composer.edited is None or self._composer.edited.uid != bubble.key:
            self._composer.leave_edit()
            self._composer.edit(bubble.key, bubble.text)
        self._composer.setFocus()

    def edit_last(self) -> None:
        """Edit the last message of one's own that can be, unless something is begun already."""
        composer = self._composer
        if composer.edited is not None or composer.staged.files():
            return
        for bubble in reversed(self._pane.bubbles()):
            if bubble.own and self._offers(Deed.EDIT, bubble):
                self._actions.do(Deed.EDIT, bubble)
                self._pane.view.show_key(bubble.key)
                return

    def step(self, step: int) -> None:
        """Answer the message before (-1) or behind (1) the one answered now; behind the last one none."""
        if self._composer.edited is not None:
            return
        can = [bubble for bubble in self._pane.bubbles() if self._offers(Deed.REPLY, bubble)]
        now = self._composer.answered()
        keys = [bubble.key for bubble in can]
        at = keys.index(now.uid) if now is not None and now.uid in keys else len(keys)
        to = max(at + step, 0)
        if to < len(can):
            self._composer.answer(answered(can[to]))
            self._pane.view.show_key(can[to].key)
        elif now is not None:
            self._composer.answer(None)

    def _offers(self, deed: Deed, bubble: Bubble) -> bool:
        """Whether a message can be answered or edited."""
        return deed in deeds(bubble, self._actions.work.header(bubble))

    def _show(self) -> None:
        """Lead to the message that is answered or edited."""
        edited, now = self._composer.edited, self._composer.answered()
        uid = edited.uid if edited is not None else now.uid if now is not None else None
        if uid is not None:
            held = next((bubble for bubble in self._pane.bubbles() if bubble.key == uid), None)
            self._pane.jump_to(held.position or 0 if held else 0, uid)
