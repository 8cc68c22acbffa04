"""The settings' page about oneself: picture, name, status, password, and the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.core.updates import Update
from desktop.ui.avatars import Avatar
from desktop.ui.buttons import Button
from desktop.ui.failures import words_of
from desktop.ui.form import Field, Outcome, PasswordEdit
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import ElidedLabel, PlainLabel
from desktop.ui.tasks import Tasks
from protocol.accounts import PasswordChange, ProfileChange
from protocol.errors import ErrorCode, Refused
from protocol.shapes import User

AVATAR_PX = 72
PICTURE_TYPES = "Pictures (*.png *.jpg *.jpeg *.gif *.webp)"
STATUS_CHARS = 140


class AccountPage(QWidget):
    """Owns what is written in its forms; what is saved comes back through the session."""

    sign_out_requested = Signal()

    def __init__(self, session: Session, settings: SettingsFile, pictures: Pictures) -> None:
        super().__init__()
        self._session = session
        self._settings = settings
        self._pictures = pictures
        self._tasks = Tasks()
        self.avatar = Avatar(AVATAR_PX)
        self.name_line = ElidedLabel(size_px=16, weight=600)
        self.name = Field("Name")
        self.status = Field("Status", hint="Shown to people you write with.")
        self.save_button = Button("Save", "primary", self.save)
        self.outcome = Outcome()
        self.old_password = Field("Current password", edit=PasswordEdit())
        self.new_password = Field("New password", edit=PasswordEdit())
        self.password_button = Button("Change password", does=self.change_password)
        self.password_outcome = Outcome()
        self._build()
        self._unsubscribe = session.me.subscribe(self._show)
        pictures.ready.connect(self._show_picture)
        self._fill(session.me.value)

    def detach(self) -> None:
        """Follow the session no longer; nobody waits for an answer."""
        self._unsubscribe()
        self._tasks.cancel()

    def save(self) -> None:
        """Send name and status, as far as they differ."""
        if not self.name.text():
            self.name.mark_wrong(True)
            self.outcome.say("Write a name: others see it in their list.")
            return
        change = ProfileChange(display_name=self.name.text(), status_text=self.status.text())
        self._tasks.start(self._profile(lambda: self._session.api.change_profile(change), self.save_button, "Saved."))

    def change_password(self) -> None:
        """Send both passwords."""
        least = self._session.limits.password_min_chars
        if len(self.new_password.edit.text()) < least:
            self.new_password.mark_wrong(True)
            self.password_outcome.say(f"Choose a new password of at least {least} characters.")
            return
        self._tasks.start(self._new_password())

    def change_picture(self, path: Path) -> None:
        """Send another picture."""
        self._settings.change(last_folder=str(path.parent))
        change = self._profile(lambda: self._sent_picture(path), self._picture_button, "Picture changed.")
        self._tasks.start(change)

    def _build(self) -> None:
        """Put the parts below each other."""
        rows = QVBoxLayout(self)
        rows.setContentsMargins(24, 8, 24, 24)
        rows.setSpacing(12)
        rows.addLayout(self._who())
        self.name.edit.setMaxLength(self._session.limits.display_name_chars)
        self.status.edit.setMaxLength(STATUS_CHARS)
        for part in (self.name, self.status, _beside(self.save_button), self.outcome, _line()):
            rows.addWidget(part)
        rows.addWidget(PlainLabel("Password", size_px=15, weight=600))
        self.new_password.set_hint(
            f"At least {self._session.limits.password_min_chars} characters. Your other devices are signed out."
        )
        for edit in (self.old_password.edit, self.new_password.edit):
            edit.setMaxLength(self._session.limits.password_max_chars)
        passwords = (self.old_password, self.new_password, _beside(self.password_button), self.password_outcome)
        for part in (*passwords, _line()):
            rows.addWidget(part)
        rows.addWidget(_beside(Button("Sign out", "danger", self.sign_out_requested.emit)))
        rows.addStretch()
        self.name.edit.returnPressed.connect(self.save)
        self.status.edit.returnPressed.connect(self.save)
        self.new_password.edit.returnPressed.connect(self.change_password)

    def _who(self) -> QHBoxLayout:
        """Picture, name, account, and the button for another picture."""
        user, server = self._session.me.value, self._settings.current.value.server
        host = urlsplit(server).netloc or server
        account = ElidedLabel(f"@{user.username}" + (f" on {host}" if host else ""), size_px=13, ink="ink2")
        self._picture_button = Button("Change picture…", "link", self._choose_picture)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch()
        words.addWidget(self.name_line)
        words.addWidget(account)
        words.addWidget(_beside(self._picture_button))
        words.addStretch()
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.avatar)
        row.addLayout(words, 1)
        return row

    def _choose_picture(self) -> None:
        """Open the system's file dialog; the loop runs on."""
        folder = self._settings.current.value.last_folder
        dialog = QFileDialog(self, "Choose a picture", folder, PICTURE_TYPES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.change_picture(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _fill(self, user: User) -> None:
        """Begin with what is stored."""
        self.name.edit.setText(user.display_name)
        self.status.edit.setText(user.status_text)
        self._show(user)

    def _show(self, user: User) -> None:
        """Show how one is seen now; what is being written stays."""
        self.name_line.setText(user.display_name)
        self.avatar.set_person(user.display_name, user.user_id)
        self._show_picture()

    def _show_picture(self) -> None:
        """Show the picture as soon as it is here."""
        url = self._session.me.value.avatar_url
        ratio = self.devicePixelRatioF()
        self.avatar.set_picture(self._pictures.get(url, AVATAR_PX, AVATAR_PX, ratio=ratio) if url else None)

    async def _profile(self, ask: Callable[[], Awaitable[User]], button: Button, done: str) -> None:
        """Ask for a change of the profile, take the answer as news, and tell the outcome."""
        button.setEnabled(False)
        self.outcome.say("Saving…", "ink2")
        try:
            user = await ask()
        except (Refused, Unreachable, OSError) as error:
            self.outcome.say(words_of(error))
        else:
            self._session.ingest(Update(users=(user,)))
            self.outcome.say(done, "good")
        finally:
            button.setEnabled(True)

    async def _sent_picture(self, path: Path) -> User:
        """Send a picture that is not too large. Raises Refused, Unreachable, or OSError when it cannot be read."""
        most = self._session.limits.image_bytes
        size = (await asyncio.to_thread(path.stat)).st_size
        if size > most:
            words = f"This picture is too large. Choose one of at most {most / 1_000_000:g} MB."
            raise Refused(ErrorCode.FILE_TOO_LARGE, words)
        return await self._session.api.change_avatar(path)

    async def _new_password(self) -> None:
        """Ask for another password, and tell the outcome."""
        change = PasswordChange(
            current_password=self.old_password.edit.text(), new_password=self.new_password.edit.text()
        )
        self.password_button.setEnabled(False)
        self.password_outcome.say("Changing…", "ink2")
        try:
            await self._session.api.change_password(change)
        except (Refused, Unreachable) as error:
            code = error.code if isinstance(error, Refused) else None
            self.old_password.mark_wrong(code == ErrorCode.BAD_CREDENTIALS)
            self.new_password.mark_wrong(code == ErrorCode.WEAK_PASSWORD)
            self.password_outcome.say(words_of(error))
        else:
            self.old_password.edit.clear()
            self.new_password.edit.clear()
            self.password_outcome.say("Password changed. Your other devices were signed out.", "good")
        finally:
            self.password_button.setEnabled(True)


def _line() -> QFrame:
    """A separator."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setObjectName("line")
    return line


def _beside(button: QWidget) -> QWidget:
    """A button at the beginning of a row of its own, as wide as its words."""
    row = QWidget()
    inside = QHBoxLayout(row)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.addWidget(button)
    inside.addStretch()
    return row
