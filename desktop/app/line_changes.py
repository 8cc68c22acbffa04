"""When the line deserves a look: the network changed, the computer woke, somebody came back to the app."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

LOOK_MS = 5_000
SLEPT_S = 15.0
"""The timer comes late by this much only when the computer slept, or its clock was set: both are worth a look."""


class LineChanges(QObject):
    """Owns the watch over clock and application; `noticed` asks for an attempt at once, or whether the line lives.

    The network itself is watched from `follow_network` on: QtNetwork costs 16 ms, which the first picture does not
    wait for.
    """

    noticed = Signal()

    def __init__(self, app: QGuiApplication, *, wall_clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._wall_clock = wall_clock
        self._looked_at = wall_clock()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        app.applicationStateChanged.connect(self._changed_state)

    def follow_network(self) -> None:
        """Hear of networks that come and go, where the system tells."""
        from PySide6.QtNetwork import QNetworkInformation  # noqa: PLC0415 - see the class

        if QNetworkInformation.loadBackendByFeatures(QNetworkInformation.Feature.Reachability):
            QNetworkInformation.instance().reachabilityChanged.connect(self.noticed)

    def look(self) -> None:
        """Compare the clock with the last time: timers stand still while a computer sleeps, its clock does not."""
        now = self._wall_clock()
        passed, self._looked_at = now - self._looked_at, now
        if passed > LOOK_MS / 1000 + SLEPT_S:
            self.noticed.emit()

    def _changed_state(self, state: Qt.ApplicationState) -> None:
        """Somebody looks at the app again."""
        if state is Qt.ApplicationState.ApplicationActive:
            self.noticed.emit()
