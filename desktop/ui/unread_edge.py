"""The pill at an edge of the conversation list that tells of unread conversations beyond it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui import fonts, icons, theme
from desktop.ui.buttons import DrawnButton

HEIGHT_PX = 28
ICON_PX = 14
INSET_PX = 8


class UnreadEdge(DrawnButton):
    """One pill, upper or lower. Owns how many conversations it tells of; it is seen while there are any."""

    def __init__(self, parent: QWidget, *, upper: bool) -> None:
        super().__init__()
        self.setParent(parent)
        self._upper = upper
        self._count = 0
        self.hide()

    def count(self) -> int:
        """How many unread conversations are beyond the edge."""
        return self._count

    def tell(self, count: int) -> None:
        """Tell of so many."""
        if count != self._count:
            self._count = count
            where = "above" if self._upper else "below"
            self.setAccessibleName(f"{count} unread {where}")
            self.resize(self.sizeHint())
            self.update()
        self.setVisible(count > 0)

    def place(self, ground: QSize) -> None:
        """Stand in the middle of the edge of a ground of this size."""
        y = INSET_PX if self._upper else ground.height() - HEIGHT_PX - INSET_PX
        self.move((ground.width() - self.width()) // 2, y)
        self.raise_()

    def words(self) -> str:
        """What stands on it."""
        return f"{self._count} unread"

    def sizeHint(self) -> QSize:
        """Arrow and words."""
        self.setFont(fonts.text(12, 600))
        return QSize(self.fontMetrics().horizontalAdvance(self.words()) + ICON_PX + 30, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A pill in the accent's colour; the ring shows by a line around it."""
        shown = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(shown.ink if self.has_ring() else Qt.PenStyle.NoPen)
        painter.setBrush(shown.accent)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), HEIGHT_PX / 2, HEIGHT_PX / 2)
        icon = "chevron-up" if self._upper else "chevron-down"
        painter.drawPixmap(10, (HEIGHT_PX - ICON_PX) // 2, icons.pixmap(icon, shown.on_accent, ICON_PX))
        painter.setPen(shown.on_accent)
        painter.setFont(fonts.text(12, 600))
        painter.drawText(
            self.rect().adjusted(ICON_PX + 14, 0, -8, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            self.words(),
        )
        painter.end()
