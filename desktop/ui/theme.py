"""The colours of the design (visual.md): light, dark or in high contrast, and which of them is shown now."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette, QStyleHints
from PySide6.QtWidgets import QApplication

from desktop.ui.style_sheet import style_sheet
from desktop.ui.tokens import CONTRAST, DARK, LIGHT, Theme

__all__ = ["CONTRAST", "DARK", "LIGHT", "Choice", "Theme", "ThemeSource", "current", "install", "palette", "source"]

Choice = Literal["light", "dark", "contrast", "system"]

_SCHEMES: dict[Choice, Qt.ColorScheme] = {
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
    "contrast": Qt.ColorScheme.Dark,
    "system": Qt.ColorScheme.Unknown,
}


@cache
def _hints() -> QStyleHints:
    """What the system likes. Held: PySide 6.11 takes the accessibility's part of one that it let go for deleted."""
    return QGuiApplication.styleHints()


def system_is_dark() -> bool:
    """Whether the system shows dark; systems without the word are light."""
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def system_wants_contrast() -> bool:
    """Whether the system asks for strong contrast; systems without the word do not."""
    return _hints().accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast


class ThemeSource(QObject):
    """Owns which theme is shown: the person's choice, or what the system shows, followed live."""

    changed = Signal()

    def __init__(
        self,
        system_is_dark: Callable[[], bool] = system_is_dark,
        system_wants_contrast: Callable[[], bool] = system_wants_contrast,
    ) -> None:
        super().__init__()
        self._system_is_dark = system_is_dark
        self._system_wants_contrast = system_wants_contrast
        self._choice: Choice = "system"
        self._theme = LIGHT
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)
        _hints().accessibility().contrastPreferenceChanged.connect(self._follow)
        self._follow()

    @property
    def theme(self) -> Theme:
        """The theme shown now."""
        return self._theme

    @property
    def choice(self) -> Choice:
        """What the person chose."""
        return self._choice

    def choose(self, choice: Choice) -> None:
        """Show light, dark, high contrast, or whatever the system shows; every window changes at once."""
        self._choice = choice
        # Title bars and the system's own dialogs go along where the system can.
        QGuiApplication.styleHints().setColorScheme(_SCHEMES[choice])
        self._follow()

    def dress(self) -> None:
        """Give palette and style sheet of the theme to the application: at start, and after each change."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setPalette(palette(self._theme))
            application.setStyleSheet(style_sheet(self._theme))

    def _follow(self) -> None:
        """Work out the theme anew; who draws by it is told only when it differs."""
        wanted = self._wanted()
        if wanted is not self._theme:
            self._theme = wanted
            self.dress()
            self.changed.emit()

    def _wanted(self) -> Theme:
        """The theme of the choice, or of the system where it has the word."""
        match self._choice:
            case "contrast":
                return CONTRAST
            case "system" if self._system_wants_contrast():
                return CONTRAST
            case "system":
                return DARK if self._system_is_dark() else LIGHT
            case chosen:
                return DARK if chosen == "dark" else LIGHT


@cache
def source() -> ThemeSource:
    """The one theme source of the application; asked for first when the QApplication is there."""
    return ThemeSource()


def current() -> Theme:
    """The theme shown now."""
    return source().theme


def install(choice: Choice = "system") -> ThemeSource:
    """Dress the application for the first time, in one style on every system: the design is the same everywhere."""
    QApplication.setStyle("Fusion")
    themes = source()
    themes.choose(choice)
    themes.dress()
    return themes


def palette(theme: Theme) -> QPalette:
    """The theme as Qt's own widgets understand it."""
    roles = QPalette.ColorRole
    colours = {
        roles.Window: theme.panel,
        roles.WindowText: theme.ink,
        roles.Base: theme.background,
        roles.AlternateBase: theme.panel,
        roles.Text: theme.ink,
        roles.PlaceholderText: theme.ink3,
        roles.Button: theme.panel,
        roles.ButtonText: theme.ink,
        roles.BrightText: theme.bad,
        roles.Highlight: theme.accent,
        roles.HighlightedText: theme.on_accent,
        roles.ToolTipBase: theme.panel,
        roles.ToolTipText: theme.ink,
        roles.Link: theme.accent_text,
        roles.Mid: theme.line,
        roles.Dark: theme.line,
    }
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, colour)
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, theme.ink3)
    return made
