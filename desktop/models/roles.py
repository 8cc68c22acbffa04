"""The roles of our models: what a view may ask of a row, and which of them a change touches."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from PySide6.QtCore import Qt

from desktop.core.listops import Facet

_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class Role(IntEnum):
    """Questions a view asks. `ROW` is the whole immutable row; each other names one respect in which it changes."""

    ROW = _FIRST
    KEY = _FIRST + 1
    LAYOUT = _FIRST + 2
    TICK = _FIRST + 3
    PROGRESS = _FIRST + 4
    PRESENCE = _FIRST + 5
    TIME = _FIRST + 6
    PICTURE = _FIRST + 7


_OF_FACET = {
    Facet.LAYOUT: Role.LAYOUT,
    Facet.TICK: Role.TICK,
    Facet.PROGRESS: Role.PROGRESS,
    Facet.PRESENCE: Role.PRESENCE,
    Facet.TIME: Role.TIME,
    Facet.PICTURE: Role.PICTURE,
}


def roles_of(facets: Iterable[Facet]) -> list[int]:
    """The roles for `dataChanged`. Without LAYOUT among them a view may repaint in place."""
    return sorted({int(Role.ROW), *(int(_OF_FACET[facet]) for facet in facets)})


def moves_pixels(roles: Iterable[int]) -> bool:
    """Whether a change with these roles asks for a new layout; no roles at all means that anything may have changed."""
    known = set(roles)
    return not known or int(Role.LAYOUT) in known
