"""Opening and saving the files of messages: downloads in the background, dialogs that block nothing."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QDir, QObject, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.core.bubble import BubbleFile
from desktop.core.ports import Api, Unreachable
from desktop.ui.plain_text import PlainMessageBox
from desktop.ui.tasks import Tasks
from desktop.ui.toast import Toast
from desktop.ui.transfers import Transfers
from protocol.errors import Refused
from protocol.text import clean_name, isolate

# What the system would run, or what can run programs when it is shown.
_RUNS = re.compile(
    r"\.(action|apk|app|appimage|applescript|bat|bin|cmd|com|command|cpl|csh|deb|desktop|dll|dmg|docm|exe|gadget|hta"
    r"|html?|img|inf|iso|jar|jse?|jsp|ksh|lnk|mjs|msc|msi|msp|out|pif|pkg|pl|ps1|psm1|pyw?|rb|reg|rpm|run|scf|scr"
    r"|service|sh|svgz?|url|vbe?|vbs|workflow|wsf|wsh|xhtml|xlsm|zsh)$",
    re.IGNORECASE,
)
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A file's name without anything that a file system takes for more than a name."""
    plain = _NOT_IN_NAMES.sub("_", clean_name(name)).strip(". ")[-120:]
    return f"_{plain}" if _RESERVED.match(plain) else plain or "file"


def runs(name: str) -> bool:
    """Whether opening a file of this name may run a program."""
    return _RUNS.search(safe_name(name)) is not None


class FileActions(QObject):
    """Owns the downloads of one page. The folder last used is the settings' where there are any."""

    def __init__(
        self, api: Api, transfers: Transfers, toast: Toast, page: QWidget, settings: SettingsFile | None = None
    ) -> None:
        super().__init__(page)
        self._api = api
        self._transfers = transfers
        self._toast = toast
        self._page = page
        self._tasks = Tasks()
        self._settings = settings
        self._saved: dict[str, Path] = {}
        self._opened: tempfile.TemporaryDirectory[str] | None = None
        known = settings.current.value.last_folder if settings is not None else ""
        self._folder = known or QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)

    def close(self) -> None:
        """End the downloads, and remove the copies made for opening."""
        self._tasks.cancel()
        if self._opened is not None:
            self._opened.cleanup()

    def folder(self) -> str:
        """The folder last chosen from or saved into; home where that is gone: a dialog would take it for a name."""
        return self._folder if Path(self._folder).is_dir() else str(Path.home())

    def set_folder(self, folder: Path) -> None:
        """Begin there next time, after a restart too (behaviour 54)."""
        self._folder = str(folder)
        if self._settings is not None:
            self._settings.change(last_folder=self._folder)

    def folder_of(self, file: BubbleFile) -> Path | None:
        """The folder that a file lies in on this computer: where it was sent from, or saved to from this page."""
        known = Path(file.path) if file.path else self._saved.get(file.url or "")
        return known.parent if known is not None and known.exists() else None

    def open(self, file: BubbleFile) -> None:
        """Open a file with the program the system has for it; programs only after a question."""
        if not runs(file.name):
            self._open(file)
            return
        words = f"{isolate(file.name)} can run programs on this computer."
        box = PlainMessageBox(self._page, "Open this file?", words, "Open it only if you expected it from this person.")
        opens = box.addButton("Open", QMessageBox.ButtonRole.DestructiveRole)
        saves = box.addButton("Save as…", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        opens.clicked.connect(lambda: self._open(file))
        saves.clicked.connect(lambda: self.save_as(file))
        box.open()

    def save_as(self, file: BubbleFile) -> None:
        """Ask where to, then save."""
        dialog = QFileDialog(self._page, "Save as", QDir(self.folder()).filePath(safe_name(file.name)))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.fileSelected.connect(lambda chosen: self.save_to(file, Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_to(self, file: BubbleFile, target: Path) -> None:
        """Save a file at a place, whole or not at all."""
        self.set_folder(target.parent)

        def offer_folder() -> None:
            self._saved[file.url or ""] = target
            self._toast.say(f"Saved {isolate(target.name)}", "Open folder", lambda: open_local(target.parent))

        self._bring(file, target, offer_folder)

    def _open(self, file: BubbleFile) -> None:
        """Bring the file to this computer, where it is not, and open it."""
        if file.url is None and file.path:
            open_local(Path(file.path))
            return
        if self._opened is None:
            self._opened = tempfile.TemporaryDirectory(prefix="hearth-open-", ignore_cleanup_errors=True)
        # Each in a folder of its own, so that the name stays what the sender called it.
        target = Path(tempfile.mkdtemp(dir=self._opened.name)) / safe_name(file.name)
        self._bring(file, target, lambda: open_local(target))

    def _bring(self, file: BubbleFile, target: Path, then: Callable[[], None]) -> None:
        """Download in the background, once at a time."""
        if file.url is not None and self._transfers.download(file.url) is None:
            self._transfers.set_download(file.url, 0.0)
            self._tasks.start(self._download(file.url, target, then))

    async def _download(self, url: str, target: Path, then: Callable[[], None]) -> None:
        """Download with progress; say so where it fails."""
        try:
            await self._api.download(url, target, lambda share: self._transfers.set_download(url, share))
        except Refused as refusal:
            self._toast.say(refusal.message)
        except Unreachable:
            self._toast.say("The server cannot be reached. Try again when the line is back.")
        except OSError as error:
            self._toast.say(f"The file could not be saved: {error.strerror or error}. Choose another place.")
        else:
            await asyncio.sleep(0)
            then()
        finally:
            self._transfers.set_download(url, None)


def open_local(path: Path) -> None:
    """Open a local file or folder with the system's program."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
