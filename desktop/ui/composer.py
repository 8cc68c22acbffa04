"""Where messages are written: attach, field, send, and what is said about the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.buttons import IconButton
from desktop.ui.message_field import FieldGround, MessageField
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import PlainLabel, set_tool_tip
from desktop.ui.staged_files import Staged, StagedFiles

NEAR_LIMIT = 0.95
TYPING_ENDS_MS = 5_000
SEND = 42
NAME_AT_MOST = 18


@dataclass(frozen=True, slots=True)
class Unsent:
    """What stands in the composer of a conversation: its text and its files."""

    text: str = ""
    files: tuple[Staged, ...] = ()


class SendButton(QAbstractButton):
    """The accent square with the paper plane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(SEND, SEND)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Send")
        set_tool_tip(self, "Send (Enter)")
        theme.source().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground and icon; a ring where the keyboard is."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent.darker(108) if self.isDown() else shown.accent)
        painter.drawRoundedRect(self.rect(), 12, 12)
        painter.drawPixmap(12, 12, icons.pixmap("send-horizontal", shown.on_accent, 18))
        if self.hasFocus():
            painter.setPen(shown.on_accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5), 10, 10)
        painter.end()


class Composer(QWidget):
    """Owns the text and files being written; knows no conversation and sends nothing itself.

    `submitted` asks to send; `typing` says that keys are pressed (True) or that it is over (False); `attach_asked`
    asks for the file dialog; `brought` hands on a QMimeData with files or a picture.
    """

    submitted = Signal()
    typing = Signal(bool)
    attach_asked = Signal()
    brought = Signal(object)

    def __init__(self, pictures: Pictures, most_characters: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = most_characters
        self._placing = False
        self.field = MessageField()
        self.staged = StagedFiles(pictures)
        self.attach = IconButton("paperclip", "Attach files (Ctrl+U)", self.attach_asked.emit)
        self.send = SendButton()
        self._problem = PlainLabel(size_px=12, ink="bad", wrap=True)
        self._count = PlainLabel(size_px=11, ink="ink2")
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(TYPING_ENDS_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        """The mock's bar, with files and words over the field while there are any."""
        self.attach.setFixedSize(SEND, SEND)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ground = FieldGround()
        inside = QHBoxLayout(ground)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.field)
        bar = QHBoxLayout()
        bar.setSpacing(10)
        bar.addWidget(self.attach, alignment=Qt.AlignmentFlag.AlignBottom)
        bar.addWidget(ground, 1, Qt.AlignmentFlag.AlignBottom)
        bar.addWidget(self.send, alignment=Qt.AlignmentFlag.AlignBottom)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 11, 16, 10)
        rows.setSpacing(8)
        rows.addWidget(self._problem)
        rows.addWidget(self.staged)
        rows.addLayout(bar)
        rows.addWidget(self._count, alignment=Qt.AlignmentFlag.AlignRight)
        self._problem.hide()
        self._count.hide()
        self.setTabOrder(self.field, self.send)
        self.setFocusProxy(self.field)

    def _connect(self) -> None:
        """Signals of the parts."""
        self.field.submitted.connect(self.submitted)
        self.field.brought.connect(self.brought)
        self.field.textChanged.connect(self._text_changed)
        self.send.clicked.connect(self.submitted)
        self._silence.timeout.connect(self._fell_silent)
        theme.source().changed.connect(self.update)

    def text(self) -> str:
        """The text as it is written."""
        return self.field.toPlainText()

    def unsent(self) -> Unsent:
        """What stands here now."""
        return Unsent(self.text(), tuple(self.staged.files()))

    def place(self, unsent: Unsent) -> None:
        """Show another conversation's text and files; nobody is told of typing."""
        self._placing = True
        self.field.setPlainText(unsent.text)
        self.field.moveCursor(QTextCursor.MoveOperation.End)
        self.staged.set_files(unsent.files)
        self._placing = False
        self._silence.stop()
        self.show_problem("")

    def take_out(self, sent: Unsent) -> None:
        """What was sent is safe now: it goes; what was written behind it meanwhile stays."""
        text = self.text()
        if text.startswith(sent.text):
            self.place(Unsent(text[len(sent.text) :], self._files_without(sent.files)))

    def _files_without(self, sent: Sequence[Staged]) -> tuple[Staged, ...]:
        """The files that were added since."""
        return tuple(file for file in self.staged.files() if file not in sent)

    def insert(self, text: str) -> None:
        """Put text where the cursor is, and take the keyboard."""
        self.field.insertPlainText(text)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_name(self, name: str) -> None:
        """Whom the message is for."""
        shown = name if len(name) <= NAME_AT_MOST else f"{name[:NAME_AT_MOST]}…"
        self.field.setPlaceholderText(f"Message {shown}")
        # Qt repaints a placeholder only when it comes or goes, not when it becomes another.
        self.field.viewport().update()
        self.field.setAccessibleName(f"Message to {name}")

    def show_problem(self, words: str) -> None:
        """Say why something was not sent; empty takes it away."""
        self._problem.setText(words)
        self._problem.setVisible(bool(words))

    def problem(self) -> str:
        """What is said now."""
        return self._problem.text() if not self._problem.isHidden() else ""

    def count_words(self) -> str:
        """The count of characters near the limit; empty far from it."""
        return self._count.text() if not self._count.isHidden() else ""

    def _text_changed(self) -> None:
        """Count near the limit; tell of typing."""
        text = self.text()
        near = len(text) >= self._most * NEAR_LIMIT
        self._count.setText(f"{len(text):,} / {self._most:,}")
        self._count.set_ink("bad" if len(text) > self._most else "ink2")
        self._count.setVisible(near)
        if self._placing:
            return
        self.show_problem("")
        if text.strip():
            self.typing.emit(True)
            self._silence.start()
        else:
            self._silence.stop()
            self.typing.emit(False)

    def _fell_silent(self) -> None:
        """No key for a while: typing is over (behaviour 26)."""
        self.typing.emit(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The panel and the line over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        painter.fillRect(0, 0, self.width(), 1, theme.current().line)
        painter.end()


def local_paths(source: QMimeData) -> list[str]:
    """The local files that are pasted or dropped."""
    return [url.toLocalFile() for url in source.urls() if url.isLocalFile()]
