"""Since when nobody is there: by a compositor on a private bus, by the systems' functions, and by the focus."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from ctypes import POINTER, Structure, c_uint, c_uint32, cast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jeepney import HeaderFields, MessageType, message_bus, new_method_return
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.platform.idle import FocusIdle, MacIdle, MutterIdle, ScreenSaverIdle, WindowsIdle, idle_of_system
from tests.desktop.platform.fake_notifications import private_bus


def answer(compositor: DBusConnection, times: int) -> None:
    """Be a compositor for so many questions."""
    for _question in range(times):
        while (call := compositor.receive()).header.message_type is not MessageType.method_call:
            pass
        assert call.header.fields[HeaderFields.member] == "GetIdletime"
        compositor.send(new_method_return(call, "t", (90_500,)))


def test_the_compositor_is_asked(tmp_path: Path) -> None:
    with private_bus(tmp_path) as bus:
        with pytest.raises(OSError, match="nobody"):
            MutterIdle(bus)
        with open_dbus_connection(bus) as compositor:
            Proxy(message_bus, compositor).RequestName("org.gnome.Mutter.IdleMonitor")
            answering = threading.Thread(target=answer, args=(compositor, 2))
            answering.start()
            monitor = MutterIdle(bus)
            assert monitor.seconds() == 90.5
            answering.join()
        assert monitor.seconds() is None
    assert monitor.seconds() is None
    monitor.close()


def test_the_x_server_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    told, to_tell = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(to_tell)], pass_fds=[to_tell], stderr=subprocess.DEVNULL)
    os.close(to_tell)
    try:
        with os.fdopen(told) as displays:
            monkeypatch.setenv("DISPLAY", f":{displays.readline().strip()}")
        saver = ScreenSaverIdle()
        first_s = saver.seconds()
        time.sleep(0.1)
        assert first_s is not None
        assert first_s < (saver.seconds() or 0) < 60
        saver.close()
    finally:
        server.terminate()
        server.wait()


def test_windows_counts_ticks_over_their_end() -> None:
    class LastInput(Structure):
        """What Windows fills in."""

        _fields_ = (("size", c_uint), ("at_ms", c_uint32))

    def tell(info: Any) -> int:
        last = cast(info, POINTER(LastInput)).contents
        assert last.size == 8
        last.at_ms = (1 << 32) - 1_000
        return 1

    libraries = SimpleNamespace(
        user32=SimpleNamespace(GetLastInputInfo=tell), kernel32=SimpleNamespace(GetTickCount=lambda: 4_000)
    )
    assert WindowsIdle(libraries).seconds() == 5.0
    libraries.user32.GetLastInputInfo = lambda _info: 0
    assert WindowsIdle(libraries).seconds() is None


def test_macos_is_asked_for_any_input() -> None:
    asked: list[tuple[int, int]] = []

    def seconds(state: int, event: int) -> float:
        asked.append((state, event))
        return 12.5

    assert MacIdle(SimpleNamespace(CGEventSourceSecondsSinceLastEventType=seconds)).seconds() == 12.5
    assert asked == [(0, 0xFFFFFFFF)]


def test_elsewhere_the_focus_tells(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    focus = FocusIdle(qapp, lambda: now_s)
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert focus.seconds() == 0
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    now_s = 130.0
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationHidden)
    assert focus.seconds() == 30
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert focus.seconds() == 0
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert isinstance(idle_of_system(qapp), FocusIdle)
