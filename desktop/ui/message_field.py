"""The field a message is written in: plain text that grows with its lines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QKeyCombination, QMimeData, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShortcut,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QMenu, QPlainTextEdit, QSizePolicy, QWidget

from desktop.cache.settings_file import SendsWith
from desktop.ui import fonts, markup_keys, theme
from desktop.ui.shortcuts import latin_key

LINES_AT_MOST = 8
LEAST_HEIGHT = 42
PAD_X, PAD_Y = 14, 10
RADIUS = 12
LONG_PASTE = 4_000
"""So many characters pasted at once are rather a file than a message (behaviour 29)."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MessageField(QPlainTextEdit):
    """Owns the text being written. `submitted`: Enter asks to send; `brought`: files or a picture are pasted."""

    submitted = Signal()
    timeline_key = Signal(int)
    """A key that belongs to the timeline: Page Up and Down, and End while nothing is written."""
    brought = Signal(object)
    """A QMimeData with files or a picture, from the clipboard."""
    pasted_long = Signal(str)
    """A text was pasted that would better be a file; it stands in the field already."""
    edit_last_asked = Signal()
    """Up, while nothing is written."""
    menu_opening = Signal(object, object)
    """A QMenu that is about to be shown, and a QTextCursor where it was asked for."""
    answer_step_asked = Signal(int)
    """Ctrl+Up (-1) or Ctrl+Down (1): answer the message before or behind."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sends_with: SendsWith = "enter"
        self.first_heard: Callable[[QKeyEvent], bool] | None = None
        """Hears each key before the field; True where it was meant for it (the list of completions)."""
        self.wants_tab: Callable[[], bool] = lambda: False
        """Whether the Tab key means something here now, and does not lead on."""
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
        self._by_keys: dict[str, Callable[[], None]] = {
            **{keys: partial(self.mark, mark) for keys, mark in markup_keys.KEYS.items()},
            markup_keys.LINK_KEYS: self.mark_link,
            "Ctrl+Shift+V": self.paste_plain,
        }
        self._add_keys()
        self._grow()

    def focusNextPrevChild(self, next_: bool) -> bool:
        """Let the Tab key through where it accepts something."""
        return not (next_ and self.wants_tab()) and super().focusNextPrevChild(next_)

    @property
    def send_keys(self) -> str:
        """The keys that send, in words."""
        return "Enter" if self.sends_with == "enter" else "Ctrl+Enter"

    def _add_keys(self) -> None:
        """Marks, and pasting without them."""
        for sequence, does in self._by_keys.items():
            QShortcut(QKeySequence(sequence), self, context=Qt.ShortcutContext.WidgetShortcut).activated.connect(does)

    def mark(self, mark: markup_keys.Mark) -> None:
        """Put marks around the selection, or take them away."""
        self.setTextCursor(markup_keys.toggle(self.textCursor(), mark))

    def mark_link(self) -> None:
        """Make the selection a link, to the address on the clipboard where there is one."""
        self.setTextCursor(markup_keys.link(self.textCursor(), QGuiApplication.clipboard().text()))

    def paste_plain(self) -> None:
        """Paste the text alone, without what it was marked with (behaviour 31)."""
        self._insert_text(QGuiApplication.clipboard().text())

    def take_out(self, text: str) -> None:
        """Remove a text that stands here, as one step to undo."""
        at = self.toPlainText().find(text)
        if at >= 0:
            cursor, before = self.textCursor(), self.toPlainText()[:at]
            cursor.setPosition(utf16_length(before))
            cursor.setPosition(cursor.position() + utf16_length(text), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends, Shift+Enter breaks the line (behaviour 21); what of behaviours 23 and 24 begins here."""
        heard = self.first_heard is not None and self.first_heard(event)
        if heard or self._sends(event) or self._means_else(event) or self._marks(event):
            event.accept()
            return
        if event.key() in _ENTER:
            # Qt's own field takes Ctrl+Enter for nothing; every Enter that does not send breaks the line.
            self.textCursor().insertBlock()
            self.ensureCursorVisible()
            return
        super().keyPressEvent(event)

    def _sends(self, event: QKeyEvent) -> bool:
        """Ask to send, if the key means that."""
        if event.key() not in _ENTER or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return False
        with_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self.sends_with == "enter" or with_control:
            self.submitted.emit()
            return True
        return False

    def _marks(self, event: QKeyEvent) -> bool:
        """The marks' keys on a keyboard of another script, by their places."""
        key = latin_key(event) if event.modifiers() & Qt.KeyboardModifier.ControlModifier else None
        if key is None:
            return False
        sequence = QKeySequence(QKeyCombination(event.modifiers(), key))
        does = self._by_keys.get(sequence.toString(QKeySequence.SequenceFormat.PortableText))
        if does is not None:
            does()
        return does is not None

    def _means_else(self, event: QKeyEvent) -> bool:
        """Keys that belong to the timeline, to an answer or an edit, or to the selection."""
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        is_empty, plain = not self.toPlainText(), modifiers == Qt.KeyboardModifier.NoModifier
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        pages = key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and plain
        if pages or (key == Qt.Key.Key_End and is_empty):
            self.timeline_key.emit(event.key())
        elif key == Qt.Key.Key_Up and is_empty and plain:
            self.edit_last_asked.emit()
        elif key in steps and modifiers == Qt.KeyboardModifier.ControlModifier:
            self.answer_step_asked.emit(steps[key])
        elif key == Qt.Key.Key_Escape and self.textCursor().hasSelection():
            cursor = self.textCursor()
            cursor.clearSelection()
            self.setTextCursor(cursor)
        else:
            return False
        return True

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The field's own menu, with what others add to it."""
        self.menu_at(event.pos()).popup(event.globalPos())

    def menu_at(self, point: QPoint) -> QMenu:
        """The menu for a place of the viewport; it deletes itself when it closes."""
        menu = self.createStandardContextMenu()
        menu.aboutToHide.connect(menu.deleteLater)
        self.menu_opening.emit(menu, self.cursorForPosition(point))
        return menu

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Text, files and pictures."""
        return source.hasText() or brings_files(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Text goes into the field as plain text, files and pictures beside it."""
        if brings_files(source):
            self.brought.emit(source)
        else:
            self._insert_text(source.text(), source.html() if source.hasHtml() else "")

    def _insert_text(self, text: str, html: str = "") -> None:
        """Put a pasted text in; with its marks as a second step, so that undoing first takes only these away."""
        cursor = self.textCursor()
        start = cursor.selectionStart()
        cursor.beginEditBlock()
        cursor.insertText(text)
        cursor.endEditBlock()
        if html:
            self._mark_pasted(cursor, start, text, html)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        if len(text) >= LONG_PASTE:
            self.pasted_long.emit(text)

    def _mark_pasted(self, cursor: QTextCursor, start: int, text: str, html: str) -> None:
        """What was bold, italic, code or a link gets its marks (behaviour 31)."""
        from desktop.ui.pasted_markup import marked  # noqa: PLC0415 - not on the way to the first picture

        found = marked(html, text)
        if found is not None:
            cursor.setPosition(start, QTextCursor.MoveMode.KeepAnchor)
            cursor.beginEditBlock()
            cursor.insertText(found)
            cursor.endEditBlock()

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


def utf16_length(text: str) -> int:
    """How many places a text takes in Qt, which counts an emoji as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def brings_files(source: QMimeData) -> bool:
    """Whether local files or a bare picture are offered; text that comes with a rendering of itself stays text."""
    has_files = any(url.isLocalFile() for url in source.urls())
    return has_files or (source.hasImage() and not source.hasText())
