"""Files dropped on a row of the conversation list: asked about in a strip, then sent there (behaviour 28)."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QListView, QWidget

from desktop.core.session import Session
from desktop.models.roles import Role
from desktop.ui import theme
from desktop.ui.composer import local_paths
from desktop.ui.outgoing import DISK_WORDS
from desktop.ui.plain_text import one_line
from desktop.ui.reply_bar import OfferStrip
from desktop.ui.tasks import Tasks
from protocol.errors import Refused
from protocol.text import isolate

_log = logging.getLogger(__name__)

MARGIN = 8


class RowFrame(QWidget):
    """The frame around the row that a drop would be for. Takes no events itself."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dashed, as over a whole conversation."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.current().accent, 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 10, 10)
        painter.end()


class RowDrop(QObject):
    """Watches one list of conversations. Owns what was dropped until it is sent or not wanted."""

    def __init__(self, session: Session, view: QListView, say: Callable[[str], None]) -> None:
        """`say` tells the user what was done, or why not."""
        super().__init__(view)
        self._session = session
        self._view = view
        self._say = say
        self._tasks = Tasks()
        self._frame = RowFrame(view.viewport())
        self.strip = OfferStrip("Send", "Do not send")
        self.strip.setParent(view)
        view.setAcceptDrops(True)
        view.viewport().setAcceptDrops(True)
        view.viewport().installEventFilter(self)
        view.installEventFilter(self)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._tasks.cancel()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Files over the rows; everything else is the list's."""
        kind = event.type()
        if kind is QEvent.Type.Resize:
            self._place()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            return self._hover(event)
        if kind is QEvent.Type.DragLeave:
            self._frame.hide()
        if kind is QEvent.Type.Drop and isinstance(event, QDropEvent):
            return self._drop(event)
        return super().eventFilter(watched, event)

    def _hover(self, event: QDragMoveEvent) -> bool:
        """Frame the row under the mouse, and take files there."""
        if not local_paths(event.mimeData()):
            return False
        index = self._view.indexAt(event.position().toPoint())
        self._frame.setGeometry(self._view.visualRect(index) if index.isValid() else QRect())
        self._frame.setVisible(index.isValid())
        # Qt asks again while it moves only for what was taken on entering.
        event.setAccepted(index.isValid() or event.type() is QEvent.Type.DragEnter)
        return True

    def _drop(self, event: QDropEvent) -> bool:
        """Ask whether these files shall go there."""
        self._frame.hide()
        paths = [Path(path) for path in local_paths(event.mimeData())]
        index = self._view.indexAt(event.position().toPoint())
        if not paths or not index.isValid():
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        row = index.data(Role.ROW)
        what = one_line(paths[0].name) if len(paths) == 1 else f"{len(paths)} files"
        self.strip.offer(
            f"Send {isolate(what)} to {isolate(one_line(row.title))}?",
            lambda: self._start(row.conversation_id, paths),
        )
        self._place()
        self.strip.button.setFocus()
        return True

    def _place(self) -> None:
        """The strip lies over the list's lower edge."""
        width = self._view.width() - 2 * MARGIN
        self.strip.resize(width, max(self.strip.heightForWidth(width), self.strip.sizeHint().height()))
        self.strip.move(QPoint(MARGIN, self._view.height() - self.strip.height() - MARGIN))
        self.strip.raise_()

    def _start(self, conversation_id: int, paths: Sequence[Path]) -> None:
        """It is wanted."""
        self._tasks.start(self._send(conversation_id, paths))

    async def _send(self, conversation_id: int, paths: Sequence[Path]) -> None:
        """Hand them over; say why where that cannot be."""
        try:
            await asyncio.shield(self._session.send_files(conversation_id, paths))
        except Refused as refusal:
            self._say(refusal.message)
        except (OSError, sqlite3.Error):
            _log.exception("the outbox could not be written")
            self._say(DISK_WORDS)
