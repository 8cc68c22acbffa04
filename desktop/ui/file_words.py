"""Files in words: their size, how far a transfer has come, and the letters on a file's square."""

from __future__ import annotations

import re

KB = 1000
MB = 1000 * KB
GB = 1000 * MB
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,4})$")


def size_words(size: int) -> str:
    """Bytes as people read them, in decimal units like the limits: "812 B", "48 KB", "5.0 MB"."""
    for unit, word in ((GB, "GB"), (MB, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {word}"
    return f"{max(1, round(size / KB))} KB" if size >= KB else f"{size} B"


def progress_words(size: int, progress: float, seconds_left: float | None) -> str:
    """How far a transfer has come: "3.1 of 5.0 MB · 4 s left"; without the time where no pace is known yet."""
    done, whole = size_words(round(size * progress)), size_words(size)
    number, unit = done.split(" ")
    words = f"{number} of {whole}" if whole.endswith(f" {unit}") else f"{done} of {whole}"
    return words if seconds_left is None else f"{words} · {_left(seconds_left)}"


def _left(seconds: float) -> str:
    """The time that is left, never below one second."""
    whole = max(1, round(seconds))
    return f"{whole} s left" if whole < 90 else f"{round(whole / 60)} min left"


def letters(name: str) -> str:
    """What stands on a file's square: its ending in capitals, or "FILE"."""
    found = _EXTENSION.search(name)
    return found.group(1).upper() if found else "FILE"
