"""One's own switches of a conversation in the info panel: notifications, mute, receipts, typing."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from desktop.core.session import Session
from desktop.ui import fonts
from desktop.ui.buttons import Button
from desktop.ui.check_box import CheckBox
from desktop.ui.conversation_work import ConversationWork
from desktop.ui.plain_text import PlainLabel
from protocol.commands import PatchOwn
from protocol.shapes import Notify

LEVELS: tuple[tuple[Notify, str], ...] = (("all", "All"), ("mentions", "Mentions"), ("none", "Nothing"))


class InfoChoices(QWidget):
    """Shows the choices as they are now; each click is a choice of its own."""

    def __init__(self, session: Session, work: ConversationWork) -> None:
        super().__init__()
        self._session = session
        self._work = work
        self._conversation_id = 0
        self.mute = CheckBox("Mute")
        self.typing = CheckBox("Show others that I type")
        self.receipts = CheckBox("Show others what I have read")
        self.levels = {level: Button(words, "chip") for level, words in LEVELS}
        for level, words in LEVELS:
            self.levels[level].setAccessibleName(f"Notify of: {words}")
        self._build()

    def open(self, conversation_id: int) -> None:
        """Of this conversation."""
        self._conversation_id = conversation_id
        self.refresh()

    def refresh(self) -> None:
        """As they are now."""
        if not self._conversation_id:
            return
        own = self._work.own(self._conversation_id)
        self.mute.setChecked(self._session.header(self._conversation_id).value.muted)
        self.typing.setChecked(not own.hides_typing)
        self.receipts.setChecked(not own.hides_receipts)
        self.levels[own.notify].setChecked(True)

    def _build(self) -> None:
        """Levels, then the switches."""
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 6, 0, 6)
        rows.setSpacing(8)
        rows.addWidget(PlainLabel("Notify me about", size_px=fonts.META_PX, weight=600, ink="ink2"))
        chips, group = QHBoxLayout(), QButtonGroup(self)
        chips.setSpacing(6)
        for level, chip in self.levels.items():
            chip.setCheckable(True)
            chip.setFixedHeight(24)
            chip.clicked.connect(lambda _checked=False, level=level: self._work.notify(self._conversation_id, level))
            group.addButton(chip)
            chips.addWidget(chip)
        chips.addStretch()
        rows.addLayout(chips)
        for box in (self.mute, self.typing, self.receipts):
            rows.addWidget(box)
        # `clicked` is the person's; `toggled` would also be the refresh's.
        self.mute.clicked.connect(self._turn_mute)
        self.typing.clicked.connect(lambda on: self._change(PatchOwn(hides_typing=not on)))
        self.receipts.clicked.connect(lambda on: self._change(PatchOwn(hides_receipts=not on)))

    def _turn_mute(self, on: bool) -> None:
        """Mute for good, or no longer."""
        if on:
            self._work.mute_for_good(self._conversation_id)
        else:
            self._work.mute(self._conversation_id, None)

    def _change(self, change: PatchOwn) -> None:
        """Choose."""
        self._work.change(self._conversation_id, change)
