"""The line below the conversations that leads to the outbox while something in it needs a person."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from desktop.core.bubble import Connection
from desktop.ui import fonts, icons, theme
from desktop.ui.buttons import StripButton
from desktop.ui.outbox_words import failed_words, overdue_words
from desktop.ui.plain_text import set_tool_tip

MARGIN_PX = 16
ICON_PX = 16


def line_words(connection: Connection) -> str:
    """What needs somebody; empty where nothing does."""
    failed = [failed_words(connection.failed)] if connection.failed else []
    overdue = [overdue_words(connection.overdue)] if connection.overdue else []
    return ", ".join(failed + overdue)


class OutboxLine(StripButton):
    """Shows itself while there is something to say; a click opens the outbox. Owns only the last words."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self.hide()

    def show_connection(self, connection: Connection) -> None:
        """Follow the line and the outbox."""
        self._words = line_words(connection)
        self.setAccessibleName(f"{self._words}. Open the outbox")
        set_tool_tip(self, "Open the outbox (Ctrl+Shift+O)")
        self.setVisible(bool(self._words))
        self.update()

    def words(self) -> str:
        """What is said now."""
        return self._words

    def paint_content(self, painter: QPainter) -> None:
        """Draw the icon, the words and the arrow."""
        shown = theme.current()
        self._paint_icon(painter, "circle-alert", MARGIN_PX, leading=True)
        self._paint_icon(painter, "chevron-right", MARGIN_PX, leading=False)
        painter.setFont(fonts.text(fonts.META_PX, 500))
        painter.setPen(shown.bad)
        room = self.rect().adjusted(MARGIN_PX + ICON_PX + 8, 1, -(MARGIN_PX + ICON_PX + 8), 0)
        words = painter.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, words)

    def _paint_icon(self, painter: QPainter, name: str, margin: int, *, leading: bool) -> None:
        """Draw an icon at one of the ends; the arrow points the way the script runs."""
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if mirrored and name == "chevron-right":
            name = "chevron-left"
        shown = theme.current()
        ink = shown.bad if leading else shown.ink2
        x = margin if leading is not mirrored else self.width() - margin - ICON_PX
        painter.drawPixmap(
            QRect(x, (self.HEIGHT_PX + 1 - ICON_PX) // 2, ICON_PX, ICON_PX), icons.pixmap(name, ink, ICON_PX)
        )
