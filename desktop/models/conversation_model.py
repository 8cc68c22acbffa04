"""The conversation list's rows for Qt: a replica that replays the core's operations, its times, a filter over it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QModelIndex, QObject, QSortFilterProxyModel, Qt, QTimer

from desktop.core import moments
from desktop.core.bubble import ConversationRow, Preview, Tick
from desktop.core.conversation_list import ListSection
from desktop.core.listops import Facet
from desktop.core.ports import Clock
from desktop.core.search_words import folded
from desktop.models.happening_words import happening_words
from desktop.models.replica import Index, Replica, RowSource
from desktop.models.roles import Role, roles_of

LONGEST_TIMER_MS = 2**31 - 1
"""Qt's timers count in 32 bits: further changes are reached by way of this one."""

NAMED_MOST = 2
MEDIA_WORDS = {"image": "Photo", "video": "Video", "file": "File"}
PRESENCE_WORDS = {"active": "online", "away": "away", "busy": "do not disturb", "offline": ""}
TICK_WORDS = {Tick.WAITING: "sending", Tick.SENT: "sent", Tick.READ: "read", Tick.FAILED: "not sent"}


def typing_words(names: Sequence[str], *, in_group: bool) -> str:
    """That somebody types; in a group, who: at most two by name."""
    if not in_group or not names:
        return "typing…"
    if len(names) == 1:
        return f"{names[0]} is typing…"
    if len(names) == NAMED_MOST:
        return f"{names[0]}, {names[1]} are typing…"
    return f"{names[0]}, {names[1]} and {len(names) - NAMED_MOST} more are typing…"


def preview_words(preview: Preview, own_id: int = 0) -> str:
    """The second line of a row without its icons: who, what kind of media, and the text.

    Of what happened in a group "You" is the person `own_id`.
    """
    if preview.deleted:
        return "Message deleted"
    if preview.happening is not None:
        return happening_words(preview.happening, own_id)
    media = MEDIA_WORDS.get(preview.type or "", "")
    # A file is best known by its name; a picture's name says little, so its word stands first.
    words = preview.text if preview.type == "file" and preview.text else " · ".join(filter(None, (media, preview.text)))
    return words or "No messages yet"


def preview_sender(preview: Preview) -> str:
    """Who wrote the newest message, where that needs saying: "You:" or a name with a colon."""
    if preview.type is None or preview.type == "system" or preview.deleted:
        return ""
    if preview.own:
        return "You:"
    return f"{preview.sender_name}:" if preview.sender_name else ""


def spoken(row: ConversationRow, time_words: str) -> str:
    """A row in words, for screen readers."""
    unread = f"{row.unread} unread" if row.unread else "marked as unread" if row.marked_unread else ""
    mentions = f"{row.mentions} mentioning you" if row.mentions else ""
    presence = PRESENCE_WORDS[row.presence] if row.presence else ""
    marks = (word for word in ("pinned", "muted", "archived", "blocked") if getattr(row, word))
    return ", ".join(filter(None, (row.title, presence, *marks, unread, mentions, *_second_spoken(row), time_words)))


def _second_spoken(row: ConversationRow) -> Iterable[str]:
    """The second line in words: who types, else what was begun, else the newest message and how far it has come."""
    if row.typing:
        return [typing_words(row.typists, in_group=row.kind == "group")]
    if row.draft is not None:
        return [f"Draft: {row.draft}"]
    words = f"{preview_sender(row.preview)} {preview_words(row.preview)}".strip()
    return [words, TICK_WORDS.get(row.preview.tick, "") if row.preview.own else ""]


