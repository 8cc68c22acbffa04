"""The emoji of the picker in rows under their headings: draws what is in sight, walks by arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QInputEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from desktop.ui import emoji_data, fonts, theme
from desktop.ui.emoji_data import Emoji

CELL = 36
SIGNS = 24
HEADING = 26
COLUMNS = 9
SIDE = 8
_MIDDLE = Qt.AlignmentFlag.AlignCenter
_LEADING = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class GridRow:
    """One line: a heading's words, or emoji; `first` is the number of its first emoji among all."""

    y: int
    heading: str
    first: int
    emoji: tuple[Emoji, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return HEADING if self.heading else CELL


class EmojiGrid(QAbstractScrollArea):
    """Owns which emoji the keyboard or the mouse stands on. `chosen` tells the signs of the one that is taken.

    With them it tells whether Shift was held, which asks for more than one.
    """

    ACCESSIBLE_ROLE = QAccessible.Role.List

    chosen = Signal(str, bool)
    moved = Signal()
    """It stands on another one."""
    left_upwards = Signal()
    """Up on the first row: the keyboard goes back to the search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[GridRow] = []
        self._all: list[Emoji] = []
        self._at = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Emoji")
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().setSingleStep(CELL)
        theme.source().changed.connect(self.viewport().update)

    def sizeHint(self) -> QSize:
        """Nine beside each other, seven rows."""
        return QSize(COLUMNS * CELL + 2 * SIDE + 10, 7 * CELL + HEADING)

    def show_sections(self, sections: Mapping[str, Sequence[Emoji]]) -> None:
        """Other emoji, by heading; an empty heading takes no room."""
        self._rows, self._all = [], []
        y = 0
        for heading, members in sections.items():
            if heading and members:
                self._rows.append(GridRow(y, heading, len(self._all), ()))
                y += HEADING
            for start in range(0, len(members), COLUMNS):
                row = GridRow(y, "", len(self._all), tuple(members[start : start + COLUMNS]))
                self._rows.append(row)
                self._all.extend(row.emoji)
                y += CELL
        self._at = 0
        self.verticalScrollBar().setValue(0)
        self._fit()
        self.moved.emit()

    def current(self) -> Emoji | None:
        """The one it stands on."""
        return self._all[self._at] if self._all else None

    def everything(self) -> Sequence[Emoji]:
        """All that are shown, in their order."""
        return tuple(self._all)

    def show_heading(self, heading: str) -> None:
        """Bring a category to the top."""
        for row in self._rows:
            if row.heading == heading:
                self.verticalScrollBar().setValue(row.y)
                self._stand_on(row.first, scrolls=False)
                return

    def heading_in_sight(self) -> str:
        """The heading that the topmost row belongs to."""
        top = self.verticalScrollBar().value()
        return next((row.heading for row in reversed(self._rows) if row.heading and row.y <= top), "")

    def take(self, *, stays: bool = False) -> None:
        """Take the one it stands on."""
        now = self.current()
        if now is not None:
            self.chosen.emit(now.signs, stays)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other heights scroll farther."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """How far it scrolls."""
        height = self._rows[-1].y + self._rows[-1].height if self._rows else 0
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, height + SIDE - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End walk, Enter takes."""
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        forward = -1 if mirrored else 1
        match Qt.Key(event.key()):
            case Qt.Key.Key_Left:
                self._stand_on(self._at - forward)
            case Qt.Key.Key_Right:
                self._stand_on(self._at + forward)
            case Qt.Key.Key_Up:
                self._walk_rows(-1)
            case Qt.Key.Key_Down:
                self._walk_rows(1)
            case Qt.Key.Key_Home:
                self._stand_on(0)
            case Qt.Key.Key_End:
                self._stand_on(len(self._all) - 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self.take(stays=_with_shift(event))
            case _:
                super().keyPressEvent(event)

    def _walk_rows(self, step: int) -> None:
        """To the row above or below, in the same column as far as there is one."""
        lines = [row for row in self._rows if row.emoji]
        here = next(
            (number for number, row in enumerate(lines) if row.first <= self._at < row.first + len(row.emoji)), 0
        )
        if not lines or here + step < 0:
            self.left_upwards.emit()
        elif here + step < len(lines):
            to = lines[here + step]
            self._stand_on(to.first + min(self._at - lines[here].first, len(to.emoji) - 1))

    def _stand_on(self, number: int, *, scrolls: bool = True) -> None:
        """Stand on another one, say its name, and bring it into sight."""
        if not self._all:
            return
        self._at = min(max(number, 0), len(self._all) - 1)
        row = self._row_of(self._at)
        bar = self.verticalScrollBar()
        if scrolls and row.y < bar.value():
            bar.setValue(row.y - HEADING)
        elif scrolls and row.y + CELL > bar.value() + self.viewport().height():
            bar.setValue(row.y + CELL - self.viewport().height())
        if scrolls:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._all[self._at].name))
        self.viewport().update()
        self.moved.emit()

    def _row_of(self, number: int) -> GridRow:
        """The row that an emoji stands in."""
        return next(row for row in self._rows if row.first <= number < row.first + len(row.emoji))

    def cell(self, number: int) -> QRect:
        """Where an emoji stands in the viewport."""
        row = self._row_of(number)
        return self._cell(row, number - row.first)

    def _cell(self, row: GridRow, column: int) -> QRect:
        """The same, of a row that is known."""
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        left = self.viewport().width() - SIDE - (column + 1) * CELL if mirrored else SIDE + column * CELL
        return QRect(left, row.y - self.verticalScrollBar().value(), CELL, CELL)

    def _number_at(self, point: QPoint) -> int | None:
        """The emoji under a point."""
        for row in self._rows:
            for column in range(len(row.emoji)):
                if self._cell(row, column).contains(point):
                    return row.first + column
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Stand on the one under the mouse."""
        number = self._number_at(event.position().toPoint())
        if number is not None and number != self._at:
            self._stand_on(number, scrolls=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click takes."""
        number = self._number_at(event.position().toPoint())
        if number is not None and event.button() is Qt.MouseButton.LeftButton:
            self._stand_on(number, scrolls=False)
            self.take(stays=_with_shift(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows in sight."""
        shown = theme.current()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), shown.panel)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top, height = self.verticalScrollBar().value(), self.viewport().height()
        for row in self._rows:
            if row.y + row.height < top or row.y > top + height:
                continue
            if row.heading:
                painter.setFont(fonts.text(12, 600))
                painter.setPen(shown.ink2)
                box = QRect(SIDE + 4, row.y - top, self.viewport().width() - 2 * SIDE, HEADING)
                painter.drawText(box, _LEADING, row.heading)
            self._paint_emoji(painter, row)
        painter.end()

    def _paint_emoji(self, painter: QPainter, row: GridRow) -> None:
        """One row of emoji; the one it stands on has a ground."""
        shown = theme.current()
        painter.setFont(emoji_data.font(SIGNS))
        for column, emoji in enumerate(row.emoji):
            box = self._cell(row, column)
            if row.first + column == self._at:
                painter.setPen(shown.accent if self.hasFocus() else Qt.PenStyle.NoPen)
                painter.setBrush(shown.accent_soft)
                painter.drawRoundedRect(QRectF(box).adjusted(1.5, 1.5, -1.5, -1.5), 8, 8)
            painter.setPen(shown.ink)
            painter.drawText(box, _MIDDLE, emoji.signs)


def _with_shift(event: QInputEvent) -> bool:
    """Whether Shift is held."""
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
