"""Unknown words: which are looked up, underlined and mended. Only the system's dictionary is another's and faked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.cache.settings_file import SettingsFile
from desktop.ui.message_field import MessageField
from desktop.ui.settings_writing import WritingPage
from desktop.ui.spelling import Dictionary, Spelling, words
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


class Few:
    """A dictionary of a few words that takes its time to load."""

    def __init__(self) -> None:
        self.known = {"the", "house", "is", "it's", "here"}

    def check(self, word: str) -> bool:
        return word.lower() in self.known

    def suggest(self, word: str) -> list[str]:
        return ["house", "hose"] if word == "hause" else []

    def add(self, word: str) -> None:
        self.known.add(word)


def waves(field: MessageField) -> list[str]:
    """The underlined words of the first line."""
    block = field.document().firstBlock()
    units = block.text().encode("utf-16-le")
    return [
        units[2 * one.start : 2 * (one.start + one.length)].decode("utf-16-le")
        for one in block.layout().formats()
        if one.format.underlineStyle() == one.format.UnderlineStyle.WaveUnderline
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The hause, it’s here", ["The", "hause", "it’s", "here"]),
        ("`kode` see https://exmple.org/pth a@exmple.org @Mya :tda: NASA x2", ["see"]),
        ("Größe 家 😀 ok", ["Größe", "ok"]),
    ],
)
def test_which_words_are_looked_up(text: str, found: list[str]) -> None:
    assert [word for _, word in words(text)] == found


def test_unknown_words_are_underlined_and_mended_from_the_menu(qloop: QLoop) -> None:
    def load() -> list[Dictionary]:
        time.sleep(0.02)
        return [Few()]

    async def scene() -> None:
        field = MessageField()
        spelling = Spelling(field, load)
        assert spelling.underlines is None
        field.show()
        field.insertPlainText("😀 The hause is heer")
        await until(lambda: waves(field) == ["hause"])
        QTest.keyClick(field, Qt.Key.Key_Space)
        assert waves(field) == ["hause", "heer"]
        cursor = field.textCursor()
        cursor.setPosition(9)
        menu = field.menu_at(field.cursorRect(cursor).center())
        assert [entry.text() for entry in menu.actions()[:3]] == ["house", "hose", "Add to dictionary"]
        menu.actions()[0].trigger()
        assert field.toPlainText() == "😀 The house is heer "
        cursor.setPosition(19)
        menu = field.menu_at(field.cursorRect(cursor).center())
        next(entry for entry in menu.actions() if entry.text() == "Add to dictionary").trigger()
        assert waves(field) == []
        field.setPlainText("hause again ")
        assert waves(field)
        spelling.set_wanted(False)
        assert waves(field) == []
        field.insertPlainText("hause ")
        assert waves(field) == []
        spelling.set_wanted(True)
        assert "hause" in waves(field)
        field.deleteLater()

    qloop(scene())


def test_without_a_dictionary_nothing_is_underlined(qloop: QLoop) -> None:
    async def scene() -> None:
        field, asked = MessageField(), list[int]()

        def load() -> list[Dictionary]:
            asked.append(1)
            raise OSError("broken library")

        spelling = Spelling(field, load)
        field.insertPlainText("hause ")
        await until(lambda: asked == [1])
        field.insertPlainText("hause ")
        assert spelling.underlines is None
        assert waves(field) == []
        spelling.close()
        field.deleteLater()

    qloop(scene())


def test_the_choice_is_remembered(qloop: QLoop, tmp_path: Path) -> None:
    async def scene() -> None:
        settings = SettingsFile(tmp_path / "settings.json")
        page = WritingPage(settings)
        page.spelling.click()
        page.choices["ctrl_enter"].click()
        assert (settings.current.value.spelling, settings.current.value.sends_with) == (False, "ctrl_enter")
        settings.close()
        page.deleteLater()

    qloop(scene())
