"""Downloads that are under way, and how fast uploads go: what the screen knows of transfers and the core does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

# A pace over less than this swings too much to be said.
MEASURE_S = 0.7


@dataclass(slots=True)
class Pace:
    """Where a transfer stood when it was first seen: seconds of a monotonic clock, and a share of 0 to 1."""

    since_s: float
    start: float


class Transfers(QObject):
    """Owns the downloads' progress by address, and the pace of uploads by the message's key.

    `changed` tells the address whose progress changed.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._now_s = now_s
        self._downloads: dict[str, float] = {}
        self._paces: dict[str, Pace] = {}

    def download(self, url: str) -> float | None:
        """How far the download of a file is, 0 to 1; None where none runs."""
        return self._downloads.get(url)

    def set_download(self, url: str, progress: float | None) -> None:
        """Note how far a download has come; None when it has ended."""
        if progress is None:
            self._downloads.pop(url, None)
        else:
            self._downloads[url] = progress
        self.changed.emit(url)

    def seconds_left(self, key: str, progress: float) -> float | None:
        """How long the upload of a message still takes at its pace so far; None before there is one, and at the end."""
        if progress >= 1:
            self._paces.pop(key, None)
            return None
        now = self._now_s()
        pace = self._paces.get(key)
        if pace is None or progress < pace.start:
            self._paces[key] = Pace(now, progress)
            return None
        took, done = now - pace.since_s, progress - pace.start
        return took / done * (1 - progress) if took >= MEASURE_S and done > 0 else None
