"""One of several values to choose, with its arrow drawn in the theme: a style sheet alone cannot colour that."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox

from desktop.ui import icons, theme

ARROW_PX = 16
EDGE_PX = 7


class ChoiceBox(QComboBox):
    """A drop-down with the house's arrow; its list and field are the style sheet's."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        theme.source().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field, then the arrow at its end."""
        super().paintEvent(event)
        painter = QPainter(self)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = EDGE_PX if mirrored else self.width() - EDGE_PX - ARROW_PX
        arrow = icons.pixmap("chevron-down", theme.current().ink2, ARROW_PX)
        painter.drawPixmap(left, (self.height() - ARROW_PX) // 2, arrow)
        painter.end()
