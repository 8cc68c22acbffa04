"""The pane with the conversations: title, search, chips, rows or what stands in their place, and the line's state."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeySequence, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.core.bubble import Connection, ConversationRow, Line
from desktop.core.conversation_list import ListCounts, ListSection
from desktop.core.finder import Results, Scope
from desktop.core.held_order import HeldOrder
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.models.conversation_model import ConversationFilter, ConversationModel
from desktop.models.results_model import ResultsModel
from desktop.ui import fonts, theme
from desktop.ui.buttons import Button, IconButton
from desktop.ui.connection_indicator import ConnectionIndicator
from desktop.ui.conversation_menu import conversation_menu
from desktop.ui.conversation_view import ConversationView
from desktop.ui.conversation_work import ConversationWork
from desktop.ui.notice import Notice
from desktop.ui.outbox_line import OutboxLine
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import PlainLabel
from desktop.ui.search_field import SearchField
from desktop.ui.search_offers import SearchOffers
from desktop.ui.search_results import ResultsView
from desktop.ui.skeleton import SHOWN_AFTER_MS, SkeletonRows
from desktop.ui.toast import Toast

SEARCH_KEYS = QKeySequence("Ctrl+Shift+F")


class ConversationList(QWidget):
    """The pane. Owns the replica and its filter; tells what was chosen, opens nothing itself."""

    chosen = Signal(int)
    hit_chosen = Signal(object)
    """A found message (core/finder.py, Hit)."""
    person_chosen = Signal(int)
    new_conversation_requested = Signal()
    settings_requested = Signal()
    log_in_requested = Signal()
    outbox_requested = Signal()
    left = Signal()

    def __init__(self, session: Session, pictures: Pictures, clock: Clock, server: str) -> None:
        super().__init__()
        self._session = session
        self._pictures = pictures
        self.order = HeldOrder(session.conversations)
        self.model = ConversationModel(self.order, clock, self)
        self.shown = ConversationFilter(self.model, self)
        self.view = ConversationView(self.shown, self._picture, own_id=session.me.value.user_id)
        self.toast = Toast(self)
        self.work = ConversationWork(session, clock, self, self.toast)
        self.searching = session.finder.search(session.me.value.user_id)
        self.entries = ResultsModel(clock, self)
        self.results = ResultsView(self.entries, self._picture)
        self.offers = SearchOffers(session)
        self.search = SearchField(SEARCH_KEYS, "Search people, conversations and messages")
        self.indicator = ConnectionIndicator(urlsplit(server).netloc or server)
        self.notice = Notice()
        self.outbox_line = OutboxLine()
        self.reason = PlainLabel(size_px=fonts.META_PX, ink="bad", wrap=True)
        self._skeleton = SkeletonRows()
        self._nothing = QWidget()
        self.places = QStackedWidget()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(SHOWN_AFTER_MS)
        self._unsubscribe: list[Callable[[], None]] = []
        self._build()
        self._connect()

    def detach(self) -> None:
        """Follow the session no longer."""
        self.model.detach()
        self.order.detach()
        self.work.close()
        self.searching.close()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def show_settings_button(self, shown: bool) -> None:
        """Offer the settings here while there is no rail."""
        self._settings.setVisible(shown)

    def focus_search(self) -> None:
        """Take the keyboard into the search, with what is written there chosen."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().panel))
        painter.end()

    def _build(self) -> None:
        """Put the parts where the mock has them."""
        for place in (self.view, self.notice, self._skeleton, self._nothing, self.results):
            self.places.addWidget(place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(self.offers)
        column.addWidget(self._chips())
        column.addWidget(self.places, 1)
        column.addWidget(self.reason)
        column.addWidget(self.outbox_line)
        column.addWidget(self.indicator)
        self.reason.setContentsMargins(16, 8, 16, 8)
        self.reason.hide()

    def _head(self) -> QVBoxLayout:
        """Title and pencil, and the search below."""
        pencil = IconButton("square-pen", "New conversation (Ctrl+N)", self.new_conversation_requested.emit)
        self._settings = IconButton("settings", "Settings (Ctrl+,)", self.settings_requested.emit)
        for button in (pencil, self._settings):
            button.setFixedSize(32, 32)
        title = QHBoxLayout()
        title.setContentsMargins(16, 0, 10, 0)
        title.addWidget(PlainLabel("Chats", size_px=fonts.TITLE_PX, weight=600))
        title.addStretch()
        title.addWidget(self._settings)
        title.addWidget(pencil)
        field = QHBoxLayout()
        field.setContentsMargins(16, 0, 16, 8)
        field.addWidget(self.search)
        head = QVBoxLayout()
        head.setContentsMargins(0, 10, 0, 0)
        head.setSpacing(6)
        head.addLayout(title)
        head.addLayout(field)
        return head

    def _chips(self) -> QWidget:
        """All, only what is unread, or what was put away."""
        self.all_chip, self.unread_chip = Button("All", "chip"), Button("Unread", "chip")
        self.archived_chip = Button("Archived", "chip")
        group = QButtonGroup(self)
        self._sections = QWidget()
        row = QHBoxLayout(self._sections)
        row.setContentsMargins(16, 4, 16, 8)
        row.setSpacing(6)
        for chip in (self.all_chip, self.unread_chip, self.archived_chip):
            chip.setCheckable(True)
            chip.setFixedHeight(24)
            group.addButton(chip)
            row.addWidget(chip)
        row.addStretch()
        self.all_chip.setChecked(True)
        return self._sections

    def _connect(self) -> None:
        """Follow the session, the keys and the pictures."""
        self._unsubscribe = [
            self._session.connection.subscribe(self._show_connection),
            self._session.conversations.operations.subscribe(lambda _operations: self._settle()),
            self._session.conversations.counts.subscribe(self._show_counts),
        ]
        self.view.chosen.connect(self.chosen)
        self.view.escaped.connect(self.left)
        self._connect_search()
        self.unread_chip.toggled.connect(self._narrow)
        self.archived_chip.toggled.connect(self._narrow)
        self.view.menu_asked.connect(self._show_menu)
        self.view.pointed.connect(self._hold)
        self.indicator.retry_requested.connect(self._session.retry_now)
        self.indicator.log_in_requested.connect(self.log_in_requested)
        self.indicator.outbox_requested.connect(self.outbox_requested)
        self.outbox_line.clicked.connect(self.outbox_requested)
        self._patience.timeout.connect(lambda: self.places.setCurrentWidget(self._skeleton))
        self._pictures.ready.connect(self.view.viewport().update)
        self._show_connection(self._session.connection.value)
        self._show_counts(self._session.conversations.counts.value)

    def _connect_search(self) -> None:
        """Follow the search: the field asks, the results answer, the keyboard stays in the field."""
        self._unsubscribe.append(self.searching.results.subscribe(self._show_results))
        self.search.textChanged.connect(self._look_for)
        self.search.down_pressed.connect(self._step_down)
        self.search.up_pressed.connect(self._step_up)
        self.search.entered.connect(self._choose_entry)
        self.search.left.connect(self.left)
        self.offers.chosen.connect(self.search.setText)
        self.results.conversation_chosen.connect(self.chosen)
        self.results.person_chosen.connect(self.person_chosen)
        self.results.hit_chosen.connect(self.hit_chosen)
        self.results.more_wanted.connect(self.searching.more)
        self.results.escaped.connect(self._leave_search)
        self._pictures.ready.connect(self.results.viewport().update)

    def query(self) -> str:
        """What is searched for."""
        return self.search.text().strip()

    def _look_for(self, text: str) -> None:
        """Search for this; nothing gives the list back as it was."""
        self.offers.follow(text)
        self._sections.setVisible(not self.query())
        self.searching.ask(self.query(), self.view.open_row())
        self._settle()

    def _show_results(self, results: Results) -> None:
        """Show an answer."""
        self.entries.show_results(results)
        self._settle()

    def _step_down(self) -> None:
        """To the rows, or one down in the results."""
        if self.query():
            self.results.step(1)
        else:
            self.view.enter()

    def _step_up(self) -> None:
        """One up in the results."""
        self.results.step(-1)

    def _choose_entry(self) -> None:
        """Open what is marked in the results, or the first row."""
        if self.query():
            self.results.choose_current()
        else:
            self.view.choose_first()

    def _leave_search(self) -> None:
        """Search for nothing any more."""
        self.search.clear()
        self.view.enter()

    def _picture(self, url: str | None, size: int) -> QPixmap | None:
        """The picture behind an avatar's url, as sharp as this screen."""
        return self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None

    def _show_connection(self, connection: Connection) -> None:
        """Say what the line is like; and why, beside rows, where it stays like that until somebody does something."""
        self.indicator.show_connection(connection)
        self.outbox_line.show_connection(connection)
        lasting = connection.line in {Line.SIGNED_OUT, Line.TOO_OLD}
        self.reason.setText(connection.reason or "")
        self._settle()
        self.reason.setVisible(lasting and bool(connection.reason) and self.places.currentWidget() is self.view)

    def mark_open(self, conversation_id: int | None) -> None:
        """Mark a conversation as the open one; under the pointer it stays where it is (behaviour 38)."""
        self.view.mark_open(conversation_id)
        self._hold(self.view.underMouse())

    def section(self) -> ListSection:
        """Which part of the list is looked at."""
        if self.archived_chip.isChecked():
            return ListSection.ARCHIVED
        return ListSection.UNREAD if self.unread_chip.isChecked() else ListSection.ALL

    def _show_counts(self, counts: ListCounts) -> None:
        """Say how many messages are unread, and offer the archive where there is something in it."""
        self.unread_chip.set_words(f"Unread {counts.unread}" if counts.unread else "Unread")
        self.archived_chip.set_words(f"Archived {counts.archived}" if counts.archived else "Archived")
        self.archived_chip.setVisible(counts.archived > 0 or self.archived_chip.isChecked())

    def _show_menu(self, row: ConversationRow, at: QPoint) -> None:
        """Open the menu of a conversation."""
        conversation_menu(row, self.work, self).popup(at)

    def _hold(self, pointed: bool) -> None:
        """The open row goes nowhere while somebody points at the list."""
        self.order.hold(self.view.open_row() if pointed else None)

    def _narrow(self) -> None:
        """Show one part of the list."""
        self.shown.show_section(self.section())
        self._show_counts(self._session.conversations.counts.value)
        self._settle()

    def _settle(self) -> None:
        """Show the rows, or what there is to say instead of them."""
        if self.query():
            self._settle_search()
            return
        if self.shown.rowCount():
            self._patience.stop()
            self.places.setCurrentWidget(self.view)
            return
        line = self._session.connection.value.line
        loading = line in {Line.CONNECTING, Line.UPDATING} and not self.model.rowCount()
        if loading:
            if self.places.currentWidget() is not self._skeleton and not self._patience.isActive():
                self.places.setCurrentWidget(self._nothing)
                self._patience.start()
            return
        self._patience.stop()
        self._tell_why(line)
        self.places.setCurrentWidget(self.notice)

    def _settle_search(self) -> None:
        """Show what was found, or that nothing was; while nothing is known yet, what was shown stays."""
        self._patience.stop()
        results = self.searching.results.value
        if not results.is_empty:
            self.places.setCurrentWidget(self.results)
        elif results.scope in {Scope.EVERYWHERE, Scope.DEVICE_ALONE}:
            where = "" if results.scope is Scope.EVERYWHERE else " on this device. The server cannot be asked just now"
            words = f"Nothing has “{self.query()}” in it{where}."
            write = self.new_conversation_requested.emit
            self.notice.tell("search", "Nothing found", words, "Search people", write)
            self.places.setCurrentWidget(self.notice)
        elif results.query != self.query():
            self.places.setCurrentWidget(self._nothing)

    def _tell_why(self, line: Line) -> None:
        """Say why there are no rows, and what can be done."""
        write = self.new_conversation_requested.emit
        if self.model.rowCount() and self.section() is ListSection.ARCHIVED:
            words = "Archived conversations stand here until something new is written in them."
            self.notice.tell("archive", "Nothing archived", words, "Show all", self.all_chip.click)
        elif self.model.rowCount() and self.section() is ListSection.ALL:
            words = "All your conversations are archived."
            self.notice.tell("archive", "Nothing here", words, "Show the archive", self.archived_chip.click)
        elif self.model.rowCount():
            self.notice.tell("circle-check", "All read", "There is nothing unread.", "Show all", self.all_chip.click)
        elif line is Line.CONNECTED:
            words = "Search somebody on this server and write the first message."
            self.notice.tell("message-circle", "No conversations yet", words, "Write to somebody", write)
        elif line is Line.SIGNED_OUT:
            words = "This computer was signed out. Log in again to see your conversations."
            self.notice.tell("log-out", "Signed out", words, "Log in again", self.log_in_requested.emit)
        else:
            words = self._session.connection.value.reason or "Your conversations appear when the server answers."
            self.notice.tell("wifi-off", "No connection", words, "Try again", self._session.retry_now)
