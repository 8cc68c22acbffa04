"""The dialog that finds somebody to write to."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.models.people_model import PeopleModel
from desktop.ui import fonts
from desktop.ui.buttons import Button
from desktop.ui.dialog_rows import title_row
from desktop.ui.failures import words_of
from desktop.ui.form import Outcome
from desktop.ui.notice import Notice
from desktop.ui.people_view import PeopleView
from desktop.ui.pictures import Pictures
from desktop.ui.tasks import Tasks
from protocol.errors import Refused

PAUSE_MS = 200
"""A search is asked once the fingers rest."""
SIZE = QSize(420, 520)


class NewConversationDialog(QDialog):
    """Searches people while one types; Enter or a click opens the conversation with one of them."""

    opened = Signal(int)
    group_requested = Signal()

    def __init__(self, session: Session, pictures: Pictures, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._pictures = pictures
        self._tasks = Tasks()
        self._asked = 0
        self.people = PeopleModel(self)
        self.view = PeopleView(self.people, self._picture)
        self.notice = Notice()
        self.field = QLineEdit()
        self.group = Button("New group…", "quiet", self._to_group)
        self.outcome = Outcome()
        self._places = QStackedWidget()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._build()
        self._pause.timeout.connect(self.search)
        self.field.textChanged.connect(self._wait)
        self.view.chosen.connect(self._choose)
        pictures.ready.connect(self.view.viewport().update)
        # Nobody waits for an answer any more.
        self.finished.connect(self._tasks.cancel)
        self.search()

    def search(self) -> None:
        """Ask for the people with what is written in their name; everybody where nothing is."""
        self._asked += 1
        self._tasks.start(self._find(self._asked, self.field.text().strip()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move in the list while one types, Enter takes its row."""
        match event.key():
            case Qt.Key.Key_Down:
                self.view.step(1)
            case Qt.Key.Key_Up:
                self.view.step(-1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.view.choose_current()
            case _:
                super().keyPressEvent(event)

    def _build(self) -> None:
        """Put the parts below each other."""
        self.setWindowTitle("New conversation")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(320, 360)
        self.resize(SIZE)
        self.field.setFont(fonts.text())
        self.field.setPlaceholderText("Name or username")
        self.field.setAccessibleName("Search people by name")
        for place in (self.view, self.notice, QWidget()):
            self._places.addWidget(place)
        self._places.setCurrentIndex(2)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 14, 12, 12)
        rows.setSpacing(10)
        rows.addLayout(title_row(self, "New conversation"))
        rows.addWidget(self.field)
        rows.addWidget(self.group)
        rows.addWidget(self.outcome)
        rows.addWidget(self._places, 1)
        self.field.setFocus()

    def _to_group(self) -> None:
        """It is to be a group."""
        self.accept()
        self.group_requested.emit()

    def _wait(self) -> None:
        """Search soon."""
        self.outcome.say("")
        self._pause.start()

    def _picture(self, url: str | None, size: int) -> QPixmap | None:
        """The picture behind an avatar's url."""
        return self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None

    async def _find(self, asked: int, query: str) -> None:
        """Ask, and show the answer unless another was asked for meanwhile."""
        try:
            found = await self._session.search_users(query)
        except (Refused, Unreachable) as error:
            if asked == self._asked:
                self.notice.tell("wifi-off", "The search did not work", words_of(error), "Try again", self.search)
                self._places.setCurrentWidget(self.notice)
            return
        if asked != self._asked:
            return
        self.people.show_people(found)
        if found:
            self._places.setCurrentWidget(self.view)
        elif query:
            words = f"Nobody on this server is called “{query}”. Try part of the name or the username."
            self.notice.tell("search", "Nobody found", words)
            self._places.setCurrentWidget(self.notice)
        else:
            words = "You are the only one on this server yet. Ask its administrator to invite others."
            self.notice.tell("user-plus", "Nobody here yet", words)
            self._places.setCurrentWidget(self.notice)

    def _choose(self, user_id: int) -> None:
        """Open the conversation with somebody."""
        self.view.setEnabled(False)
        if not self._tasks.start(self._open(user_id)):
            self.view.setEnabled(True)

    async def _open(self, user_id: int) -> None:
        """Create or get the conversation; the dialog stays where that fails."""
        try:
            conversation_id = await self._session.open_direct(user_id)
        except (Refused, Unreachable) as error:
            self.outcome.say(words_of(error))
            self.view.setEnabled(True)
            return
        self.opened.emit(conversation_id)
        self.accept()
