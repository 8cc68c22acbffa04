"""Where the app keeps its own: one folder for a profile, and one for the log."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from platformdirs import PlatformDirs

_DIRS = PlatformDirs("Hearth", appauthor=False)


class Folders:
    """The places of one profile, only its user's to read. A second profile is a second, separate Hearth."""

    def __init__(self, profile: Path | None = None) -> None:
        """`profile` as given by --profile or HEARTH_PROFILE; else the system's places for data and logs."""
        named = profile or (Path(os.environ["HEARTH_PROFILE"]) if os.environ.get("HEARTH_PROFILE") else None)
        self.data = named.expanduser().absolute() if named else _DIRS.user_data_path
        self.log = self.data / "log" if named else _DIRS.user_log_path

    def make(self) -> None:
        """Make them. Raises OSError."""
        for folder in (self.data, self.log):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def settings(self) -> Path:
        """The file of desktop/cache/settings_file.py."""
        return self.data / "settings.json"

    @property
    def lock(self) -> Path:
        """Held by the process that uses the profile."""
        return self.data / "hearth.lock"

    def account(self, account: str) -> Path:
        """What belongs to one account (`user@server`) alone; signing out removes it."""
        return self.data / "accounts" / hashlib.sha256(account.encode()).hexdigest()[:16]
