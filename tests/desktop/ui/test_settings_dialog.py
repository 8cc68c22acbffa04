"""Settings and the new conversation, on a real session: what is asked of the server, and what is told of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.core.bubble import Line
from desktop.core.session import Session
from desktop.ui import fonts, theme
from desktop.ui.new_conversation import NewConversationDialog
from desktop.ui.pictures import Pictures
from desktop.ui.settings_about import app_version
from desktop.ui.settings_dialog import PAGES, SettingsDialog, sign_out_advice, sign_out_question
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from protocol.shapes import User
from tests.desktop.doubles import FakeServer, until
from tests.desktop.loop import QLoop


@dataclass
class Scene:
    """One account on a fake server, with a window to open dialogs over."""

    server: FakeServer
    me: User
    session: Session
    settings: SettingsFile
    pictures: Pictures
    window: QWidget

    def settings_dialog(self) -> SettingsDialog:
        """The settings, opened."""
        dialog = SettingsDialog(self.session, self.settings, self.pictures, self.window, log_folder=Path("log"))
        dialog.show_page("account")
        dialog.open()
        return dialog

    def new_conversation(self) -> NewConversationDialog:
        """The search for people, opened."""
        dialog = NewConversationDialog(self.session, self.pictures, self.window)
        dialog.open()
        return dialog


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Anna is on line, Ben and Cleo exist."""
    theme.install("light")
    fonts.install()
    server = FakeServer()
    me = server.add_user("anna", "Anna Novak")
    server.add_user("ben", "Ben Adeyemi")
    server.add_user("cleo", "Cleo Tomás")
    session = server.session(me, limits=Limits(image_bytes=1000))
    settings = SettingsFile(tmp_path / "settings.json")
    settings.change(server="https://hearth.example")
    pictures = Pictures(session.api)
    window = QWidget()
    window.resize(900, 700)
    await session.start()
    await until(lambda: session.connection.value.line is Line.CONNECTED)
    try:
        yield Scene(server, me, session, settings, pictures, window)
    finally:
        await session.close()
        pictures.close()
        settings.close()
        window.deleteLater()


