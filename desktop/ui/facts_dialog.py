"""A small dialog about one message that asks the server and lists the answer: who has read it, what it said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop.core.ports import Unreachable
from desktop.ui import fonts
from desktop.ui.avatars import Avatar
from desktop.ui.dialog_rows import title_row
from desktop.ui.failures import words_of
from desktop.ui.notice import Notice
from desktop.ui.plain_text import ElidedLabel, PlainLabel
from desktop.ui.tasks import Tasks
from protocol.errors import Refused

SIZE = QSize(380, 420)
AVATAR_PX = 36


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the answer: words over smaller words, and somebody's avatar where it is about a person."""

    words: str
    below: str
    person: tuple[str, int] | None = None
    wraps: bool = False


class FactsDialog(QDialog):
    """Asks when it opens, and again when asked to; shows why it failed, that there is nothing, or rows."""

    def __init__(
        self, title: str, nothing: tuple[str, str, str], ask: Callable[[], Awaitable[Sequence[Fact]]], parent: QWidget
    ) -> None:
        """`nothing`: icon, title and words for an empty answer."""
        super().__init__(parent)
        self._ask = ask
        self._nothing = nothing
        self._tasks = Tasks()
        self._notice = Notice()
        self._rows = QVBoxLayout()
        self._places = QStackedWidget()
        self._build(title)
        self.finished.connect(self._tasks.cancel)
        self.load()

    def load(self) -> None:
        """Ask the server."""
        self._tasks.start(self._load())

    def words(self) -> list[tuple[str, str]]:
        """The rows shown now."""
        return list(self._shown)

    def said(self) -> str:
        """What stands in the place of the rows."""
        return self._notice.title() if self._places.currentWidget() is self._notice else ""

    def _build(self, title: str) -> None:
        """Title and close button over the rows."""
        self._shown: list[tuple[str, str]] = []
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(300, 240)
        self.resize(SIZE)
        inner = QWidget()
        self._rows.setSpacing(10)
        self._rows.setContentsMargins(0, 4, 8, 4)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._rows)
        column.addStretch()
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inner)
        self._area = area
        for place in (QWidget(), area, self._notice):
            self._places.addWidget(place)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 14, 12, 12)
        whole.addLayout(title_row(self, title))
        whole.addWidget(self._places, 1)

    async def _load(self) -> None:
        """Show what the server says."""
        try:
            facts = await self._ask()
        except (Refused, Unreachable) as error:
            self._notice.tell("wifi-off", "This could not be loaded", words_of(error), "Try again", self.load)
            self._places.setCurrentWidget(self._notice)
            return
        if not facts:
            self._notice.tell(*self._nothing)
            self._places.setCurrentWidget(self._notice)
            return
        for fact in facts:
            self._rows.addLayout(_row(fact))
        self._shown = [(fact.words, fact.below) for fact in facts]
        self._places.setCurrentWidget(self._area)


def _row(fact: Fact) -> QHBoxLayout:
    """One line of the answer."""
    row = QHBoxLayout()
    row.setSpacing(12)
    if fact.person is not None:
        avatar = Avatar(AVATAR_PX)
        avatar.set_person(*fact.person)
        row.addWidget(avatar)
    column = QVBoxLayout()
    column.setSpacing(0)
    weight = 400 if fact.wraps else 600
    column.addWidget(PlainLabel(fact.words, wrap=True) if fact.wraps else ElidedLabel(fact.words, weight=weight))
    column.addWidget(PlainLabel(fact.below, size_px=fonts.META_PX, ink="ink2"))
    row.addLayout(column, 1)
    return row
