"""The settings: a dialog with a page each: account, notifications, appearance, writing, devices and the app itself."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.cache.settings_file import SettingsFile
from desktop.core.session import Session
from desktop.ui.buttons import Button, IconButton
from desktop.ui.dialog_rows import title_row
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import PlainMessageBox
from desktop.ui.scrolled import scrolled
from desktop.ui.settings_about import AboutPage
from desktop.ui.settings_account import AccountPage
from desktop.ui.settings_appearance import AppearancePage
from desktop.ui.settings_devices import DevicesPage
from desktop.ui.settings_notices import NoticesPage
from desktop.ui.settings_writing import WritingPage

Page = Literal["account", "notices", "appearance", "writing", "devices", "about"]
PAGES: tuple[Page, ...] = get_args(Page)
TITLES: dict[Page, str] = {
    "account": "Account",
    "notices": "Notifications",
    "appearance": "Appearance",
    "writing": "Writing",
    "devices": "Devices",
    "about": "About",
}
SIZE = QSize(580, 690)


def sign_out_question(unsent: int) -> str:
    """What signing out would lose, asked only where there is something to lose."""
    if unsent == 1:
        return "One message has not been sent. Signing out deletes it."
    return f"{unsent} messages have not been sent. Signing out deletes them."


def sign_out_advice(unsent: int, waiting: int) -> str:
    """What to do instead. `waiting` of the unsent ones go out by themselves; the others were refused."""
    one = unsent == 1
    if waiting == unsent:
        return f"{'It is' if one else 'They are'} sent as soon as the line is back."
    by_hand = (
        "can be retried or copied where it was written." if one else "can be retried or copied where they were written."
    )
    if not waiting:
        return f"{'It' if one else 'They'} {by_hand}"
    return f"Those that wait are sent as soon as the line is back; those marked as not sent {by_hand}"


class SettingsDialog(QDialog):
    """Owns the pages; each page talks to the session by itself. `sign_out_requested` comes after any question."""

    sign_out_requested = Signal()
    shortcuts_requested = Signal()

    def __init__(
        self,
        session: Session,
        settings: SettingsFile,
        pictures: Pictures,
        parent: QWidget | None = None,
        *,
        log_folder: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.account = AccountPage(session, settings, pictures)
        self.notices = NoticesPage(settings)
        self.devices = DevicesPage(session)
        self.appearance = AppearancePage(settings)
        self.writing = WritingPage(settings)
        self.about = AboutPage(settings, log_folder)
        self._chips: dict[Page, Button] = {}
        self._places = QStackedWidget()
        self._build()
        self.account.sign_out_requested.connect(self._ask_to_sign_out)
        self.finished.connect(self._detach)

    def show_page(self, page: Page) -> None:
        """Show one of the pages."""
        self._chips[page].setChecked(True)
        self._chips[page].setFocus()
        self._places.setCurrentIndex(PAGES.index(page))
        if page == "devices":
            self.devices.load()

    def _build(self) -> None:
        """Title, chips for the pages, and the page below."""
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(340, 400)
        self.resize(SIZE)
        title = title_row(self, "Settings", IconButton("keyboard", "Shortcuts (Ctrl+/)", self._to_shortcuts))
        title.setContentsMargins(24, 0, 12, 0)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 14, 0, 0)
        rows.setSpacing(10)
        rows.addLayout(title)
        rows.addLayout(self._chip_row())
        rows.addWidget(self._places, 1)
        for part in (self.account, self.notices, self.appearance, self.writing, self.devices, self.about):
            self._places.addWidget(scrolled(part))

    def _chip_row(self) -> QHBoxLayout:
        """A chip a page."""
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(6)
        for page in PAGES:
            chip = self._chips[page] = Button(TITLES[page], "chip")
            chip.setCheckable(True)
            chip.setFixedHeight(24)
            chip.clicked.connect(lambda _checked=False, page=page: self.show_page(page))
            group.addButton(chip)
            row.addWidget(chip)
        row.addStretch()
        return row

    def _to_shortcuts(self) -> None:
        """Give way to the list of shortcuts."""
        self.accept()
        self.shortcuts_requested.emit()

    def _ask_to_sign_out(self) -> None:
        """Sign out, after a question where messages would be lost."""
        unsent = self._session.unsent
        if not unsent:
            self._sign_out()
            return
        advice = sign_out_advice(unsent, self._session.waiting.value)
        box = PlainMessageBox(self, "Sign out", sign_out_question(unsent), advice)
        leave = box.addButton("Sign out and delete", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Stay signed in", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        leave.clicked.connect(self._sign_out)
        box.open()

    def _sign_out(self) -> None:
        """Close, and let the app do it."""
        self.sign_out_requested.emit()
        self.accept()

    def _detach(self) -> None:
        """Follow the session no longer."""
        self.account.detach()
        self.notices.detach()
        self.devices.detach()
