"""When the emoji picker opens and what becomes of the emoji: into the text, or under a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, QSize

from desktop.cache.settings_file import SettingsFile
from desktop.ui.composer import Composer
from desktop.ui.message_actions import MessageActions
from desktop.ui.message_deeds import Deed, deeds
from desktop.ui.timeline_pane import TimelinePane

if TYPE_CHECKING:
    from desktop.ui.emoji_picker import EmojiPicker, RecentEmoji  # Read when the first is asked for.


class EmojiOpening(QObject):
    """Opens the picker for the composer and for reactions. Owns which emoji were used last."""

    def __init__(
        self, composer: Composer, pane: TimelinePane, actions: MessageActions, settings: SettingsFile | None
    ) -> None:
        super().__init__(composer)
        self._composer = composer
        self._pane = pane
        self._actions = actions
        self._settings = settings
        self._recent: RecentEmoji | None = None
        composer.emoji_asked.connect(self.open_for_text)
        actions.reaction_wanted.connect(self.open_for_reaction)

    def open_for_text(self) -> EmojiPicker:
        """What is picked goes where the cursor stands."""
        button = self._composer.emoji
        at = button.mapTo(self._composer.window(), QPoint())
        return self._open(QRect(at, button.size()), self._composer.insert)

    def open_for_reaction(self, uid: str) -> EmojiPicker:
        """What is picked goes under the message, or is taken back where one has chosen it already."""
        view = self._pane.view
        found = view.row_box(uid)
        box = found[1] if found is not None else QRect(view.viewport().rect().center(), QSize(1, 1))
        at = view.viewport().mapTo(self._composer.window(), box.center())
        return self._open(QRect(at, QSize(1, 1)), lambda signs: self._react(uid, signs))

    def react_to_last(self) -> None:
        """React to the message that is answered, else to the last one that can be reacted to (Ctrl+Shift+E)."""
        answered, header = self._composer.answered(), self._actions.work.header
        can = [bubble for bubble in self._pane.bubbles() if Deed.REACT in deeds(bubble, header(bubble))]
        chosen = [bubble for bubble in can if answered is not None and bubble.key == answered.uid] or can[-1:]
        for bubble in chosen:
            self._pane.view.show_key(bubble.key)
            self.open_for_reaction(bubble.key)

    def _open(self, place: QRect, then: Callable[[str], None]) -> EmojiPicker:
        """The picker over a place of the window."""
        from desktop.ui.emoji_picker import EmojiPicker, RecentEmoji  # noqa: PLC0415 - not on the way to the first picture

        self._recent = self._recent or RecentEmoji(self._settings)
        picker = EmojiPicker(self._recent, self._composer.window())
        picker.picked.connect(then)
        picker.open_over(place)
        return picker

    def _react(self, uid: str, signs: str) -> None:
        """Put it under the message, if that is still there."""
        bubble = self._pane.view.row_of(uid)
        if bubble is not None:
            self._actions.react(bubble, signs)
