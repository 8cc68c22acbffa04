"""From the composer to the session: what is checked, when the text goes, and what is said when it cannot."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QObject, Signal
from PySide6.QtGui import QImage

from desktop.core.bubble import Bubble
from desktop.core.session import Session
from desktop.ui.composer import Composer, Unsent, local_paths
from desktop.ui.staged_files import Staged
from desktop.ui.tasks import Tasks
from protocol.errors import Refused

_log = logging.getLogger(__name__)

DISK_WORDS = "This computer could not keep the message, so it was not sent. Free some space and send it again."


class Outgoing(QObject):
    """Sends what one composer holds into one conversation at a time. Owns what stands in the others' composers.

    `sent` comes when something was handed to the session: the writer wants to see it.
    """

    sent = Signal()

    def __init__(self, session: Session, composer: Composer) -> None:
        super().__init__(composer)
        self._session = session
        self._composer = composer
        self._tasks = Tasks()
        self._conversation_id: int | None = None
        self._kept: dict[int, Unsent] = {}
        self._pasted: dict[Path, int] = {}
        self._saving: set[tuple[int, Unsent]] = set()
        composer.submitted.connect(self.send)
        composer.typing.connect(self._tell_typing)
        composer.brought.connect(self.take)

    def enter(self, conversation_id: int | None) -> None:
        """Write into another conversation; what was being written stays with the one left."""
        if self._conversation_id is not None:
            self._kept[self._conversation_id] = self._composer.unsent()
            self._session.typing(self._conversation_id, on=False)
        self._conversation_id = conversation_id
        self._composer.place(self._kept.pop(conversation_id, Unsent()) if conversation_id is not None else Unsent())

    def close(self) -> None:
        """End what still runs, and remove pasted pictures that no waiting message needs."""
        self._tasks.cancel()
        for path, conversation_id in self._pasted.items():
            if not any(str(path) in waiting.entry.paths for waiting in self._session.entries(conversation_id)):
                shutil.rmtree(path.parent, ignore_errors=True)

    def send(self) -> None:
        """Send what stands in the composer. It stays there until it is on disk."""
        conversation_id, unsent = self._conversation_id, self._composer.unsent()
        if conversation_id is None or (conversation_id, unsent) in self._saving:
            return
        if not unsent.text.strip() and not unsent.files:
            self._composer.setFocus()
            return
        try:
            saved = self._hand_over(conversation_id, unsent)
        except Refused as refusal:
            self._composer.show_problem(refusal.message)
            return
        self._saving.add((conversation_id, unsent))
        self._tasks.start(self._clear_when_saved(conversation_id, unsent, saved))
        self._session.typing(conversation_id, on=False)
        self.sent.emit()

    def take(self, source: QMimeData) -> None:
        """Files or a picture, pasted or dropped. They are staged, not sent."""
        paths = [Path(path) for path in local_paths(source)]
        if paths:
            self.stage(paths)
        elif source.hasImage():
            self._tasks.start(self._stage_picture(QImage(source.imageData())))

    def stage(self, paths: Sequence[Path]) -> None:
        """Put files beside the text, if the server would take them."""
        self._tasks.start(self._weigh_and_stage(list(paths)))

    def take_back(self, bubble: Bubble) -> None:
        """Bring a message that was not sent back into the composer, its files too. Says so where it is too late."""
        try:
            text = self._session.take_back(bubble.key)
        except Refused as refusal:
            self._composer.show_problem(refusal.message)
            return
        written = self._composer.unsent()
        files = tuple(Staged(Path(file.path), file.size) for file in bubble.files if file.path)
        joined = f"{written.text}\n{text}" if written.text and text else written.text or text
        self._composer.place(Unsent(joined, (*written.files, *files)))
        self._composer.setFocus()

    def _hand_over(self, conversation_id: int, unsent: Unsent) -> asyncio.Future[None]:
        """Give it to the session. Raises Refused for what could never be sent."""
        if unsent.files:
            return self._session.send_files(conversation_id, [file.path for file in unsent.files], unsent.text)
        return self._session.send_text(conversation_id, unsent.text)

    async def _clear_when_saved(self, conversation_id: int, unsent: Unsent, saved: asyncio.Future[None]) -> None:
        """Empty the composer once the message is on disk; keep the text where it could not be written."""
        try:
            # The page may go meanwhile; what it has handed over is written all the same.
            await asyncio.shield(saved)
        except Refused as refusal:
            self._complain(conversation_id, refusal.message)
        except (OSError, sqlite3.Error):
            _log.exception("the outbox could not be written")
            self._complain(conversation_id, DISK_WORDS)
        else:
            self._take_out(conversation_id, unsent)
        finally:
            self._saving.discard((conversation_id, unsent))

    def _take_out(self, conversation_id: int, unsent: Unsent) -> None:
        """It is safe: it leaves the composer, or what is kept of another conversation's."""
        if conversation_id == self._conversation_id:
            self._composer.take_out(unsent)
        elif self._kept.get(conversation_id) == unsent:
            del self._kept[conversation_id]

    def _complain(self, conversation_id: int, words: str) -> None:
        """Say why, if it is still this conversation that is written into."""
        if conversation_id == self._conversation_id:
            self._composer.show_problem(words)

    def _tell_typing(self, on: bool) -> None:
        """The session says it seldom enough."""
        if self._conversation_id is not None:
            self._session.typing(self._conversation_id, on=on)

    async def _weigh_and_stage(self, paths: list[Path]) -> None:
        """Stage what the server would take, and say why of the others."""
        conversation_id = self._conversation_id
        staged, wrong = [], []
        for path in paths:
            try:
                file = await self._session.measured(path)
            except Refused as refusal:
                wrong.append(refusal.message)
            else:
                staged.append(Staged(path, file.size))
        if staged and conversation_id == self._conversation_id:
            self._composer.staged.add(staged)
            self._composer.setFocus()
        if wrong:
            self._complain(conversation_id or 0, _at_most(wrong))

    async def _stage_picture(self, picture: QImage) -> None:
        """Keep a pasted picture as a file beside the outbox, which can be sent again after a restart."""
        try:
            data = await asyncio.to_thread(_as_png, picture)
            path = await self._session.keep("Pasted picture.png", data)
        except (OSError, ValueError):
            _log.exception("a pasted picture could not be kept")
            self._complain(
                self._conversation_id or 0, "This picture cannot be pasted. Save it as a file and attach that."
            )
        else:
            self._pasted[path] = self._conversation_id or 0
            await self._weigh_and_stage([path])


def _at_most(sentences: Sequence[str], count: int = 3) -> str:
    """A few sentences, each on its line, and how many more there would be: the field must stay in sight."""
    more = len(sentences) - count
    rest = [f"{more} more of the files cannot be attached either."] if more > 0 else []
    return "\n".join([*sentences[:count], *rest])


def _as_png(picture: QImage) -> bytes:
    """A picture's bytes as a PNG; runs in a thread. Raises ValueError for what is no picture."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if picture.isNull() or not picture.save(buffer, "PNG"):  # type: ignore[call-overload] # the stub wants bytes
        raise ValueError("no picture on the clipboard")
    return bytes(data.data())
