"""The settings' page about the app: version, licence, and where its log is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.cache.settings_file import SettingsFile
from desktop.ui import icons, theme
from desktop.ui.buttons import Button
from desktop.ui.plain_text import PlainLabel, copy

LOGO_PX = 56
LICENCE_WORDS = (
    "Hearth is free software under the Apache License 2.0. The font is Inter (SIL Open Font License 1.1), "
    "the icons are Lucide (ISC), the toolkit is Qt (LGPL 3)."
)


def app_version() -> str:
    """The version of the installed app; a bundle without metadata says so."""
    try:
        return version("hearth")
    except PackageNotFoundError:
        return "unknown"


class AboutPage(QWidget):
    """Facts to read, and two things to do with them: copy the version, open the log's folder."""

    def __init__(self, settings: SettingsFile, log_folder: Path | None) -> None:
        super().__init__()
        self._log_folder = log_folder
        logo = PlainLabel()
        logo.setPixmap(icons.pixmap(icons.APP_ICON, theme.current().accent, LOGO_PX))
        server = settings.current.value.server
        self.version_line = f"Hearth {app_version()}"
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(10)
        column.addWidget(logo)
        column.addWidget(PlainLabel(self.version_line, size_px=15, weight=600))
        if server:
            column.addWidget(PlainLabel(f"Server: {server}", size_px=13, ink="ink2", wrap=True))
        column.addWidget(PlainLabel(LICENCE_WORDS, size_px=13, ink="ink2", wrap=True))
        if log_folder is not None:
            words = f"The log is in {log_folder}. It holds no message texts and no passwords."
            column.addWidget(PlainLabel(words, size_px=13, ink="ink2", wrap=True))
        column.addLayout(self._buttons())
        column.addStretch()

    def _buttons(self) -> QHBoxLayout:
        """What can be done."""
        row = QHBoxLayout()
        row.setSpacing(8)
        if self._log_folder is not None:
            row.addWidget(Button("Open log folder", does=self._open_log_folder))
        row.addWidget(Button("Copy version", does=lambda: copy(self.version_line)))
        row.addStretch()
        return row

    def _open_log_folder(self) -> None:
        """Show the folder in the system's file browser."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log_folder)))
