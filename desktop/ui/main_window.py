"""The main window: rail, list and conversation, side by side or one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMainWindow, QSplitter, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.core.bubble import ConversationRow, Line
from desktop.core.finder import Hit
from desktop.core.listops import ListOp, Remove
from desktop.core.moments import system_clock
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import icons, window_memory
from desktop.ui.chat_page import ChatPage
from desktop.ui.conversation_list import ConversationList
from desktop.ui.new_conversation import NewConversationDialog
from desktop.ui.outbox_panel import OutboxPanel
from desktop.ui.pictures import Pictures
from desktop.ui.rail import Rail
from desktop.ui.row_drop import RowDrop
from desktop.ui.settings_dialog import Page, SettingsDialog
from desktop.ui.shortcuts import Shortcuts
from desktop.ui.window_actions import WindowActions

if TYPE_CHECKING:
    from desktop.ui.info_panel import InfoPanel

ONE_PANE_BELOW_PX = 720
INFO_BESIDE_FROM_PX = 1020
INFO_PX = 320
NO_RAIL_BELOW_PX = 560
LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 380, 480
LIST_PX = 311
"""The mock's 312 with the splitter's line."""


class MainWindow(QMainWindow):
    """One account's window. Owns which conversation is open and how many panes are shown.

    `sign_out_requested` comes after the person has confirmed it; `log_in_requested` when the session was revoked;
    `closed` when the window has been closed and remembered.
    """

    sign_out_requested = Signal()
    log_in_requested = Signal()
    closed = Signal()

    def __init__(
        self,
        session: Session,
        settings: SettingsFile,
        pictures: Pictures,
        *,
        clock: Clock | None = None,
        log_folder: Path | None = None,
    ) -> None:
        super().__init__()
        self._session = session
        self._settings = settings
        self._pictures = pictures
        self._log_folder = log_folder
        self._open_id: int | None = None
        self._is_leaving = False
        self.stays: Callable[[], bool] | None = None
        """Asked when the window is to be closed; True: the app goes on, and has seen to the window."""
        self.rail = Rail()
        self._clock = clock = clock or system_clock()
        self.list = ConversationList(session, pictures, clock, settings.current.value.server)
        self.chat = ChatPage(session, pictures, clock, settings)
        self.row_drop = RowDrop(session, self.list.view, self.chat.toast.say)
        self._info: InfoPanel | None = None
        self.shortcuts = Shortcuts(self, settings)
        self.acts = WindowActions(self, session)
        self._shows_info = False
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self._dialog: QDialog | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._build()
        self._connect()
        self._add_keys()
        window_memory.restore(settings, self, self.splitter)
        self._arrange()
        self.list.view.setFocus()

    def open_conversation(self, conversation_id: int) -> None:
        """Show a conversation, and lead the keyboard to its composer."""
        self._open_id = conversation_id
        self._settings.change(last_conversation=conversation_id)
        self.list.mark_open(conversation_id)
        self.chat.open(conversation_id)
        self.acts.opened(conversation_id)
        if self._shows_info:
            self.info.open(conversation_id)
        self._tell_focus()
        self._arrange()
        self.chat.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_message(self, conversation_id: int, position: int, uid: str | None = None) -> None:
        """Show a conversation at one of its messages."""
        self.open_conversation(conversation_id)
        self.chat.pane.jump_to(position, uid)

    def close_conversation(self) -> None:
        """Show no conversation: the list alone where there is one pane."""
        self._open_id = None
        self._settings.change(last_conversation=0)
        self.chat.close_conversation()
        if self._info is not None:
            self._info.open(None)
        self.list.mark_open(None)
        self._tell_focus()
        self._arrange()

    def show_settings(self, page: Page = "account") -> None:
        """Open the settings on one of their pages."""
        dialog = SettingsDialog(self._session, self._settings, self._pictures, self, log_folder=self._log_folder)
        dialog.sign_out_requested.connect(self.sign_out_requested)
        dialog.shortcuts_requested.connect(self.show_shortcuts)
        dialog.show_page(page)
        self._open(dialog)

    def show_new_conversation(self) -> None:
        """Open the search for somebody to write to."""
        dialog = NewConversationDialog(self._session, self._pictures, self)
        dialog.opened.connect(self.open_conversation)
        dialog.group_requested.connect(self.show_new_group)
        self._open(dialog)

    def show_new_group(self) -> None:
        """Open the dialog that makes a group."""
        from desktop.ui.new_group import NewGroupDialog  # noqa: PLC0415 - as above

        dialog = NewGroupDialog(self._session, self._pictures, self)
        dialog.opened.connect(self.open_conversation)
        self._open(dialog)

    @property
    def info(self) -> InfoPanel:
        """What is about the open conversation, made when it is first looked at."""
        if self._info is None:
            from desktop.ui.info_panel import InfoPanel  # noqa: PLC0415 - not on the way to the first picture

            self._info = InfoPanel(self._session, self._pictures, self._clock, self.list.work)
            self._panes.addWidget(self._info)
            self._info.person_chosen.connect(self.acts.open_person)
            self._info.hit_chosen.connect(self._show_found)
            self._info.closed.connect(self.toggle_info)
        return self._info

    def show_switcher(self) -> None:
        """Open the way to a conversation by a few letters of its name."""
        from desktop.ui.switcher import Switcher  # noqa: PLC0415 - as above

        switcher = Switcher(self._session, self._pictures, self._clock, self.acts.visits.recent(), self)
        switcher.conversation_chosen.connect(self.open_conversation)
        switcher.person_chosen.connect(self.acts.open_person)
        self._open(switcher)

    def show_shortcuts(self) -> None:
        """Open the list of all shortcuts."""
        from desktop.ui.shortcuts_page import ShortcutsSheet  # noqa: PLC0415 - as above

        self._open(ShortcutsSheet(self.shortcuts, self))

    def shows_info(self) -> bool:
        """Whether the panel about the conversation is shown."""
        return self._info is not None and self._info.isVisible()

    def toggle_info(self) -> None:
        """Show what is about the open conversation, or no longer."""
        self._shows_info = not self._shows_info and self._open_id is not None
        self.info.open(self._open_id if self._shows_info else None)
        self._arrange()
        (self.info if self._shows_info else self.chat).setFocus(Qt.FocusReason.OtherFocusReason)

    def show_outbox(self) -> None:
        """Open what waits to be sent."""
        panel = OutboxPanel(self._session, self, clock=self._clock)
        panel.conversation_chosen.connect(self.open_conversation)
        panel.log_in_requested.connect(self.log_in_requested)
        self._open(panel)

    def detach(self) -> None:
        """Follow the session no longer; the window may go now."""
        self._is_leaving = True
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self.row_drop.close()
        self.acts.close()
        if self._info is not None:
            self._info.detach()
        self.list.detach()
        self.chat.detach()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember how the window stood; whoever looks after the tray may have it stay."""
        window_memory.remember(self._settings, self, self.splitter)
        if not self._is_leaving and self.stays is not None and self.stays():
            event.ignore()
            return
        super().closeEvent(event)
        self.closed.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Somebody begins or ceases to look at the open conversation."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self._tell_focus()

    def quit(self) -> None:
        """Close the window for good, which ends the app."""
        self._is_leaving = True
        self.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many panes as there is room for."""
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc that nobody else wanted reads to the end, then closes the conversation; never the window (24)."""
        if event.key() == Qt.Key.Key_Escape and self._open_id is not None:
            if not self.chat.read_to_the_end():
                self._back()
        elif not self.shortcuts.press(event):
            super().keyPressEvent(event)

    def _build(self) -> None:
        """Put the parts side by side."""
        self.setWindowIcon(icons.window_icon())
        self.setMinimumSize(LEAST_WIDTH_PX, LEAST_HEIGHT_PX)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(self.chat)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([LIST_PX, window_memory.FIRST_SIZE.width() - LIST_PX])
        self.list.setMinimumWidth(240)
        self.chat.setMinimumWidth(360)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.splitter, 1)
        self._panes = row
        self.setCentralWidget(middle)

    def _connect(self) -> None:
        """Follow the session and the parts."""
        self._unsubscribe = [
            self._session.unread_total.subscribe(self._show_unread),
            self._session.me.subscribe(lambda _user: self._show_me()),
            self._session.connection.subscribe(lambda _connection: self._show_me()),
            self._session.conversations.operations.subscribe(self._leave_what_is_gone),
        ]
        self.rail.profile_requested.connect(lambda: self.show_settings("account"))
        self.rail.settings_requested.connect(lambda: self.show_settings("appearance"))
        self.rail.conversations_requested.connect(self._to_list)
        self.list.settings_requested.connect(lambda: self.show_settings("account"))
        self.list.chosen.connect(self.open_conversation)
        self.list.person_chosen.connect(self.acts.open_person)
        self.list.hit_chosen.connect(lambda hit: self.acts.open_hit(hit, self.list.query()))
        self.chat.info_requested.connect(self.toggle_info)
        self.list.new_conversation_requested.connect(self.show_new_conversation)
        self.list.log_in_requested.connect(self.log_in_requested)
        self.list.outbox_requested.connect(self.show_outbox)
        self.chat.outbox_requested.connect(self.show_outbox)
        self.list.left.connect(self.chat.setFocus)
        self.chat.back_requested.connect(self._back)
        self._pictures.ready.connect(self._show_me)
        self._show_unread(self._session.unread_total.value)
        self._show_me()

    def _add_keys(self) -> None:
        """The shortcuts shared with the apps people come from (behaviour, first table)."""
        does = {"close": self._close_innermost, "quit": self.quit}
        self.shortcuts.bind({**self.acts.table(), **does})
        self.shortcuts.changed.connect(self._show_keys)
        self._show_keys()

    def _show_keys(self) -> None:
        """The search says which keys lead to it."""
        self.list.search.show_keys(QKeySequence(next(iter(self.shortcuts.keys_of("search")), "")))

    def _open(self, dialog: QDialog) -> None:
        """Open a dialog; the loop runs on. An open one gives way."""
        if self._dialog is not None:
            self._dialog.close()
        self._dialog = dialog
        dialog.finished.connect(self._forget_dialog)
        dialog.open()

    def _forget_dialog(self) -> None:
        """The dialog deletes itself."""
        self._dialog = None

    def _arrange(self) -> None:
        """One pane or two, with the rail or without."""
        one_pane = self.width() < ONE_PANE_BELOW_PX
        without_rail = self.width() < NO_RAIL_BELOW_PX
        has_open = self._open_id is not None
        shows_info = self._shows_info and has_open
        covered = shows_info and self.width() < INFO_BESIDE_FROM_PX
        self.rail.setVisible(not without_rail)
        self.list.show_settings_button(without_rail)
        self.list.setVisible(not one_pane or not has_open)
        self.chat.setVisible((not one_pane or has_open) and not covered)
        self.splitter.setVisible(not (one_pane and covered))
        beside = 0 if without_rail else self.rail.width()
        room = self.width() - beside - (0 if one_pane else LIST_PX)
        if self._info is not None:
            self._info.setFixedWidth(room if covered else INFO_PX)
            self._info.setVisible(shows_info)
        self.chat.show_back(one_pane)

    def _show_found(self, hit: Hit) -> None:
        """Stand at a message of the panel's lists; where the panel lies over the conversation it goes."""
        if self.width() < INFO_BESIDE_FROM_PX:
            self.toggle_info()
        self.chat.show_hit(hit, "")

    def search_everything(self) -> None:
        """Lead to the search, also where the list is hidden."""
        if self.width() < ONE_PANE_BELOW_PX and self._open_id is not None:
            self.close_conversation()
        self.list.focus_search()

    def _to_list(self) -> None:
        """Lead to the rows."""
        if self.width() < ONE_PANE_BELOW_PX and self._open_id is not None:
            self.close_conversation()
        self.list.view.enter()

    def _back(self) -> None:
        """Leave the conversation for the list."""
        self.close_conversation()
        self.list.view.enter()

    def _leave_what_is_gone(self, operations: Sequence[ListOp[ConversationRow]]) -> None:
        """Close a conversation that one is no longer in. While the list is read anew nothing counts as gone."""
        if self._open_id is None or not any(isinstance(operation, Remove) for operation in operations):
            return
        rows = self._session.conversations.rows
        catching_up = self._session.connection.value.line is not Line.CONNECTED
        if not catching_up and all(row.conversation_id != self._open_id for row in rows):
            self._back()

    def _close_innermost(self) -> None:
        """The open conversation, or the window where none is."""
        if self._open_id is not None:
            self._back()
        else:
            self.close()

    def _tell_focus(self) -> None:
        """Nobody is told of what they look at."""
        if not self._is_leaving:
            self._session.notices.focus(self._open_id if self.isActiveWindow() else None)

    def _show_unread(self, total: int) -> None:
        """Say in title and rail how many messages are unread."""
        self.setWindowTitle(f"({total}) Hearth" if total else "Hearth")
        self.rail.conversations.set_unread(total)

    def _show_me(self) -> None:
        """Show oneself in the rail; the dot says whether others see one there."""
        user = self._session.me.value
        connected = self._session.connection.value.line is Line.CONNECTED
        size = self.rail.avatar.width()
        url = user.avatar_url
        picture = self._pictures.get(url, size, size, ratio=self.devicePixelRatioF()) if url else None
        self.rail.avatar.set_user(user, "active" if connected else None, picture)
