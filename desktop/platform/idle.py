"""Since when nobody has touched this computer, as each system tells it: `core.ports.Idle` in five ways.

Where no system tells, the app goes by its own windows: nobody is there while another app has the focus.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import time
from collections.abc import Callable
from ctypes import POINTER, Structure, byref, c_double, c_int, c_uint, c_uint32, c_ulong, c_void_p
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop.core.ports import Idle

log = logging.getLogger(__name__)

_COMBINED_STATE, _ANY_EVENT = 0, 0xFFFFFFFF
_TICKS = 1 << 32
_WITHIN_S = 0.5


def idle_of_system(app: QGuiApplication) -> Idle:
    """The best way that this system has."""
    for way in _ways():
        try:
            found = way()
            if found.seconds() is not None:
                return found
        except (OSError, AttributeError, ImportError) as error:
            log.info("no idle time from %s: %s", way.__name__, error)
    return FocusIdle(app)


def _ways() -> list[Callable[[], Idle]]:
    """This system's, the best first."""
    if sys.platform == "win32":
        return [WindowsIdle]
    if sys.platform == "darwin":
        return [MacIdle]
    return [MutterIdle, *([ScreenSaverIdle] if os.environ.get("DISPLAY") else [])]


class FocusIdle:
    """By the focus: since when none of this app's windows has it."""

    def __init__(self, app: QGuiApplication, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._left_s: float | None = None
        app.applicationStateChanged.connect(self._follow)
        self._follow(app.applicationState())

    def seconds(self) -> float:
        """0 while somebody looks."""
        return 0.0 if self._left_s is None else self._now_s() - self._left_s

    def _follow(self, state: Qt.ApplicationState) -> None:
        """The focus came or went."""
        if state is Qt.ApplicationState.ApplicationActive:
            self._left_s = None
        elif self._left_s is None:
            self._left_s = self._now_s()


class MutterIdle:
    """By GNOME's compositor, on the session's bus. Raises OSError where there is none."""

    def __init__(self, bus: str = "SESSION") -> None:
        from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415 - on Linux alone

        try:
            self._connection = open_dbus_connection(bus)
        except Exception as error:
            raise OSError(f"no bus: {error}") from error
        if self.seconds() is None:
            self.close()
            raise OSError("nobody on the bus counts")

    def seconds(self) -> float | None:
        """What it answers; None where nobody does."""
        from jeepney import DBusAddress, MessageType, new_method_call  # noqa: PLC0415 - on Linux alone

        name = "org.gnome.Mutter.IdleMonitor"
        monitor = DBusAddress("/org/gnome/Mutter/IdleMonitor/Core", name, name)
        try:
            reply = self._connection.send_and_get_reply(new_method_call(monitor, "GetIdletime"), timeout=_WITHIN_S)
        except (OSError, EOFError):
            return None
        if reply.header.message_type is not MessageType.method_return:
            return None
        idle_ms: int = reply.body[0]
        return idle_ms / 1000

    def close(self) -> None:
        """Leave the bus."""
        self._connection.close()


class _ScreenSaverInfo(Structure):
    """XScreenSaverInfo of X11/extensions/scrnsaver.h; times in milliseconds."""

    _fields_ = (
        ("window", c_ulong),
        ("state", c_int),
        ("kind", c_int),
        ("til_or_since", c_ulong),
        ("idle", c_ulong),
        ("event_mask", c_ulong),
    )


class ScreenSaverIdle:
    """By the X server's screen saver extension. Raises OSError where it, or the server, is not there."""

    def __init__(self) -> None:
        self._x11, self._saver = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXss.so.1")
        self._x11.XOpenDisplay.restype = c_void_p
        self._x11.XCloseDisplay.argtypes = [c_void_p]
        self._x11.XDefaultRootWindow.argtypes, self._x11.XDefaultRootWindow.restype = [c_void_p], c_ulong
        self._saver.XScreenSaverQueryInfo.argtypes = [c_void_p, c_ulong, POINTER(_ScreenSaverInfo)]
        self._display = self._x11.XOpenDisplay(None)
        if not self._display:
            raise OSError("no X server answers")

    def seconds(self) -> float | None:
        """What the server counts."""
        info = _ScreenSaverInfo()
        root = self._x11.XDefaultRootWindow(self._display)
        known: int = self._saver.XScreenSaverQueryInfo(self._display, root, byref(info))
        idle_ms: int = info.idle
        return idle_ms / 1000 if known else None

    def close(self) -> None:
        """Leave the server."""
        self._x11.XCloseDisplay(self._display)


class _LastInput(Structure):
    """LASTINPUTINFO of winuser.h."""

    _fields_ = (("size", c_uint), ("at_ms", c_uint32))


class WindowsIdle:
    """By GetLastInputInfo; `libraries` is ctypes.windll."""

    def __init__(self, libraries: Any = None) -> None:  # noqa: ANN401 - ctypes.windll exists on Windows alone
        self._libraries = libraries or ctypes.windll  # type: ignore[attr-defined]

    def seconds(self) -> float | None:
        """Ticks since the last input; they begin anew after 49 days."""
        last = _LastInput(ctypes.sizeof(_LastInput))
        if not self._libraries.user32.GetLastInputInfo(byref(last)):
            return None
        passed_ms: int = (self._libraries.kernel32.GetTickCount() - last.at_ms) % _TICKS
        return passed_ms / 1000


class MacIdle:
    """By CGEventSourceSecondsSinceLastEventType; `library` is ApplicationServices."""

    def __init__(self, library: Any = None) -> None:  # noqa: ANN401 - a library's functions are found at run time
        path = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"
        found = library or ctypes.CDLL(path)
        self._asked = found.CGEventSourceSecondsSinceLastEventType
        self._asked.argtypes, self._asked.restype = [c_int, c_uint32], c_double

    def seconds(self) -> float:
        """Since any input, of hands or of programs."""
        return float(self._asked(_COMBINED_STATE, _ANY_EVENT))
