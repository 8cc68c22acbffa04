"""What a search could go on with: operators and their values, as chips below the field."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.core.search_words import offered
from desktop.core.session import Session
from desktop.ui.buttons import Button
from desktop.ui.plain_text import one_line
from protocol.text import isolate

SHOWN_MOST = 4


class SearchOffers(QWidget):
    """Owns the chips. `chosen` tells the whole query that one of them makes."""

    chosen = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._offered: list[str] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 0, 16, 8)
        self._row.setSpacing(6)
        self.hide()

    def words(self) -> list[str]:
        """The queries that are offered."""
        return list(self._offered)

    def follow(self, text: str) -> None:
        """Offer what fits to what is typed."""
        rows = self._session.conversations.rows
        people = [row.title for row in rows if row.kind == "direct"]
        found = offered(text, people, [row.title for row in rows], date.today())  # noqa: DTZ011 - the user's own day
        if found[:SHOWN_MOST] == self._offered:
            return
        self._offered = found[:SHOWN_MOST]
        while self._row.count():
            item = self._row.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        for query in self._offered:
            self._row.addWidget(self._chip(text, query))
        self._row.addStretch()
        self.setVisible(bool(self._offered))

    def _chip(self, text: str, query: str) -> Button:
        """One offer: its last part, since the rest is written already."""
        kept = next((at for at, (one, other) in enumerate(zip(text, query, strict=False)) if one != other), len(text))
        piece = query[query.rfind(" ", 0, kept) + 1 :].strip()
        chip = Button(isolate(one_line(piece)), "chip", lambda: self.chosen.emit(query))
        chip.setAccessibleName(f"Search with {piece}")
        chip.setFixedHeight(24)
        chip.setMaximumWidth(180)
        return chip
