"""One waiting message in the outbox panel, with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.core.ports import Clock
from desktop.core.waiting_list import WaitingRow, Why
from desktop.ui import fonts, outbox_words, theme
from desktop.ui.buttons import Button
from desktop.ui.form import Outcome
from desktop.ui.message_field import FieldGround, MessageField
from desktop.ui.plain_text import ElidedLabel, PlainLabel

MARGIN_PX = 24
LINK_PAD_PX = 5
"""What a link has around its words (style_sheet.py): they stand under the text all the same."""
_CAN_BE_TRIED = {Why.FAILED, Why.OFFLINE, Why.NO_ANSWER, Why.SIGNED_OUT, Why.TOO_OLD}
"""Where trying now may change something; a limit of the server's and earlier messages have their time."""
DAY_WORDS = "It has waited for more than a day. Should it still be sent?"


class EditField(MessageField):
    """The text of a waiting message while it is changed: Enter saves, Esc leaves it as it was."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc belongs to the field and not to the panel."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            event.accept()
        else:
            super().keyPressEvent(event)


class OutboxRow(QWidget):
    """Owns whether its text is being changed; everything else is the row it was given. Tells what was asked for."""

    retry_asked = Signal(str)
    cancel_asked = Signal(str)
    keep_asked = Signal(str)
    edit_begun = Signal(str)
    edit_saved = Signal(str, str)
    edit_left = Signal(str)
    go_asked = Signal(int)

    def __init__(self, row: WaitingRow, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.row = row
        self._title = ElidedLabel(weight=600)
        self._since = PlainLabel(size_px=fonts.META_PX, ink="ink3")
        self._text = ElidedLabel()
        self._files = PlainLabel(size_px=13, ink="ink2", wrap=True)
        self.why = PlainLabel(size_px=13, ink="ink2", wrap=True)
        self.question = PlainLabel(DAY_WORDS, size_px=13, weight=500, ink="warn", wrap=True)
        self.outcome = Outcome()
        self._bar = QProgressBar()
        self.field = EditField()
        self._ground = FieldGround()
        self._links, self._choice = QWidget(), QWidget()
        self.retry = Button("Retry", "link", lambda: self.retry_asked.emit(self.row.uid))
        self.keep = Button("Keep trying", "link", lambda: self.keep_asked.emit(self.row.uid))
        self.edit = Button("Edit", "link", lambda: self.edit_begun.emit(self.row.uid))
        self.cancel = Button("Cancel", "link", lambda: self.cancel_asked.emit(self.row.uid))
        self.go = Button("Go to conversation", "link", lambda: self.go_asked.emit(self.row.conversation_id))
        self.save = Button("Save", "primary", self._save)
        self.leave = Button("Keep as it was", "quiet", self.end_edit)
        self._lay_out()
        self.field.submitted.connect(self._save)
        self.field.left.connect(self.end_edit)
        theme.source().changed.connect(self.update)
        self.show_row(row)

    @property
    def is_edited(self) -> bool:
        """Whether the text is being changed."""
        return not self._ground.isHidden()

    def show_row(self, row: WaitingRow) -> None:
        """Tell what is known of the message now; what is being written stays."""
        self.row = row
        title, text = outbox_words.title_words(row), outbox_words.first_line(row)
        why = outbox_words.why_words(row, self._clock)
        self._title.setText(title)
        self._since.setText(outbox_words.since_words(row.since_ms, self._clock))
        self._text.setText(text)
        self._files.setText("\n".join(outbox_words.file_words(file) for file in row.files))
        self.why.setText(why)
        self.why.set_ink(outbox_words.INKS.get(row.why, "ink2"))
        self._bar.setValue(round((row.progress or 0) * 100))
        self.setAccessibleName(f"To {title}: {text or self._files.text()}. {why}")
        self._name_buttons(title)
        self._arrange()

    def begin_edit(self) -> None:
        """Let the text be changed where it stands."""
        self.outcome.say("")
        self.field.setPlainText(self.row.text)
        self._ground.show()
        self._arrange()
        self.field.setFocus()
        self.field.selectAll()

    def end_edit(self) -> None:
        """Show the text as it is."""
        self._ground.hide()
        self._arrange()
        self.edit.setFocus()
        self.edit_left.emit(self.row.uid)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line below."""
        painter = QPainter(self)
        painter.fillRect(MARGIN_PX, self.height() - 1, self.width() - 2 * MARGIN_PX, 1, theme.current().line)
        painter.end()

    def _lay_out(self) -> None:
        """From whom and when, through what and why, down to what can be done."""
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._title, 1)
        head.addWidget(self._since)
        ground = QHBoxLayout(self._ground)
        ground.setContentsMargins(0, 0, 0, 0)
        ground.addWidget(self.field)
        words = QVBoxLayout()
        words.setContentsMargins(LINK_PAD_PX, 0, 0, 0)
        words.setSpacing(3)
        words.addLayout(head)
        for part in (self._text, self._ground, self._files, self.why, self._bar, self.question, self.outcome):
            words.addWidget(part)
        words.addWidget(self._choice)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(MARGIN_PX - LINK_PAD_PX, 12, MARGIN_PX, 8)
        rows.setSpacing(3)
        rows.addLayout(words)
        rows.addWidget(self._links)
        self._fill(self._links, (self.retry, self.keep, self.edit, self.cancel, self.go))
        self._fill(self._choice, (self.save, self.leave))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._ground.hide()
        for shown in (self.field, self._bar):
            shown.setAccessibleName("The message's text" if shown is self.field else "How far the upload has come")

    def _fill(self, place: QWidget, buttons: Sequence[Button]) -> None:
        """Put buttons side by side, in the order of the keyboard."""
        row = QHBoxLayout(place)
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(10)
        for button in buttons:
            button.setFont(fonts.text(13, 500))
            row.addWidget(button)
        row.addStretch()

    def _arrange(self) -> None:
        """Show what there is, and what would do something."""
        row, edited = self.row, self.is_edited
        self._text.setVisible(bool(self._text.text()) and not edited)
        self._files.setVisible(bool(row.files))
        self._bar.setVisible(row.why is Why.UPLOADING)
        self.question.setVisible(row.asks)
        self.retry.setVisible(row.why in _CAN_BE_TRIED)
        self.keep.setVisible(row.asks)
        self.edit.setVisible(outbox_words.can_edit(row))
        self.cancel.setVisible(row.can_cancel)
        self._links.setVisible(not edited)
        self._choice.setVisible(edited)

    def _name_buttons(self, title: str) -> None:
        """Say for screen readers what each button is about."""
        for button in (self.retry, self.keep, self.edit, self.cancel):
            button.setAccessibleName(f"{button.text()}, message to {title}")

    def _save(self) -> None:
        """Ask for the changed text to be kept."""
        if self.is_edited:
            self.edit_saved.emit(self.row.uid, self.field.toPlainText())
