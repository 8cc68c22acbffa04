"""Groups' pages: the dialog that makes one, the panel about one, and the bar of what is pinned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from desktop.core.finder import Hit
from desktop.ui.main_window import INFO_BESIDE_FROM_PX
from desktop.ui.new_conversation import NewConversationDialog
from desktop.ui.new_group import AddPeopleDialog, NewGroupDialog, RenameDialog
from desktop.ui.pinned_bar import PinnedBar
from protocol.errors import ErrorCode, Refused
from tests.desktop.doubles import until
from tests.desktop.fake_own import open_group
from tests.desktop.loop import QLoop
from tests.desktop.ui.test_main_window import Scene, scene


async def with_group(s: Scene, *more: str) -> int:
    """Anna's group with Ben and Cleo, open; `more` people know nothing of it."""
    for name in more:
        s.server.add_user(name)
    group = open_group(s.server, s.me.user_id, "Trip", 2, 3)
    for number in range(12):
        s.server.post(2, group, f"Message {number}")
    await until(lambda: len(s.session.conversations.rows) == 3)
    s.window.open_conversation(group)
    return group


def test_a_group_is_made_of_people_who_are_searched(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.show_new_conversation()
            s.window.findChildren(NewConversationDialog)[-1].group.click()
            dialog = s.window.findChildren(NewGroupDialog)[-1]
            await until(lambda: dialog.picker.people.rowCount() == 2)
            assert not dialog.go.isEnabled()
            QTest.keyClicks(dialog.title.edit, "Weekend")
            assert dialog.go.isEnabled()
            QTest.keyClicks(dialog.picker.field, "be")
            await until(lambda: dialog.picker.people.rowCount() == 1)
            QTest.keyClick(dialog.picker.field, Qt.Key.Key_Return)
            assert dialog.picker.chips.words() == ["Remove Ben"]
            dialog.picker.chips.click(0)
            assert dialog.picker.chosen() == []
            dialog.picker.turn(2)
            s.server.refuse_next("open_group", Refused(ErrorCode.INVALID_REQUEST, "Choose another name."))
            dialog.submit()
            await until(lambda: dialog.outcome.text() == "Choose another name.")
            dialog.submit()
            await until(lambda: s.window.chat.conversation_id == 3)
            group = s.server.conversations[3]
            assert (group.row.title, sorted(group.members)) == ("Weekend", [1, 2])

    qloop(play())


def test_the_panel_shows_members_and_lets_the_owner_change_them(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            group = await with_group(s, "dora")
            s.window.toggle_info()
            info = s.window.info
            await until(lambda: info.members.people.rowCount() == 3)
            words = [entry.text() for entry in info.members.menu(2).actions()]
            assert words == ["Write a message", "Make admin", "Remove from group…"]
            assert info.members.menu(1).isEmpty()
            info.members.menu(2).actions()[1].trigger()
            await until(lambda: s.server.conversations[group].members[2].role == "admin")
            await until(lambda: "Make member" in [entry.text() for entry in info.members.menu(2).actions()])
            info.members.menu(3).actions()[2].trigger()
            box = info.findChildren(QMessageBox)[-1]
            next(button for button in box.buttons() if button.text() == "Remove").click()
            await until(lambda: info.members.people.rowCount() == 2)
            info.members.add.click()
            dialog = info.findChildren(AddPeopleDialog)[-1]
            await until(lambda: dialog.picker.people.rowCount() == 2)
            dialog.picker.turn(4)
            dialog.submit()
            await until(lambda: 4 in s.server.conversations[group].members)
            info.rename.click()
            renaming = info.findChildren(RenameDialog)[-1]
            renaming.title.edit.setText("Journey")
            renaming.submit()
            await until(lambda: s.session.header(group).value.title == "Journey")

    qloop(play())


def test_members_without_a_role_may_only_look(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            group = open_group(s.server, 2, "Ben's", s.me.user_id, 3)
            await until(lambda: len(s.session.conversations.rows) == 3)
            s.window.open_conversation(group)
            s.window.toggle_info()
            info = s.window.info
            await until(lambda: info.members.people.rowCount() == 3)
            assert [entry.text() for entry in info.members.menu(3).actions()] == ["Write a message"]
            assert not info.members.add.isVisible()
            assert not info.rename.isVisible()
            info.members.menu(3).actions()[0].trigger()
            await until(lambda: s.window.chat.conversation_id == s.cleo)
            assert not info.members.isVisible()

    qloop(play())


def test_switches_of_the_panel_are_choices(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            s.window.open_conversation(s.ben)
            s.window.toggle_info()
            choices = s.window.info.choices

            def own() -> tuple[bool, bool, bool, str]:
                told = s.server.conversations[s.ben].own_of(s.me.user_id)
                return told.muted_until is not None, told.hides_typing, told.hides_receipts, told.notify

            choices.mute.click()
            choices.typing.click()
            choices.receipts.click()
            choices.levels["none"].click()
            await until(lambda: own() == (True, True, True, "none"))
            choices.mute.click()
            await until(lambda: own() == (False, True, True, "none"))
            assert not choices.mute.isChecked()

    qloop(play())


def test_pins_stars_and_files_are_listed_and_lead_to_their_messages(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            group = await with_group(s)
            messages = s.server.conversations[group].messages
            await s.session.changing.pin(group, messages[1].uid, True)
            await s.session.changing.pin(group, messages[2].uid, True)
            pinned, jumps = s.window.chat.pinned, list[int]()
            await until(lambda: pinned.isVisible() and "Message 1" in pinned.words())
            pinned.jump_wanted.connect(jumps.append)
            pinned.click()
            pinned.click()
            assert jumps == [3, 2]
            header = s.session.header(group).value
            pinned.show_header(replace(header, conversation_id=s.ben))
            # Another conversation's words are never shown, not even until its own have come.
            assert pinned.words() == ""
            pinned.show_header(header)
            await until(lambda: "Message 1" in pinned.words())
            assert 22 <= _first_ink(pinned) < 48
            pinned.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            assert _first_ink(pinned) > pinned.width() // 4
            pinned.unsetLayoutDirection()
            s.window.toggle_info()
            lists = s.window.info.lists
            await until(lambda: lists.entries.rowCount() == 2)
            chosen: list[Hit] = []
            lists.hit_chosen.connect(chosen.append)
            lists.view.step(1)
            QTest.keyClick(lists.view, Qt.Key.Key_Return)
            assert [hit.text for hit in chosen] == ["Message 1"]
            lists.show_kind("starred")
            await until(lambda: lists.nothing.text() == "You have starred nothing here.")
            await s.session.changing.pin(group, messages[2].uid, False)
            await s.session.changing.pin(group, messages[1].uid, False)
            await until(lambda: not pinned.isVisible())

    qloop(play())


def _first_ink(bar: PinnedBar) -> int:
    """The first column, in pixels of the bar, in which anything stands on its ground."""
    image, middle = bar.grab().toImage(), range(8, bar.height() - 8)
    ground = image.pixel(0, 8)
    return next(x for x in range(bar.width()) if any(image.pixel(x, y) != ground for y in middle))


@pytest.mark.parametrize("width", [1300, INFO_BESIDE_FROM_PX - 1, 600])
def test_the_panel_stands_beside_or_covers(qloop: QLoop, tmp_path: Path, width: int) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            w = s.window
            w.resize(width, 700)
            w.toggle_info()
            assert not w.info.isVisible()
            w.open_conversation(s.ben)
            w.toggle_info()
            assert w.info.isVisible()
            assert w.chat.isVisible() is (width == 1300)
            assert w.info.width() <= w.width()
            QTest.keyClick(w.info, Qt.Key.Key_Escape)
            assert (w.info.isVisible(), w.chat.isVisible()) == (False, True)

    qloop(play())


def test_a_group_is_called_by_its_whole_name(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene(tmp_path) as s:
            group = open_group(s.server, s.me.user_id, "Trip to Lisbon", 2)
            await until(lambda: len(s.session.conversations.rows) == 3)
            s.window.open_conversation(group)
            assert "Trip to Lisbon" in s.window.chat.composer.field.placeholderText()
            assert s.window.chat.header.status_words() == "2 members"
            s.server.type(2, group, on=True)
            await until(lambda: s.window.chat.header.status_words().endswith("is typing…"))

    qloop(play())