def test_name_and_status_are_saved_and_seen(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            page = s.settings_dialog().account
            assert (page.name.text(), page.status.text()) == ("Anna Novak", "")
            page.name.edit.setText("Anna Nováková")
            page.status.edit.setText("In the garden")
            page.save_button.click()
            await until(lambda: page.outcome.text() == "Saved.")
            assert s.session.me.value.display_name == "Anna Nováková"
            assert s.server.users[s.me.user_id].status_text == "In the garden"
            assert page.name_line.text() == "Anna Nováková"

    qloop(play())


def test_an_empty_name_is_not_sent(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            page = s.settings_dialog().account
            page.name.edit.setText("  ")
            page.save()
            assert page.name.edit.property("wrong") is True
            assert page.save_button.isEnabled()
            assert s.session.me.value.display_name == "Anna Novak"

    qloop(play())


def test_a_refused_or_lost_change_is_told_and_can_be_asked_again(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            page = s.settings_dialog().account
            s.server.refuse_next("change_profile", Refused(ErrorCode.INVALID_NAME, "This name cannot be used."))
            page.save()
            await until(lambda: page.outcome.text() == "This name cannot be used.")
            s.server.cut()
            page.save()
            await until(lambda: "cannot be reached" in page.outcome.text())
            s.server.restore()
            page.save()
            await until(lambda: page.outcome.text() == "Saved.")

    qloop(play())


def test_a_password_is_changed_once_it_is_long_enough(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            page = s.settings_dialog().account
            page.old_password.edit.setText("the old one")
            page.new_password.edit.setText("short")
            page.password_button.click()
            assert "at least 10" in page.password_outcome.text()
            page.new_password.edit.setText("long enough now")
            s.server.refuse_next("change_password", Refused(ErrorCode.BAD_CREDENTIALS, "The password is wrong."))
            page.password_button.click()
            await until(lambda: page.password_outcome.text() == "The password is wrong.")
            assert page.old_password.edit.property("wrong") is True
            page.password_button.click()
            await until(lambda: page.password_outcome.text().startswith("Password changed"))
            assert page.new_password.edit.text() == ""

    qloop(play())


def test_a_picture_is_changed_unless_it_is_too_large(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            page = s.settings_dialog().account
            picture = tmp_path / "me.png"
            picture.write_bytes(b"x" * 1001)
            page.change_picture(picture)
            await until(lambda: "too large" in page.outcome.text())
            picture.write_bytes(b"x" * 10)
            page.change_picture(picture)
            await until(lambda: page.outcome.text() == "Picture changed.")
            assert s.session.me.value.avatar_url
            assert s.settings.current.value.last_folder == str(tmp_path)
            page.change_picture(tmp_path / "gone.png")
            await until(lambda: "Choose another file" in page.outcome.text())

    qloop(play())


def test_devices_are_listed_and_ended(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            dialog = s.settings_dialog()
            s.server.refuse_next("devices", Refused(ErrorCode.UNAVAILABLE, "Try again soon."))
            dialog.show_page("devices")
            page = dialog.devices
            await until(lambda: page.outcome.text() == "Try again soon.")
            page.again.click()
            await until(lambda: bool(page.rows))
            count = len(page.rows)
            assert page.rows[0].device.current
            assert not page.rows[0].end_button.isVisible()
            page.rows[1].end_button.click()
            await until(lambda: len(page.rows) == count - 1)

    qloop(play())


def test_a_theme_shows_at_once_and_is_remembered(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            page = s.settings_dialog().appearance
            page.choices["dark"].click()
            assert theme.current().dark
            assert s.settings.current.value.theme == "dark"
            page.choices["light"].click()
            assert not theme.current().dark

    qloop(play())


def test_every_page_opens_in_both_themes(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            dialog = s.settings_dialog()
            for choice in ("dark", "light"):
                theme.source().choose(choice)
                for page in PAGES:
                    dialog.show_page(page)
                    assert dialog.grab().toImage().pixelColor(3, 3) == theme.current().panel
            assert app_version() in dialog.about.version_line

    qloop(play())


def test_signing_out_asks_only_where_messages_would_be_lost(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            told: list[bool] = []
            talk = await s.session.open_direct(2)
            s.server.cut()
            await s.session.send_text(talk, "Not yet sent")
            dialog = s.settings_dialog()
            dialog.sign_out_requested.connect(lambda: told.append(True))
            dialog.account.sign_out_requested.emit()
            box = dialog.findChild(QMessageBox)
            assert box is not None
            assert box.text() == sign_out_question(1)
            box.defaultButton().click()
            assert told == []
            assert dialog.isVisible()
            dialog.account.sign_out_requested.emit()
            box = dialog.findChildren(QMessageBox)[-1]
            destructive = QMessageBox.ButtonRole.DestructiveRole
            next(button for button in box.buttons() if box.buttonRole(button) is destructive).click()
            assert told == [True]
            assert not dialog.isVisible()

    qloop(play())


def test_signing_out_with_nothing_waiting_asks_nothing(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            told: list[bool] = []
            dialog = s.settings_dialog()
            dialog.sign_out_requested.connect(lambda: told.append(True))
            dialog.account.sign_out_requested.emit()
            assert told == [True]

    qloop(play())


@pytest.mark.parametrize(("unsent", "words"), [(1, "One message has"), (3, "3 messages have")])
def test_what_would_be_lost_is_counted(unsent: int, words: str) -> None:
    assert sign_out_question(unsent).startswith(words)


@pytest.mark.parametrize(
    ("unsent", "waiting", "says", "keeps_silent"),
    [
        (1, 1, "It is sent as soon as the line is back", "retried"),
        (2, 2, "They are sent as soon as the line is back", "retried"),
        (1, 0, "It can be retried", "line"),
        (2, 0, "They can be retried", "line"),
        (2, 1, "Those that wait are sent as soon as the line is back; those marked as not sent can be retried", "It"),
    ],
)
def test_what_can_be_done_instead_is_true_of_what_is_there(
    unsent: int, waiting: int, says: str, keeps_silent: str
) -> None:
    advice = sign_out_advice(unsent, waiting)
    assert says in advice
    assert keeps_silent not in advice


def test_a_failed_message_is_asked_about_too(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            talk = await s.session.open_direct(2)
            s.server.refuse_next("send_message", Refused(ErrorCode.FORBIDDEN, "Not here."))
            await s.session.send_text(talk, "Refused")
            await until(lambda: (s.session.waiting.value, s.session.unsent) == (0, 1))
            dialog = s.settings_dialog()
            dialog.account.sign_out_requested.emit()
            box = dialog.findChild(QMessageBox)
            assert box is not None
            assert (box.text(), box.informativeText()) == (sign_out_question(1), sign_out_advice(1, 0))
            box.defaultButton().click()

    qloop(play())


def found(dialog: NewConversationDialog) -> list[str]:
    """The names shown."""
    return [str(dialog.people.index(row).data()) for row in range(dialog.people.rowCount())]


def test_somebody_is_found_and_written_to_by_keys_alone(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            opened: list[int] = []
            dialog = s.new_conversation()
            dialog.opened.connect(opened.append)
            await until(lambda: found(dialog) == ["Ben Adeyemi, @ben", "Cleo Tomás, @cleo"])
            QTest.keyClicks(dialog.field, "cleo")
            await until(lambda: found(dialog) == ["Cleo Tomás, @cleo"])
            QTest.keyClick(dialog.field, Qt.Key.Key_Return)
            await until(lambda: bool(opened))
            assert s.server.conversations[opened[0]].members.keys() == {1, 3}
            assert s.session.conversations.rows[0].title == "Cleo Tomás"

    qloop(play())


def test_arrows_choose_while_one_types(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            opened: list[int] = []
            dialog = s.new_conversation()
            dialog.opened.connect(opened.append)
            await until(lambda: len(found(dialog)) == 2)
            for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
                QTest.keyClick(dialog.field, key)
            await until(lambda: bool(opened))
            assert s.server.conversations[opened[0]].members.keys() == {1, 3}

    qloop(play())


def test_nobody_found_and_nobody_there_are_told(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            dialog = s.new_conversation()
            QTest.keyClicks(dialog.field, "zzz")
            await until(lambda: dialog.notice.title() == "Nobody found")
            dialog.reject()
            del s.server.users[2], s.server.users[3]
            dialog = s.new_conversation()
            await until(lambda: dialog.notice.title() == "Nobody here yet")

    qloop(play())


def test_a_failed_search_or_opening_is_told_and_can_be_repeated(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.server.refuse_next("users", Refused(ErrorCode.RATE_LIMITED, "Wait a moment."))
            dialog = s.new_conversation()
            await until(lambda: dialog.notice.title() == "The search did not work")
            dialog.notice.button.click()
            await until(lambda: len(found(dialog)) == 2)
            s.server.refuse_next("open_direct", Refused(ErrorCode.FORBIDDEN, "You may not write to them."))
            opened: list[int] = []
            dialog.opened.connect(opened.append)
            dialog.view.choose_current()
            await until(lambda: dialog.outcome.text() == "You may not write to them.")
            dialog.view.choose_current()
            await until(lambda: bool(opened))

    qloop(play())


def test_a_late_answer_does_not_cover_a_newer_one(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            dialog = s.new_conversation()
            dialog.field.setText("ben")
            dialog.search()
            dialog.field.setText("cleo")
            dialog.search()
            await until(lambda: found(dialog) == ["Cleo Tomás, @cleo"])
            dialog.reject()

    qloop(play())
