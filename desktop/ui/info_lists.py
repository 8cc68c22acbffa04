"""What is pinned, starred and shared in a conversation, in the info panel; a click leads to the message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from desktop.core.bubble import Header
from desktop.core.finder import Hit
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.models.results_model import ResultsModel
from desktop.ui import fonts
from desktop.ui.buttons import Button
from desktop.ui.conversation_delegate import Picture
from desktop.ui.plain_text import PlainLabel
from desktop.ui.search_delegate import ROW_PX
from desktop.ui.search_results import ResultsView
from desktop.ui.tasks import Tasks

Kind = Literal["pinned", "starred", "media", "files"]

TITLES: dict[Kind, str] = {"pinned": "Pinned", "starred": "Starred", "media": "Media", "files": "Files"}
NOTHING: dict[Kind, str] = {
    "pinned": "Nothing is pinned. Pin a message from its menu.",
    "starred": "You have starred nothing here.",
    "media": "No pictures or videos yet.",
    "files": "No files yet.",
}
SHOWN_MOST = 6


class InfoLists(QWidget):
    """Shows one of four lists. Owns which one; each is asked for when it is looked at."""

    hit_chosen = Signal(object)

    def __init__(self, session: Session, clock: Clock, picture: Picture) -> None:
        super().__init__()
        self._session = session
        self._tasks = Tasks()
        self._conversation_id: int | None = None
        self._kind: Kind = "pinned"
        self._seen: object = None
        self.entries = ResultsModel(clock, self)
        self.view = ResultsView(self.entries, picture, plain=True)
        self.nothing = PlainLabel(size_px=fonts.PREVIEW_PX, ink="ink3", wrap=True)
        self.chips: dict[Kind, Button] = {kind: Button(words, "chip") for kind, words in TITLES.items()}
        self._build()

    def open(self, conversation_id: int | None) -> None:
        """Of this conversation, or of none."""
        self._tasks.cancel()
        self._conversation_id, self._seen = conversation_id, None
        self.entries.show_entries([])

    def show_header(self, header: Header) -> None:
        """Pins or stars may have changed."""
        starred = tuple(self._session.choices.own(self._session.held(header.conversation_id)).starred)
        seen = (header.pins, starred)
        if seen != self._seen:
            self._seen = seen
            self.load()

    def show_kind(self, kind: Kind) -> None:
        """Look at this list."""
        self._kind = kind
        self.chips[kind].setChecked(True)
        self.load()

    def load(self) -> None:
        """Ask for the list."""
        if self._conversation_id is not None:
            self._tasks.start(self._load(self._conversation_id, self._kind))

    def _build(self) -> None:
        """Chips, then the rows."""
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 6, 0, 6)
        rows.setSpacing(8)
        chips, group = QHBoxLayout(), QButtonGroup(self)
        chips.setSpacing(6)
        for kind, chip in self.chips.items():
            chip.setCheckable(True)
            chip.setFixedHeight(24)
            chip.clicked.connect(lambda _checked=False, kind=kind: self.show_kind(kind))
            group.addButton(chip)
            chips.addWidget(chip)
        chips.addStretch()
        self.chips["pinned"].setChecked(True)
        rows.addLayout(chips)
        rows.addWidget(self.nothing)
        rows.addWidget(self.view)
        self.view.hit_chosen.connect(self.hit_chosen)
        self._show([])

    async def _load(self, conversation_id: int, kind: Kind) -> None:
        """Find the messages, and show them unless another list is looked at by now."""
        hits = await self._found(conversation_id, kind)
        if (conversation_id, kind) == (self._conversation_id, self._kind):
            self._show(hits)

    async def _found(self, conversation_id: int, kind: Kind) -> Sequence[Hit]:
        """The messages of a list, the newest first."""
        finder = self._session.finder
        match kind:
            case "pinned":
                pins = self._session.header(conversation_id).value.pins
                return await finder.at(conversation_id, [pin.position for pin in pins])
            case "starred":
                own = self._session.choices.own(self._session.held(conversation_id))
                return await finder.starred(conversation_id, own.starred)
            case _:
                return finder.hits(await finder.shared(conversation_id, media=kind == "media"), ())

    def _show(self, hits: Sequence[Hit]) -> None:
        """These, or that there are none."""
        self.entries.show_entries(hits)
        # No row is marked before the keyboard comes.
        self.view.setCurrentIndex(QModelIndex())
        self.view.setVisible(bool(hits))
        self.view.setFixedHeight(min(len(hits), SHOWN_MOST) * ROW_PX + 2)
        self.nothing.setText(NOTHING[self._kind])
        self.nothing.setVisible(not hits)
