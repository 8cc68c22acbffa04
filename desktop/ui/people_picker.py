"""Choosing several people: a search, the people found with a tick each, and the chosen ones as chips."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.models.people_model import PeopleModel
from desktop.ui import fonts
from desktop.ui.chips import Chips
from desktop.ui.failures import words_of
from desktop.ui.notice import Notice
from desktop.ui.people_view import PeopleView
from desktop.ui.pictures import Pictures
from desktop.ui.tasks import Tasks
from protocol.errors import Refused
from protocol.shapes import User

PAUSE_MS = 200
"""A search is asked once the fingers rest."""


class PeoplePicker(QWidget):
    """Owns who is chosen. Space, Enter or a click on a row chooses or takes back; `without` are never offered."""

    changed = Signal()

    def __init__(self, session: Session, pictures: Pictures, without: Collection[int] = ()) -> None:
        super().__init__()
        self._session = session
        self._pictures = pictures
        self._without = frozenset(without)
        self._tasks = Tasks()
        self._asked = 0
        self._chosen: dict[int, User] = {}
        self.people = PeopleModel(self)
        self.view = PeopleView(self.people, self._picture)
        self.notice = Notice()
        self.field = QLineEdit()
        self.chips = Chips()
        self._places = QStackedWidget()
        self._pause = QTimer(self)
        self._build()
        self.search()

    def chosen(self) -> list[User]:
        """Who is chosen, in the order in which they were."""
        return list(self._chosen.values())

    def close_tasks(self) -> None:
        """Wait for no answer any more."""
        self._tasks.cancel()

    def search(self) -> None:
        """Ask for the people with what is written in their name; everybody where nothing is."""
        self._asked += 1
        self._tasks.start(self._find(self._asked, self.field.text().strip()))

    def turn(self, user_id: int) -> None:
        """Choose somebody, or no longer."""
        user = next((one for one in self.people.people() if one.user_id == user_id), None)
        if self._chosen.pop(user_id, None) is None and user is not None:
            self._chosen[user_id] = user
            self.field.selectAll()
        self._show_chosen()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the field that mean the list below, or the last chip."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            match event.key():
                case Qt.Key.Key_Down | Qt.Key.Key_Up:
                    self.view.step(1 if event.key() == Qt.Key.Key_Down else -1)
                    return True
                case Qt.Key.Key_Return | Qt.Key.Key_Enter if self.field.text().strip():
                    self.view.choose_current()
                    return True
                case Qt.Key.Key_Backspace if not self.field.text() and self._chosen:
                    self.turn(next(reversed(self._chosen)))
                    return True
        return super().eventFilter(watched, event)

    def _build(self) -> None:
        """Field, chips, people."""
        self.field.setFont(fonts.text())
        self.field.setPlaceholderText("Name or username")
        self.field.setAccessibleName("Search people by name")
        self.field.installEventFilter(self)
        for place in (self.view, self.notice, QWidget()):
            self._places.addWidget(place)
        self._places.setCurrentIndex(2)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        for part in (self.field, self.chips):
            rows.addWidget(part)
        rows.addWidget(self._places, 1)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.search)
        self.field.textEdited.connect(lambda _text: self._pause.start())
        self.view.chosen.connect(self.turn)
        self.chips.removed.connect(self.turn)
        self._pictures.ready.connect(self.view.viewport().update)

    def _show_chosen(self) -> None:
        """Ticks and chips."""
        self.view.tick(frozenset(self._chosen))
        self.chips.show_names([(user.user_id, user.display_name) for user in self._chosen.values()])
        self.changed.emit()

    def _picture(self, url: str | None, size: int) -> QPixmap | None:
        """The picture behind an avatar's url."""
        return self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None

    async def _find(self, asked: int, query: str) -> None:
        """Ask, and show the answer unless another was asked for meanwhile."""
        try:
            found = await self._session.search_users(query)
        except (Refused, Unreachable) as error:
            if asked == self._asked:
                self._tell("wifi-off", "The search did not work", words_of(error), "Try again")
            return
        if asked != self._asked:
            return
        people = [user for user in found if user.user_id not in self._without]
        self.people.show_people(people)
        if people:
            self._places.setCurrentWidget(self.view)
        elif query:
            self._tell("search", "Nobody found", f"Nobody else is called “{query}”.")
        else:
            self._tell("users", "Nobody else here", "Everybody on this server is in already.")

    def _tell(self, icon: str, title: str, words: str, action: str = "") -> None:
        """Say something in the place of the people."""
        self.notice.tell(icon, title, words, action, self.search)
        self._places.setCurrentWidget(self.notice)
