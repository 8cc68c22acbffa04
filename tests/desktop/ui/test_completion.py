"""Names and emoji: completed while one writes, picked from the popover, and put under messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.cache.settings_file import SettingsFile
from desktop.ui import emoji_data
from desktop.ui.completion_words import Asked, asked, people
from desktop.ui.emoji_picker import RECENT_AT_MOST, EmojiPicker, RecentEmoji
from desktop.ui.message_deeds import Deed
from protocol.shapes import User
from tests.desktop.chat_scene import Scene, opened
from tests.desktop.doubles import until
from tests.desktop.fake_own import open_group
from tests.desktop.loop import QLoop

ESCAPE, DOWN, RETURN, TAB = Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Tab

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("@", Asked("person", "", 1)),
        ("Ask @ma", Asked("person", "ma", 3)),
        ("(@Maya Ok", Asked("person", "Maya Ok", 8)),
        ("mail@ma", None),
        ("@Maya ", None),
        (":ta", Asked("emoji", "ta", 3)),
        ("so :+1", Asked("emoji", "+1", 3)),
        (":d", None),
        ("at 10:30", None),
        ("https://ab", None),
    ],
)
def test_what_is_asked_for_before_the_cursor(before: str, found: Asked | None) -> None:
    assert asked(before) == found


def test_people_are_found_by_any_of_their_names_the_best_first() -> None:
    users = [
        User(user_id=1, username="okafor", display_name="Zoe Lim"),
        User(user_id=2, username="m", display_name="Maya Okafor"),
        User(user_id=3, username="x", display_name="Ökay Demir"),
    ]
    assert [user.user_id for user in people(users, "oka")] == [3, 2, 1]
    assert people(users, "nobody") == []


def test_every_emoji_has_a_name_and_common_ones_are_found_first() -> None:
    assert len(emoji_data.table()) > 1800
    assert all(emoji.name and emoji.short_names for emoji in emoji_data.table())
    assert emoji_data.search("tada")[0].signs == "🎉"
    assert emoji_data.search("hea")[0].signs == "❤️"
    assert emoji_data.search("red heart")[0].signs == "❤️"
    assert emoji_data.search("xyzzy") == []


async def in_group(s: Scene) -> int:
    """A group of Anna, Maya and Max, opened, with the keyboard in the field."""
    max_ = s.server.add_user("max", "Max Ober")
    group = open_group(s.server, s.anna.user_id, "Team", s.maya.user_id, max_.user_id)
    await until(lambda: len(s.session.conversations.rows) == 2)
    s.page.open(group)
    s.page.activateWindow()
    s.page.composer.field.setFocus()
    await until(s.page.composer.field.hasFocus)
    return group


def test_an_at_sign_completes_a_member_who_is_told(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            group = await in_group(s)
            field, completion = s.page.composer.field, s.page.completion
            QTest.keyClicks(field, "Hi @ma")
            assert [words.split("@")[1] for words in completion.words()] == ["max", "maya"]
            QTest.keyClick(field, DOWN)
            QTest.keyClick(field, TAB)
            assert field.toPlainText() == "Hi @Maya Okafor "
            field.undo()
            assert field.toPlainText() == "Hi @ma"
            field.redo()
            QTest.keyClick(field, RETURN)
            await until(lambda: s.server.conversations[group].messages[-1].content == "Hi @Maya Okafor")
            assert s.server.conversations[group].messages[-1].mentions == [s.maya.user_id]

    qloop(scene())


def test_escape_closes_only_the_list_and_a_second_colon_accepts(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            await in_group(s)
            field, completion = s.page.composer.field, s.page.completion
            s.page.composer.insert("😀 ")
            QTest.keyClicks(field, ":tad")
            assert completion.words()[0] == ":tada:"
            QTest.keyClick(field, ESCAPE)
            assert (completion.is_open(), field.toPlainText()) == (False, "😀 :tad")
            QTest.keyClicks(field, "a")
            assert not completion.is_open()
            QTest.keyClicks(field, " :tada:")
            assert field.toPlainText() == "😀 :tada 🎉"
            assert s.page.conversation_id is not None

    qloop(scene())


def test_the_picker_searches_walks_and_writes_what_is_picked(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            s.page.composer.insert("Well ")
            picker = s.page.emoji.open_for_text()
            QTest.keyClicks(picker.search, "tada")
            QTest.keyClick(picker.search, RETURN)
            assert s.page.composer.text() == "Well 🎉"
            await until(lambda: not s.page.findChildren(EmojiPicker))
            picker = s.page.emoji.open_for_text()
            assert picker.grid.everything()[0].signs == "🎉"
            s.page.activateWindow()
            picker.search.setFocus()
            for _ in range(12):
                here = QApplication.focusWidget()
                assert here is not None
                assert picker.isAncestorOf(here)
                QTest.keyClick(here, TAB)
            assert picker.search.hasFocus()
            QTest.keyClick(picker.search, DOWN)
            QTest.keyClick(picker.grid, Qt.Key.Key_Right)
            QTest.keyClick(picker.grid, RETURN, Qt.KeyboardModifier.ShiftModifier)
            QTest.keyClick(picker.grid, Qt.Key.Key_End)
            QTest.mouseClick(
                picker.grid.viewport(),
                Qt.MouseButton.LeftButton,
                pos=picker.grid.cell(len(picker.grid.everything()) - 1).center(),
            )
            flags = emoji_data.categories()["Flags"]
            assert s.page.composer.text() == f"Well 🎉👍{flags[-1].signs}"
            picker = s.page.emoji.open_for_text()
            QTest.keyClick(picker.search, ESCAPE)
            await until(lambda: not s.page.findChildren(EmojiPicker))

    qloop(scene())


def test_a_reaction_is_picked_and_taken_back(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            for count in (1, 0):
                if count:
                    s.page.message_actions.do(Deed.REACT, s.last())
                else:
                    QTest.keyClick(s.page.composer.field, Qt.Key.Key_E, CONTROL_SHIFT)
                (picker,) = s.page.findChildren(EmojiPicker)
                QTest.keyClicks(picker.search, "tada")
                QTest.keyClick(picker.search, RETURN)
                await until(lambda count=count: len(s.last().reactions) == count)  # type: ignore[misc]  # a default
                await until(lambda: not s.page.findChildren(EmojiPicker))

    qloop(scene())


def test_recent_emoji_are_remembered_the_newest_first(tmp_path: Path, qapp: QApplication) -> None:
    settings = SettingsFile(tmp_path / "settings.json")
    recent = RecentEmoji(settings)
    for emoji in emoji_data.table()[:40]:
        recent.use(emoji.signs)
    recent.use(emoji_data.table()[39].signs)
    settings.close()
    again = RecentEmoji(SettingsFile(tmp_path / "settings.json")).emoji()
    assert len(again) == RECENT_AT_MOST
    assert [emoji.signs for emoji in again[:2]] == [emoji_data.table()[39].signs, emoji_data.table()[38].signs]
