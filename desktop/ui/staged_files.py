"""Files chosen but not sent yet: tiles over the composer, to be put into order, marked, or taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QSizePolicy, QWidget

from desktop.core.media import FileKind, kind_of, mime_of
from desktop.ui import fonts, icons, theme
from desktop.ui.file_words import letters, size_words
from desktop.ui.painters.files import paint_cross, paint_rounded
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import set_tool_tip

TILE = 84
WIDE_TILE = 184
GAP = 8
SQUARE = 36
CROSS = 22
BADGE = 28
_LEFT = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Staged:
    """A local file to be sent, and its size in bytes when it was chosen."""

    path: Path
    size: int

    @property
    def kind(self) -> FileKind:
        """How it is shown where it arrives, unless it is sent as a file."""
        return kind_of(mime_of(self.path.name))


class StagedFiles(QAbstractScrollArea):
    """Owns the files that go out with the next message, in their order; hidden while there are none."""

    ACCESSIBLE_ROLE = QAccessible.Role.List

    changed = Signal()
    mark_asked = Signal(int)
    """A double click or Enter on a picture: it is to be marked before it goes."""

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._files: list[Staged] = []
        self._current = 0
        self._pressed: QPoint | None = None
        self._dragged = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(TILE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        pictures.ready.connect(self.viewport().update)
        theme.source().changed.connect(self.viewport().update)
        self.horizontalScrollBar().valueChanged.connect(self.viewport().update)
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
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().maximum())

    def remove(self, index: int) -> None:
        """Take a file out."""
        del self._files[index]
        self._changed()

    def replace(self, index: int, file: Staged) -> None:
        """Put another file in the place of one: the same picture with marks in it."""
        self._files[index] = file
        self._changed()

    def move_file(self, index: int, to: int) -> None:
        """Let a file go earlier or later."""
        to = min(max(to, 0), len(self._files) - 1)
        if to != index:
            self._files.insert(to, self._files.pop(index))
            self._current = to
            self._changed()

    def _changed(self) -> None:
        """Show what there is, and tell."""
        self._current = min(self._current, max(0, len(self._files) - 1))
        names = ", ".join(file.path.name for file in self._files)
        how = "Arrows choose one, with Alt they move it, Delete takes it out, Enter marks a picture."
        self.setAccessibleName(f"Files to send: {names}. {how}" if names else "")
        self.setVisible(bool(self._files))
        self._fit()
        self.viewport().update()
        self.changed.emit()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(TILE, TILE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other widths scroll farther."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """How far the line scrolls."""
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, self._line_width() - self.viewport().width()))
        bar.setPageStep(self.viewport().width())

    def _line_width(self) -> int:
        """Of all tiles."""
        return sum(_width(file) + GAP for file in self._files) - GAP if self._files else 0

    def tile(self, index: int) -> QRect:
        """Where a tile stands in the viewport."""
        before = sum(_width(file) + GAP for file in self._files[:index])
        width = _width(self._files[index])
        left = before - self.horizontalScrollBar().value()
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            left = self.viewport().width() - left - width
        return QRect(left, 0, width, TILE)

    def cross(self, index: int) -> QRect:
        """Where a tile's cross stands."""
        tile = self.tile(index)
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        return QRect(tile.left() + 3 if mirrored else tile.right() - CROSS - 2, tile.top() + 3, CROSS, CROSS)

    def _index_at(self, point: QPoint) -> int | None:
        """The tile under a point."""
        return next((index for index in range(len(self._files)) if self.tile(index).contains(point)), None)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click or a drag begins."""
        at = event.position().toPoint()
        index = self._index_at(at)
        if event.button() is Qt.MouseButton.LeftButton and index is not None:
            self._pressed, self._dragged = at, False
            self._current = index
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A drag puts the tile where the mouse is; else the hand over the crosses, the whole name over a tile."""
        at = event.position().toPoint()
        over = self._index_at(at)
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            far = (at - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            self._dragged = self._dragged or far
            if self._dragged and over is not None:
                self.move_file(self._current, over)
            return
        on_cross = over is not None and self.cross(over).contains(at)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if on_cross else Qt.CursorShape.ArrowCursor)
        words = "Do not send this file" if on_cross else "" if over is None else self._words(over)
        set_tool_tip(self.viewport(), words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a cross takes the file out."""
        at = event.position().toPoint()
        pressed, self._pressed = self._pressed, None
        found = self._index_at(at)
        if self._dragged or pressed is None or found is None:
            self._dragged = False
            return
        if self.cross(found).contains(at) and self.cross(found).contains(pressed):
            self.remove(found)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On a picture: mark it."""
        found = self._index_at(event.position().toPoint())
        if found is not None and not self.cross(found).contains(event.position().toPoint()):
            self._mark(found)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Every wheel scrolls along the line."""
        bar, turned = self.horizontalScrollBar(), event.angleDelta()
        bar.setValue(bar.value() - (turned.y() or turned.x()))

    def _mark(self, index: int) -> None:
        """Ask for the marking of a picture."""
        if self._files[index].kind == "image":
            self.mark_asked.emit(index)

    def _words(self, index: int) -> str:
        """A tile in words."""
        file = self._files[index]
        more = ". Double-click to mark it" if file.kind == "image" else ""
        return f"{file.path.name}, {size_words(file.size)}{more}"

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk, with Alt they move the file; Delete takes it out, Enter marks a picture."""
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        steps = {Qt.Key.Key_Left: 1 if mirrored else -1, Qt.Key.Key_Right: -1 if mirrored else 1}
        key = Qt.Key(event.key())
        if not self._files:
            super().keyPressEvent(event)
        elif key in steps and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_file(self._current, self._current + steps[key])
            self._stand()
        elif key in steps:
            self._current = min(max(self._current + steps[key], 0), len(self._files) - 1)
            self._stand()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove(self._current)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._mark(self._current)
        else:
            event.ignore()

    def _stand(self) -> None:
        """Bring the tile into sight, and read it out."""
        tile, bar = self.tile(self._current), self.horizontalScrollBar()
        over = min(tile.left(), 0) or max(0, tile.right() + 1 - self.viewport().width())
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        bar.setValue(bar.value() + (-over if mirrored else over))
        place = f"{self._current + 1} of {len(self._files)}"
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{self._words(self._current)}, {place}"))
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard stands."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """And that it stands there no more."""
        super().focusOutEvent(event)
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The tiles in sight."""
        painter = QPainter(self.viewport())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(event.rect(), theme.current().panel)
        for index, file in enumerate(self._files):
            tile = self.tile(index)
            if tile.intersects(event.rect()):
                self._paint_tile(painter, QRectF(tile), file)
                self._paint_cross(painter, QRectF(self.cross(index)))
                if self.hasFocus() and index == self._current:
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.setPen(QPen(theme.current().accent, 2))
                    painter.drawRoundedRect(QRectF(tile).adjusted(1, 1, -1, -1), 10, 10)
        painter.end()

    def _paint_tile(self, painter: QPainter, tile: QRectF, file: Staged) -> None:
        """A picture as itself, a film with its mark, another file with ending, name and size."""
        shown = theme.current()
        if file.kind == "image":
            picture = self._pictures.get(file.path, TILE, TILE, ratio=self.devicePixelRatioF())
            if picture is not None:
                paint_rounded(painter, tile, picture, 10)
                return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.background)
        painter.drawRoundedRect(tile, 10, 10)
        if file.kind == "file":
            self._paint_file(painter, tile, file)
            return
        icon = icons.pixmap("video" if file.kind == "video" else "image", shown.ink2, BADGE)
        painter.drawPixmap(tile.center() - QPoint(BADGE // 2, BADGE // 2), icon)

    def _paint_file(self, painter: QPainter, tile: QRectF, file: Staged) -> None:
        """The square with the ending, name and size."""
        shown = theme.current()
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        left = tile.right() - SQUARE - 10 if mirrored else tile.left() + 10
        square = QRectF(left, tile.center().y() - SQUARE / 2, SQUARE, SQUARE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent)
        painter.drawRoundedRect(square, 8, 8)
        painter.setPen(shown.on_accent)
        painter.setFont(fonts.text(10, 600))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, letters(file.path.name))
        room = tile.width() - SQUARE - 28
        start = tile.left() + 10 if mirrored else square.right() + 8
        painter.setPen(shown.ink)
        painter.setFont(fonts.text(13, 500))
        name = painter.fontMetrics().elidedText(file.path.name, Qt.TextElideMode.ElideMiddle, int(room))
        painter.drawText(QRectF(start, tile.center().y() - 18, room, 18), _LEFT, name)
        painter.setPen(shown.ink2)
        painter.setFont(fonts.text(12))
        painter.drawText(QRectF(start, tile.center().y() + 1, room, 16), _LEFT, size_words(file.size))

    def _paint_cross(self, painter: QPainter, box: QRectF) -> None:
        """On a round ground, to be seen on every picture."""
        shown = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.panel)
        painter.drawEllipse(box)
        paint_cross(painter, box, shown.ink2, 3.5)


def _width(file: Staged) -> int:
    """Of a tile."""
    return WIDE_TILE if file.kind == "file" else TILE
