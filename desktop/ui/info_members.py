"""The members of a group in the info panel: with their roles, and what one may do with them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QMenu, QMessageBox, QVBoxLayout, QWidget

from desktop.core.bubble import Header
from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.models.people_model import PeopleModel
from desktop.models.roles import Role
from desktop.ui import fonts
from desktop.ui.buttons import Button
from desktop.ui.failures import words_of
from desktop.ui.form import Outcome
from desktop.ui.new_group import AddPeopleDialog
from desktop.ui.people_view import ROW_PX, PeopleView
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import PlainLabel, PlainMessageBox, one_line
from desktop.ui.tasks import Tasks
from protocol.errors import Refused
from protocol.shapes import Member, MemberRole
from protocol.text import isolate

SHOWN_MOST = 7
"""Rows in sight; the others are scrolled to."""
ROLE_WORDS: dict[MemberRole, str] = {"owner": "Owner", "admin": "Admin", "member": ""}


class InfoMembers(QWidget):
    """Follows the members of one group. Nothing is shown of a direct conversation."""

    person_chosen = Signal(int)

    def __init__(self, session: Session, pictures: Pictures, panel: QWidget) -> None:
        super().__init__()
        self._session = session
        self._pictures = pictures
        self._panel = panel
        self._tasks = Tasks()
        self._conversation_id: int | None = None
        self._own_role: MemberRole = "member"
        self._members: dict[int, Member] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self.people = PeopleModel(self)
        self.view = PeopleView(self.people, self._picture)
        self.add = Button("Add people…", "quiet", self._add)
        self.outcome = Outcome()
        self._heading = PlainLabel("Members", size_px=fonts.META_PX, weight=600, ink="ink2")
        self._build()

    def open(self, conversation_id: int | None) -> None:
        """Follow this group, or none."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._tasks.cancel()
        self._conversation_id = conversation_id
        self.outcome.say("")
        self.hide()

    def show_role(self, header: Header) -> None:
        """Begin to show a group, and offer what one's role in it allows."""
        self._own_role = header.own_role
        self.add.setVisible(header.own_role in {"owner", "admin"})
        self.setVisible(header.kind == "group")
        if header.kind == "group" and self._unsubscribe is None:
            members = self._session.groups.members(header.conversation_id)
            self._unsubscribe = members.subscribe(self._show)
            self._show(members.value)

    def menu(self, user_id: int) -> QMenu:
        """What one may do with a member; it deletes itself when it closes."""
        menu, member = QMenu(self), self._members[user_id]
        menu.aboutToHide.connect(menu.deleteLater)
        for words, does in self._entries(member):
            menu.addAction(words).triggered.connect(does)
        return menu

    def _entries(self, member: Member) -> list[tuple[str, Callable[[], object]]]:
        """By role: the owner may do all, admins may remove members."""
        user_id = member.user.user_id
        if user_id == self._session.me.value.user_id:
            return []
        entries: list[tuple[str, Callable[[], object]]] = [
            ("Write a message", lambda: self.person_chosen.emit(user_id))
        ]
        if self._own_role == "owner":
            if member.role == "member":
                entries.append(("Make admin", lambda: self._set_role(user_id, "admin")))
            else:
                entries.append(("Make member", lambda: self._set_role(user_id, "member")))
        if self._own_role == "owner" or (self._own_role == "admin" and member.role == "member"):
            entries.append(("Remove from group…", lambda: self._ask_to_remove(member)))
        return entries

    def _build(self) -> None:
        """Heading and button, then the rows."""
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 6, 0, 6)
        rows.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(self._heading)
        head.addStretch()
        head.addWidget(self.add)
        rows.addLayout(head)
        rows.addWidget(self.view)
        rows.addWidget(self.outcome)
        self.view.setAccessibleName("Members")
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._ask_at)
        self.view.chosen.connect(self._ask_of)
        self._pictures.ready.connect(self.view.viewport().update)
        self.hide()

    def _show(self, members: tuple[Member, ...]) -> None:
        """These are the members now."""
        self._members = {member.user.user_id: member for member in members}
        notes = {member.user.user_id: ROLE_WORDS[member.role] for member in members}
        self.people.show_people([member.user for member in members], notes)
        # No row is marked before the keyboard comes.
        self.view.setCurrentIndex(QModelIndex())
        self._heading.setText(f"Members · {len(members)}")
        self.view.setFixedHeight(min(len(members), SHOWN_MOST) * ROW_PX + 2)

    def _ask_at(self, at: QPoint) -> None:
        """The menu of the member under the pointer."""
        index = self.view.indexAt(at)
        if index.isValid():
            self._ask_of(index.data(Role.KEY))

    def _ask_of(self, user_id: int) -> None:
        """The menu of a member, below their row."""
        menu = self.menu(user_id)
        if menu.isEmpty():
            menu.deleteLater()
            return
        place = self.view.visualRect(self.view.currentIndex()).bottomLeft() + QPoint(48, -8)
        menu.popup(self.view.viewport().mapToGlobal(place))

    def _add(self) -> None:
        """Choose people to add."""
        identity = self._conversation_id
        if identity is not None:
            AddPeopleDialog(self._session, self._pictures, identity, set(self._members), self._panel).open()

    def _set_role(self, user_id: int, role: MemberRole) -> None:
        """Give another role."""
        identity = self._conversation_id
        if identity is not None:
            self._start(self._session.groups.set_role(identity, user_id, role))

    def _ask_to_remove(self, member: Member) -> None:
        """Take somebody's seat, after a question."""
        identity, name = self._conversation_id, isolate(one_line(member.user.display_name))
        if identity is None:
            return
        more = "They do not see the group's messages any more. What they wrote stays."
        box = PlainMessageBox(self._panel, f"Remove {name}?", f"Remove {name} from the group?", more)
        box.setIcon(QMessageBox.Icon.Question)
        removes = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        removes.clicked.connect(lambda: self._start(self._session.groups.remove(identity, member.user.user_id)))
        box.open()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, and say why where it was refused."""
        self._tasks.start(self._told(work))

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for it."""
        self.outcome.say("")
        try:
            await work
        except (Refused, Unreachable) as error:
            self.outcome.say(words_of(error))

    def _picture(self, url: str | None, size: int) -> QPixmap | None:
        """The picture behind an avatar's url."""
        return self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None
