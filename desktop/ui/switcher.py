"""The switcher (Ctrl+K): a few letters of a name lead to a person or conversation."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from desktop.core.bubble import ConversationRow
from desktop.core.ports import Clock, Unreachable
from desktop.core.search_words import folded
from desktop.core.session import Session
from desktop.core.switching import ranked
from desktop.models.results_model import Entry, ResultsModel
from desktop.ui import fonts
from desktop.ui.notice import Notice
from desktop.ui.pictures import Pictures
from desktop.ui.search_results import ResultsView
from desktop.ui.tasks import Tasks
from protocol.errors import Refused
from protocol.shapes import User

SIZE = QSize(460, 440)
SHOWN_MOST = 40
PAUSE_MS = 200


class Switcher(QDialog):
    """Owns what is typed. Without a word the recent conversations stand there, the one before this first."""

    conversation_chosen = Signal(int)
    person_chosen = Signal(int)

    def __init__(
        self,
        session: Session,
        pictures: Pictures,
        clock: Clock,
        recent: Sequence[int],
        parent: QWidget,
    ) -> None:
        """`recent`: conversations, the last visited first; the first one is open now."""
        super().__init__(parent)
        self._session = session
        self._pictures = pictures
        self._recent = {identity: place for place, identity in enumerate(recent)}
        self._tasks = Tasks()
        self._people: dict[int, User] = {user.user_id: user for user in session.finder.people((), self._own_id())}
        self.field = QLineEdit()
        self.entries = ResultsModel(clock, self)
        self.view = ResultsView(self.entries, self._picture)
        self.notice = Notice()
        self._places = QStackedWidget()
        self._pause = QTimer(self)
        self._build()
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the mark while one types, Enter takes it."""
        match event.key():
            case Qt.Key.Key_Down | Qt.Key.Key_Up:
                self.view.step(1 if event.key() == Qt.Key.Key_Down else -1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.view.choose_current()
            case _:
                super().keyPressEvent(event)

    def _build(self) -> None:
        """Field and rows."""
        self.setWindowTitle("Switch to")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(300, 280)
        self.resize(SIZE)
        self.field.setFont(fonts.text(15))
        self.field.setPlaceholderText("Name of a person or conversation")
        self.field.setAccessibleName("Switch to a person or conversation")
        for place in (self.view, self.notice):
            self._places.addWidget(place)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 12, 12, 12)
        rows.setSpacing(8)
        rows.addWidget(self.field)
        rows.addWidget(self._places, 1)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.field.textChanged.connect(self._follow)
        self.view.conversation_chosen.connect(self._take_conversation)
        self.view.person_chosen.connect(self._take_person)
        self._pictures.ready.connect(self.view.viewport().update)
        self.finished.connect(self._tasks.cancel)
        self.field.setFocus()

    def _follow(self) -> None:
        """Show what fits now; the server may know more people."""
        self._show()
        if self.field.text().strip():
            self._pause.start()

    def _show(self) -> None:
        """Conversations and people without one, the best first."""
        rows = self._session.conversations.rows
        met = {row.peer_id for row in rows}
        others = [user for user in self._people.values() if user.user_id not in met and user.deactivated_at is None]
        candidates: list[ConversationRow | User] = [*self._by_recency(rows), *others]
        query = folded(self.field.text()).split()
        found: list[Entry] = [*ranked(query, candidates, _name)] if query else [*candidates[: len(rows)]]
        self.entries.show_entries(found[:SHOWN_MOST])
        if found:
            # Alone the Enter key leads back to where one was before.
            start = 1 if not query and len(found) > 1 and self._is_open(found[0]) else 0
            self.view.setCurrentIndex(self.entries.index(start, 0))
            self._places.setCurrentWidget(self.view)
        else:
            words = "No conversation and nobody is called that." if query else "Write to somebody with Ctrl+N."
            self.notice.tell("search", "Nobody found" if query else "No conversations yet", words)
            self._places.setCurrentWidget(self.notice)

    def _by_recency(self, rows: Sequence[ConversationRow]) -> list[ConversationRow]:
        """Those visited in this run first, the others in the list's order."""
        return sorted(rows, key=lambda row: self._recent.get(row.conversation_id, len(self._recent)))

    def _is_open(self, entry: Entry) -> bool:
        """Whether this is the conversation one is in."""
        return isinstance(entry, ConversationRow) and self._recent.get(entry.conversation_id) == 0

    def _ask(self) -> None:
        """Ask the server for people."""
        self._tasks.start(self._find(self.field.text().strip()))

    async def _find(self, query: str) -> None:
        """Its people join those known; without an answer these are enough."""
        try:
            found = await self._session.search_users(query)
        except (Refused, Unreachable):
            return
        new = {user.user_id: user for user in found if user.user_id not in self._people}
        if new:
            self._people.update(new)
            self._show()

    def _take_conversation(self, conversation_id: int) -> None:
        """There."""
        self.accept()
        self.conversation_chosen.emit(conversation_id)

    def _take_person(self, user_id: int) -> None:
        """To them."""
        self.accept()
        self.person_chosen.emit(user_id)

    def _own_id(self) -> int:
        """Oneself."""
        return self._session.me.value.user_id

    def _picture(self, url: str | None, size: int) -> QPixmap | None:
        """The picture behind an avatar's url."""
        return self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None


def _name(entry: ConversationRow | User) -> str:
    """What an entry is found by."""
    return entry.title if isinstance(entry, ConversationRow) else f"{entry.display_name} {entry.username}"
