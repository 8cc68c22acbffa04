"""What happens when something in a message is clicked, and the menu of a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QPoint, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu, QWidget

from desktop.core.addresses import openable
from desktop.core.bubble import Bubble, BubbleFile, Tick
from desktop.core.session import Session
from desktop.ui import plain_text
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.bubble_parts import Action
from desktop.ui.file_actions import FileActions
from desktop.ui.outgoing import Outgoing

Entry = tuple[str, Callable[[], None]]


class MessageActions(QObject):
    """Turns hits into the session's verbs. Owns the open menu.

    `picture_opened` asks for the viewer (bubble, number of the file); `marked_unread` says that reading ends here.
    """

    picture_opened = Signal(object, int)
    marked_unread = Signal()

    def __init__(self, session: Session, outgoing: Outgoing, files: FileActions, page: QWidget) -> None:
        super().__init__(page)
        self._session = session
        self._outgoing = outgoing
        self._files = files
        self._page = page

    def click(self, hit: Hit) -> None:
        """Do what a click means."""
        bubble = hit.bubble
        if hit.target is Target.LINK and hit.url is not None:
            open_link(hit.url)
        elif hit.target is Target.CANCEL:
            self._session.cancel_upload(bubble.key)
        elif hit.target is Target.FILE and hit.file is not None:
            self._open(bubble, hit.file)
        elif hit.action is not None:
            self._act(bubble, hit.action)

    def ask(self, hit: Hit, at: QPoint) -> None:
        """Open the menu of a message."""
        menu = self.menu(hit)
        if not menu.isEmpty():
            menu.popup(at)

    def menu(self, hit: Hit) -> QMenu:
        """The menu of a message; it deletes itself when it closes."""
        menu = QMenu(self._page)
        menu.aboutToHide.connect(menu.deleteLater)
        for words, work in self._entries(hit):
            menu.addAction(words).triggered.connect(_without_arguments(work))
        return menu

    def _entries(self, hit: Hit) -> Iterator[Entry]:
        """What can be done with this message here; nothing that would do nothing."""
        bubble = hit.bubble
        if bubble.tick is Tick.FAILED:
            yield "Retry", lambda: self._session.retry(bubble.key)
        yield from self._file_entries(bubble, hit.file)
        url = hit.url
        if url is not None:
            yield "Open link", lambda: open_link(url)
            yield "Copy link", lambda: plain_text.copy(url)
        if bubble.text and not bubble.deleted:
            yield "Copy", lambda: plain_text.copy(bubble.text)
        if bubble.position is None:
            yield "Edit", lambda: self._outgoing.take_back(bubble)
            yield "Delete", lambda: self._session.discard(bubble.key)
        message_id = bubble.message_id
        if message_id is not None and not bubble.own:
            yield "Mark unread from here", lambda: self._mark_unread(bubble.conversation_id, message_id)

    def _file_entries(self, bubble: Bubble, number: int | None) -> Iterator[Entry]:
        """What can be done with the file under the mouse, or with the only one."""
        if not bubble.files or bubble.deleted:
            return
        place = number if number is not None else 0
        if number is None and len(bubble.files) > 1:
            return
        file = bubble.files[place]
        yield "Open", lambda: self._open(bubble, place)
        if file.url is not None and bubble.position is not None:
            yield "Save as…", lambda: self._files.save_as(file)

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
                plain_text.copy(bubble.text or ", ".join(file.name for file in bubble.files))
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


def _without_arguments(work: Callable[[], None]) -> Callable[[bool], None]:
    """A slot for `triggered`, which says whether an entry is checked; ours never are."""

    def triggered(_checked: bool) -> None:
        work()

    return triggered
