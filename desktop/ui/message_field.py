"""The field a message is written in: plain text that grows with its lines."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from desktop.ui import fonts, theme

LINES_AT_MOST = 8
LEAST_HEIGHT = 42
PAD_X, PAD_Y = 14, 10
RADIUS = 12


class MessageField(QPlainTextEdit):
    """Owns the text being written. `submitted`: Enter asks to send; `brought`: files or a picture are pasted."""

    submitted = Signal()
    timeline_key = Signal(int)
    """A key that belongs to the timeline: Page Up and Down, and End while nothing is written."""
    brought = Signal(object)
    """A QMimeData with files or a picture, from the clipboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(fonts.text())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("QPlainTextEdit { background: transparent; border: none; padding: 0; min-height: 0; }")
        self.document().setDocumentMargin(0)
        self.setViewportMargins(PAD_X, PAD_Y, PAD_X, PAD_Y)
        self.textChanged.connect(self._grow)
        theme.source().changed.connect(self.update)
        self._grow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends, Shift+Enter breaks the line (behaviour 21)."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
            event.accept()
            return
        paging = event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if paging or (event.key() == Qt.Key.Key_End and not self.toPlainText()):
            self.timeline_key.emit(event.key())
            event.accept()
            return
        super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Text, files and pictures."""
        return source.hasText() or brings_files(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Text goes into the field as plain text, files and pictures beside it."""
        if brings_files(source):
            self.brought.emit(source)
        else:
            self.insertPlainText(source.text())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other widths break the lines elsewhere."""
        super().resizeEvent(event)
        self._grow()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Draw the ground anew."""
        super().focusInEvent(event)
        self.update()

    def _grow(self) -> None:
        """As high as the text, up to eight lines; then it scrolls."""
        lines = max(1, round(self.document().size().height()))
        step = self.fontMetrics().lineSpacing()
        height = max(LEAST_HEIGHT, min(lines, LINES_AT_MOST) * step + 2 * PAD_Y)
        scrolls = lines > LINES_AT_MOST
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if scrolls else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        spare = (LEAST_HEIGHT - step) // 2 if lines == 1 else PAD_Y
        self.setViewportMargins(PAD_X, spare, PAD_X, spare)
        if height != self.height():
            self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(300, self.height())


class FieldGround(QWidget):
    """The rounded ground the field stands on."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().background)
        painter.drawRoundedRect(self.rect(), RADIUS, RADIUS)
        painter.end()


def brings_files(source: QMimeData) -> bool:
    """Whether local files or a bare picture are offered; text that comes with a rendering of itself stays text."""
    has_files = any(url.isLocalFile() for url in source.urls())
    return has_files or (source.hasImage() and not source.hasText())
