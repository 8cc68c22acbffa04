"""The log-in page: from an address or link to a session, and every way in which that fails, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from desktop.core.ports import Unreachable
from desktop.core.sign_in import Offer, Unusable
from desktop.ui import fonts, theme
from desktop.ui.buttons import IconButton
from desktop.ui.login_page import FIRST_SIZE, LoginPage
from protocol.accounts import ProtocolRange, Registration, ServerInfo
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


class Door:
    """Stands for the network: answers what the test has put up, and remembers what was asked."""

    stay_words = "The session is kept in the keyring."

    def __init__(self) -> None:
        self.registration: Registration = "open"
        self.fails: list[Exception] = []
        self.asked: list[tuple[Any, ...]] = []
        self.gate: asyncio.Event | None = None

    async def look_up(self, address: str) -> Offer:
        self.asked.append(("look_up", address))
        if self.gate is not None:
            await self.gate.wait()
        self._fail()
        info = ServerInfo(
            name="Acme",
            version="1.0",
            protocol=ProtocolRange(min=1, max=1),
            registration=self.registration,
            limits=Limits(),
            sign_in=["password"],
            time="2026-11-25T12:00:00.000Z",
        )
        return Offer("https://hearth.example", info, "CODE" if "/invite/" in address else None)

    async def log_in(self, offer: Offer, username: str, password: str, *, stay: bool) -> None:
        self.asked.append(("log_in", offer.url, username, password, stay))
        self._fail()

    async def register(
        self, offer: Offer, username: str, password: str, display_name: str, *, invite: str | None, stay: bool
    ) -> None:
        self.asked.append(("register", username, password, display_name, invite, stay))
        self._fail()

    def _fail(self) -> None:
        if self.fails:
            raise self.fails.pop(0)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def page(qapp: QApplication, door: Door) -> Iterator[LoginPage]:
    theme.install("light")
    fonts.install()
    page = LoginPage(door)
    page.show()
    yield page
    page.close()
    page.deleteLater()


def write(edit: QLineEdit, text: str) -> None:
    edit.clear()
    QTest.keyClicks(edit, text)


async def reach(page: LoginPage, address: str = "hearth.example") -> None:
    """Come to the account's form."""
    page.look_up(address)
    await until(page.account_form.isVisible)


def titles(page: LoginPage) -> str:
    return page.title.text()


