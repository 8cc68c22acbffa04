"""What the paper clip offers: files by the system's dialog, or a part of the screen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu

from desktop.ui.composer import Composer
from desktop.ui.file_actions import FileActions
from desktop.ui.outgoing import Outgoing
from desktop.ui.picture_marking import PictureMarking

FILE_KEYS = ("Ctrl+U", "Ctrl+O")
CAPTURE_KEYS = "Ctrl+Shift+S"


class AttachMenu(QObject):
    """Brings things beside the text of one composer. Owns nothing but the open menu or dialog."""

    def __init__(self, composer: Composer, outgoing: Outgoing, files: FileActions, marking: PictureMarking) -> None:
        super().__init__(composer)
        self._composer = composer
        self._outgoing = outgoing
        self._files = files
        self._marking = marking
        composer.attach_asked.connect(self.offer)

    def offer(self) -> None:
        """Open the menu over the paper clip."""
        menu = self.menu()
        menu.popup(self._composer.attach.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))

    def menu(self) -> QMenu:
        """What can be attached; it deletes itself when it closes."""
        menu = QMenu(self._composer)
        menu.aboutToHide.connect(menu.deleteLater)
        files = menu.addAction("Photo, video or file…", self.choose_files)
        screen = menu.addAction("Part of the screen…", self.capture)
        # Shown, not bound: the page hears the keys itself.
        for entry, keys in ((files, FILE_KEYS[0]), (screen, CAPTURE_KEYS)):
            entry.setShortcut(QKeySequence(keys))
            entry.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        return menu

    def capture(self) -> None:
        """Take a part of the screen for the conversation that is open."""
        if self._outgoing.is_open:
            self._marking.capture()

    def choose_files(self) -> None:
        """The system's file dialog; the loop runs on behind it."""
        if not self._outgoing.is_open:
            return
        dialog = QFileDialog(self._composer, f"Send files to {self._composer.name}", self._files.folder())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._stage_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _stage_chosen(self, chosen: list[str]) -> None:
        """What was chosen stands in the composer."""
        if chosen:
            self._files.set_folder(Path(chosen[0]).parent)
        self._outgoing.stage([Path(path) for path in chosen])
