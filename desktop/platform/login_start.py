"""Starting Hearth, minimised, when its user logs in: one interface, and each system's own way behind it."""

from __future__ import annotations

import os
import plistlib
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Protocol

MINIMISED = "--minimised"
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
_AGENT = "org.hearth.Hearth"


class LoginStart(Protocol):
    """Whether Hearth starts at log-in. Both raise OSError where the system refuses."""

    def is_on(self) -> bool:
        """Whether it does."""

    def set(self, *, on: bool) -> None:
        """Let it, or no longer."""


def own_command() -> list[str]:
    """How this Hearth is started."""
    if os.environ.get("APPIMAGE"):
        return [os.environ["APPIMAGE"]]
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "desktop"]


def login_start() -> LoginStart | None:
    """This system's way; None where none is known."""
    command = [*own_command(), MINIMISED]
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - exists there alone

        return RunKey(winreg, command)
    if sys.platform == "darwin":
        return LaunchAgent(Path.home() / "Library" / "LaunchAgents", command)
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Autostart(Path(config) / "autostart", command)


class Autostart:
    """A desktop entry in the autostart folder (XDG Desktop Application Autostart 0.5)."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self._file = folder / "hearth.desktop"
        self._command = command

    def is_on(self) -> bool:
        """Whether the entry is there."""
        return self._file.exists()

    def set(self, *, on: bool) -> None:
        """Write it or remove it."""
        if not on:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        entry = ("[Desktop Entry]", "Type=Application", "Name=Hearth", "Icon=hearth", f"Exec={_exec(self._command)}")
        self._file.write_text("\n".join(entry) + "\n", encoding="utf-8")


class RunKey:
    """A value under the user's Run key of the Windows registry; `registry` is the module winreg."""

    def __init__(self, registry: ModuleType, command: list[str]) -> None:
        self._registry = registry
        self._command = command

    def is_on(self) -> bool:
        """Whether the value is there."""
        registry = self._registry
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, _RUN) as key:
                registry.QueryValueEx(key, "Hearth")
        except FileNotFoundError:
            return False
        return True

    def set(self, *, on: bool) -> None:
        """Write it or remove it."""
        registry = self._registry
        with registry.CreateKey(registry.HKEY_CURRENT_USER, _RUN) as key:
            if on:
                words = subprocess.list2cmdline(self._command)
                registry.SetValueEx(key, "Hearth", 0, registry.REG_SZ, words)
            elif self.is_on():
                registry.DeleteValue(key, "Hearth")


class LaunchAgent:
    """A property list of launchd, in the user's folder of agents."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self._file = folder / f"{_AGENT}.plist"
        self._command = command

    def is_on(self) -> bool:
        """Whether the list is there."""
        return self._file.exists()

    def set(self, *, on: bool) -> None:
        """Write it or remove it."""
        if not on:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        agent = {"Label": _AGENT, "ProgramArguments": self._command, "RunAtLoad": True}
        self._file.write_bytes(plistlib.dumps(agent))


def _exec(command: list[str]) -> str:
    """A command as desktop entries quote it: a percent sign would be a field of theirs."""
    return shlex.join(command).replace("'", '"').replace("%", "%%")
