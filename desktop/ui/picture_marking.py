"""How pictures come to be marked: one that is staged, or a part of the screen that was just taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QImageReader

from desktop.ui.composer import Composer
from desktop.ui.outgoing import Outgoing
from desktop.ui.pictures import MOST_PIXELS
from desktop.ui.tasks import Tasks
from desktop.ui.toast import Toast

if TYPE_CHECKING:
    from desktop.ui.marking_dialog import MarkingDialog  # Read when the first is asked for.
    from desktop.ui.screen_capture import ScreenCapture

UNREADABLE = "This picture cannot be opened here. It can be sent as it is."


class PictureMarking(QObject):
    """Joins the staged files, the marking and the screen. Owns what still runs."""

    def __init__(self, composer: Composer, outgoing: Outgoing, toast: Toast) -> None:
        super().__init__(composer)
        self._composer = composer
        self._outgoing = outgoing
        self._toast = toast
        self._tasks = Tasks()
        composer.staged.mark_asked.connect(self.mark_staged)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._tasks.cancel()

    def mark_staged(self, index: int) -> None:
        """Mark a picture that is staged; what comes out takes its place."""
        self._tasks.start(self._mark_staged(index))

    def capture(self) -> ScreenCapture:
        """Take a part of the screen, mark it, and stage what comes out."""
        from desktop.ui.screen_capture import ScreenCapture  # noqa: PLC0415 - not on the way to the first picture

        capture = ScreenCapture(self._composer.window())
        capture.refused.connect(self._toast.say)
        capture.taken.connect(self._mark_captured)
        capture.start()
        return capture

    def _mark_captured(self, picture: QImage) -> None:
        """Mark it before it stands beside the text."""
        dialog = self._open(picture)
        dialog.done_marking.connect(lambda marked: self._outgoing.stage_picture(marked, "Screenshot.png"))

    async def _mark_staged(self, index: int) -> None:
        """Read the file in a thread, then open it."""
        staged = self._composer.staged.files()[index]
        picture = await asyncio.to_thread(_read, str(staged.path))
        if picture.isNull():
            self._toast.say(UNREADABLE)
            return
        dialog = self._open(picture)
        dialog.done_marking.connect(lambda marked: self._outgoing.replace_picture(staged, marked))

    def _open(self, picture: QImage) -> MarkingDialog:
        """The window in which it is marked."""
        from desktop.ui.marking_dialog import MarkingDialog  # noqa: PLC0415 - as above

        dialog = MarkingDialog(picture, self._composer.window())
        dialog.open()
        return dialog


def _read(path: str) -> QImage:
    """A picture upright; empty where it is none or too large; runs in a thread."""
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    reader.setDecideFormatFromContent(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MOST_PIXELS:
        return QImage()
    return reader.read()
