"""One conversation on screen: header, state of the line, timeline, who types, composer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QShortcut,
)
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.cache.settings_file import Settings, SettingsFile
from desktop.core.bubble import Bubble, Header
from desktop.core.finder import Hit
from desktop.core.moments import system_clock
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import theme
from desktop.ui.attach_menu import CAPTURE_KEYS, FILE_KEYS, AttachMenu
from desktop.ui.chat_header import ChatHeader, first_name, typing_words
from desktop.ui.completion import Completion
from desktop.ui.composer import Composer
from desktop.ui.connection_bar import ConnectionBar
from desktop.ui.drop_target import DropTarget
from desktop.ui.emoji_opening import EmojiOpening
from desktop.ui.file_actions import FileActions
from desktop.ui.image_viewer import ImageViewer
from desktop.ui.message_actions import MessageActions
from desktop.ui.message_field import brings_files
from desktop.ui.notice import Notice
from desktop.ui.outgoing import Outgoing
from desktop.ui.picture_marking import PictureMarking
from desktop.ui.pictures import Pictures
from desktop.ui.pinned_bar import PinnedBar
from desktop.ui.plain_text import PlainLabel
from desktop.ui.reply_choice import ReplyChoice
from desktop.ui.search_bar import SearchBar
from desktop.ui.spelling import Spelling
from desktop.ui.timeline_pane import TimelinePane
from desktop.ui.toast import Toast
from desktop.ui.transfers import Transfers
from protocol.shapes import ConversationKind, User

TYPING_LINE = 22


class ChatPage(QWidget):
    """Shows one conversation of a session. Owns which one is open; every verb is the session's."""

    back_requested = Signal()
    outbox_requested = Signal()
    info_requested = Signal()

    def __init__(
        self, session: Session, pictures: Pictures, clock: Clock | None = None, settings: SettingsFile | None = None
    ) -> None:
        super().__init__()
        clock = clock or system_clock()
        self._clock = clock
        self._settings = settings
        self._unsubscribe_settings: Callable[[], None] = lambda: None
        self._session = session
        self._pictures = pictures
        self._conversation_id: int | None = None
        self._name = ""
        self._shown_kind: ConversationKind | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        transfers = Transfers(self)
        self.header = ChatHeader(pictures, clock)
        self.search_bar = SearchBar(session, clock)
        self.pinned = PinnedBar(session)
        self.bar = ConnectionBar()
        self.pane = TimelinePane(pictures, transfers, clock)
        self.composer = Composer(pictures, session.limits.content_chars)
        self.toast = Toast(self)
        self.outgoing = Outgoing(session, self.composer)
        self.files = FileActions(session.api, transfers, self.toast, self, settings)
        self.message_actions = MessageActions(session, self.outgoing, self.files, self, self.toast, clock)
        self.replies = ReplyChoice(self.pane, self.composer, self.message_actions)
        self.marking = PictureMarking(self.composer, self.outgoing, self.toast)
        self.attaching = AttachMenu(self.composer, self.outgoing, self.files, self.marking)
        self.spelling = Spelling(self.composer.field)
        self.emoji = EmojiOpening(self.composer, self.pane, self.message_actions, settings)
        self.completion = Completion(self.composer.field, self._people_here)
        self._typing = PlainLabel(size_px=12, ink="ink2")
        self._nothing_open = Notice()
        self._drop = DropTarget(self)
        self._viewer: ImageViewer | None = None
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        """From the top down; without a conversation one sentence instead."""
        self.setAcceptDrops(True)
        self._typing.setFixedHeight(TYPING_LINE)
        self._typing.setContentsMargins(24, 0, 24, 0)
        talk = QWidget()
        rows = QVBoxLayout(talk)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.header)
        rows.addWidget(self.search_bar)
        rows.addWidget(self.pinned)
        rows.addWidget(self.bar)
        rows.addWidget(self.pane, 1)
        rows.addWidget(self._typing)
        rows.addWidget(self.composer)
        words = "Pick one from the list, or write to somebody new."
        self._nothing_open.tell("message-circle", "Choose a conversation", words)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._nothing_open)
        self._stack.addWidget(talk)
        self.setFocusProxy(self.composer)

    def _connect(self) -> None:
        """Signals of the parts, and the session's line."""
        self.header.back_requested.connect(self.back_requested)
        self.header.info_requested.connect(self.info_requested)
        self.header.search_requested.connect(self.show_search)
        self.search_bar.jump_wanted.connect(self._jump_to)
        self.search_bar.told.connect(self.toast.say)
        self.search_bar.sought.connect(self.pane.view.seek)
        self.pane.view.day_clicked.connect(self.search_bar.choose_day)
        self.search_bar.closed.connect(self.setFocus)
        self.pinned.jump_wanted.connect(self.pane.jump_to)
        self.bar.retry_requested.connect(self._session.retry_now)
        self.bar.outbox_requested.connect(self.outbox_requested)
        self._add_keys()
        self.outgoing.sent.connect(self.pane.to_latest)
        self.pane.seen.connect(self._mark_read)
        self.pane.view.clicked.connect(self.message_actions.click)
        self.pane.view.menu_asked.connect(self.message_actions.ask)
        self.pane.view.typed.connect(self.composer.insert)
        self.pane.view.paste_asked.connect(self._paste)
        self.composer.field.timeline_key.connect(self.pane.press)
        self._connect_actions()
        theme.source().changed.connect(self.update)
        self._unsubscribe_line = self._session.connection.subscribe(self.bar.show_connection)
        if self._settings is not None:
            self._unsubscribe_settings = self._settings.current.subscribe(self._follow_settings)
            self._follow_settings(self._settings.current.value)
        self.bar.show_connection(self._session.connection.value)

    def _add_keys(self) -> None:
        """What works anywhere in the conversation."""
        keys: list[tuple[str, Callable[[], object]]] = [
            *((sequence, self.attaching.choose_files) for sequence in FILE_KEYS),
            (CAPTURE_KEYS, self.attaching.capture),
            ("Ctrl+Shift+Space", self.composer.emoji.click),
            ("Ctrl+Shift+E", self.emoji.react_to_last),
        ]
        for sequence, does in keys:
            shortcut = QShortcut(QKeySequence(sequence), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(does)

    def _connect_actions(self) -> None:
        """What is done with messages: from the timeline to the session, and back where the timeline is asked."""
        actions, view = self.message_actions, self.pane.view
        actions.picture_opened.connect(self._view_picture)
        actions.marked_unread.connect(self.pane.reporter.pause)
        actions.jump_wanted.connect(self.pane.jump_to)
        actions.select_wanted.connect(lambda bubble: view.selection.choose([bubble.key]))
        view.deed_asked.connect(actions.do)
        self.pane.hover.deed_asked.connect(actions.do)
        self.pane.hover.menu_asked.connect(actions.ask)
        self.pane.jumps.failed.connect(lambda: self.toast.say("This message could not be brought. Try again later."))
        view.selection.changed.connect(self._offer_for_selection)
        bar = self.pane.selection_bar
        bar.forward_asked.connect(lambda: actions.work.forward(view.selected(), view.selection.clear))
        bar.delete_asked.connect(lambda: actions.work.ask_to_delete(view.selected(), view.selection.clear))

    def _offer_for_selection(self) -> None:
        """What can be done with all of the selected messages."""
        chosen, work = self.pane.view.selected(), self.message_actions.work
        self.pane.selection_bar.offer(forward=work.can_forward(chosen), delete=work.can_delete(chosen))

    @property
    def conversation_id(self) -> int | None:
        """The conversation that is open."""
        return self._conversation_id

    def open(self, conversation_id: int) -> None:
        """Show a conversation; the one before is left as it stands. Asked for again, it is read on."""
        if conversation_id == self._conversation_id:
            self.pane.reporter.restart()
            return
        self._leave()
        self._conversation_id = conversation_id
        self.search_bar.enter(conversation_id)
        header = self._session.header(conversation_id)
        self._unsubscribe = [header.subscribe(self._show_header)]
        self._show_header(header.value)
        self.outgoing.enter(conversation_id)
        self._stack.setCurrentIndex(1)
        self._show_timeline(header.value)
        self._session.look_at(conversation_id)

    def _show_timeline(self, header: Header) -> None:
        """What was said, with everybody's names in a group."""
        self._shown_kind = header.kind
        timeline, own_id = self._session.timeline(header.conversation_id), self._session.me.value.user_id
        self.pane.open(timeline, self._name, own_id=own_id, named=header.kind == "group")

    def show_search(self) -> None:
        """Search in the open conversation."""
        if self._conversation_id is not None:
            if self.search_bar.isHidden():
                self.search_bar.open(self._conversation_id)
            self.search_bar.focus()

    def show_hit(self, hit: Hit, query: str) -> None:
        """Stand at a message that was found, with the way to the next one where something was searched for."""
        if query and self._conversation_id is not None:
            self.search_bar.open(self._conversation_id, query, hit)
        self.pane.jump_to(hit.position, hit.uid)

    def _jump_to(self, position: int, uid: str) -> None:
        """Stand at a message."""
        self.pane.jump_to(position, uid or None)

    def read_to_the_end(self) -> bool:
        """Mark everything as read and stand at the latest message; False where that is so already."""
        identity = self._conversation_id
        if identity is None:
            return False
        unread, away = self._session.unread(identity), not self.pane.view.at_bottom()
        if not (unread.count or unread.marked or away):
            return False
        self._mark_read(self._session.held(identity).last_position)
        self.pane.to_latest()
        return True

    def to_first_unread(self) -> None:
        """Jump to where reading began."""
        timeline = None if self._conversation_id is None else self._session.timeline(self._conversation_id)
        if timeline is not None and timeline.first_unread:
            self.pane.jump_to(timeline.first_unread)

    def close_conversation(self) -> None:
        """Show no conversation."""
        self._leave()
        self._session.look_at(None)
        self._stack.setCurrentIndex(0)

    def show_back(self, shown: bool) -> None:
        """Offer the way back to the list, where it is not beside."""
        self.header.back.setVisible(shown)

    def detach(self) -> None:
        """Follow the session no longer; the page may go now."""
        self._leave()
        self._unsubscribe_line()
        self.pinned.close_tasks()
        self._unsubscribe_settings()
        self.outgoing.close()
        self.files.close()
        self.marking.close()
        self.spelling.close()
        self.message_actions.work.close()

    def _leave(self) -> None:
        """Let go of the open conversation."""
        if self._conversation_id is None:
            return
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self.outgoing.enter(None)
        self.search_bar.close_search()
        self.pane.leave()
        self.header.clear()
        self._close_viewer()
        self._conversation_id = self._shown_kind = None

    def _show_header(self, header: Header) -> None:
        """Who it is, and who types."""
        self._name = header.title if header.kind == "group" else first_name(header.title)
        self.header.show_header(header)
        self.pinned.show_header(header)
        self.composer.set_name(self._name)
        self._typing.setText(typing_words(header))
        if self._shown_kind not in (None, header.kind):
            # What was opened before anything was known of it turns out to be a group.
            self._show_timeline(header)

    def _follow_settings(self, settings: Settings) -> None:
        """Which key sends, and whether words are looked up."""
        self.composer.set_sends_with(settings.sends_with)
        self.spelling.set_wanted(settings.spelling)

    def _people_here(self) -> list[User]:
        """Who can be named in the open conversation."""
        if self._conversation_id is None:
            return []
        own_id = self._session.me.value.user_id
        members = self._session.groups.members(self._conversation_id).value
        return [member.user for member in members if member.user.user_id != own_id]

    def typing_line(self) -> str:
        """What is said over the composer."""
        return self._typing.text()

    def _mark_read(self, position: int) -> None:
        """The reader has seen the messages up to here."""
        if self._conversation_id is not None:
            self._session.mark_read(self._conversation_id, position)

    def _paste(self) -> None:
        """What is on the clipboard goes where the writing goes."""
        self.composer.setFocus()
        self.composer.field.paste()

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc peels one layer (behaviour 24); text typed beside the field goes into it (behaviour 25)."""
        if event.key() == Qt.Key.Key_Escape and self._peel():
            event.accept()
            return
        commands = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        has_words = bool(event.text()) and event.text().isprintable() and not event.modifiers() & commands
        if has_words and self._conversation_id is not None:
            self.composer.insert(event.text())
            return
        super().keyPressEvent(event)

    def _peel(self) -> bool:
        """Leave the innermost of selection, edit, answer, and the way up in the history; False where none is left."""
        if self._conversation_id is None:
            return False
        if self.pane.view.selection.clear() or self.composer.peel():
            return True
        if self.pane.jump.isVisible():
            self.pane.to_latest()
            return True
        return False

    # The viewer

    def _view_picture(self, bubble: Bubble, number: int) -> None:
        """Open the viewer over the whole window, with all pictures of the conversation that are held."""
        self._close_viewer()
        viewer = ImageViewer(self._pictures, self._clock, self.window())
        viewer.save_asked.connect(self.files.save_as)
        viewer.show_pictures(self.pane.bubbles(), bubble.key, number)
        self._viewer = viewer

    def _close_viewer(self) -> None:
        """Close the viewer, if it is open. Closed by its reader, it has deleted itself."""
        viewer, self._viewer = self._viewer, None
        if viewer is not None and isValid(viewer):
            viewer.close()

    # Dropped files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files over an open conversation are welcome."""
        if self._conversation_id is not None and brings_files(event.mimeData()):
            event.acceptProposedAction()
            self._drop.offer(self._name)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away."""
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """They stand in the composer now."""
        self._drop.hide()
        self.outgoing.take(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground under everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().background)
        painter.end()
