"""What the app remembers between starts: theme, window, server, account. Owns `settings.json` of a profile."""

from __future__ import annotations

import contextlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from desktop.core.observable import Observable
from protocol.limits import Limits
from protocol.shapes import User

log = logging.getLogger(__name__)

ThemeChoice = Literal["system", "light", "dark", "contrast"]
SendsWith = Literal["enter", "ctrl_enter"]
OnClose = Literal["ask", "stay", "quit"]
NoticesShow = Literal["all", "sender", "nothing"]


class Settings(Struct, kw_only=True, frozen=True):
    """Everything remembered. `geometry` and `splitter` are Qt's own states in base64; `server` an address with scheme.

    `stay_signed_in` is the person's wish. Secrets are never here (desktop/cache/secrets.py).
    """

    theme: ThemeChoice = "system"
    geometry: str = ""
    splitter: str = ""
    server: str = ""
    server_name: str = ""
    username: str = ""
    me: User | None = None
    """Who is signed in, as last seen: the window can open before the server answers."""
    limits: Limits | None = None
    stay_signed_in: bool = True
    last_conversation: int = 0
    """The conversation that was open last, 0 for none."""
    last_folder: str = ""
    sends_with: SendsWith = "enter"
    recent_emoji: tuple[str, ...] = ()
    """The emoji chosen last, the newest first."""
    spelling: bool = True
    """Mark words that no dictionary of this computer knows."""
    on_close: OnClose = "ask"
    """What closing the window means: nobody knows yet, the app stays in the tray, or it ends."""
    notices: bool = True
    notices_show: NoticesShow = "all"
    """What a notification lets everybody see who looks at the screen."""
    notices_sound: bool = True
    quiet_from: int | None = None
    quiet_to: int | None = None
    """Quiet hours: minutes of the local day, over midnight too; None: there are none."""
    silent_until_ms: int = 0
    """Do not disturb until then, ms since 1970."""
    shortcuts: dict[str, str] = {}
    """Keys the person chose, by the name of the action (desktop/ui/shortcuts.py); empty: none."""


class SettingsFile:
    """The settings in memory, watched through `current`; written behind on one thread, whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Read `path`; where it is missing the defaults hold, and a file that is not understood is kept aside."""
        self._path = path
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settings")
        self.current: Observable[Settings] = Observable(self._read())

    def change(self, **facts: object) -> None:
        """Replace some fields by name; who watches hears at once, the file follows."""
        self.current.value = msgspec.structs.replace(self.current.value, **facts)
        self._writer.submit(self._write, self.current.value)

    def close(self) -> None:
        """Wait until everything is written."""
        self._writer.shutdown(wait=True)

    def _read(self) -> Settings:
        """What the file says."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Settings)
        except FileNotFoundError:
            return Settings()
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("settings cannot be read, starting with the defaults: %s", error)
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".broken"))
            return Settings()

    def _write(self, settings: Settings) -> None:
        """Beside the file first, then in its place: a crash leaves the old or the new one."""
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=2))
            os.replace(beside, self._path)  # noqa: PTH105 - the call whose atomicity POSIX and Windows document
        except OSError as error:
            log.warning("settings cannot be written: %s", error)
