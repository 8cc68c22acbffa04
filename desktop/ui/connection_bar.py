"""The thin bar over a timeline that says why nothing moves: only after two seconds, and never in the way."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.core.bubble import Connection, Line
from desktop.ui import fonts, theme
from desktop.ui.outbox_words import waiting_words

HEIGHT = 28
PATIENCE_MS = 2_000
"""A drop shorter than this shows nothing (behaviour 56)."""
_AT_ONCE = {Line.SIGNED_OUT, Line.TOO_OLD}


def bar_words(connection: Connection) -> str:
    """What is wrong and what happens next; empty while connected."""
    match connection.line:
        case Line.CONNECTED:
            return ""
        case Line.CONNECTING:
            return "Connecting…"
        case Line.UPDATING:
            return "Updating…"
        case Line.OFFLINE:
            waiting = connection.waiting
            what = f"{waiting_words(waiting)} and will be" if waiting else "messages will be"
            return f"No network – {what} sent later. {'Show' if waiting else 'Try now'}"
        case Line.SIGNED_OUT:
            return "You were signed out on this computer. Log in again; nothing here is lost."
        case Line.TOO_OLD:
            return connection.reason or "This app and the server no longer understand each other. Update the app."


class ConnectionBar(QAbstractButton):
    """Owns the patience before it shows itself; a click shows what waits, or asks for an attempt."""

    retry_requested = Signal()
    outbox_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, patience_ms: int = PATIENCE_MS) -> None:
        super().__init__(parent)
        self._patience_ms = patience_ms
        self._connection = Connection(Line.CONNECTED)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._appear)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._act)
        theme.source().changed.connect(self.update)
        self.hide()

    def show_connection(self, connection: Connection) -> None:
        """Follow the line: hide when it is up, appear when it has been down for a while."""
        was_up = self._connection.line is Line.CONNECTED
        self._connection = connection
        self.setAccessibleName(bar_words(connection))
        if connection.line is Line.CONNECTED:
            self._patience.stop()
            self.hide()
        elif connection.line in _AT_ONCE or not self.isHidden():
            self._appear()
        elif was_up or not self._patience.isActive():
            self._patience.start(self._patience_ms)
        self.update()

    def words(self) -> str:
        """What is said now; empty while hidden."""
        return bar_words(self._connection) if not self.isHidden() else ""

    def _act(self) -> None:
        """Show what waits where something does, else try at once."""
        if self._connection.waiting and self._connection.line is Line.OFFLINE:
            self.outbox_requested.emit()
        else:
            self.retry_requested.emit()

    def _appear(self) -> None:
        """The line is down for longer than a blink."""
        if self._connection.line is not Line.CONNECTED:
            self.show()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(200, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Words in the middle, with a dot in the colour of the state."""
        shown = theme.current()
        bad = self._connection.line in {Line.OFFLINE, Line.SIGNED_OUT, Line.TOO_OLD}
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), shown.hover if self.hasFocus() else shown.panel)
        painter.fillRect(0, self.height() - 1, self.width(), 1, shown.line)
        painter.setFont(fonts.text(12, 500))
        room = self.width() - 48
        words = painter.fontMetrics().elidedText(bar_words(self._connection), Qt.TextElideMode.ElideRight, room)
        left = (self.width() - painter.fontMetrics().horizontalAdvance(words)) / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shown.bad if bad else shown.warn_dot)
        painter.drawEllipse(QRectF(left - 14, HEIGHT / 2 - 4.5, 8, 8))
        painter.setPen(shown.bad if bad else shown.warn)
        painter.drawText(QRectF(left, 0, room, HEIGHT - 1), Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()
