"""The settings' page about colours: light, dark, in high contrast, or as the system."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.ui import fonts, theme
from desktop.ui.plain_text import PlainLabel
from desktop.ui.theme import Choice

CHOICES: tuple[tuple[Choice, str, str], ...] = (
    ("system", "As the system", "Changes with your computer, at once."),
    ("light", "Light", "Always light."),
    ("dark", "Dark", "Always dark."),
    ("contrast", "High contrast", "White and yellow on black."),
)


class AppearancePage(QWidget):
    """A choice for each theme; a choice shows at once and is remembered."""

    def __init__(self, settings: SettingsFile) -> None:
        super().__init__()
        self._settings = settings
        self.choices: dict[Choice, QRadioButton] = {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(4)
        column.addWidget(PlainLabel("Theme", size_px=15, weight=600))
        column.addSpacing(4)
        for choice, words, more in CHOICES:
            button = self.choices[choice] = QRadioButton(words)
            button.setFont(fonts.text(weight=500))
            button.setChecked(choice == settings.current.value.theme)
            button.toggled.connect(lambda on, choice=choice: self._choose(choice) if on else None)
            group.addButton(button)
            below = PlainLabel(more, size_px=13, ink="ink2")
            below.setContentsMargins(24, 0, 0, 8)
            column.addWidget(button)
            column.addWidget(below)
        column.addStretch()

    def _choose(self, choice: Choice) -> None:
        """Show it and remember it."""
        self._settings.change(theme=choice)
        theme.source().choose(choice)
