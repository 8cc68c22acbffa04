"""Files chosen but not sent yet: chips over the composer, each with a cross to take it out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.core.media import kind_of, mime_of
from desktop.ui import fonts, theme
from desktop.ui.file_words import letters, size_words
from desktop.ui.painters.files import paint_cross, paint_rounded
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import set_tool_tip

CHIP = QSize(208, 52)
GAP = 8
SQUARE = 36
CROSS = 24
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Staged:
    """A local file to be sent, and its size in bytes when it was chosen."""

    path: Path
    size: int


class StagedFiles(QWidget):
    """Owns the list of files that go out with the next message; hidden while it is empty."""

    changed = Signal()

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._files: list[Staged] = []
        self._current = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        pictures.ready.connect(self.update)
        theme.source().changed.connect(self.update)
        self.hide()

    def files(self) -> Sequence[Staged]:
        """The files, in the order in which they will go."""
        return tuple(self._files)

    def set_files(self, files: Sequence[Staged]) -> None:
        """Other files, those of another conversation for example."""
        self._files = list(files)
        self._changed()

    def add(self, files: Sequence[Staged]) -> None:
        """Add files; one that is there already is not added twice."""
        self._files = list({file.path: file for file in (*self._files, *files)}.values())
        self._changed()

    def remove(self, index: int) -> None:
        """Take a file out."""
        del self._files[index]
        self._changed()

    def _changed(self) -> None:
        """Show what there is, and tell."""
        self._current = min(self._current, max(0, len(self._files) - 1))
        names = ", ".join(file.path.name for file in self._files)
        self.setAccessibleName(f"Files to send: {names}. Delete takes one out." if names else "")
        self.setVisible(bool(self._files))
        self.updateGeometry()
        self.update()
        self.changed.emit()

    def hasHeightForWidth(self) -> bool:
        """The chips break into lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As many lines as the chips need."""
        lines = -(-len(self._files) // self._columns(width))
        return lines * CHIP.height() + max(0, lines - 1) * GAP

    def sizeHint(self) -> QSize:
        """One line at least."""
        return QSize(CHIP.width(), self.heightForWidth(self.width()))

    def _columns(self, width: int) -> int:
        """How many chips stand side by side."""
        return max(1, (width + GAP) // (CHIP.width() + GAP))

    def _chip(self, index: int) -> QRect:
        """Where a chip stands."""
        line, column = divmod(index, self._columns(self.width()))
        corner = QPoint(column * (CHIP.width() + GAP), line * (CHIP.height() + GAP))
        return QRect(corner, CHIP)

    def _cross(self, index: int) -> QRect:
        """Where a chip's cross stands."""
        chip = self._chip(index)
        return QRect(chip.right() - CROSS - 4, chip.center().y() - CROSS // 2, CROSS, CROSS)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The hand over the crosses, the whole name over a chip."""
        at = event.position().toPoint()
        over = next((i for i in range(len(self._files)) if self._chip(i).contains(at)), None)
        on_cross = over is not None and self._cross(over).contains(at)
        self.setCursor(Qt.CursorShape.PointingHandCursor if on_cross else Qt.CursorShape.ArrowCursor)
        set_tool_tip(self, "Do not send this file" if on_cross else "" if over is None else self._files[over].path.name)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a cross takes the file out."""
        at = event.position().toPoint()
        found = next((i for i in range(len(self._files)) if self._cross(i).contains(at)), None)
        if found is not None:
            self.remove(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk, Delete takes out."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key = Qt.Key(event.key())
        if key in steps and self._files:
            self._current = min(max(self._current + steps[key], 0), len(self._files) - 1)
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._files:
            self.remove(self._current)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chips."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, file in enumerate(self._files):
            self._paint_chip(painter, index, file)
        painter.end()

    def _paint_chip(self, painter: QPainter, index: int, file: Staged) -> None:
        """Square or picture, name, size, cross."""
        shown = theme.current()
        chip = QRectF(self._chip(index))
        painter.setPen(shown.accent if self.hasFocus() and index == self._current else Qt.PenStyle.NoPen)
        painter.setBrush(shown.background)
        painter.drawRoundedRect(chip.adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        square = QRectF(chip.left() + 8, chip.top() + 8, SQUARE, SQUARE)
        self._paint_square(painter, square, file)
        room = chip.width() - SQUARE - CROSS - 26
        painter.setPen(shown.ink)
        painter.setFont(fonts.text(13, 500))
        name = painter.fontMetrics().elidedText(file.path.name, Qt.TextElideMode.ElideMiddle, int(room))
        painter.drawText(QRectF(square.right() + 8, chip.top() + 8, room, 18), _LEFT, name)
        painter.setPen(shown.ink2)
        painter.setFont(fonts.text(12))
        painter.drawText(QRectF(square.right() + 8, chip.top() + 27, room, 16), _LEFT, size_words(file.size))
        paint_cross(painter, QRectF(self._cross(index)), shown.ink2, 4.0)

    def _paint_square(self, painter: QPainter, square: QRectF, file: Staged) -> None:
        """The picture itself, or the ending of the name."""
        shown = theme.current()
        if kind_of(mime_of(file.path.name)) == "image":
            picture = self._pictures.get(file.path, SQUARE, SQUARE, ratio=self.devicePixelRatioF())
            if picture is not None:
                paint_rounded(painter, square, picture, 8)
                return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent)
        painter.drawRoundedRect(square, 8, 8)
        painter.setPen(shown.on_accent)
        painter.setFont(fonts.text(10, 600))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, letters(file.path.name))
