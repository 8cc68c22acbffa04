"""The window in which a picture is marked before it is sent: cut, point, blur, undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.buttons import Button, IconButton
from desktop.ui.marking import Arrow, Blur, Crop, Mark, Marking, paint_arrow

Tool = Literal["crop", "arrow", "blur"]
TOOLS: tuple[tuple[Tool, str, str], ...] = (
    ("crop", "crop", "Cut out (C)"),
    ("arrow", "move-up-right", "Arrow (A)"),
    ("blur", "blend", "Blur (B)"),
)
SIZE = QSize(860, 640)
MARGIN = 16


class MarkingCanvas(QWidget):
    """Shows the picture as large as there is room. Owns what the mouse is drawing now."""

    marked = Signal()

    def __init__(self, marking: Marking) -> None:
        super().__init__()
        self.tool: Tool = "arrow"
        self._marking = marking
        self._shown = marking.result()
        self._from: QPointF | None = None
        self._to = QPointF()
        self.setMinimumSize(240, 160)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("The picture. Drag over it with the chosen tool.")

    def refresh(self) -> None:
        """The marks became others."""
        self._shown = self._marking.result()
        self.update()

    def place(self) -> QRectF:
        """Where the picture stands."""
        room = QSize(self.width() - 2 * MARGIN, self.height() - 2 * MARGIN)
        size = self._shown.size()
        if size.width() > room.width() or size.height() > room.height():
            size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        corner = QPoint((self.width() - size.width()) // 2, (self.height() - size.height()) // 2)
        return QRectF(QRect(corner, size))

    def _in_picture(self, at: QPointF) -> QPointF:
        """A point of the widget in the picture's pixels, inside of what is left of it."""
        place, part = self.place(), QRectF(self._marking.part())
        scale = part.width() / max(1.0, place.width())
        point = (at - place.topLeft()) * scale + part.topLeft()
        return QPointF(min(max(point.x(), part.left()), part.right()), min(max(point.y(), part.top()), part.bottom()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A mark begins."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._from = self._to = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """It grows."""
        if self._from is not None:
            self._to = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It is there."""
        begun, self._from = self._from, None
        if begun is not None and self._marking.add(self._mark(begun, event.position())):
            self.refresh()
            self.marked.emit()
        self.update()

    def _mark(self, begun: QPointF, ended: QPointF) -> Mark:
        """What was drawn, by the tool."""
        start, end = self._in_picture(begun), self._in_picture(ended)
        if self.tool == "arrow":
            return Arrow(start, end)
        box = QRectF(start, end).normalized().toAlignedRect()
        return Crop(box) if self.tool == "crop" else Blur(box)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, and what is being drawn."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme.current().background)
        painter.drawImage(self.place(), self._shown)
        if self._from is not None:
            self._paint_begun(painter, self._from)
        painter.end()

    def _paint_begun(self, painter: QPainter, begun: QPointF) -> None:
        """The mark under the mouse."""
        if self.tool == "arrow":
            place = self.place()
            width = self._marking.line_width() * place.width() / max(1, self._shown.width())
            paint_arrow(painter, Arrow(begun, self._to), max(2.0, width))
            return
        box = QRectF(begun, self._to).normalized().intersected(self.place())
        if self.tool == "crop":
            dark = QColor(0, 0, 0, 120)
            for part in _around(self.place(), box):
                painter.fillRect(part, dark)
        painter.setPen(QPen(theme.current().accent, 2, Qt.PenStyle.DashLine))
        painter.drawRect(box)


class MarkingDialog(QDialog):
    """One picture to be marked. `done_marking` tells it with its marks; closing it otherwise changes nothing."""

    done_marking = Signal(QImage)

    def __init__(self, picture: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self.marking = Marking(picture)
        self.canvas = MarkingCanvas(self.marking)
        self.tools = QButtonGroup(self)
        self.undo = IconButton("undo-2", "Undo (Ctrl+Z)", self._undo)
        self.use = Button("Done", "primary", self._finish)
        self._build()
        self._add_keys()
        self.canvas.marked.connect(self._follow)
        self._follow()

    def _build(self) -> None:
        """Tools above the picture, the way out below."""
        self.setWindowTitle("Mark the picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(340, 320)
        self.resize(SIZE.boundedTo(self.screen().availableSize()))
        head, foot = QHBoxLayout(), QHBoxLayout()
        for number, (tool, icon, words) in enumerate(TOOLS):
            button = IconButton(icon, words, partial(self.choose, tool))
            button.setCheckable(True)
            button.setChecked(tool == self.canvas.tool)
            self.tools.addButton(button, number)
            head.addWidget(button)
        head.addSpacing(12)
        head.addWidget(self.undo)
        head.addStretch()
        foot.addStretch()
        foot.addWidget(Button("Cancel", "quiet", self.reject))
        foot.addWidget(self.use)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 10, 12, 12)
        rows.addLayout(head)
        rows.addWidget(self.canvas, 1)
        rows.addLayout(foot)
        accent = theme.current().accent_soft.name()
        self.setStyleSheet(f"QToolButton:checked {{ background: {accent}; }}")

    def _add_keys(self) -> None:
        """A letter a tool, and undoing."""
        keys: dict[str, Callable[[], None]] = {
            "C": partial(self.choose, "crop"),
            "A": partial(self.choose, "arrow"),
            "B": partial(self.choose, "blur"),
            "Ctrl+Z": self._undo,
            "Ctrl+Shift+Z": self._redo,
        }
        for sequence, does in keys.items():
            QShortcut(QKeySequence(sequence), self).activated.connect(does)

    def choose(self, tool: Tool, _checked: object = None) -> None:
        """Draw with another tool."""
        self.canvas.tool = tool
        self.tools.button([name for name, _, _ in TOOLS].index(tool)).setChecked(True)

    def _undo(self) -> None:
        """Take the last mark away."""
        if self.marking.undo():
            self.canvas.refresh()
        self._follow()

    def _redo(self) -> None:
        """Bring it back."""
        if self.marking.redo():
            self.canvas.refresh()
        self._follow()

    def _follow(self) -> None:
        """There is something to undo, or not."""
        self.undo.setEnabled(bool(self.marking.marks))

    def _finish(self) -> None:
        """Tell the picture as it is now."""
        self.done_marking.emit(self.marking.result())
        self.accept()


def _around(whole: QRectF, part: QRectF) -> tuple[QRectF, ...]:
    """The four stripes around a part."""
    return (
        QRectF(whole.left(), whole.top(), whole.width(), part.top() - whole.top()),
        QRectF(whole.left(), part.bottom(), whole.width(), whole.bottom() - part.bottom()),
        QRectF(whole.left(), part.top(), part.left() - whole.left(), part.height()),
        QRectF(part.right(), part.top(), whole.right() - part.right(), part.height()),
    )
