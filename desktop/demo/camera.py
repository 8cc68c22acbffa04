"""A virtual display where there is no real one, and pictures of what stands on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from desktop.demo.processes import DemoError
from desktop.demo.profiles import Place

SIZE = (2480, 780)
"""Two windows of the design's size side by side, in pixels."""


class VirtualDisplay:
    """An Xvfb of our own on a number that was free. This process and its children draw there until it is closed."""

    def __init__(self) -> None:
        """Start it. Raises DemoError where there is none to start."""
        program = shutil.which("Xvfb")
        if program is None:
            raise DemoError("Xvfb, the virtual display, is not installed: sudo apt-get install xvfb, or make demo.")
        reading, writing = os.pipe()
        screen = f"{SIZE[0]}x{SIZE[1]}x24"
        command = [program, "-displayfd", str(writing), "-screen", "0", screen, "-nolisten", "tcp", "-dpi", "96"]
        self._process = subprocess.Popen(  # noqa: S603 - a program found on PATH with our own arguments
            command, pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            self.close()
            raise DemoError("Xvfb, the virtual display, did not start.")
        os.environ.update(DISPLAY=f":{number}", QT_QPA_PLATFORM="xcb")
        os.environ.pop("WAYLAND_DISPLAY", None)

    def close(self) -> None:
        """Switch it off."""
        self._process.terminate()
        self._process.wait()


class Keyboard:
    """Presses keys in what stands on the display, where xdotool is installed."""

    def __init__(self) -> None:
        """Find it. Raises DemoError where it is not installed."""
        program = shutil.which("xdotool")
        if program is None:
            raise DemoError("xdotool, which presses keys, is not installed: sudo apt-get install xdotool.")
        self._program = program

    def go_to(self, place: Place) -> None:
        """Click where a window at a place has its composer, so that the keys go there."""
        left, top, width, height = place
        self._do("mousemove", str(left + width // 2), str(top + height - 32), "click", "1")

    def press(self, keys: str) -> None:
        """One combination, such as ctrl+k."""
        self._do("key", keys)

    def write(self, text: str) -> None:
        """A text, as somebody would type it."""
        self._do("type", "--delay", "40", text)

    def _do(self, *arguments: str) -> None:
        """One command. Raises DemoError where it does not work."""
        done = subprocess.run(  # noqa: S603 - a program found on PATH with our own arguments
            [self._program, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DemoError(f"xdotool could not do {arguments[0]}: {done.stderr.strip()}")


class Camera:
    """Takes pictures of the real pixels of the screen. Owns this process's connection to the display."""

    def __init__(self) -> None:
        self._app = QGuiApplication(["hearth-demo"])

    def places(self) -> tuple[Place, Place]:
        """Two places side by side on the first screen, each at most as large as the design's window."""
        free = QGuiApplication.primaryScreen().availableGeometry()
        width, height = min(1240, free.width() // 2), min(780, free.height())
        top = free.top() + (free.height() - height) // 2
        left = free.left() + (free.width() - 2 * width) // 2
        return (left, top, width, height), (left + width, top, width, height)

    def take(self, place: Place, target: Path) -> Path:
        """A picture of a part of the screen as PNG. Raises DemoError where it cannot be written."""
        picture = QGuiApplication.primaryScreen().grabWindow(0, *place)
        if picture.isNull() or not picture.save(str(target), "PNG"):
            raise DemoError(f"No picture could be written to {target}.")
        return target

    def close(self) -> None:
        """Leave the display."""
        self._app.shutdown()
