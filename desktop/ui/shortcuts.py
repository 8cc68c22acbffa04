"""Every shortcut of the window in one place: what it does in words, its keys, and those the person chose instead."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop.cache.settings_file import SettingsFile


@dataclass(frozen=True, slots=True)
class Action:
    """Something the keyboard does. `fixed`: the keys belong to a part of the window and cannot be chosen."""

    name: str
    words: str
    group: str
    keys: tuple[str, ...]
    fixed: bool = False


_GO, _READ, _WRITE, _APP = "Go to", "Reading", "Writing", "Hearth"

ACTIONS: tuple[Action, ...] = (
    Action("switch", "Switch to a person or conversation", _GO, ("Ctrl+K",)),
    Action("search", "Search everything", _GO, ("Ctrl+Shift+F",)),
    Action("find", "Search in the conversation", _GO, ("Ctrl+F",)),
    Action("previous", "Previous conversation", _GO, ("Alt+Up", "Ctrl+PgUp")),
    Action("next", "Next conversation", _GO, ("Alt+Down", "Ctrl+PgDown")),
    Action("previous_unread", "Previous unread conversation", _GO, ("Alt+Shift+Up",)),
    Action("next_unread", "Next unread conversation", _GO, ("Alt+Shift+Down",)),
    Action("recent", "Conversation before this one", _GO, ("Ctrl+Tab",)),
    Action("recent_back", "The other way round", _GO, ("Ctrl+Shift+Tab",)),
    Action("back", "Back in visited conversations", _GO, ("Alt+Left",)),
    Action("forward", "Forward in visited conversations", _GO, ("Alt+Right",)),
    Action("region", "Next part of the window", _GO, ("F6",)),
    Action("region_back", "Previous part of the window", _GO, ("Shift+F6",)),
    Action("first_unread", "First unread message", _READ, ("Shift+PgUp",)),
    Action("latest", "Latest message", _READ, ("Ctrl+End",)),
    Action("read", "Mark as read, or leave what is open", _READ, ("Esc",), fixed=True),
    Action("read_all", "Mark everything as read", _READ, ("Shift+Esc",)),
    Action("info", "Members, pins and files", _READ, ("Ctrl+.",)),
    Action("mute", "Mute, or no longer", _READ, ("Ctrl+Shift+M",)),
    Action("edit_last", "Edit the last message", _WRITE, ("Up",), fixed=True),
    Action("reply", "Answer the previous or next message", _WRITE, ("Ctrl+Up", "Ctrl+Down"), fixed=True),
    Action("new_line", "New line", _WRITE, ("Shift+Return",), fixed=True),
    Action("bold", "Bold", _WRITE, ("Ctrl+B",), fixed=True),
    Action("italic", "Italic", _WRITE, ("Ctrl+I",), fixed=True),
    Action("code", "Code", _WRITE, ("Ctrl+E",), fixed=True),
    Action("link", "Link", _WRITE, ("Ctrl+Shift+L",), fixed=True),
    Action("paste_plain", "Paste without marks", _WRITE, ("Ctrl+Shift+V",), fixed=True),
    Action("emoji", "Emoji", _WRITE, ("Ctrl+Shift+Space",), fixed=True),
    Action("react", "React to the last message", _WRITE, ("Ctrl+Shift+E",), fixed=True),
    Action("capture", "Send a part of the screen", _WRITE, ("Ctrl+Shift+S",), fixed=True),
    Action("attach", "Attach files", _WRITE, ("Ctrl+U", "Ctrl+O"), fixed=True),
    Action("new", "New conversation", _APP, ("Ctrl+N",)),
    Action("outbox", "Outbox", _APP, ("Ctrl+Shift+O",)),
    Action("settings", "Settings", _APP, ("Ctrl+,",)),
    Action("shortcuts", "Shortcuts", _APP, ("Ctrl+/", "F1")),
    Action("close", "Close the conversation, then the window", _APP, ("Ctrl+W",)),
    Action("quit", "Quit", _APP, ("Ctrl+Q",)),
    *(Action(f"nth_{n}", f"Conversation {n} of the list", _GO, (f"Ctrl+{n}",)) for n in range(1, 10)),
)
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}

_X11_FIRST = 0
_ROWS = ((10, "1234567890"), (24, "QWERTYUIOP"), (38, "ASDFGHJKL"), (52, "ZXCVBNM,./"))
"""Where the keys of a Latin keyboard lie by the scan codes of X11 and Wayland (evdev's and 8)."""
_SCAN_CODES = {first + at: sign for first, signs in _ROWS for at, sign in enumerate(signs)}
_MAC_KEYS = dict(zip((0, 11, 8, 2, 14, 3, 5, 4, 34, 38, 40, 37, 46, 45, 31, 35, 12, 15, 1, 17, 32, 9, 13, 7, 16, 6),
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=True))  # fmt: skip
"""Carbon's virtual key codes of the letters (HIToolbox/Events.h)."""
_LATIN = 0x7F


def latin_key(event: QKeyEvent, platform: str = sys.platform) -> Qt.Key | None:
    """The key that a Latin keyboard has in this place, where the layout shown writes in other letters."""
    if not _LATIN < event.key() < Qt.Key.Key_Escape:
        return None
    virtual = event.nativeVirtualKey()
    if platform == "win32":
        sign = chr(virtual) if virtual in range(0x30, 0x5B) else None
    elif platform == "darwin":
        sign = _MAC_KEYS.get(virtual)
    else:
        sign = _SCAN_CODES.get(event.nativeScanCode())
    return None if sign is None else Qt.Key(ord(sign))


class Shortcuts(QObject):
    """Binds actions to a window. Owns their keys: the defaults, or what the settings say instead."""

    changed = Signal()

    def __init__(self, window: QWidget, settings: SettingsFile) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._does: dict[str, Callable[[], object]] = {}
        self._bound: dict[str, list[QShortcut]] = {}

    def bind(self, does: Mapping[str, Callable[[], object]]) -> None:
        """What the actions do; those that are not named have no keys here."""
        self._does = dict(does)
        for name in self._does:
            self._put(name)

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The keys of an action now; none where the person wants none."""
        chosen = self._settings.current.value.shortcuts.get(name)
        if chosen is None or BY_NAME[name].fixed:
            return BY_NAME[name].keys
        return (chosen,) if chosen else ()

    def rival_of(self, name: str, keys: QKeySequence) -> Action | None:
        """The other action that has these keys already."""
        for action in ACTIONS:
            if action.name != name and keys in map(QKeySequence, self.keys_of(action.name)):
                return action
        return None

    def choose(self, name: str, keys: QKeySequence | None) -> None:
        """Give an action other keys, none (an empty sequence), or its own again (None)."""
        chosen = dict(self._settings.current.value.shortcuts)
        chosen.pop(name, None)
        if keys is not None:
            chosen[name] = keys.toString(QKeySequence.SequenceFormat.PortableText)
        self._settings.change(shortcuts=chosen)
        self._put(name)
        self.changed.emit()

    def reset(self) -> None:
        """Every action has its own keys again."""
        self._settings.change(shortcuts={})
        for name in self._does:
            self._put(name)
        self.changed.emit()

    def press(self, event: QKeyEvent) -> bool:
        """Do what the key in this place means on a Latin keyboard; tells whether it means anything."""
        modifiers = event.modifiers()
        key = (
            latin_key(event)
            if modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
            else None
        )
        if key is None:
            return False
        pressed = QKeySequence(QKeyCombination(modifiers, key))
        for name, does in self._does.items():
            if pressed in map(QKeySequence, self.keys_of(name)):
                does()
                return True
        return False

    def _put(self, name: str) -> None:
        """Listen for an action's keys, and for no earlier ones."""
        does = self._does.get(name)
        if does is None:
            return
        for shortcut in self._bound.pop(name, ()):
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._bound[name] = [self._listening(keys, does) for keys in self.keys_of(name)]

    def _listening(self, keys: str, does: Callable[[], object]) -> QShortcut:
        """One shortcut."""
        shortcut = QShortcut(QKeySequence(keys), self._window)
        shortcut.activated.connect(lambda: does() and None)
        return shortcut


def shown_keys(keys: Sequence[str]) -> str:
    """Keys as they are written on this system's keyboards."""
    return "  or  ".join(QKeySequence(one).toString(QKeySequence.SequenceFormat.NativeText) for one in keys)
