"""The colours of both themes can be read, and the theme follows choice and system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.ui import theme
from desktop.ui.avatars import COLOURS
from desktop.ui.style_sheet import style_sheet
from desktop.ui.theme import CONTRAST, DARK, LIGHT, Theme

# Every text token with each ground it is written on (visual.md; WCAG 2.2, 1.4.3).
TEXT_ON = [
    *[(text, ground) for text in ("ink", "ink2", "ink3") for ground in ("panel", "background")],
    *[(text, "accent_soft") for text in ("ink", "ink2", "accent_text")],
    *[(text, "hover") for text in ("ink", "ink2", "ink3")],
    *[("accent_text", ground) for ground in ("panel", "background", "other_bubble")],
    *[(text, ground) for text in ("good", "warn", "bad") for ground in ("panel", "background")],
    ("bad", "accent_soft"),
    ("on_accent", "accent"),
    ("own_ink", "own_bubble"),
    ("own_meta", "own_bubble"),
    ("tick_read", "own_bubble"),
    ("ink", "other_bubble"),
    ("ink3", "other_bubble"),
    ("on_muted_badge", "muted_badge"),
    ("rail_ink", "rail"),
    ("rail_ink", "rail_on"),
]
THEMES, IDS = (LIGHT, DARK, CONTRAST), ("light", "dark", "contrast")
# Signs that are no text (WCAG 2.2, 1.4.11).
SIGN_ON = [("good_dot", "panel"), ("warn_dot", "panel"), ("accent", "panel"), ("accent", "background")]


def luminance(colour: QColor) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    shares = (colour.redF(), colour.greenF(), colour.blueF())
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shares]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#767676"), QColor("white")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("shown", THEMES, ids=IDS)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_can_be_read(shown: Theme, text: str, ground: str) -> None:
    least = 7 if shown is CONTRAST else 4.5  # WCAG 2.2, 1.4.6 and 1.4.3
    assert contrast(getattr(shown, text), getattr(shown, ground)) >= least


@pytest.mark.parametrize("shown", THEMES, ids=IDS)
@pytest.mark.parametrize(("sign", "ground"), SIGN_ON)
def test_signs_can_be_seen(shown: Theme, sign: str, ground: str) -> None:
    assert contrast(getattr(shown, sign), getattr(shown, ground)) >= 3


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.name())
def test_initials_can_be_read(colour: QColor) -> None:
    assert contrast(QColor("white"), colour) >= 4.5


@pytest.mark.parametrize("shown", THEMES, ids=IDS)
def test_every_name_in_the_style_sheet_is_a_colour(shown: Theme) -> None:
    assert "$" not in style_sheet(shown)


@pytest.fixture
def themes(qapp: QApplication) -> Iterator[theme.ThemeSource]:
    """The application's theme source, left light again."""
    source = theme.install("light")
    yield source
    source.choose("light")


def test_a_choice_shows_at_once_and_tells_once(themes: theme.ThemeSource, qapp: QApplication) -> None:
    told: list[bool] = []
    themes.changed.connect(lambda: told.append(theme.current().dark))
    themes.choose("dark")
    themes.choose("dark")
    assert told == [True]
    assert qapp.palette().window().color() == DARK.panel
    assert DARK.ink.name() in qapp.styleSheet()


def test_the_system_is_followed_only_when_asked(qapp: QApplication) -> None:
    system_dark = False
    themes = theme.ThemeSource(lambda: system_dark, lambda: False)
    told = QGuiApplication.styleHints().colorSchemeChanged
    assert themes.theme is LIGHT
    system_dark = True
    told.emit(Qt.ColorScheme.Dark)
    assert themes.theme is DARK
    themes.choose("light")
    told.emit(Qt.ColorScheme.Dark)
    assert themes.theme is LIGHT
    themes.choose("system")
    assert themes.theme is DARK
    system_dark = False
    told.emit(Qt.ColorScheme.Light)
    assert themes.theme is LIGHT


def test_a_system_that_asks_for_contrast_gets_it_live(qapp: QApplication) -> None:
    wants_contrast = False
    themes = theme.ThemeSource(lambda: False, lambda: wants_contrast)
    hints = QGuiApplication.styleHints()  # held, as desktop/ui/theme.py says
    told = hints.accessibility().contrastPreferenceChanged
    assert themes.theme is LIGHT
    wants_contrast = True
    told.emit(Qt.ContrastPreference.HighContrast)
    assert themes.theme is CONTRAST
    themes.choose("light")
    assert themes.theme is LIGHT
    themes.choose("contrast")
    wants_contrast = False
    told.emit(Qt.ContrastPreference.NoPreference)
    assert themes.theme is CONTRAST
    themes.choose("system")
    assert themes.theme is LIGHT
