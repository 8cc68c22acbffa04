"""Pages that are scrolled where the window is low, with nothing of a scroll area's own look."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class ScrolledPage(QScrollArea):
    """A page that the arrow keys scroll, and a group of controls for screen readers."""

    ACCESSIBLE_ROLE = QAccessible.Role.Grouping


def scrolled(page: QWidget) -> QScrollArea:
    """The page in an area without frame or ground, scrolled upwards and downwards alone."""
    area = ScrolledPage()
    area.setAccessibleName("Page")
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    area.viewport().setAutoFillBackground(False)
    page.setAutoFillBackground(False)
    return area
