"""All shortcuts in one list, with the way to choose other keys; the same as a settings page and as a sheet."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QEvent, QKeyCombination, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.core.search_words import folded
from desktop.ui import fonts
from desktop.ui.buttons import Button
from desktop.ui.dialog_rows import title_row
from desktop.ui.form import Outcome
from desktop.ui.plain_text import PlainLabel
from desktop.ui.scrolled import scrolled
from desktop.ui.shortcuts import ACTIONS, Action, Shortcuts, shown_keys

SIZE = QSize(520, 640)
_MODIFIERS = {Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}


class KeysButton(Button):
    """Shows the keys of an action. Clicked, it waits for others; Esc leaves them, Backspace takes them away."""

    chosen = Signal(object)
    """A QKeySequence, empty for none."""

    is_listening = False
    """Asked by Qt before the constructor has come so far."""

    def __init__(self, action: Action) -> None:
        super().__init__("", "quiet", self.listen)
        self._action = action
        self._keys: tuple[str, ...] = ()
        self.setEnabled(not action.fixed)
        self.setMinimumWidth(150)

    def show_keys(self, keys: tuple[str, ...]) -> None:
        """These are the keys now."""
        self._keys, self.is_listening = keys, False
        self.set_words(shown_keys(keys) or "None")
        self.setAccessibleName(f"{self._action.words}: {shown_keys(keys) or 'no keys'}")

    def listen(self) -> None:
        """Wait for keys."""
        self.is_listening = True
        self.set_words("Press keys…")
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """While keys are waited for they mean nothing else, Tab included."""
        if self.is_listening and event.type() is QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if self.is_listening and event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            self.keyPressEvent(event)
            return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever goes elsewhere leaves the keys as they are."""
        super().focusOutEvent(event)
        if self.is_listening:
            self.show_keys(self._keys)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the keys that are pressed."""
        if not self.is_listening:
            super().keyPressEvent(event)
            return
        key = Qt.Key(event.key())
        if key in _MODIFIERS or key is Qt.Key.Key_unknown:
            return
        self.show_keys(self._keys)
        if key is Qt.Key.Key_Backspace and not event.modifiers():
            self.chosen.emit(QKeySequence())
        elif key is not Qt.Key.Key_Escape:
            self.chosen.emit(QKeySequence(event.keyCombination()))


class ShortcutsPage(QWidget):
    """Owns the rows; what is chosen goes to the shortcuts at once, unless other keys are in the way."""

    def __init__(self, shortcuts: Shortcuts) -> None:
        super().__init__()
        self._shortcuts = shortcuts
        self.search = QLineEdit()
        self.outcome = Outcome()
        self.buttons: dict[str, KeysButton] = {}
        self._rows: dict[str, QWidget] = {}
        self._heads: dict[str, PlainLabel] = {}
        self._build()
        self._show()
        shortcuts.changed.connect(self._show)

    def choose(self, name: str, keys: QKeySequence) -> None:
        """Give an action these keys, if no other has them and they are none of writing."""
        rival = None if keys.isEmpty() else self._shortcuts.rival_of(name, keys)
        words = keys.toString(QKeySequence.SequenceFormat.NativeText)
        if rival is not None:
            self.outcome.say(f"{words} is taken by “{rival.words}”. Choose others, or change those first.")
        elif not keys.isEmpty() and _writes(keys):
            self.outcome.say(f"{words} alone is for writing. Add Ctrl or Alt.")
        else:
            self.outcome.say("")
            self._shortcuts.choose(name, keys)

    def _build(self) -> None:
        """Search, rows by group, and the way back to the beginning."""
        self.search.setPlaceholderText("Search shortcuts")
        self.search.setAccessibleName("Search shortcuts")
        self.search.textChanged.connect(self._filter)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(24, 4, 24, 16)
        rows.setSpacing(6)
        rows.addWidget(self.search)
        rows.addWidget(self.outcome)
        listed = sorted(ACTIONS, key=lambda action: _group_place(action.group))
        for group, actions in groupby(listed, key=lambda action: action.group):
            self._heads[group] = PlainLabel(group, size_px=fonts.META_PX, weight=600, ink="ink2")
            self._heads[group].setContentsMargins(0, 10, 0, 0)
            rows.addWidget(self._heads[group])
            for action in actions:
                self._rows[action.name] = self._row(action)
                rows.addWidget(self._rows[action.name])
        reset = Button("Reset all to the beginning", "link", self._shortcuts.reset)
        rows.addWidget(reset, alignment=Qt.AlignmentFlag.AlignLeft)
        rows.addStretch()

    def _row(self, action: Action) -> QWidget:
        """What it does, and its keys."""
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(PlainLabel(action.words, wrap=True), 1)
        button = self.buttons[action.name] = KeysButton(action)
        button.chosen.connect(lambda keys: self.choose(action.name, keys))
        row.addWidget(button)
        return whole

    def _show(self) -> None:
        """The keys as they are now."""
        for name, button in self.buttons.items():
            button.show_keys(self._shortcuts.keys_of(name))

    def _filter(self, query: str) -> None:
        """Only those with these words."""
        words = folded(query).split()
        groups: set[str] = set()
        for action in ACTIONS:
            text = folded(f"{action.words} {shown_keys(self._shortcuts.keys_of(action.name))}")
            fits = all(word in text for word in words)
            self._rows[action.name].setVisible(fits)
            if fits:
                groups.add(action.group)
        for group, head in self._heads.items():
            head.setVisible(group in groups)


class ShortcutsSheet(QDialog):
    """The list in a window of its own (Ctrl+/ and F1)."""

    def __init__(self, shortcuts: Shortcuts, parent: QWidget) -> None:
        super().__init__(parent)
        self.page = ShortcutsPage(shortcuts)
        self.setWindowTitle("Shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(340, 400)
        self.resize(SIZE)
        head = title_row(self, "Shortcuts")
        head.setContentsMargins(24, 0, 12, 0)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 14, 0, 0)
        rows.addLayout(head)
        rows.addWidget(scrolled(self.page), 1)
        self.page.search.setFocus()


def _group_place(group: str) -> int:
    """The groups in the order in which they first appear."""
    return list(dict.fromkeys(action.group for action in ACTIONS)).index(group)


def _writes(keys: QKeySequence) -> bool:
    """Whether the keys alone write something: only Ctrl, Alt or a function key make a shortcut."""
    first: QKeyCombination = keys[0]  # type: ignore[index]  # PySide has it, its stubs do not
    commands = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
    is_function = Qt.Key.Key_F1 <= first.key() <= Qt.Key.Key_F35
    return not is_function and not first.keyboardModifiers() & commands and first.key() is not Qt.Key.Key_Escape
