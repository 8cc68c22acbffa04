"""A virtual display of our own whose pixels are read as a file: so a first picture is seen without asking anybody."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

WIDTH, HEIGHT = 1280, 800
PAINTED_SHARE = 0.1
"""Of the looked-at bytes, so many have changed once a window is there; a pointer or a splash is less."""
_LOOK_EVERY_S = 0.004
_ROWS_APART = 16
_BYTES_A_PIXEL = 4


def changed_share(before: bytes, now: bytes) -> float:
    """How much of two equally long pictures differs, 0 to 1. Raises ValueError where they are not of one length."""
    if len(before) != len(now):
        raise ValueError(f"pictures of {len(before)} and {len(now)} bytes")
    return sum(one != other for one, other in zip(before, now, strict=True)) / max(1, len(before))


class Display:
    """Owns one Xvfb and the file its picture lies in."""

    def __init__(self, folder: Path) -> None:
        """Start it with its picture in `folder`. Raises RuntimeError where there is none to start."""
        program = shutil.which("Xvfb")
        if program is None:
            raise RuntimeError("Xvfb, the virtual display, is not installed: sudo apt-get install xvfb")
        folder.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        size = ["-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-dpi", "96", "-fbdir", str(folder)]
        self._process = subprocess.Popen(
            [program, "-displayfd", str(writing), *size, "-nolisten", "tcp"],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            self.close()
            raise RuntimeError("Xvfb, the virtual display, did not start.")
        self.env = {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb", "XDG_SESSION_TYPE": "x11"}
        with (folder / "Xvfb_screen0").open("rb") as file:
            self._picture = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Switch it off."""
        self._picture.close()
        self.close()

    def close(self) -> None:
        """Switch it off."""
        self._process.terminate()
        self._process.wait()

    def look(self) -> bytes:
        """Some rows of the picture, evenly spread."""
        row = WIDTH * _BYTES_A_PIXEL
        head = len(self._picture) - row * HEIGHT
        starts = range(head, len(self._picture), row * _ROWS_APART)
        return b"".join(self._picture[start : start + row : _BYTES_A_PIXEL] for start in starts)

    def painted_s(self, begin: Callable[[], None], patience_s: float = 60.0) -> float:
        """Seconds from `begin` until a window has been painted. Raises TimeoutError."""
        before = self.look()
        begun = time.perf_counter()
        begin()
        while (passed := time.perf_counter() - begun) < patience_s:
            now = self.look()
            if now != before and changed_share(before, now) > PAINTED_SHARE:
                return passed
            time.sleep(_LOOK_EVERY_S)
        raise TimeoutError(f"nothing was painted within {patience_s:g} s")
