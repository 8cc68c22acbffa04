"""The dialogs that make a group, add people to one, and give one another name."""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.ui.buttons import Button
from desktop.ui.dialog_rows import button_row, title_row
from desktop.ui.failures import words_of
from desktop.ui.form import Field, Outcome
from desktop.ui.people_picker import PeoplePicker
from desktop.ui.pictures import Pictures
from desktop.ui.tasks import Tasks
from protocol.errors import Refused
from protocol.ids import new_uid

SIZE = QSize(420, 560)
TITLE_MOST = 128
"""Characters (contract: a group's title)."""


class AskingDialog(QDialog):
    """A dialog with a form, whose button asks the server and closes once that is done. Owns what is asked."""

    def __init__(self, title: str, does: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._tasks = Tasks()
        self.outcome = Outcome()
        self.go = Button(does, "primary", self.submit)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.finished.connect(self._tasks.cancel)

    def build(self, *parts: QWidget) -> None:
        """Title, parts, outcome, buttons; the last part takes what room is left."""
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 14, 16, 14)
        rows.setSpacing(10)
        rows.addLayout(title_row(self, self.windowTitle()))
        for part in parts:
            rows.addWidget(part, 1 if part is parts[-1] else 0)
        rows.addWidget(self.outcome)
        rows.addLayout(button_row(self, self.go))
        self.go.setDefault(True)
        self.follow()

    def is_ready(self) -> bool:
        """Whether enough was filled in."""
        raise AssertionError(f"{type(self).__name__} asks for nothing")

    def work(self) -> Coroutine[Any, Any, None]:
        """What is asked of the server. Raises Refused or Unreachable."""
        raise AssertionError(f"{type(self).__name__} asks for nothing")

    def follow(self) -> None:
        """The form has changed."""
        self.go.setEnabled(self.is_ready())

    def submit(self) -> None:
        """Ask."""
        if self.is_ready() and self._tasks.start(self._submit()):
            self.go.setEnabled(False)

    async def _submit(self) -> None:
        """Ask, and stay where that fails."""
        self.outcome.say("")
        try:
            await self.work()
        except (Refused, Unreachable) as error:
            self.outcome.say(words_of(error))
            self.follow()
            return
        self.accept()


class NewGroupDialog(AskingDialog):
    """Makes a group of a title and some people; `opened` tells the conversation. Asked twice it is made once."""

    opened = Signal(int)

    def __init__(self, session: Session, pictures: Pictures, parent: QWidget) -> None:
        super().__init__("New group", "Create group", parent)
        self._session = session
        self._uid = new_uid()
        self.title = _title_field("")
        self.picker = PeoplePicker(session, pictures, without={session.me.value.user_id})
        self.view = self.picker.view
        self.setMinimumSize(320, 420)
        self.resize(SIZE)
        self.build(self.title, self.picker)
        self.title.edit.textChanged.connect(self.follow)
        self.picker.changed.connect(self.follow)
        self.finished.connect(self.picker.close_tasks)
        self.title.edit.setFocus()

    def is_ready(self) -> bool:
        """It has a title; people may come later."""
        return bool(self.title.text())

    async def work(self) -> None:
        """Make it."""
        people = [user.user_id for user in self.picker.chosen()]
        self.opened.emit(await self._session.groups.make(self.title.text(), people, self._uid))


class AddPeopleDialog(AskingDialog):
    """Seats people in a group."""

    def __init__(
        self, session: Session, pictures: Pictures, conversation_id: int, seated: Collection[int], parent: QWidget
    ) -> None:
        super().__init__("Add people", "Add", parent)
        self._session = session
        self._conversation_id = conversation_id
        self.picker = PeoplePicker(session, pictures, without=seated)
        self.setMinimumSize(320, 400)
        self.resize(SIZE)
        self.build(self.picker)
        self.picker.changed.connect(self.follow)
        self.finished.connect(self.picker.close_tasks)
        self.picker.field.setFocus()

    def is_ready(self) -> bool:
        """Somebody is chosen."""
        return bool(self.picker.chosen())

    async def work(self) -> None:
        """Seat them."""
        await self._session.groups.add(self._conversation_id, [user.user_id for user in self.picker.chosen()])


class RenameDialog(AskingDialog):
    """Gives a group another title."""

    def __init__(self, session: Session, conversation_id: int, title: str, parent: QWidget) -> None:
        super().__init__("Rename group", "Rename", parent)
        self._session = session
        self._conversation_id = conversation_id
        self._before = title
        self.title = _title_field(title)
        self.setMinimumWidth(360)
        self.build(self.title)
        self.title.edit.textChanged.connect(self.follow)
        self.title.edit.selectAll()
        self.title.edit.setFocus()

    def is_ready(self) -> bool:
        """It is another one."""
        return self.title.text() not in {"", self._before}

    async def work(self) -> None:
        """Rename it."""
        await self._session.groups.rename(self._conversation_id, self.title.text())


def _title_field(title: str) -> Field:
    """The line for a group's name."""
    field = Field("Name of the group")
    field.edit.setMaxLength(TITLE_MOST)
    field.edit.setText(title)
    return field