class ConversationModel(Replica[ConversationRow]):
    """The replica of the conversation list. Owns the timer to the next change of a time."""

    def __init__(self, source: RowSource[ConversationRow], clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(source, parent)
        self._clock = clock
        self._times: dict[int, tuple[int, moments.ListTime]] = {}
        self._due_ms: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh_times)

    def detach(self) -> None:
        """Follow the list no longer; the rows stay as they are."""
        super().detach()
        self._timer.stop()

    def index_of(self, conversation_id: int) -> QModelIndex:
        """Where a conversation stands; an invalid index where it does not."""
        for place, row in enumerate(self._rows):
            if row.conversation_id == conversation_id:
                return self.index(place)
        return QModelIndex()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The row, its key, its time's words, its title or all of it in words."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Role.ROW:
                return row
            case Role.TIME:
                return self._time_words(row)
            case Role.KEY:
                return row.conversation_id
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.title if role == Qt.ItemDataRole.DisplayRole else spoken(row, self._time_words(row))
            case _:
                return None

    def refresh_times(self) -> None:
        """Tell of the times whose words have changed by now; the rest stays as it is painted."""
        now_ms = self._clock.now_ms()
        late = {
            key
            for key, (_, shown) in self._times.items()
            if shown.next_change_ms is not None and shown.next_change_ms <= now_ms
        }
        self._due_ms = None
        for key in late:
            del self._times[key]
        for place, row in enumerate(self._rows):
            if row.conversation_id in late:
                self.dataChanged.emit(self.index(place), self.index(place), roles_of([Facet.TIME]))
        self._wait_for(min((t.next_change_ms for _, t in self._times.values() if t.next_change_ms), default=None))

    def _time_words(self, row: ConversationRow) -> str:
        """The time of a row; its next change is waited for from now on, since somebody looks at it."""
        if row.at_ms is None:
            return ""
        known = self._times.get(row.conversation_id)
        if known is None or known[0] != row.at_ms:
            shown = moments.list_time(row.at_ms, self._clock.now_ms(), self._clock.local_offset_s)
            known = self._times[row.conversation_id] = (row.at_ms, shown)
            self._wait_for(shown.next_change_ms)
        return known[1].words

    def _wait_for(self, change_ms: int | None) -> None:
        """Wake at this change, unless an earlier one is waited for already."""
        if change_ms is not None and (self._due_ms is None or change_ms < self._due_ms):
            self._due_ms = change_ms
            self._timer.start(min(max(change_ms - self._clock.now_ms(), 0), LONGEST_TIMER_MS))


class ConversationFilter(QSortFilterProxyModel):
    """The rows that are shown: those of one section, the open one stays among these; or by part of a name, all."""

    def __init__(self, model: ConversationModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._words: list[str] = []
        self._section = ListSection.ALL
        self._kept: int | None = None
        # A change is filtered anew only where its roles hold this one.
        self.setFilterRole(Role.ROW)
        self.setSourceModel(model)

    def show_names_with(self, query: str) -> None:
        """Only conversations whose name has every word of the query in it; marks and case do not matter."""
        words = folded(query).split()
        if words != self._words:
            self.beginFilterChange()
            self._words = words
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def show_section(self, section: ListSection) -> None:
        """Only this part of the list."""
        if section is not self._section:
            self.beginFilterChange()
            self._section = section
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def keep(self, conversation_id: int | None) -> None:
        """The open conversation: being read does not take it away from under the reader."""
        if self._section is not ListSection.UNREAD:
            self._kept = conversation_id
        elif conversation_id != self._kept:
            self.beginFilterChange()
            self._kept = conversation_id
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def index_of(self, conversation_id: int) -> QModelIndex:
        """Where a conversation stands among those shown; an invalid index where it does not."""
        return self.mapFromSource(self._model.index_of(conversation_id))

    def unread_rows(self) -> Sequence[int]:
        """The rows shown that have something to be read and are not muted, from the top."""
        wanting = (place for place, row in enumerate(self._model.rows()) if _wants_reading(row))
        shown = (self.mapFromSource(self._model.index(place)) for place in wanting)
        return [index.row() for index in shown if index.isValid()]

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Whether one row is shown. Who asks for a name finds it among the archived ones, too."""
        row = self._model.row(source_row)
        is_kept = self._section is ListSection.UNREAD and row.conversation_id == self._kept
        narrows = not self._words or self._section is ListSection.UNREAD
        if narrows and not is_kept and not self._section.holds(row):
            return False
        return not self._words or all(word in folded(row.title) for word in self._words)


def _wants_reading(row: ConversationRow) -> bool:
    """Whether a row asks to be looked at: what is muted does so only where it names the user."""
    return bool(row.mentions) or (not row.muted and (row.unread > 0 or row.marked_unread))
