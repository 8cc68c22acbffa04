"""What our own widgets are for screen readers, where Qt's guess by their class would be "an area"."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

_installed: list[bool] = []


def install() -> None:
    """Let Qt ask here first; once is enough for all."""
    if not _installed:
        _installed.append(True)
        QAccessible.installFactory(_node_of)


def _node_of(_class_name: str, thing: QObject) -> QAccessibleInterface | None:
    """The node of a widget that brings its own or tells its role; None leaves it to Qt."""
    made: Any = getattr(thing, "accessible_node", None)
    role = getattr(thing, "ACCESSIBLE_ROLE", None)
    if callable(made):
        node: QAccessibleInterface = made()
        return node
    if isinstance(thing, QWidget) and isinstance(role, QAccessible.Role):
        return QAccessibleWidget(thing, role)
    return None
