"""The settings' page about writing: which key sends, and whether words are looked up in a dictionary."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.cache.settings_file import SendsWith, SettingsFile
from desktop.ui.check_box import CheckBox
from desktop.ui.plain_text import PlainLabel
from desktop.ui.radio_choices import add_choices

CHOICES: tuple[tuple[SendsWith, str, str], ...] = (
    ("enter", "Enter sends", "Shift+Enter begins a new line."),
    ("ctrl_enter", "Ctrl+Enter sends", "Enter begins a new line."),
)


class WritingPage(QWidget):
    """A choice counts at once in every conversation, and is remembered."""

    def __init__(self, settings: SettingsFile) -> None:
        super().__init__()
        self._settings = settings
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(4)
        column.addWidget(PlainLabel("Sending", size_px=15, weight=600))
        column.addSpacing(4)
        self.choices = add_choices(self, column, CHOICES, settings.current.value.sends_with, self._choose)
        column.addSpacing(12)
        column.addWidget(PlainLabel("Spelling", size_px=15, weight=600))
        column.addSpacing(4)
        self.spelling = CheckBox("Underline words that no dictionary knows")
        self.spelling.setChecked(settings.current.value.spelling)
        self.spelling.toggled.connect(lambda on: settings.change(spelling=on))
        column.addWidget(self.spelling)
        more = "The dictionaries are your computer's. Without any, nothing is underlined."
        below = PlainLabel(more, size_px=13, ink="ink2", wrap=True)
        below.setContentsMargins(24, 0, 0, 8)
        column.addWidget(below)
        column.addStretch()

    def _choose(self, choice: SendsWith) -> None:
        """Remember it; the composer hears of it."""
        self._settings.change(sends_with=choice)
