"""Files dropped on a row of the list: asked about, then sent there; a folder says why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from desktop.core.ports import Clock
from desktop.ui.conversation_list import ConversationList
from desktop.ui.pictures import Pictures
from desktop.ui.row_drop import RowDrop
from tests.desktop.chat_scene import Scene, opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop

COPY, LEFT, PLAIN = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@asynccontextmanager
async def listed(s: Scene, said: list[str]) -> AsyncIterator[tuple[ConversationList, RowDrop]]:
    """The list beside the page."""
    pictures = Pictures(s.session.api)
    pane = ConversationList(s.session, pictures, Clock(now_ms=s.server.tick), "https://hearth.example")
    drop = RowDrop(s.session, pane.view, said.append)
    pane.resize(320, 500)
    pane.show()
    await until(lambda: pane.view.model().rowCount() == 1)
    try:
        yield pane, drop
    finally:
        drop.close()
        pane.detach()
        pane.deleteLater()
        pictures.close()


def drop_on_row(pane: ConversationList, path: Path) -> None:
    """Drag a file over the first row and let go."""
    view = pane.view
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    at = view.visualRect(view.model().index(0, 0)).center()
    enter = QDragEnterEvent(QPoint(at), COPY, mime, LEFT, PLAIN)
    QApplication.sendEvent(view.viewport(), enter)
    assert enter.isAccepted()
    QApplication.sendEvent(view.viewport(), QDropEvent(QPointF(at), COPY, mime, LEFT, PLAIN))


def test_a_file_dropped_on_a_row_is_sent_there_after_a_question(qloop: QLoop, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("words")

    async def scene() -> None:
        async with opened(1) as s, listed(s, []) as (pane, drop):
            drop_on_row(pane, note)
            assert "note.txt" in drop.strip.words()
            assert "Maya Okafor" in drop.strip.words()
            assert len(s.bubbles()) == 1
            drop.strip.button.click()
            await until(lambda: s.last().own and s.last().files[0].name == "note.txt")
            assert drop.strip.words() == ""
            drop_on_row(pane, note)
            drop.strip.cross.click()
            assert len(s.bubbles()) == 2

    qloop(scene())


def test_a_dropped_folder_gets_a_sentence(qloop: QLoop, tmp_path: Path) -> None:
    async def scene() -> None:
        said: list[str] = []
        async with opened(1) as s, listed(s, said) as (pane, drop):
            drop_on_row(pane, tmp_path)
            drop.strip.button.click()
            await until(lambda: bool(said))
            assert "is a folder" in said[0]
            assert len(s.bubbles()) == 1

    qloop(scene())
