"""The parts of a form: a field under its label, a password that can be looked at, and a line for the outcome."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop.ui import fonts
from desktop.ui.buttons import IconButton
from desktop.ui.plain_text import PlainLabel


class Field(QWidget):
    """One line to fill in, its label above and a hint below."""

    def __init__(self, label: str, *, hint: str = "", edit: QLineEdit | None = None) -> None:
        super().__init__()
        self.edit = edit or QLineEdit()
        self.edit.setFont(fonts.text())
        self.edit.setAccessibleName(label)
        self._label = PlainLabel(label, size_px=fonts.META_PX, weight=500, ink="ink2")
        self._label.setBuddy(self.edit)
        self._hint = PlainLabel(hint, size_px=fonts.META_PX, ink="ink3", wrap=True)
        self._hint.setVisible(bool(hint))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        for part in (self._label, self.edit, self._hint):
            rows.addWidget(part)
        self.edit.textEdited.connect(lambda _text: self.mark_wrong(False))

    def text(self) -> str:
        """What is written, without blanks around it."""
        return self.edit.text().strip()

    def set_hint(self, hint: str) -> None:
        """Say something else below."""
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def mark_wrong(self, wrong: bool) -> None:
        """Show that this is the field to change; writing in it takes that back."""
        if bool(self.edit.property("wrong")) == wrong:
            return
        self.edit.setProperty("wrong", wrong)
        # The style sheet looks at properties only when it is asked to.
        self.edit.style().unpolish(self.edit)
        self.edit.style().polish(self.edit)


class PasswordEdit(QLineEdit):
    """A line that hides what is written until the eye is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.setTextMargins(0, 0, 28, 0)
        self._eye = IconButton("eye", "Show the password", self._turn, size=16, ink="ink3", parent=self)
        self._eye.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the eye at the end."""
        super().resizeEvent(event)
        self._eye.resize(self._eye.sizeHint())
        self._eye.move(QPoint(self.width() - self._eye.width() - 4, (self.height() - self._eye.height()) // 2))

    def _turn(self) -> None:
        """Show or hide."""
        hidden = self.echoMode() is QLineEdit.EchoMode.Password
        self.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self._eye.set_icon(*(("eye-off", "Hide the password") if hidden else ("eye", "Show the password")))


def announce(widget: QWidget, words: str) -> None:
    """Let screen readers say something that happened without the keyboard's focus going there."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))


class Outcome(PlainLabel):
    """The line under a form that tells what came of it; empty it takes no room. `said` comes with any words."""

    said = Signal()

    def __init__(self) -> None:
        super().__init__(size_px=fonts.PREVIEW_PX, wrap=True)
        self.hide()

    def say(self, words: str, ink: str = "bad") -> None:
        """Tell something in one of the theme's colours; nothing hides the line."""
        self.set_ink(ink)
        self.setText(words)
        self.setAccessibleName(words)
        self.setVisible(bool(words))
        if words:
            announce(self, words)
            self.said.emit()
