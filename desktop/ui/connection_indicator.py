"""The foot of the list: the state of the line in words, always true; a click shows what waits, or tries at once."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter

from desktop.core.bubble import Connection, Line
from desktop.ui import fonts, theme
from desktop.ui.buttons import StripButton
from desktop.ui.outbox_words import asking_words
from desktop.ui.plain_text import set_tool_tip

MARGIN_PX = 16
DOT_PX = 8


def words_of(connection: Connection) -> str:
    """The state in words, with how much waits and how much of it needs the user."""
    words = _line_words(connection)
    return f"{words} · {asking_words(connection.asking)}" if connection.asking else words


def has_outbox(connection: Connection) -> bool:
    """Whether there is anything in the outbox to be shown."""
    return connection.waiting > 0 or connection.asking > 0


def _line_words(connection: Connection) -> str:
    """The state in words, with how much waits."""
    waiting = connection.waiting
    match connection.line:
        case Line.CONNECTED:
            return f"Connected, sending {waiting}" if waiting else "Connected"
        case Line.CONNECTING:
            return f"Connecting… {waiting} waiting" if waiting else "Connecting…"
        case Line.UPDATING:
            return "Updating…"
        case Line.OFFLINE:
            return f"Offline: {waiting} waiting" if waiting else "Offline"
        case Line.SIGNED_OUT:
            return "Signed out"
        case Line.TOO_OLD:
            return "Update needed"


def aside_of(connection: Connection, host: str) -> str:
    """What stands beside it: server and round trip, or what a click does."""
    lasts = connection.asking > 0 or connection.line is not Line.CONNECTED
    if has_outbox(connection) and lasts and connection.line is not Line.SIGNED_OUT:
        return "Show"
    match connection.line:
        case Line.CONNECTED:
            return host if connection.latency_ms is None else f"{host} · {connection.latency_ms} ms"
        case Line.OFFLINE | Line.TOO_OLD:
            return "Try again"
        case Line.SIGNED_OUT:
            return "Log in again"
        case _:
            return host


class ConnectionIndicator(StripButton):
    """Shows one connection; owns no state but the last one it was given."""

    retry_requested = Signal()
    outbox_requested = Signal()
    log_in_requested = Signal()

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host
        self._connection = Connection(Line.CONNECTING)
        self.clicked.connect(self._act)
        self.show_connection(self._connection)

    def show_connection(self, connection: Connection) -> None:
        """Say what the line is like now."""
        self._connection = connection
        words = words_of(connection)
        self.setAccessibleName(f"{words}, {aside_of(connection, self._host)}")
        click = "Click to see what waits." if has_outbox(connection) else "Click to try at once."
        set_tool_tip(self, f"{connection.reason or f'{self._host}: {words}.'} {click}")
        self.update()

    def words(self) -> str:
        """What is said now."""
        return words_of(self._connection)

    def paint_content(self, painter: QPainter) -> None:
        """Draw the dot, the words, and what stands beside."""
        shown = theme.current()
        line = self._connection.line
        calm, moving = line is Line.CONNECTED, line in {Line.CONNECTING, Line.UPDATING}
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.good_dot if calm else shown.warn_dot if moving else shown.bad)
        middle = QPointF(self._start(DOT_PX, 0) + DOT_PX / 2, (self.HEIGHT_PX + 1) / 2)
        painter.drawEllipse(middle, DOT_PX / 2, DOT_PX / 2)
        self._paint_words(painter)

    def _paint_words(self, painter: QPainter) -> None:
        """Draw both texts; where there is no room for both, the state keeps its own."""
        shown = theme.current()
        font = fonts.text(fonts.META_PX)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        words, aside = words_of(self._connection), aside_of(self._connection, self._host)
        width = metrics.horizontalAdvance(words) + 1
        room = max(0, self.width() - 2 * MARGIN_PX - DOT_PX - 8 - width - 12)
        aside = metrics.elidedText(aside, Qt.TextElideMode.ElideRight, room)
        aside_width = metrics.horizontalAdvance(aside) + 1
        painter.setPen(shown.ink2)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRect(self._start(width, DOT_PX + 8), 1, width, self.HEIGHT_PX - 1), flags, words)
        lost = self._connection.line in {Line.OFFLINE, Line.TOO_OLD, Line.SIGNED_OUT}
        acts = lost or has_outbox(self._connection)
        painter.setPen(shown.accent_text if acts else shown.ink3)
        end = self.width() - 2 * MARGIN_PX - aside_width
        painter.drawText(QRect(self._start(aside_width, end), 1, aside_width, self.HEIGHT_PX - 1), flags, aside)

    def _start(self, width: int, offset: int) -> int:
        """The left edge of something `offset` pixels from the beginning of the line."""
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            return self.width() - MARGIN_PX - offset - width
        return MARGIN_PX + offset

    def _act(self) -> None:
        """Lead to the log-in, show what waits, or try at once."""
        if self._connection.line is Line.SIGNED_OUT:
            self.log_in_requested.emit()
        elif has_outbox(self._connection):
            self.outbox_requested.emit()
        else:
            self.retry_requested.emit()
