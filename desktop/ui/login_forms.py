"""The two forms of the log-in page: the server's address, and the account on it."""

from __future__ import annotations

import math
from typing import Literal
from urllib.parse import urlsplit

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.core.ports import Unreachable
from desktop.core.sign_in import Offer, SignIn, Unusable
from desktop.ui.buttons import Button
from desktop.ui.check_box import CheckBox
from desktop.ui.form import Field, Outcome, PasswordEdit
from desktop.ui.plain_text import PlainLabel
from desktop.ui.tasks import Tasks
from protocol.errors import ErrorCode, Refused

Purpose = Literal["log_in", "register"]
LONGEST_ADDRESS = 2048


def _column(widget: QWidget) -> QVBoxLayout:
    """The rows of a form."""
    rows = QVBoxLayout(widget)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(12)
    return rows


class ServerForm(QWidget):
    """Asks for an address and looks at what is behind it; `found` tells the offer."""

    found = Signal(object)

    def __init__(self, sign_in: SignIn, address: str) -> None:
        super().__init__()
        self._sign_in = sign_in
        self._tasks = Tasks()
        self._asked = 0
        self.address = Field("Server address or invite link", hint="For example hearth.example.org")
        self.address.edit.setMaxLength(LONGEST_ADDRESS)
        self.address.edit.setText(address)
        self.button = Button("Continue", "primary", self.submit)
        self.outcome = Outcome()
        rows = _column(self)
        for part in (self.address, self.outcome, self.button):
            rows.addWidget(part)
        rows.addStretch()

    def look_up(self, address: str) -> None:
        """Look at this address, also while another is being looked at: the newest counts."""
        self.address.edit.setText(address)
        self.button.setEnabled(True)
        self.submit()

    def submit(self) -> None:
        """Look at the address that is written."""
        if not self.button.isEnabled():
            return
        if not self.address.text():
            self.address.mark_wrong(True)
            self.outcome.say("Write the address of your server. Whoever runs it can tell you.")
        elif self._tasks.start(self._look_up(self._asked + 1, self.address.text())):
            self._asked += 1
            self.button.setEnabled(False)
            self.outcome.say("Looking for the server…", "ink2")

    def detach(self) -> None:
        """Wait for no answer any more."""
        self._tasks.cancel()

    async def _look_up(self, asked: int, address: str) -> None:
        """Ask, and tell the offer or what is wrong, unless another address was asked for meanwhile."""
        offer, wrong = None, ""
        try:
            offer = await self._sign_in.look_up(address)
        except (Unusable, Refused) as problem:
            wrong = problem.message
        except Unreachable:
            wrong = "Nobody answers at this address. Check it and your network, then try again."
        if asked != self._asked or not isValid(self):
            return
        self.button.setEnabled(True)
        self.address.mark_wrong(bool(wrong))
        self.outcome.say(wrong)
        if offer is not None:
            self.found.emit(offer)


