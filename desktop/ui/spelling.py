"""Words that no dictionary of this computer knows, underlined while one writes; absent where there is none.

The dictionaries are the system's, by Enchant (the extra `spelling`): they are looked for in a thread once somebody
writes, never on the way to the first picture.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from PySide6.QtCore import QLocale, QObject
from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QMenu

from desktop.ui import theme
from desktop.ui.message_field import MessageField, utf16_length
from desktop.ui.plain_text import caption
from desktop.ui.tasks import Tasks

_log = logging.getLogger(__name__)

SUGGESTED_AT_MOST = 5
REMEMBERED = 20_000
"""So many words are not looked up twice."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_WORDS = re.compile(r"`[^`]*`|\b(?:https?://|www\.)\S+|\S+@\S+|@[^\s@]+|:[\w+\-]+:")


class Dictionary(Protocol):
    """One language (Enchant's `Dict`)."""

    def check(self, word: str) -> bool:
        """Whether it knows a word."""

    def suggest(self, word: str) -> list[str]:
        """What may have been meant, the best first."""

    def add(self, word: str) -> None:
        """Know this word from now on, on this computer."""


def system_dictionaries() -> list[Dictionary]:
    """Those of the languages that the user reads, and where there are none of these, English; runs in a thread."""
    try:
        import enchant  # noqa: PLC0415 - an extra, and not on the way to the first picture
    except ImportError:
        return []
    wanted = [tag.replace("-", "_") for tag in QLocale.system().uiLanguages()]
    known = [tag for tag in dict.fromkeys(wanted) if "_" in tag and enchant.dict_exists(tag)]
    known = known or [tag for tag in ("en_US", "en_GB") if enchant.dict_exists(tag)][:1]
    return [enchant.Dict(tag) for tag in known]


def words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a line that can be misspelt, with where they begin: no code, addresses, names, or SHOUTING."""
    readable = _NO_WORDS.sub(lambda found: " " * len(found.group()), text)
    for found in _WORD.finditer(readable):
        word = found.group()
        if len(word) > 1 and not word.isupper():
            yield found.start(), word


class Underlines(QSyntaxHighlighter):
    """The waves under unknown words. Owns what has been looked up; the word being written is left alone."""

    def __init__(self, field: MessageField, dictionaries: Sequence[Dictionary]) -> None:
        super().__init__(field.document())
        self._field = field
        self._dictionaries = dictionaries
        self._looked_up: dict[str, bool] = {}

    def knows(self, word: str) -> bool:
        """Whether any dictionary knows a word."""
        known = self._looked_up.get(word)
        if known is None:
            if len(self._looked_up) > REMEMBERED:
                self._looked_up.clear()
            plain = word.replace("’", "'")
            known = self._looked_up[word] = any(one.check(plain) for one in self._dictionaries)
        return known

    def suggestions(self, word: str) -> list[str]:
        """What may have been meant, each dictionary's best first."""
        found = [meant for one in self._dictionaries for meant in one.suggest(word)]
        return list(dict.fromkeys(found))[:SUGGESTED_AT_MOST]

    def add(self, word: str) -> None:
        """Know this word from now on."""
        self._dictionaries[0].add(word)
        self._looked_up.clear()
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """A wave under each unknown word of a line."""
        wave = QTextCharFormat()
        wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wave.setUnderlineColor(QColor(theme.current().bad))
        cursor = self._field.textCursor()
        here = cursor.positionInBlock() if cursor.block() == self.currentBlock() else -1
        for start, word in words(text):
            first, length = utf16_length(text[:start]), utf16_length(word)
            if first + length != here and not self.knows(word):
                self.setFormat(first, length, wave)


class Spelling(QObject):
    """Looks for dictionaries when somebody first writes. Owns the underlines of one field, while they are wanted."""

    def __init__(self, field: MessageField, load: Callable[[], Sequence[Dictionary]] = system_dictionaries) -> None:
        super().__init__(field)
        self._field = field
        self._load = load
        self._tasks = Tasks()
        self._wanted = True
        self._looked = False
        self.underlines: Underlines | None = None
        field.textChanged.connect(self._look)
        field.cursorPositionChanged.connect(self._leave_word)
        field.menu_opening.connect(self._offer)
        theme.source().changed.connect(self._redraw)

    def close(self) -> None:
        """Look no further."""
        self._tasks.cancel()

    def set_wanted(self, on: bool) -> None:
        """Underline, or no longer."""
        self._wanted = on
        if self.underlines is not None:
            self.underlines.setDocument(self._field.document() if on else None)
            self._redraw()

    def _look(self) -> None:
        """Look for dictionaries, once."""
        if self._wanted and not self._looked and self._field.toPlainText():
            self._looked = True
            self._tasks.start(self._find())

    async def _find(self) -> None:
        """In a thread: Enchant reads its files when it is asked."""
        try:
            found = await asyncio.to_thread(self._load)
        except Exception:  # noqa: BLE001 - whatever the system's library says: writing goes on without it
            _log.info("no dictionary can be used", exc_info=True)
            return
        if found:
            self.underlines = Underlines(self._field, found)
            self.set_wanted(self._wanted)

    def _redraw(self) -> None:
        """In the colours of the theme."""
        if self.underlines is not None:
            self.underlines.rehighlight()

    def _leave_word(self) -> None:
        """The word that was left is looked at now."""
        if self.underlines is not None and self._wanted:
            self.underlines.rehighlightBlock(self._field.textCursor().block())

    def _offer(self, menu: QMenu, at: QTextCursor) -> None:
        """Suggestions for the unknown word under the mouse, above everything else in the menu."""
        found = self._word_at(at)
        if found is None or self.underlines is None:
            return
        cursor, word = found
        underlines, first = self.underlines, next(iter(menu.actions()), None)
        entries: list[tuple[str, Callable[[], object]]] = [
            (caption(meant), partial(cursor.insertText, meant)) for meant in underlines.suggestions(word)
        ]
        entries.append(("Add to dictionary", partial(underlines.add, word)))
        added = [menu.addAction(text, does) for text, does in entries]
        if first is not None:
            menu.insertActions(first, added)
            menu.insertSeparator(first)

    def _word_at(self, at: QTextCursor) -> tuple[QTextCursor, str] | None:
        """The unknown word at a place, selected."""
        if self.underlines is None or not self._wanted:
            return None
        text, here = at.block().text(), at.positionInBlock()
        for start, word in words(text):
            first = utf16_length(text[:start])
            if first <= here <= first + utf16_length(word) and not self.underlines.knows(word):
                cursor = QTextCursor(at)
                cursor.setPosition(at.block().position() + first)
                cursor.setPosition(cursor.position() + utf16_length(word), QTextCursor.MoveMode.KeepAnchor)
                return cursor, word
        return None
