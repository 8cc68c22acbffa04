"""What makes the app look at its line: sleep, another network, and somebody who comes back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtNetwork import QNetworkInformation
from PySide6.QtWidgets import QApplication

from desktop.app.line_changes import LineChanges
from desktop.app.start import is_worth_a_try
from desktop.core.bubble import Line


class Watched:
    """A watch on a clock of the test's own, and how often it noticed something."""

    def __init__(self, app: QApplication) -> None:
        self.now = 1_000.0
        self.times = 0
        self.changes = LineChanges(app, wall_clock=lambda: self.now)
        self.changes.noticed.connect(self._count)

    def _count(self) -> None:
        self.times += 1


def test_a_computer_that_slept_is_noticed_once(qapp: QApplication) -> None:
    watched = Watched(qapp)
    for passed, times in ((5, 0), (9, 0), (3_600, 1), (5, 1)):
        watched.now += passed
        watched.changes.look()
        assert watched.times == times


def test_who_comes_back_makes_it_look_and_who_goes_does_not(qapp: QApplication) -> None:
    watched = Watched(qapp)
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert watched.times == 0
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert watched.times == 1


def test_another_network_is_noticed(qapp: QApplication) -> None:
    watched = Watched(qapp)
    watched.changes.follow_network()
    network = QNetworkInformation.instance()
    network.reachabilityChanged.emit(QNetworkInformation.Reachability.Online)
    assert watched.times == 1


@pytest.mark.parametrize(
    ("line", "worth"),
    [
        (Line.CONNECTED, True),
        (Line.OFFLINE, True),
        (Line.CONNECTING, False),
        (Line.UPDATING, False),
        (Line.SIGNED_OUT, False),
        (Line.TOO_OLD, False),
    ],
)
def test_only_a_line_that_time_may_have_changed_is_tried(line: Line, worth: bool) -> None:
    assert is_worth_a_try(line) is worth
