"""Avatars: initials, colours, pictures, dots, and the icons beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontInfo, QPixmap
from PySide6.QtWidgets import QApplication

from desktop.ui import avatars, fonts, icons, theme

ICONS = sorted((Path(__file__).parents[3] / "resources" / "icons").glob("*.svg"))


@pytest.mark.parametrize(
    ("title", "letters"),
    [
        ("Maya Okafor", "MO"),
        ("Maya van der Okafor", "MO"),
        ("ops", "OP"),
        ("x", "X"),
        ("", "?"),
        ("🙏 🎉", "?"),
        ("(Tomás) «Hale»", "TH"),
        ("שלום עולם", "שע"),
    ],
)
def test_initials(title: str, letters: str) -> None:
    assert avatars.initials(title) == letters


def colour_at(widget: avatars.Avatar, x: int, y: int) -> QColor:
    """The colour of one pixel of the widget as it is shown."""
    return widget.grab().toImage().pixelColor(x, y)


def test_a_seed_gives_the_ground_and_a_picture_covers_it(qapp: QApplication) -> None:
    theme.install("light")
    avatar = avatars.Avatar(44)
    avatar.set_person("Maya Okafor", 1)
    assert colour_at(avatar, 23, 5) == avatars.COLOURS[1]
    picture = QPixmap(80, 40)
    picture.fill(QColor("#123456"))
    avatar.set_picture(picture)
    assert colour_at(avatar, 23, 5) == QColor("#123456")
    avatar.set_picture(None)
    assert colour_at(avatar, 23, 5) == avatars.COLOURS[1]


def test_presence_is_a_dot_and_a_word(qapp: QApplication) -> None:
    theme.install("light")
    avatar = avatars.Avatar(44)
    avatar.set_person("Maya", 0, "active")
    assert colour_at(avatar, 40, 40) == theme.current().good_dot
    assert avatar.accessibleName() == "Maya, online"
    avatar.set_person("Maya", 0, "away")
    assert colour_at(avatar, 40, 40) == theme.current().panel
    avatar.set_person("Maya", 0, "offline")
    assert avatar.accessibleName() == "Maya, offline"
    assert colour_at(avatar, 40, 40) != theme.current().good_dot


@pytest.mark.parametrize("path", ICONS, ids=lambda path: path.stem)
def test_every_icon_is_drawn_in_the_colour_asked_for(qapp: QApplication, path: Path) -> None:
    image = icons.pixmap(path.stem, QColor("#2F6FED"), 24).toImage()
    seen = {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }
    assert "#2f6fed" in seen
    assert "#000000" not in seen


def test_an_unknown_icon_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icons.pixmap("no-such-icon", QColor("red"))


def test_the_window_has_an_icon_of_every_size(qapp: QApplication) -> None:
    assert {size.width() for size in icons.window_icon().availableSizes()} == set(icons.WINDOW_SIZES)


@pytest.mark.parametrize("weight", [400, 500, 600])
def test_the_shipped_font_is_used_in_each_weight(qapp: QApplication, weight: int) -> None:
    shown = QFontInfo(fonts.text(14, weight))
    assert (shown.family(), shown.weight(), shown.pixelSize()) == ("Inter", weight, 14)
