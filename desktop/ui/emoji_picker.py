"""The popover with every emoji: search, categories, and the ones used last."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QButtonGroup, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from desktop.cache.settings_file import SettingsFile
from desktop.ui import emoji_data, theme
from desktop.ui.emoji_data import Emoji
from desktop.ui.emoji_grid import EmojiGrid
from desktop.ui.plain_text import ElidedLabel, set_tool_tip
from protocol.text import isolate

RECENT = "Recently used"
RECENT_AT_MOST = 27
FIRST_TIME = ("👍", "❤️", "😂", "🎉", "🙏", "😮", "😢", "✅", "👀")
"""Shown as recent before anything was used."""
MARGIN = 8
_TAB = 34


class RecentEmoji:
    """Owns the order of the emoji used last; in the settings where there are any."""

    def __init__(self, settings: SettingsFile | None) -> None:
        self._settings = settings
        self._signs = settings.current.value.recent_emoji if settings is not None else ()

    def emoji(self) -> list[Emoji]:
        """The newest first; some that everybody uses, before there are any."""
        known = emoji_data.by_signs()
        return [known[signs] for signs in self._signs or FIRST_TIME if signs in known]

    def use(self, signs: str) -> None:
        """This one was used now."""
        rest = [one for one in self._signs or FIRST_TIME if one != signs]
        self._signs = (signs, *rest)[:RECENT_AT_MOST]
        if self._settings is not None:
            self._settings.change(recent_emoji=self._signs)


class EmojiPicker(QWidget):
    """Closes when one is picked, by Esc, or by a click elsewhere. With Shift it stays for the next one.

    It covers the whole window, unseen but for its panel, so that a click beside that closes it and does nothing else.
    A window of its own would need a grab, which not every desktop grants.
    """

    picked = Signal(str)

    def __init__(self, recent: RecentEmoji, ground: QWidget) -> None:
        super().__init__(ground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._recent = recent
        self._ground = ground
        self._before = QApplication.focusWidget()
        self.panel = QWidget(self)
        self.search = QLineEdit()
        self.grid = EmojiGrid()
        self._name = ElidedLabel(size_px=13, ink="ink2")
        self._tabs = QButtonGroup(self)
        self._headings = [RECENT, *emoji_data.categories()]
        self._build()
        self.search.textChanged.connect(self._show)
        self.grid.chosen.connect(self._pick)
        self.grid.moved.connect(self._say_name)
        self.grid.left_upwards.connect(self.search.setFocus)
        self.grid.verticalScrollBar().valueChanged.connect(self._mark_tab)
        theme.source().changed.connect(self._dress)
        self._dress()
        self._show()

    def _build(self) -> None:
        """Search, categories, grid, and the name of the one it stands on."""
        self.setAccessibleName("Emoji")
        self.search.setPlaceholderText("Search emoji")
        self.search.setAccessibleName("Search emoji by name")
        self.search.setClearButtonEnabled(True)
        tabs = QHBoxLayout()
        tabs.setSpacing(2)
        for number, heading in enumerate(self._headings):
            tab = self._tab(heading)
            self._tabs.addButton(tab, number)
            tabs.addWidget(tab)
        tabs.addStretch()
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(10, 10, 10, 8)
        column.setSpacing(6)
        column.addWidget(self.search)
        column.addLayout(tabs)
        column.addWidget(self.grid, 1)
        column.addWidget(self._name)

    def _dress(self) -> None:
        """The category in sight has a ground."""
        soft = theme.current().accent_soft.name()
        self.panel.setStyleSheet(f"QToolButton:checked {{ background: {soft}; }}")
        self.update()

    def _tab(self, heading: str) -> QToolButton:
        """A category by its first emoji."""
        tab = QToolButton()
        tab.setText("🕘" if heading == RECENT else emoji_data.categories()[heading][0].signs)
        tab.setFont(emoji_data.font(17))
        tab.setCheckable(True)
        tab.setFixedSize(_TAB, _TAB)
        tab.setAccessibleName(heading)
        set_tool_tip(tab, heading)
        tab.clicked.connect(lambda: self._go_to(heading))
        return tab

    def open_over(self, place: QRect) -> None:
        """Stand above this place of the window (the button that asked), or below where there is no room."""
        self.setGeometry(self._ground.rect())
        self.panel.resize(self.panel.sizeHint().boundedTo(self.size() - QSize(16, 16)))
        width, height = self.panel.width(), self.panel.height()
        top = place.top() - height - 6
        if top < MARGIN:
            top = min(place.bottom() + 6, self.height() - height - MARGIN)
        left = min(max(place.right() - width, MARGIN), self.width() - width - MARGIN)
        self.panel.move(left, max(MARGIN, top))
        self._ground.installEventFilter(self)
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Where the window changes its size, the place is another one."""
        if event.type() is QEvent.Type.Resize:
            self.close()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the panel closes."""
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The keyboard goes back where it was."""
        if self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        super().closeEvent(event)

    def _show(self) -> None:
        """What the search finds, else everything."""
        query = self.search.text().strip()
        if query:
            self.grid.show_sections({"": emoji_data.search(query)})
        else:
            self.grid.show_sections({RECENT: self._recent.emoji(), **emoji_data.categories()})
        self._mark_tab()

    def _go_to(self, heading: str) -> None:
        """To a category."""
        self.search.clear()
        self.grid.show_heading(heading)
        self.grid.setFocus()

    def _mark_tab(self) -> None:
        """The category in sight is marked."""
        heading = self.grid.heading_in_sight()
        if heading in self._headings:
            self._tabs.button(self._headings.index(heading)).setChecked(True)

    def _say_name(self) -> None:
        """The name of the one it stands on, and how it is typed."""
        now = self.grid.current()
        nothing = "No emoji is called so. Try another word."
        self._name.setText(nothing if now is None else f"{isolate(now.name)}   {isolate(f':{now.short_names[0]}:')}")

    def focusNextPrevChild(self, next_: bool) -> bool:
        """The Tab key stays among the picker's own parts: what lies below is out of reach for the mouse, too."""
        parts: list[QWidget] = [self.search, *self._tabs.buttons(), self.grid]
        here = next((place for place, part in enumerate(parts) if part.hasFocus()), 0)
        parts[(here + (1 if next_ else -1)) % len(parts)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From the search, Down goes to the grid and Enter takes the first; letters typed in the grid are searched."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key == Qt.Key.Key_Down and self.search.hasFocus():
            self.grid.setFocus(Qt.FocusReason.TabFocusReason)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.grid.take(stays=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif event.text().isprintable() and event.text() and self.grid.hasFocus():
            self.search.setFocus()
            self.search.insert(event.text())
        else:
            super().keyPressEvent(event)

    def _pick(self, signs: str, stays: bool) -> None:
        """It is taken."""
        self._recent.use(signs)
        self.picked.emit(signs)
        if not stays:
            self.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.current().line)
        painter.setBrush(theme.current().panel)
        painter.drawRoundedRect(self.panel.geometry().adjusted(0, 0, -1, -1), 12, 12)
        painter.end()
