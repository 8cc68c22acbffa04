"""The outbox panel: what waits to be sent, since when and why, and what can be done about it."""

from __future__ import annotations

import logging
import sqlite3

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.core.bubble import Line
from desktop.core.moments import system_clock
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.core.waiting_list import WaitingRow
from desktop.ui import outbox_words
from desktop.ui.buttons import Button
from desktop.ui.dialog_rows import title_row
from desktop.ui.form import announce
from desktop.ui.notice import Notice
from desktop.ui.outbox_row import MARGIN_PX, OutboxRow
from desktop.ui.outgoing import DISK_WORDS
from desktop.ui.plain_text import PlainLabel
from desktop.ui.scrolled import scrolled
from desktop.ui.tasks import Tasks
from protocol.errors import Refused

SIZE = QSize(560, 560)
SHOWN_MOST = 200
"""So many rows are drawn; the rest is counted below them. Each is a widget of its own."""
REFRESH_MS = 40
"""Many changes in one moment, such as an upload's progress, are drawn together."""

_log = logging.getLogger(__name__)


class OutboxPanel(QDialog):
    """Owns a row's widget for each message that waits; the truth is the session's waiting list. Tells where to go."""

    conversation_chosen = Signal(int)
    log_in_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None, *, clock: Clock | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._list = session.waiting_list
        self._clock = clock or system_clock()
        self._tasks = Tasks()
        self.rows: dict[str, OutboxRow] = {}
        self.state = PlainLabel(size_px=13, ink="ink2", wrap=True)
        self.retry_all = Button("Retry all", "quiet", self._retry_all)
        self.log_in = Button("Log in again", "primary", self.log_in_requested.emit)
        self.more = PlainLabel(size_px=13, ink="ink2", wrap=True)
        self.notice = Notice()
        self.places = QStackedWidget()
        self._column = QVBoxLayout()
        self._later = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._build()
        self._later.timeout.connect(self.refresh)
        self._unsubscribe = self._list.changed.subscribe(lambda _nothing: self._refresh_soon())
        self.finished.connect(self._detach)
        self.refresh()
        self._focus_first()

    def refresh(self) -> None:
        """Show what waits now; widgets of what still waits stay, with the keyboard in them."""
        told = self._list.rows()
        shown = {row.uid: row for row in told[:SHOWN_MOST]}
        for uid in [uid for uid in self.rows if uid not in shown]:
            self._remove(uid)
        for place, row in enumerate(shown.values()):
            self._place(place, row)
        left = len(told) - len(shown)
        self.more.setText(f"{outbox_words.counted(left)} more {'waits' if left == 1 else 'wait'} behind these.")
        self.more.setVisible(left > 0)
        self._show_state(told)

    def _build(self) -> None:
        """Title and line above, the rows below, or the words for none."""
        self.setWindowTitle("Outbox")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(340, 320)
        self.resize(SIZE)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 14, 0, 0)
        rows.setSpacing(6)
        rows.addLayout(self._head())
        rows.addLayout(self._line())
        rows.addWidget(self.places, 1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(0)
        self._column.setSpacing(0)
        column.addLayout(self._column)
        column.addWidget(self.more)
        column.addStretch()
        self.more.setContentsMargins(MARGIN_PX, 12, MARGIN_PX, 0)
        self.notice.tell("circle-check", "Nothing waits", "What cannot be sent yet stands here until it is.")
        for place in (scrolled(page), self.notice):
            self.places.addWidget(place)

    def _head(self) -> QHBoxLayout:
        """Title and the cross."""
        head = title_row(self, "Outbox")
        head.setContentsMargins(MARGIN_PX, 0, 12, 0)
        return head

    def _line(self) -> QHBoxLayout:
        """The state of the line, and what tries everything."""
        line = QHBoxLayout()
        line.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 6)
        line.setSpacing(12)
        line.addWidget(self.state, 1)
        line.addWidget(self.log_in)
        line.addWidget(self.retry_all)
        return line

    def _show_state(self, told: list[WaitingRow]) -> None:
        """The line's words, or the empty state."""
        connection = self._session.connection.value
        self.state.setText(outbox_words.line_words(connection, self._clock))
        signed_out = connection.line is Line.SIGNED_OUT
        self.log_in.setVisible(bool(told) and signed_out)
        self.retry_all.setVisible(bool(told) and not signed_out)
        self.state.setVisible(bool(told))
        self.places.setCurrentIndex(0 if told else 1)

    def _place(self, place: int, row: WaitingRow) -> None:
        """Show a row at its place."""
        widget = self.rows.get(row.uid)
        if widget is None:
            widget = self.rows[row.uid] = self._made(row)
            self._column.insertWidget(place, widget)
            return
        if self._column.indexOf(widget) != place:
            self._column.insertWidget(place, widget)
        if widget.row != row:
            widget.show_row(row)

    def _made(self, row: WaitingRow) -> OutboxRow:
        """A row's widget, its wishes connected."""
        widget = OutboxRow(row, self._clock)
        widget.retry_asked.connect(self._retry)
        widget.cancel_asked.connect(self._cancel)
        widget.keep_asked.connect(self._list.keep_trying)
        widget.edit_begun.connect(self._begin_edit)
        widget.edit_left.connect(self._list.release)
        widget.edit_saved.connect(lambda uid, text: self._tasks.start(self._edit(uid, text)))
        widget.go_asked.connect(self._go)
        return widget

    def _remove(self, uid: str) -> None:
        """Its message is on its way or gone; the keyboard goes to the next row."""
        widget = self.rows.pop(uid)
        had_focus = self.focusWidget() in widget.findChildren(QWidget)
        self._column.removeWidget(widget)
        widget.hide()
        widget.deleteLater()
        if had_focus:
            self._focus_first()

    def _focus_first(self) -> None:
        """Lead the keyboard to something that does something."""
        first = next(iter(self.rows.values()), None)
        if first is None:
            self.setFocus()
        else:
            links = (first.retry, first.edit, first.cancel, first.go)
            next(link for link in links if link.isVisibleTo(first)).setFocus()

    def _refresh_soon(self) -> None:
        """Once for all that changes in this moment."""
        if not self._later.isActive():
            self._later.start()

    def _retry(self, uid: str) -> None:
        """Try one now."""
        self._list.retry(uid)
        announce(self, "Trying now")

    def _retry_all(self) -> None:
        """Try everything now."""
        self._list.retry_all()
        announce(self, "Trying everything now")

    def _cancel(self, uid: str) -> None:
        """Throw one away, or say why not."""
        try:
            self._list.discard(uid)
        except Refused as refusal:
            self._complain(uid, refusal.message)

    def _begin_edit(self, uid: str) -> None:
        """Hold a message and let its text be changed, or say why it cannot be any more."""
        try:
            self._list.hold(uid)
        except Refused as refusal:
            self._complain(uid, refusal.message)
        else:
            self.rows[uid].begin_edit()

    async def _edit(self, uid: str, text: str) -> None:
        """Keep a changed text; what was written stays where it could not be kept."""
        try:
            await self._session.edit_waiting(uid, text)
        except Refused as refusal:
            self._complain(uid, refusal.message)
        except (OSError, sqlite3.Error):
            _log.exception("the outbox could not be written")
            self._complain(uid, DISK_WORDS)
        else:
            row = self.rows.get(uid)
            if row is not None:
                row.outcome.say("")
                row.end_edit()

    def _go(self, conversation_id: int) -> None:
        """Leave for the conversation."""
        self.conversation_chosen.emit(conversation_id)
        self.accept()

    def _complain(self, uid: str, words: str) -> None:
        """Say at its row why something could not be done."""
        row = self.rows.get(uid)
        if row is not None:
            row.outcome.say(words)

    def _detach(self) -> None:
        """Follow the session no longer."""
        self._unsubscribe()
        self._later.stop()
        for uid in self.rows:
            self._list.release(uid)
