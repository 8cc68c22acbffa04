"""Where messages are written: attach, field, send, and what is said about the text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QMimeData, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMessageBox, QSizePolicy, QVBoxLayout, QWidget

from desktop.cache.settings_file import SendsWith
from desktop.ui import icons, theme
from desktop.ui.buttons import IconButton
from desktop.ui.check_box import CheckBox
from desktop.ui.message_field import FieldGround, MessageField
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import PlainLabel, PlainMessageBox, one_line, set_tool_tip
from desktop.ui.reply_bar import Answered, OfferStrip, ReplyBar
from desktop.ui.staged_files import Staged, StagedFiles

NEAR_LIMIT = 0.95
TYPING_ENDS_MS = 5_000
SEND = 42
NAME_AT_MOST = 18


@dataclass(frozen=True, slots=True)
class Unsent:
    """What stands in the composer of a conversation: its text, its files, and what it answers."""

    text: str = ""
    files: tuple[Staged, ...] = ()
    answered: Answered | None = None
    as_files: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """The message of one's own that is edited, what it says until then, and what was being written before."""

    uid: str
    before: str
    aside: Unsent


class SendButton(QAbstractButton):
    """The accent square with the paper plane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = "send-horizontal"
        self.setFixedSize(SEND, SEND)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_purpose("send-horizontal", "Send", "Enter")
        theme.source().changed.connect(self.update)

    def show_purpose(self, icon: str, words: str, keys: str) -> None:
        """What a click does, and the keys that do the same."""
        self._icon = icon
        self.setAccessibleName(words)
        set_tool_tip(self, f"{words} ({keys})")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground and icon; a ring where the keyboard is."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent.darker(108) if self.isDown() else shown.accent)
        painter.drawRoundedRect(self.rect(), 12, 12)
        painter.drawPixmap(12, 12, icons.pixmap(self._icon, shown.on_accent, 18))
        if self.hasFocus():
            painter.setPen(shown.on_accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5), 10, 10)
        painter.end()


class Composer(QWidget):
    """Owns the text and files being written; knows no conversation and sends nothing itself.

    `submitted` asks to send; `typing` says that keys are pressed (True) or that it is over (False); `attach_asked`
    asks for what can be attached; `brought` hands on a QMimeData with files or a picture.
    """

    submitted = Signal()
    typing = Signal(bool)
    attach_asked = Signal()
    brought = Signal(object)
    written = Signal()
    """Text or answer became another one by the writer's hand: a draft to be kept."""
    emoji_asked = Signal()

    def __init__(self, pictures: Pictures, most_characters: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = most_characters
        self._placing = False
        self.name = ""
        """Whom the message is for."""
        self._answered: Answered | None = None
        self.edited: Edited | None = None
        """What is edited now, if anything is."""
        self.field = MessageField()
        self.staged = StagedFiles(pictures)
        self.as_files = CheckBox("Send pictures as files, without preview")
        self.bar = ReplyBar()
        self.draft_offer = OfferStrip("Use it", "Keep what is here")
        self.paste_offer = OfferStrip("Attach as file", "Keep it as text")
        self.attach = IconButton("paperclip", "Attach (Ctrl+U for files)", self.attach_asked.emit)
        self.emoji = IconButton("smile", "Emoji (Ctrl+Shift+Space)", self.emoji_asked.emit)
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
        for button in (self.attach, self.emoji):
            button.setFixedSize(SEND, SEND)
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
        bar.addWidget(self.emoji, alignment=Qt.AlignmentFlag.AlignBottom)
        bar.addWidget(self.send, alignment=Qt.AlignmentFlag.AlignBottom)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(16, 11, 16, 10)
        rows.setSpacing(8)
        for part in (self._problem, self.draft_offer, self.paste_offer, self.bar, self.staged, self.as_files):
            rows.addWidget(part)
        rows.addLayout(bar)
        rows.addWidget(self._count, alignment=Qt.AlignmentFlag.AlignRight)
        for part in (self._problem, self._count, self.as_files):
            part.hide()
        self.setTabOrder(self.field, self.emoji)
        self.setTabOrder(self.emoji, self.send)
        self.setFocusProxy(self.field)

    def _connect(self) -> None:
        """Signals of the parts."""
        self.field.submitted.connect(self.submitted)
        self.field.brought.connect(self.brought)
        self.field.textChanged.connect(self._text_changed)
        self.staged.changed.connect(self._files_changed)
        self.bar.closed.connect(self.peel)
        self.send.clicked.connect(self.submitted)
        self._silence.timeout.connect(self._fell_silent)
        theme.source().changed.connect(self.update)

    def text(self) -> str:
        """The text as it is written."""
        return self.field.toPlainText()

    def unsent(self) -> Unsent:
        """What is being written; while a message is edited, what was before that."""
        if self.edited is not None:
            return self.edited.aside
        return Unsent(self.text(), tuple(self.staged.files()), self._answered, self._sends_as_files())

    def place(self, unsent: Unsent) -> None:
        """Show another conversation's text and files; nobody is told of typing. Nothing is edited any more."""
        self._placing = True
        self.edited = None
        self.field.setPlainText(unsent.text)
        self.field.moveCursor(QTextCursor.MoveOperation.End)
        self.staged.set_files(unsent.files)
        self.as_files.setChecked(unsent.as_files)
        self._answered = unsent.answered
        self._show_bar()
        self._placing = False
        self._silence.stop()
        self.paste_offer.take_away()
        self.show_problem("")

    def take_out(self, sent: Unsent) -> None:
        """What was sent is safe now: it goes; what was written behind it meanwhile stays."""
        now = self.unsent()
        if not now.text.startswith(sent.text):
            return
        files = tuple(file for file in now.files if file not in sent.files)
        answered = now.answered if now.answered != sent.answered else None
        left = Unsent(now.text[len(sent.text) :], files, answered, now.as_files and bool(files))
        self._put_aside(left) if self.edited is not None else self.place(left)
        self.written.emit()

    def _put_aside(self, unsent: Unsent) -> None:
        """Wait with this until the edit is over."""
        if self.edited is not None:
            self.edited = replace(self.edited, aside=unsent)

    def replace_unsent(self, unsent: Unsent) -> None:
        """Another device's text counts now: here, or once the edit is over."""
        self._put_aside(unsent) if self.edited is not None else self.place(unsent)

    # Answering and editing

    def answer(self, to: Answered | None) -> None:
        """Let what is written answer this message, or none."""
        if self.edited is not None:
            self.leave_edit()
        self._answered = to
        self._show_bar()
        self.written.emit()

    def answered(self) -> Answered | None:
        """What is answered."""
        return self._answered

    def edit(self, uid: str, text: str) -> None:
        """Edit a message of one's own; what was being written waits."""
        aside = self.unsent()
        self.place(Unsent(text))
        self.edited = Edited(uid, text, aside)
        self._show_bar()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_on_editing(self, edited: Edited, text: str) -> None:
        """Come back to an edit that was begun."""
        self.place(Unsent(text))
        self.edited = edited
        self._show_bar()

    def leave_edit(self) -> None:
        """The message stays as it is; what was being written comes back."""
        if self.edited is not None:
            self.place(self.edited.aside)

    def peel(self) -> bool:
        """Leave the edit, else the answer (behaviours 23, 24); False where there is neither."""
        if self.edited is not None:
            if self.text() == self.edited.before:
                self.leave_edit()
            else:
                self._ask_to_leave()
            return True
        if self._answered is not None:
            self.answer(None)
            return True
        return False

    def _ask_to_leave(self) -> None:
        """The text was changed: ask before it is lost."""
        box = PlainMessageBox(self, "Discard your changes?", "Discard your changes?", "The message stays as it was.")
        discards = box.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
        keeps = box.addButton("Go on editing", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keeps)
        box.setEscapeButton(keeps)
        discards.clicked.connect(self.leave_edit)
        box.open()

    def _show_bar(self) -> None:
        """Say what is edited or answered, if anything is."""
        edits = self.edited is not None
        if self.edited is not None:
            self.bar.show_edit(one_line(self.edited.before))
        elif self._answered is not None:
            self.bar.show_reply(self._answered)
        else:
            self.bar.hide()
        self.send.show_purpose(
            "check" if edits else "send-horizontal", "Save" if edits else "Send", self.field.send_keys
        )
        self.attach.setEnabled(not edits)

    def insert(self, text: str) -> None:
        """Put text where the cursor is, and take the keyboard."""
        self.field.insertPlainText(text)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_name(self, name: str) -> None:
        """Whom the message is for."""
        self.name = name
        self._show_name()

    def _show_name(self) -> None:
        """Say in the empty field what is written there: a message, or words to the files."""
        shown = self.name if len(self.name) <= NAME_AT_MOST else f"{self.name[:NAME_AT_MOST]}…"
        self.field.setPlaceholderText("Add a caption" if self.staged.files() else f"Message {shown}")
        # Qt repaints a placeholder only when it comes or goes, not when it becomes another.
        self.field.viewport().update()
        self.field.setAccessibleName(f"Message to {self.name}")

    def _files_changed(self) -> None:
        """The choice between picture and file is there while there is a picture."""
        self.as_files.setVisible(any(file.kind != "file" for file in self.staged.files()))
        self._show_name()

    def _sends_as_files(self) -> bool:
        """Whether pictures are to arrive as files."""
        return self.as_files.isChecked() and any(file.kind != "file" for file in self.staged.files())

    def set_sends_with(self, keys: SendsWith) -> None:
        """Which key sends from now on."""
        self.field.sends_with = keys
        self._show_bar()

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
        if self.edited is None:
            self.written.emit()
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
