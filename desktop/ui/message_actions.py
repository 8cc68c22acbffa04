"""What happens when something in a message is clicked, and the menu of a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from desktop.core.addresses import openable
from desktop.core.bubble import Bubble, BubbleFile
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.ui import plain_text
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.bubble_parts import Action
from desktop.ui.copied_text import content
from desktop.ui.file_actions import FileActions, open_local
from desktop.ui.message_deeds import KEYS, Deed, deeds
from desktop.ui.message_work import MessageWork
from desktop.ui.outgoing import Outgoing
from desktop.ui.plain_text import PlainMessageBox
from desktop.ui.toast import Toast
from protocol.text import isolate

Work = Callable[[], None]


class MessageActions(QObject):
    """Turns hits and deeds into the session's verbs. Owns the open menu."""

    picture_opened = Signal(object, int)
    """Asks for the viewer: a Bubble and the number of its file."""
    marked_unread = Signal()
    """Reading ends here."""
    reply_wanted = Signal(object)
    """Asks the composer to answer a Bubble."""
    edit_wanted = Signal(object)
    """Asks the composer to edit a Bubble that the server has."""
    reaction_wanted = Signal(str)
    """Asks for the emoji picker, for the message of this uid; `react` does what is picked."""
    jump_wanted = Signal(int, str)
    """Asks the timeline for the message at a position, or of a uid where the position is 0."""
    select_wanted = Signal(object)
    """Asks the timeline to select a Bubble whole."""

    def __init__(
        self,
        session: Session,
        outgoing: Outgoing,
        files: FileActions,
        page: QWidget,
        toast: Toast,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(page)
        self._session = session
        self._outgoing = outgoing
        self._files = files
        self._page = page
        self.work = MessageWork(session, toast, page, clock)

    def click(self, hit: Hit) -> None:
        """Do what a click means."""
        bubble = hit.bubble
        if hit.action is not None:
            self._act(bubble, hit.action)
            return
        meant: dict[Target, Work] = {
            Target.LINK: lambda: self.open_link(hit.url or "", asks=hit.asks),
            Target.CANCEL: lambda: self._session.cancel_upload(bubble.key),
            Target.FILE: lambda: self._open(bubble, hit.file or 0),
            Target.QUOTE: lambda: self._follow_quote(bubble),
            Target.REACTION: lambda: self.work.react(bubble, hit.emoji or ""),
            Target.ADD_REACTION: lambda: self.reaction_wanted.emit(bubble.key),
            Target.META: lambda: self.work.show_edits(bubble),
        }
        if hit.target in meant:
            meant[hit.target]()

    def ask(self, hit: Hit, at: QPoint) -> None:
        """Open the menu of a message."""
        menu = self.menu(hit)
        if not menu.isEmpty():
            menu.popup(at)

    def menu(self, hit: Hit) -> QMenu:
        """The menu of a message; it deletes itself when it closes."""
        menu = QMenu(self._page)
        menu.aboutToHide.connect(menu.deleteLater)
        for words, work in (*self._link_entries(hit), *self._file_entries(hit.bubble, hit.file)):
            menu.addAction(words).triggered.connect(_without_arguments(work))
        if not menu.isEmpty():
            menu.addSeparator()
        for deed in deeds(hit.bubble, self.work.header(hit.bubble)):
            entry = menu.addAction(deed.value)
            entry.triggered.connect(_without_arguments(self._deed(deed, hit.bubble)))
            if deed in KEYS:
                # Shown, not bound: the timeline hears the key itself.
                entry.setShortcut(QKeySequence(KEYS[deed]))
                entry.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        return menu

    def do(self, deed: Deed, bubble: Bubble) -> None:
        """Do a deed asked for by a key or the hover bar, if it works for this message; undo it where it is done."""
        works = set(deeds(bubble, self.work.header(bubble)))
        other = {Deed.PIN: Deed.UNPIN, Deed.STAR: Deed.UNSTAR, Deed.DELETE: Deed.DISCARD}.get(deed)
        for one in (deed, other):
            if one in works and one is not None:
                self._deed(one, bubble)()
                return

    def react(self, bubble: Bubble, emoji: str) -> None:
        """Choose an emoji for a message, or take it back."""
        self.work.react(bubble, emoji)

    def open_link(self, url: str, *, asks: bool = False) -> None:
        """Open an address outside; after a question where its words are not the address (behaviour 20)."""
        if not asks or not openable(url):
            open_link(url)
            return
        words = "The words in the message are not this address. Open it only if you know it."
        box = PlainMessageBox(self._page, "Open this link?", isolate(url), words)
        opens = box.addButton("Open", QMessageBox.ButtonRole.AcceptRole)
        copies = box.addButton("Copy link", QMessageBox.ButtonRole.ActionRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        opens.clicked.connect(lambda: open_link(url))
        copies.clicked.connect(lambda: plain_text.copy(url))
        box.open()

    def _deed(self, deed: Deed, bubble: Bubble) -> Work:
        """How a deed is done."""
        session, work = self._session, self.work
        return {
            Deed.RETRY: lambda: session.retry(bubble.key),
            Deed.REPLY: lambda: self.reply_wanted.emit(bubble),
            Deed.REACT: lambda: self.reaction_wanted.emit(bubble.key),
            Deed.COPY: lambda: plain_text.copy(bubble.text),
            Deed.EDIT: lambda: self._edit(bubble),
            Deed.FORWARD: lambda: work.forward([bubble]),
            Deed.PIN: lambda: work.pin(bubble, on=True),
            Deed.UNPIN: lambda: work.pin(bubble, on=False),
            Deed.STAR: lambda: work.star(bubble, on=True),
            Deed.UNSTAR: lambda: work.star(bubble, on=False),
            Deed.SELECT: lambda: self.select_wanted.emit(bubble),
            Deed.MARK_UNREAD: lambda: self._mark_unread(bubble.conversation_id, bubble.message_id or 0),
            Deed.SEEN_BY: lambda: work.show_readers(bubble),
            Deed.EDITS: lambda: work.show_edits(bubble),
            Deed.REMOVE_PREVIEW: lambda: work.remove_preview(bubble),
            Deed.DELETE: lambda: work.ask_to_delete([bubble]),
            Deed.DISCARD: lambda: session.discard(bubble.key),
        }[deed]

    def _link_entries(self, hit: Hit) -> Iterator[tuple[str, Work]]:
        """What can be done with the selected words, and with the link under the mouse."""
        if hit.words:
            yield "Copy selected words", lambda: plain_text.copy(hit.words)
        url = hit.url
        if url is not None:
            yield "Open link", lambda: self.open_link(url, asks=hit.asks)
            yield "Copy link", lambda: plain_text.copy(url)

    def _file_entries(self, bubble: Bubble, number: int | None) -> Iterator[tuple[str, Work]]:
        """What can be done with the file under the mouse, or with the only one."""
        if not bubble.files or bubble.deleted or (number is None and len(bubble.files) > 1):
            return
        place = number or 0
        file = bubble.files[place]
        yield "Open", lambda: self._open(bubble, place)
        if file.url is not None and bubble.position is not None:
            yield "Save as…", lambda: self._files.save_as(file)
        folder = self._files.folder_of(file)
        if folder is not None:
            yield "Show in folder", lambda: open_local(folder)

    def _follow_quote(self, bubble: Bubble) -> None:
        """To the message that is answered."""
        if bubble.quote is not None:
            self.jump_wanted.emit(bubble.quote.position, bubble.quote.uid)

    def _edit(self, bubble: Bubble) -> None:
        """In the composer: what waits is taken back into it, what the server has is changed in place."""
        if bubble.position is None:
            self._outgoing.take_back(bubble)
        else:
            self.edit_wanted.emit(bubble)

    def _open(self, bubble: Bubble, number: int) -> None:
        """A picture in the viewer, everything else with the system's program."""
        file: BubbleFile = bubble.files[number]
        if file.kind == "image":
            self.picture_opened.emit(bubble, number)
        else:
            self._files.open(file)

    def _act(self, bubble: Bubble, action: Action) -> None:
        """One of the words below a refused message."""
        match action:
            case Action.RETRY:
                self._session.retry(bubble.key)
            case Action.EDIT:
                self._outgoing.take_back(bubble)
            case Action.COPY:
                plain_text.copy(content(bubble))
            case Action.DELETE:
                self._session.discard(bubble.key)

    def _mark_unread(self, conversation_id: int, message_id: int) -> None:
        """Count from here again; nothing more is reported as read until the conversation is opened anew."""
        self.marked_unread.emit()
        self._session.mark_unread(conversation_id, message_id)


def open_link(url: str) -> None:
    """Open an address in the browser, after the check that it is one."""
    if openable(url):
        QDesktopServices.openUrl(QUrl(url, QUrl.ParsingMode.StrictMode))


def _without_arguments(work: Work) -> Callable[[bool], None]:
    """A slot for `triggered`, which says whether an entry is checked; ours never are."""

    def triggered(_checked: bool) -> None:
        work()

    return triggered
