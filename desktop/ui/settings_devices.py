"""The settings' page about where one is signed in, and ending that elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.core import moments
from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.ui.buttons import Button
from desktop.ui.failures import words_of
from desktop.ui.form import Outcome
from desktop.ui.notice import IconDisc
from desktop.ui.plain_text import ElidedLabel, PlainLabel
from desktop.ui.tasks import Tasks
from protocol.accounts import Device
from protocol.errors import Refused
from protocol.times import from_wire

DISC_PX = 40


class DeviceRow(QWidget):
    """One signed-in device: its name, when it was last there, and the button that ends it."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device = device
        self.end_button = Button("Sign out", "danger")
        name = device.name or "A device without a name"
        self.end_button.setAccessibleName(f"Sign out {name}")
        self.end_button.setVisible(not device.current)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(name, weight=600))
        words.addWidget(self._below(device))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(12)
        disc = IconDisc("laptop", DISC_PX)
        row.addWidget(disc)
        row.addLayout(words, 1)
        row.addWidget(self.end_button)

    def _below(self, device: Device) -> ElidedLabel:
        """When it was last there."""
        if device.current:
            return ElidedLabel("This computer, signed in now", size_px=13, ink="good")
        clock = moments.system_clock()
        seen = moments.last_seen(from_wire(device.last_seen_at), clock.now_ms(), clock.local_offset_s)
        return ElidedLabel(seen.capitalize(), size_px=13, ink="ink2")


class DevicesPage(QWidget):
    """Owns the rows of the newest answer."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._tasks = Tasks()
        self.outcome = Outcome()
        self.rows: list[DeviceRow] = []
        self.again = Button("Try again", "link", self.load)
        self._list = QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(8)
        words = "You are signed in on these devices. Sign out the ones you do not know or no longer use."
        column.addWidget(PlainLabel(words, size_px=13, ink="ink2", wrap=True))
        column.addWidget(self.outcome)
        column.addWidget(self.again)
        column.addLayout(self._list)
        column.addStretch()
        self.again.hide()

    def load(self) -> None:
        """Ask where one is signed in."""
        self._tasks.start(self._load())

    def detach(self) -> None:
        """Nobody waits for an answer any more."""
        self._tasks.cancel()

    async def _load(self) -> None:
        """Ask, and show the answer."""
        self.again.hide()
        if not self.rows:
            self.outcome.say("Asking the server…", "ink2")
        try:
            devices = await self._session.api.devices()
        except (Refused, Unreachable) as error:
            self.outcome.say(words_of(error))
            self.again.show()
            return
        self.outcome.say("")
        self._show(devices)

    def _show(self, devices: Sequence[Device]) -> None:
        """Show these devices, this computer first."""
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = [DeviceRow(one) for one in sorted(devices, key=lambda one: not one.current)]
        for row in self.rows:
            self._list.addWidget(row)
            row.end_button.clicked.connect(lambda _checked=False, row=row: self._tasks.start(self._end(row)))

    async def _end(self, row: DeviceRow) -> None:
        """End one device's session."""
        row.end_button.setEnabled(False)
        try:
            await self._session.api.end_device(row.device.device_id)
        except (Refused, Unreachable) as error:
            row.end_button.setEnabled(True)
            self.outcome.say(words_of(error))
            return
        await self._load()