class AccountForm(QWidget):
    """Logs in to an offered server, or opens an account where it lets one. Owns the wait after too many attempts."""

    server_wanted = Signal()
    purpose_changed = Signal(str, str)

    def __init__(self, sign_in: SignIn, username: str, *, stay: bool) -> None:
        super().__init__()
        self._sign_in = sign_in
        self._tasks = Tasks()
        self._offer: Offer | None = None
        self._purpose: Purpose = "log_in"
        self._wait_s = 0
        self._second = QTimer(self)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._count_down)
        self.display_name = Field("Your name", hint="As others see you.")
        self.username = Field("Username")
        self.username.edit.setText(username)
        self.password = Field("Password", edit=PasswordEdit())
        self.invite = Field("Invite", hint="The code from your invite link.")
        self.stay = CheckBox("Stay signed in on this computer")
        self.stay.setChecked(stay)
        self.stay_words = PlainLabel(sign_in.stay_words, size_px=12, ink="ink3", wrap=True)
        self.outcome = Outcome()
        self.button = Button("Log in", "primary", self.submit)
        self.other_purpose = Button("", "link", self._turn)
        self.other_server = Button("Use another server", "link", self.server_wanted.emit)
        rows = _column(self)
        for field in (self.display_name, self.username, self.password, self.invite):
            rows.addWidget(field)
        keeping = QVBoxLayout()
        keeping.setSpacing(2)
        self.stay_words.setContentsMargins(27, 0, 0, 0)
        keeping.addWidget(self.stay)
        keeping.addWidget(self.stay_words)
        others = QHBoxLayout()
        others.addWidget(self.other_purpose)
        others.addStretch()
        others.addWidget(self.other_server)
        rows.addLayout(keeping)
        rows.addWidget(self.outcome)
        rows.addWidget(self.button)
        rows.addLayout(others)
        rows.addStretch()

    def show_offer(self, offer: Offer) -> None:
        """Show what this server offers; an invite leads to a new account."""
        self._offer = offer
        limits = offer.info.limits
        self.display_name.edit.setMaxLength(limits.display_name_chars)
        self.username.edit.setMaxLength(limits.username_chars)
        self.password.edit.setMaxLength(limits.password_max_chars)
        self.invite.edit.setText(offer.invite or "")
        self.password.edit.clear()
        self._serve("register" if offer.invite and offer.info.registration != "closed" else "log_in")

    def focus_first(self) -> None:
        """Lead the keyboard to the first field that is empty."""
        fields = [self.display_name, self.username, self.password]
        empty = [one for one in fields if one.isVisibleTo(self) and not one.text()]
        (empty or [self.password])[0].edit.setFocus()

    def submit(self) -> None:
        """Log in, or open the account."""
        if self._offer is None or not self.button.isEnabled():
            return
        missing = [field for field in self._needed() if not field.edit.text().strip()]
        for field in missing:
            field.mark_wrong(True)
        if missing:
            missing[0].edit.setFocus()
            self.outcome.say("Fill in the marked fields.")
        elif self._tasks.start(self._submit(self._offer)):
            self.button.setEnabled(False)
            self.outcome.say("Signing in…" if self._purpose == "log_in" else "Opening your account…", "ink2")

    def _needed(self) -> list[Field]:
        """The fields that must be filled in."""
        if self._purpose == "log_in":
            return [self.username, self.password]
        fields = [self.display_name, self.username, self.password]
        return [*fields, self.invite] if self._asks_invite() else fields

    def _asks_invite(self) -> bool:
        """Whether a new account on this server needs an invite."""
        return self._offer is not None and self._offer.info.registration == "invite"

    def _serve(self, purpose: Purpose) -> None:
        """Show the fields of a purpose, and say what it is."""
        if self._offer is None:
            return
        self._purpose = purpose
        info = self._offer.info
        registers = purpose == "register"
        self.display_name.setVisible(registers)
        self.invite.setVisible(registers and self._asks_invite())
        self.password.set_hint(f"At least {info.limits.password_min_chars} characters." if registers else "")
        self.button.set_words("Create account" if registers else "Log in")
        self.other_purpose.set_words("I have an account" if registers else "Create an account")
        self.other_purpose.setVisible(registers or info.registration != "closed")
        self.outcome.say("")
        for field in (self.display_name, self.username, self.password, self.invite):
            field.mark_wrong(False)
        host = urlsplit(self._offer.url).netloc
        title = f"Create your account on {info.name}" if registers else f"Log in to {info.name}"
        closed = "Accounts are given by its administrator." if info.registration == "closed" else ""
        self.purpose_changed.emit(title, " ".join(filter(None, (f"The server is {host}.", closed))))

    def _turn(self) -> None:
        """The other purpose."""
        self._serve("log_in" if self._purpose == "register" else "register")
        self.focus_first()

    async def _submit(self, offer: Offer) -> None:
        """Ask the server, and tell what it refuses."""
        wrong: Exception | None = None
        try:
            await self._ask(offer)
        except (Refused, Unreachable, Unusable) as error:
            wrong = error
        # After a success the app shows its window and lets the page go, perhaps before this goes on.
        if isValid(self):
            self._tell(wrong)

    def _tell(self, wrong: Exception | None) -> None:
        """Say what came of it."""
        self.button.setEnabled(True)
        match wrong:
            case Refused():
                self._refused(wrong)
            case Unusable():
                self.outcome.say(wrong.message)
            case Unreachable():
                self.outcome.say("The server did not answer. Check your network and try again.")
            case _:
                self.outcome.say("")
                self.password.edit.clear()

    async def _ask(self, offer: Offer) -> None:
        """The request of the purpose."""
        username, password = self.username.text(), self.password.edit.text()
        stay = self.stay.isChecked()
        if self._purpose == "log_in":
            await self._sign_in.log_in(offer, username, password, stay=stay)
        else:
            invite = self.invite.text() or None
            name = self.display_name.text()
            await self._sign_in.register(offer, username, password, name, invite=invite, stay=stay)

    def _refused(self, refusal: Refused) -> None:
        """Mark the field to change and say why; after too many attempts count down."""
        blamed = {
            ErrorCode.BAD_CREDENTIALS: self.password,
            ErrorCode.WEAK_PASSWORD: self.password,
            ErrorCode.USERNAME_TAKEN: self.username,
            ErrorCode.INVITE_INVALID: self.invite,
        }
        by_name = {"username": self.username, "password": self.password, "display_name": self.display_name}
        field = by_name.get(str((refusal.details or {}).get("field")))
        field = field or next((blamed[code] for code in blamed if code == refusal.code), None)
        if field is not None:
            field.mark_wrong(True)
            field.edit.setFocus()
        self.outcome.say(refusal.message)
        if refusal.code == ErrorCode.RATE_LIMITED:
            self._wait_s = max(1, math.ceil(refusal.retry_after_s or 1))
            self.button.setEnabled(False)
            self._say_wait()
            self._second.start()

    def _count_down(self) -> None:
        """A second less to wait."""
        self._wait_s = max(0, self._wait_s - 1)
        if self._wait_s:
            self._say_wait()
            return
        self._second.stop()
        self.button.setEnabled(True)
        self.outcome.say("You can try again now.", "ink2")

    def _say_wait(self) -> None:
        """Say how long it takes."""
        self.outcome.say(f"Too many attempts. You can try again in {self._wait_s} s.", "warn")
