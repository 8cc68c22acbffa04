"""The bar above a timeline that searches in it: field, how many, next and previous, jump to a date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QDate, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCursor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QCalendarWidget, QHBoxLayout, QMenu, QWidget, QWidgetAction

from desktop.core import moments
from desktop.core.finder import Hit, Results, Scope, Search
from desktop.core.ports import Clock
from desktop.core.search_words import understood
from desktop.core.session import Session
from desktop.models.results_model import SCOPE_WORDS
from desktop.ui import fonts, theme
from desktop.ui.buttons import IconButton
from desktop.ui.plain_text import PlainLabel, set_tool_tip
from desktop.ui.search_field import SearchField
from desktop.ui.tasks import Tasks

HEIGHT_PX = 48


class SearchBar(QWidget):
    """Searches one conversation. Owns its search and which hit one stands on; jumps are asked of others."""

    jump_wanted = Signal(int, str)
    """Asks for the message at a position, with this uid."""
    told = Signal(str)
    """Says why something could not be done."""
    sought = Signal(tuple)
    """The words that are searched for; none once the search is over."""
    closed = Signal()

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__()
        self._session = session
        self._clock = clock
        self._tasks = Tasks()
        self._conversation_id = 0
        self._search: Search | None = None
        self._at: int | None = None
        self._wanted: str | None = None
        """The uid of the hit to stand on."""
        self._unsubscribe: Callable[[], None] | None = None
        self.field = SearchField(None, "Search in this conversation")
        self.count = PlainLabel(size_px=fonts.META_PX, ink="ink2")
        self.older = IconButton("chevron-up", "Older hit (Enter)", self.to_older)
        self.newer = IconButton("chevron-down", "Newer hit (Shift+Enter)", self.to_newer)
        self.calendar = IconButton("calendar", "Jump to a date", self.choose_date)
        self._build()
        self.hide()

    def open(self, conversation_id: int, query: str = "", hit: Hit | None = None) -> None:
        """Search in this conversation, from a hit on where one has brought the reader here."""
        self._let_go()
        self._conversation_id = conversation_id
        self._search = self._session.finder.search(self._session.me.value.user_id, conversation_id)
        self._unsubscribe = self._search.results.subscribe(self._show)
        self._wanted = None if hit is None else hit.uid
        self._at = None
        self.field.blockSignals(True)
        self.field.setText(query)
        self.field.blockSignals(False)
        self._ask(query)
        self.show()

    def focus(self) -> None:
        """Take the keyboard."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def close_search(self) -> None:
        """Search no more."""
        if self._search is not None:
            self._let_go()
            self.sought.emit(())
            self.hide()
            self.closed.emit()

    def to_older(self) -> None:
        """Jump to the next older hit; the first time to the newest."""
        self._go(0 if self._at is None else self._at + 1)

    def to_newer(self) -> None:
        """Jump to the next newer hit."""
        self._go(0 if self._at is None else self._at - 1)

    def choose_date(self) -> None:
        """Open a calendar below the button."""
        popup = calendar_popup(self, self._day(self._clock.now_ms()), self.jump_to_day)
        popup.popup(self.calendar.mapToGlobal(QPoint(0, self.calendar.height())))

    def choose_day(self, at_ms: int) -> None:
        """Open a calendar on the day of this moment, where the pointer is (behaviour 12)."""
        today, day = self._day(self._clock.now_ms()), self._day(at_ms)
        popup = calendar_popup(self.window(), today, self.jump_to_day, day)
        popup.popup(QCursor.pos())

    def _day(self, at_ms: int) -> date:
        """The local day of a moment."""
        return moments.local(at_ms, self._clock.local_offset_s).date()

    def enter(self, conversation_id: int) -> None:
        """Another conversation is open; nothing is searched for in it yet."""
        self._conversation_id = conversation_id

    def jump_to_day(self, day: date) -> None:
        """Jump to the first message since the beginning of a day, as this computer's clock has it."""
        self._tasks.start(self._jump_to_day(self._conversation_id, day))

    async def _jump_to_day(self, conversation_id: int, day: date) -> None:
        """Find it, then go."""
        day_ms = moments.start_of_day(day, self._clock.local_offset_s)
        position = await self._session.finder.first_of_day(conversation_id, day_ms)
        if conversation_id != self._conversation_id:
            return
        if position is None:
            self.told.emit("This day cannot be looked up just now. Try again when the server can be reached.")
        else:
            self.jump_wanted.emit(position, "")

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(300, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The panel and the line below it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().panel)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.current().line)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and F3 go on, with Shift back; Esc closes."""
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case Qt.Key.Key_F3:
                self.to_newer() if back else self.to_older()
            case Qt.Key.Key_Escape:
                self.close_search()
            case _:
                super().keyPressEvent(event)

    def _build(self) -> None:
        """All in a row."""
        self.setFixedHeight(HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(19, 0, 12, 1)
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        for button in (self.older, self.newer, self.calendar, IconButton("x", "Close the search", self.close_search)):
            row.addWidget(button)
        self.field.textChanged.connect(self._ask_anew)
        self.field.entered.connect(self.to_older)
        self.field.entered_back.connect(self.to_newer)
        self.field.up_pressed.connect(self.to_older)
        self.field.down_pressed.connect(self.to_newer)
        self.field.left.connect(self.close_search)

    def _ask_anew(self, text: str) -> None:
        """The reader types."""
        self._at = self._wanted = None
        self._ask(text)

    def _ask(self, text: str) -> None:
        """Another query."""
        if self._search is not None:
            self._search.ask(text)
            self.sought.emit(understood(text).terms)

    def _show(self, results: Results) -> None:
        """How many there are, and at which one."""
        hits = results.hits
        if self._wanted is not None:
            self._at = next((at for at, hit in enumerate(hits) if hit.uid == self._wanted), None)
        for button in (self.older, self.newer):
            button.setEnabled(bool(hits))
        if results.scope is Scope.NOTHING:
            words = ""
        elif not hits:
            words = "Nothing found" if results.scope is not Scope.DEVICE else "Searching…"
        else:
            number = f"{len(hits)}{'+' if results.has_more else ''}"
            words = f"{number} found" if self._at is None else f"{self._at + 1} of {number}"
        self.count.setText(words)
        set_tool_tip(self.count, f"Searched {SCOPE_WORDS[results.scope]}" if words else "")

    def _go(self, at: int) -> None:
        """Jump to a hit; past the last one held, older ones are asked for."""
        search = self._search
        if search is None:
            return
        results = search.results.value
        if at >= len(results.hits) and results.has_more:
            search.more()
        if not 0 <= at < len(results.hits):
            return
        self._at, self._wanted = at, results.hits[at].uid
        self._show(results)
        self.jump_wanted.emit(results.hits[at].position, results.hits[at].uid)

    def _let_go(self) -> None:
        """Follow no search."""
        self._tasks.cancel()
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._search is not None:
            self._search.close()
        self._search = self._unsubscribe = self._wanted = None


def calendar_popup(parent: QWidget, today: date, chosen: Callable[[date], object], day: date | None = None) -> QMenu:
    """A calendar in a popup, up to today, on a `day`; it deletes itself when it closes."""
    popup = QMenu(parent)
    popup.aboutToHide.connect(popup.deleteLater)
    calendar = QCalendarWidget()
    calendar.setMaximumDate(_qt(today))
    calendar.setSelectedDate(_qt(day or today))
    calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
    calendar.setAccessibleName("Choose a day")

    def take(day: QDate) -> None:
        popup.close()
        chosen(date(day.year(), day.month(), day.day()))

    calendar.activated.connect(take)
    calendar.clicked.connect(take)
    action = QWidgetAction(popup)
    action.setDefaultWidget(calendar)
    popup.addAction(action)
    return popup


def _qt(day: date) -> QDate:
    """A day as Qt has it."""
    return QDate(day.year, day.month, day.day)