def test_an_address_leads_to_the_log_in_and_in(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        write(page.server_form.address.edit, " hearth.example ")
        QTest.keyClick(page.server_form.address.edit, Qt.Key.Key_Return)
        await until(page.account_form.isVisible)
        assert titles(page) == "Log in to Acme"
        assert not page.server_form.isVisible()
        form = page.account_form
        assert not form.display_name.isVisible()
        assert not form.invite.isVisible()
        write(form.username.edit, "anna")
        write(form.password.edit, " pass word ")
        form.stay.setChecked(False)
        QTest.keyClick(form.password.edit, Qt.Key.Key_Return)
        await until(lambda: len(door.asked) == 2)
        assert door.asked == [
            ("look_up", "hearth.example"),
            ("log_in", "https://hearth.example", "anna", " pass word ", False),
        ]
        await until(lambda: form.password.edit.text() == "")

    qloop(play())


def test_an_invite_link_leads_to_a_new_account(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        door.registration = "invite"
        await reach(page, "hearth://hearth.example/invite/CODE")
        form = page.account_form
        assert titles(page) == "Create your account on Acme"
        assert form.invite.edit.text() == "CODE"
        form.submit()
        assert form.outcome.text() == "Fill in the marked fields."
        assert form.display_name.edit.property("wrong") is True
        write(form.display_name.edit, "Anna Novak")
        assert form.display_name.edit.property("wrong") is False
        write(form.username.edit, "anna")
        write(form.password.edit, "long enough")
        form.submit()
        await until(lambda: len(door.asked) == 2)
        assert door.asked[1] == ("register", "anna", "long enough", "Anna Novak", "CODE", True)

    qloop(play())


@pytest.mark.parametrize(("registration", "offered"), [("closed", False), ("invite", True), ("open", True)])
def test_the_server_decides_whether_accounts_are_offered(
    qloop: QLoop, page: LoginPage, door: Door, registration: Registration, offered: bool
) -> None:
    async def play() -> None:
        door.registration = registration
        await reach(page)
        assert page.account_form.other_purpose.isVisible() is offered
        if not offered:
            assert "administrator" in page.words.text()
            return
        page.account_form.other_purpose.click()
        assert page.account_form.display_name.isVisible()
        assert page.account_form.invite.isVisible() is (registration == "invite")
        page.account_form.other_purpose.click()
        assert not page.account_form.display_name.isVisible()

    qloop(play())


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Unusable("certificate", "The certificate has expired. Ask its administrator."), "certificate has expired"),
        (Unusable("plain_http", "Use https: passwords must not travel in the open."), "Use https"),
        (Refused(ErrorCode.CLIENT_TOO_OLD, "This Hearth is too old for the server. Update it."), "too old"),
        (Refused(ErrorCode.SERVER_TOO_OLD, "The server is too old. Ask its administrator."), "server is too old"),
        (Unreachable(), "Nobody answers"),
    ],
)
def test_an_address_that_leads_nowhere_is_explained(
    qloop: QLoop, page: LoginPage, door: Door, failure: Exception, words: str
) -> None:
    async def play() -> None:
        door.gate = asyncio.Event()
        door.fails = [failure]
        page.look_up("hearth.example")
        assert page.server_form.outcome.text() == "Looking for the server…"
        assert not page.server_form.button.isEnabled()
        page.server_form.submit()
        door.gate.set()
        await until(page.server_form.button.isEnabled)
        assert words in page.server_form.outcome.text()
        assert page.server_form.isVisible()
        assert len(door.asked) == 1
        await reach(page)

    qloop(play())


def test_a_known_server_is_looked_at_at_once_and_a_link_wins(qloop: QLoop, qapp: QApplication, door: Door) -> None:
    async def play() -> None:
        door.gate = asyncio.Event()
        page = LoginPage(door, address="https://hearth.example", username="anna")
        page.say("You were signed out on another device.")
        page.show()
        page.look_up("hearth://hearth.example/invite/CODE")
        door.gate.set()
        await until(page.account_form.isVisible)
        assert [address for _, address in door.asked] == [
            "https://hearth.example",
            "hearth://hearth.example/invite/CODE",
        ]
        await asyncio.sleep(0.01)
        assert page.title.text() == "Create your account on Acme"
        assert page.notice.isVisible()
        assert page.account_form.username.text() == "anna"
        page.close()
        page.deleteLater()

    qloop(play())


