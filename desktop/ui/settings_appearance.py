"""The settings' page about colours: light, dark, in high contrast, or as the system."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.ui import theme
from desktop.ui.plain_text import PlainLabel
from desktop.ui.radio_choices import add_choices
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
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(4)
        column.addWidget(PlainLabel("Theme", size_px=15, weight=600))
        column.addSpacing(4)
        self.choices = add_choices(self, column, CHOICES, settings.current.value.theme, self._choose)
        column.addStretch()

    def _choose(self, choice: Choice) -> None:
        """Show it and remember it."""
        self._settings.change(theme=choice)
        theme.source().choose(choice)
