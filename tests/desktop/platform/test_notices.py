"""Notifications as the desktop's server gets them, on a bus of the tests' own, and as the tray shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from desktop.platform.bus_notices import BusNotices, NoServer
from desktop.platform.notice_answers import NoticeAnswers
from desktop.platform.tray_notices import TrayNotices
from tests.conftest import ExpectLog
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop
from tests.desktop.platform.fake_notifications import fake_server, private_bus

ALL = ("actions", "body", "body-markup", "inline-reply")


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """The address of a private bus."""
    with private_bus(tmp_path) as address:
        yield address


def answers(told: list[tuple[object, ...]]) -> NoticeAnswers:
    """Write down what people do."""
    return NoticeAnswers(
        lambda *what: told.append(("opened", *what)),
        lambda *what: told.append(("read", *what)),
        lambda *what: told.append(("replied", *what)),
    )


def test_a_notice_is_shown_replaced_and_withdrawn(qloop: QLoop, bus: str) -> None:
    async def play() -> None:
        async with fake_server(bus, *ALL) as server:
            notices = BusNotices(answers([]), has_sound=lambda: True)
            await notices.begin(bus)
            notices.show(7, "Ben", "1 < 2 & <b>more</b>", 1, 70)
            notices.show(7, "Ben", "Second", 2, 71)
            notices.show(8, "Cleo", "Hello", 1, 80)
            await until(lambda: server.calls.count("Notify") == 3)
            first, second = server.shown.values()
            assert (first["summary"], first["body"]) == ("Ben (2)", "Second")
            assert first["actions"] == ["default", "inline-reply", "read"]
            assert first["hints"]["suppress-sound"] == ("b", True)
            assert second["summary"] == "Cleo"
            notices.withdraw(7)
            notices.show(7, "Ben", "1 < 2 & <b>more</b>", 1, 72)
            await until(lambda: [told["summary"] for told in server.shown.values()] == ["Cleo", "Ben"])
            assert list(server.shown.values())[-1]["body"] == "1 &lt; 2 &amp; &lt;b&gt;more&lt;/b&gt;"
            notices.withdraw(7)
            notices.withdraw(8)
            await notices.close()
            assert server.shown == {}

    qloop(play())


def test_what_cannot_be_said_silences_nothing_after_it(qloop: QLoop, bus: str, expected_logs: ExpectLog) -> None:
    expected_logs("a notification could not be told")

    async def play() -> None:
        async with fake_server(bus, "body") as server:
            notices = BusNotices(answers([]), has_sound=lambda: False)
            await notices.begin(bus)
            notices.show(7, "Ben", "half of an emoji: \ud83d", 1, 70)
            notices.show(8, "Cleo", "Hello", 1, 80)
            await until(lambda: [told["summary"] for told in server.shown.values()] == ["Cleo"])
            await notices.close()

    qloop(play())


def test_a_burst_is_heard_once_and_only_where_it_is_wished(qloop: QLoop, bus: str) -> None:
    async def play() -> None:
        async with fake_server(bus, "body") as server:
            wished = False
            notices = BusNotices(answers([]), has_sound=lambda: wished)
            await notices.begin(bus)
            notices.show(1, "Ben", "One", 1, 10)
            await until(lambda: len(server.shown) == 1)
            wished = True
            notices.show(2, "Ben", "<b>", 1, 20)
            notices.show(3, "Ben", "Three", 1, 30)
            await until(lambda: len(server.shown) == 3)
            heard = ["sound-name" in told["hints"] for told in server.shown.values()]
            assert heard == [False, True, False]
            plain = list(server.shown.values())[1]
            assert (plain["body"], plain["actions"]) == ("<b>", [])
            await notices.close()

    qloop(play())


def test_what_people_do_with_a_notice_is_told(qloop: QLoop, bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)

    async def play() -> None:
        async with fake_server(bus, *ALL) as server:
            told: list[tuple[object, ...]] = []
            notices = BusNotices(answers(told), has_sound=lambda: False)
            await notices.begin(bus)
            notices.show(7, "Ben", "Hello", 1, 70)
            await until(lambda: server.shown)
            (number,) = server.shown
            await server.tell("ActionInvoked", "us", number + 1, "default")  # another app's
            await server.tell("NotificationReplied", "us", number, " ")
            await server.tell("NotificationReplied", "us", number, "On my way")
            await server.tell("ActionInvoked", "us", number, "read")
            await server.tell("ActionInvoked", "us", number, "default")
            await until(lambda: len(told) == 3)
            assert told == [("replied", 7, "On my way"), ("read", 7, 70), ("opened", 7, 70)]
            notices.show(8, "Cleo", "Hello", 1, 80)
            await until(lambda: len(server.shown) == 2)
            await server.tell("NotificationClosed", "uu", number, 2)
            await server.tell("ActionInvoked", "us", number, "read")
            await server.tell("ActionInvoked", "us", max(server.shown), "read")
            await until(lambda: len(told) == 4)
            assert told[3] == ("read", 8, 80)
            notices.show(7, "Ben", "Again", 1, 71)
            await until(lambda: len(server.shown) == 3)
            await notices.close()

    qloop(play())


def test_a_desktop_without_notifications_says_so(qloop: QLoop, bus: str) -> None:
    async def play() -> None:
        notices = BusNotices(answers([]), has_sound=lambda: True)
        with pytest.raises(NoServer, match="nobody"):
            await notices.begin(bus)
        with pytest.raises(NoServer, match="no bus"):
            await BusNotices(answers([]), has_sound=lambda: True).begin("unix:path=/nonexistent/bus")

    qloop(play())


def test_a_server_that_goes_takes_nothing_with_it(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        with private_bus(tmp_path) as bus:
            notices = BusNotices(answers([]), has_sound=lambda: True)
            async with fake_server(bus, "body") as server:
                await notices.begin(bus)
                notices.show(7, "Ben", "Hello", 1, 70)
                await until(lambda: server.shown)
            notices.show(7, "Ben", "Nobody hears", 2, 71)
            notices.withdraw(7)
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
        notices.show(7, "Ben", "The bus is gone too", 2, 71)
        notices.withdraw(7)
        await notices.close()

    qloop(play())


class FakeIcon(QSystemTrayIcon):
    """Writes down what the system would show."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []

    def showMessage(self, title: str, text: str, icon: QIcon, ms: int) -> None:  # type: ignore[override]  # one of Qt's two
        self.said.append((title, text))


def test_the_tray_shows_notices_where_nobody_else_does(qapp: QApplication) -> None:
    told: list[tuple[object, ...]] = []
    icon = FakeIcon()
    notices = TrayNotices(icon, answers(told))
    notices.show(7, "Ben", "Hello", 1, 70)
    notices.show(7, "Ben", "Are you there?", 2, 71)
    assert icon.said == [("Ben", "Hello"), ("Ben (2)", "Are you there?")]
    icon.messageClicked.emit()
    notices.withdraw(7)
    icon.messageClicked.emit()
    assert told == [("opened", 7, 71)]