def test_nothing_is_asked_without_an_address(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        page.server_form.submit()
        assert "address of your server" in page.server_form.outcome.text()
        assert door.asked == []

    qloop(play())


def test_what_is_wrong_is_seen_in_a_low_window_too(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        await reach(page)
        page.account_form.other_purpose.click()
        page.resize(600, 480)
        write(page.account_form.password.edit, "short")
        QTest.keyClick(page.account_form.password.edit, Qt.Key.Key_Return)
        outcome = page.account_form.outcome
        await until(lambda: outcome.visibleRegion().boundingRect() == outcome.rect())
        assert outcome.text() == "Fill in the marked fields."

    qloop(play())


def test_the_longest_form_has_room_on_a_common_screen(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        assert page.screen().availableSize().height() > FIRST_SIZE.height()
        assert page.height() == FIRST_SIZE.height()
        door.registration = "invite"
        await reach(page)
        page.account_form.other_purpose.click()
        button = page.account_form.button
        await until(lambda: button.visibleRegion().boundingRect() == button.rect())

    qloop(play())


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (Refused(ErrorCode.BAD_CREDENTIALS, "Name or password is wrong."), "password"),
        (Refused(ErrorCode.USERNAME_TAKEN, "Somebody has this name."), "username"),
        (Refused(ErrorCode.WEAK_PASSWORD, "Choose a longer one."), "password"),
        (Refused(ErrorCode.INVITE_INVALID, "This invite was used."), "invite"),
        (Refused(ErrorCode.INVALID_NAME, "Letters only.", details={"field": "display_name"}), "display_name"),
    ],
)
def test_a_refusal_marks_what_to_change(
    qloop: QLoop, page: LoginPage, door: Door, refusal: Refused, field: str
) -> None:
    async def play() -> None:
        door.registration = "invite"
        await reach(page, "hearth://hearth.example/invite/CODE")
        form = page.account_form
        for one in (form.display_name, form.username, form.password):
            write(one.edit, "something long")
        door.fails = [refusal]
        form.submit()
        await until(lambda: form.outcome.text() == refusal.message)
        marked = [
            name
            for name in ("display_name", "username", "password", "invite")
            if getattr(form, name).edit.property("wrong")
        ]
        assert marked == [field]
        assert form.button.isEnabled()
        assert form.password.edit.text() == "something long"

    qloop(play())


def test_too_many_attempts_count_down(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        await reach(page)
        form = page.account_form
        write(form.username.edit, "anna")
        write(form.password.edit, "wrong")
        door.fails = [Refused(ErrorCode.RATE_LIMITED, "Too many.", retry_after_s=0.4)]
        form.submit()
        await until(lambda: "again in 1 s" in form.outcome.text())
        assert not form.button.isEnabled()
        form.submit()
        await until(form.button.isEnabled)
        assert [what for what, *_ in door.asked] == ["look_up", "log_in"]

    qloop(play())


def test_a_lost_answer_can_be_asked_again(qloop: QLoop, page: LoginPage, door: Door) -> None:
    async def play() -> None:
        await reach(page)
        write(page.account_form.username.edit, "anna")
        write(page.account_form.password.edit, "secret")
        door.fails = [Unreachable()]
        page.account_form.submit()
        await until(lambda: "did not answer" in page.account_form.outcome.text())
        page.account_form.submit()
        await until(lambda: len(door.asked) == 3)

    qloop(play())


def test_the_page_may_go_while_it_asks(qloop: QLoop, qapp: QApplication, door: Door) -> None:
    async def play() -> None:
        door.gate = asyncio.Event()
        page = LoginPage(door, address="hearth.example")
        page.show()
        await until(lambda: bool(door.asked))
        page.close()
        page.deleteLater()
        await asyncio.sleep(0.02)
        door.gate.set()
        await asyncio.sleep(0.02)

    qloop(play())


def test_another_server_can_be_chosen(qloop: QLoop, page: LoginPage) -> None:
    async def play() -> None:
        await reach(page)
        page.account_form.other_server.click()
        assert page.server_form.isVisible()
        await reach(page)
        QTest.keyClick(page.account_form.username.edit, Qt.Key.Key_Escape)
        assert page.server_form.isVisible()

    qloop(play())


def test_a_password_shows_only_while_the_eye_is_open(page: LoginPage) -> None:
    edit = page.account_form.password.edit
    assert edit.echoMode() is QLineEdit.EchoMode.Password
    eye = edit.findChild(IconButton)
    assert eye is not None
    eye.click()
    assert edit.echoMode() is QLineEdit.EchoMode.Normal
    eye.click()
    assert edit.echoMode() is QLineEdit.EchoMode.Password


def test_every_control_has_a_name(page: LoginPage) -> None:
    for kind in (QLineEdit, type(page.server_form.button)):
        for control in page.findChildren(kind):
            assert control.accessibleName() or control is page.account_form.other_purpose
