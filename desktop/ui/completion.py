"""The list over the field that completes `@` to people and `:` to emoji (behaviour 30)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QIcon,
    QKeyEvent,
    QPainter,
    QPixmap,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QWidget

from desktop.ui import fonts, theme
from desktop.ui.avatars import paint_avatar
from desktop.ui.completion_words import CANDIDATES_AT_MOST, Asked, asked, people
from desktop.ui.message_field import MessageField, utf16_length
from desktop.ui.plain_text import one_line
from protocol.shapes import User
from protocol.text import isolate

ROW, WIDTH, PAD = 36, 280, 6
PICTURE = 24
PIECE_AT_MOST = 130
"""So many characters before the cursor are looked at for a name."""
_ACCEPTS = (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the list: what it puts into the text, its words, and its picture."""

    insert: str
    words: str
    picture: QPixmap


class CandidateList(QListWidget):
    """The rows, over everything else in the window; never takes the keyboard."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(PICTURE, PICTURE))
        self.setFont(fonts.text())
        self.setAccessibleName("Suggestions")
        self.setUniformItemSizes(True)
        self._dress()
        theme.source().changed.connect(self._dress)

    def _dress(self) -> None:
        """A raised ground, and the accent's soft colour where the choice stands."""
        shown = theme.current()
        self.setStyleSheet(
            f"QListWidget {{ background: {shown.panel.name()}; border: 1px solid {shown.line.name()};"
            f" border-radius: 10px; padding: {PAD - 1}px; }}"
            f"QListWidget::item {{ border-radius: 6px; padding: 0 6px; color: {shown.ink.name()}; }}"
            f"QListWidget::item:selected {{ background: {shown.accent_soft.name()}; color: {shown.ink.name()}; }}"
        )

    def show_candidates(self, candidates: Sequence[Candidate]) -> None:
        """These rows, the first one chosen."""
        self.clear()
        for candidate in candidates:
            item = QListWidgetItem(QIcon(candidate.picture), candidate.words)
            item.setSizeHint(QSize(0, ROW))
            self.addItem(item)
        self.setCurrentRow(0)
        self.resize(WIDTH, len(candidates) * ROW + 2 * PAD)


