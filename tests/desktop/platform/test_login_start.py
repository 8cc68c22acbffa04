"""Starting at log-in: the file, key or list that each system reads, written and removed."""

from __future__ import annotations

import plistlib
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest

from desktop.platform import login_start
from desktop.platform.login_start import Autostart, LaunchAgent, LoginStart, RunKey

COMMAND = ["/opt/My Apps/hearth", "--minimised"]


class Registry(ModuleType):
    """As much of winreg as is used: one key with values."""

    HKEY_CURRENT_USER, REG_SZ = 1, 1

    def __init__(self) -> None:
        super().__init__("winreg")
        self.values: dict[str, str] = {}

    def OpenKey(self, root: int, path: str) -> Registry:
        assert path.endswith(r"CurrentVersion\Run")
        return self

    CreateKey = OpenKey

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def QueryValueEx(self, key: Any, name: str) -> str:
        if name not in self.values:
            raise FileNotFoundError(name)
        return self.values[name]

    def SetValueEx(self, key: Any, name: str, reserved: int, kind: int, words: str) -> None:
        self.values[name] = words

    def DeleteValue(self, key: Any, name: str) -> None:
        del self.values[name]


def goes_on_and_off(start: LoginStart) -> None:
    """Off at first; either twice is once."""
    assert not start.is_on()
    for on in (False, True, True, False, False, True):
        start.set(on=on)
        assert start.is_on() is on


def test_linux_has_an_entry(tmp_path: Path) -> None:
    goes_on_and_off(Autostart(tmp_path / "autostart", COMMAND))
    entry = (tmp_path / "autostart" / "hearth.desktop").read_text(encoding="utf-8").splitlines()
    assert entry[:2] == ["[Desktop Entry]", "Type=Application"]
    assert entry[-1] == 'Exec="/opt/My Apps/hearth" --minimised'


def test_windows_has_a_value(tmp_path: Path) -> None:
    registry = Registry()
    goes_on_and_off(RunKey(registry, COMMAND))
    assert registry.values == {"Hearth": '"/opt/My Apps/hearth" --minimised'}


def test_macos_has_an_agent(tmp_path: Path) -> None:
    goes_on_and_off(LaunchAgent(tmp_path, COMMAND))
    agent = plistlib.loads((tmp_path / "org.hearth.Hearth.plist").read_bytes())
    assert agent == {"Label": "org.hearth.Hearth", "ProgramArguments": COMMAND, "RunAtLoad": True}


def test_this_system_starts_this_hearth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPIMAGE", "/opt/Hearth.AppImage")
    monkeypatch.setattr("sys.platform", "linux")
    start = login_start.login_start()
    assert start is not None
    start.set(on=True)
    assert "Exec=/opt/Hearth.AppImage --minimised" in (tmp_path / "autostart" / "hearth.desktop").read_text()
