"""One of several, below each other, each with a sentence about it: a choice counts at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from desktop.ui import fonts
from desktop.ui.plain_text import PlainLabel

T = TypeVar("T")


def add_choices(
    page: QWidget,
    column: QVBoxLayout,
    choices: Iterable[tuple[T, str, str]],
    chosen: T,
    choose: Callable[[T], None],
) -> dict[T, QRadioButton]:
    """Add a button for each value with its words and its sentence; `choose` gets the value that is turned on."""
    group = QButtonGroup(page)
    buttons: dict[T, QRadioButton] = {}
    for choice, words, more in choices:
        button = buttons[choice] = QRadioButton(words)
        button.setFont(fonts.text(weight=500))
        button.setChecked(choice == chosen)
        button.toggled.connect(lambda on, choice=choice: choose(choice) if on else None)
        group.addButton(button)
        below = PlainLabel(more, size_px=13, ink="ink2")
        below.setContentsMargins(24, 0, 0, 8)
        column.addWidget(button)
        column.addWidget(below)
    return buttons