class Completion(QObject):
    """Watches one field. Owns the list, and which piece of the text Esc has closed it for."""

    def __init__(self, field: MessageField, members: Callable[[], Sequence[User]]) -> None:
        """`members` tells who can be named where one writes now."""
        super().__init__(field)
        self._field = field
        self._members = members
        self._list: CandidateList | None = None
        self._asked: Asked | None = None
        self._candidates: list[Candidate] = []
        self._closed_at: int | None = None
        field.first_heard, field.wants_tab = self._hear, self.is_open
        field.textChanged.connect(self._look)
        field.cursorPositionChanged.connect(self._look)
        field.installEventFilter(self)

    def is_open(self) -> bool:
        """Whether something is offered."""
        return self._list is not None and self._list.isVisible()

    def words(self) -> list[str]:
        """What is offered now, from the best."""
        return [candidate.words for candidate in self._candidates] if self.is_open() else []

    def close(self) -> None:
        """Offer nothing."""
        self._asked, self._candidates = None, []
        if self._list is not None:
            self._list.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list goes with the keyboard and with the field."""
        if event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self.close()
        return super().eventFilter(watched, event)

    def _hear(self, event: QKeyEvent) -> bool:
        """Keys that mean the list while it is open."""
        if not self.is_open() or self._list is None or self._asked is None:
            return False
        key = Qt.Key(event.key())
        if key in _STEPS:
            self._choose((self._list.currentRow() + _STEPS[key]) % len(self._candidates))
        elif key in _ACCEPTS and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._accept(self._list.currentRow())
        elif key == Qt.Key.Key_Escape:
            self._closed_at = self._field.textCursor().position() - utf16_length(self._asked.query)
            self.close()
        else:
            return self._ends_a_name(event)
        return True

    def _ends_a_name(self, event: QKeyEvent) -> bool:
        """The second colon of `:tada:` accepts it."""
        if self._asked is None or self._asked.kind != "emoji" or event.text() != ":":
            return False
        exact = f":{self._asked.query.casefold()}:"
        row = next((row for row, one in enumerate(self._candidates) if exact in one.words.split()), None)
        if row is not None:
            self._accept(row)
        return row is not None

    def _choose(self, row: int) -> None:
        """Stand on a row, and read it out."""
        if self._list is not None:
            self._list.setCurrentRow(row)
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._list, self._candidates[row].words))

    def _look(self) -> None:
        """What is asked for where the cursor stands."""
        cursor = self._field.textCursor()
        wanted = (
            None if cursor.hasSelection() or not self._field.hasFocus() else asked(_before(cursor)[-PIECE_AT_MOST:])
        )
        if wanted is None:
            self._closed_at = None
            self.close()
            return
        start = cursor.position() - utf16_length(wanted.query)
        if start == self._closed_at:
            self.close()
            return
        self._closed_at = None
        candidates = self._people(wanted.query) if wanted.kind == "person" else _emoji(wanted.query, self._ratio())
        if not candidates:
            self.close()
            return
        self._asked, self._candidates = wanted, candidates
        self._show()

    def _people(self, query: str) -> list[Candidate]:
        """Members by name."""
        return [_person(user, self._ratio()) for user in people(self._members(), query)]

    def _ratio(self) -> float:
        """How many screen pixels a pixel has."""
        return self._field.devicePixelRatioF()

    def _show(self) -> None:
        """The list stands over the field where the piece begins."""
        ground = self._field.window()
        if self._list is None:
            self._list = CandidateList(ground)
            self._list.itemClicked.connect(lambda item: self._accept(item.listWidget().row(item)))
        self._list.setParent(ground)
        self._list.show_candidates(self._candidates)
        at = self._field.viewport().mapTo(ground, self._field.cursorRect().topLeft())
        left = min(max(8, at.x() - 40), max(8, ground.width() - WIDTH - 8))
        top = self._field.mapTo(ground, QPoint()).y() - self._list.height() - 8
        self._list.move(left, max(8, top))
        self._list.show()
        self._list.raise_()

    def _accept(self, row: int) -> None:
        """Put a candidate in the place of the piece, as one step to undo."""
        wanted, chosen = self._asked, self._candidates[row]
        if wanted is None:
            return
        cursor = self._field.textCursor()
        length = utf16_length(wanted.query) + 1
        self.close()
        cursor.setPosition(cursor.position() - length)
        cursor.setPosition(cursor.position() + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(chosen.insert)
        self._field.setTextCursor(cursor)


def _before(cursor: QTextCursor) -> str:
    """The text of the line before the cursor."""
    line = QTextCursor(cursor)
    line.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
    return line.selectedText()


def _person(user: User, ratio: float) -> Candidate:
    """One of the members."""
    picture = _blank(ratio)
    painter = QPainter(picture)
    paint_avatar(painter, QRectF(0, 0, PICTURE, PICTURE), user.display_name, user.user_id)
    painter.end()
    name = isolate(one_line(user.display_name))
    return Candidate(f"@{user.display_name} ", f"{name}  @{user.username}", picture)


def _emoji(query: str, ratio: float) -> list[Candidate]:
    """Emoji by name; their table is read when the first is asked for."""
    from desktop.ui import emoji_data  # noqa: PLC0415 - not on the way to the first picture

    found = emoji_data.search(query, CANDIDATES_AT_MOST)
    return [Candidate(one.signs, f":{one.short_names[0]}:", _drawn(one.signs, ratio)) for one in found]


def _drawn(signs: str, ratio: float) -> QPixmap:
    """An emoji as a picture."""
    from desktop.ui import emoji_data  # noqa: PLC0415 - as above

    picture = _blank(ratio)
    painter = QPainter(picture)
    painter.setFont(emoji_data.font(PICTURE - 5))
    painter.drawText(QRectF(0, 0, PICTURE, PICTURE), Qt.AlignmentFlag.AlignCenter, signs)
    painter.end()
    return picture


def _blank(ratio: float) -> QPixmap:
    """A picture with nothing in it."""
    picture = QPixmap(round(PICTURE * ratio), round(PICTURE * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture
