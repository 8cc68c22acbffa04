"""The settings' page about being told: what a notification shows, when none is shown, and what closing means."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from desktop.cache.settings_file import NoticesShow, OnClose, Settings, SettingsFile
from desktop.core.moments import HOUR_MS, MINUTE_MS, system_clock
from desktop.core.ports import Clock
from desktop.platform.login_start import LoginStart, login_start
from desktop.ui import fonts
from desktop.ui.buttons import Button
from desktop.ui.check_box import CheckBox
from desktop.ui.choice_box import ChoiceBox
from desktop.ui.form import Outcome
from desktop.ui.plain_text import PlainLabel
from desktop.ui.tray import silent_words, until_tomorrow_ms

SHOWS: tuple[tuple[NoticesShow, str], ...] = (
    ("all", "Who writes, and what"),
    ("sender", "Who writes"),
    ("nothing", "Only that there is a message"),
)
CLOSES: tuple[tuple[OnClose, str], ...] = (
    ("stay", "Hearth keeps running, in the tray where there is one"),
    ("quit", "Hearth quits"),
)
STEP_MINUTES = 30
FIRST_QUIET, LAST_QUIET = 22 * 60, 7 * 60
T = TypeVar("T", NoticesShow, OnClose)


class NoticesPage(QWidget):
    """Each wish counts at once and is remembered."""

    def __init__(self, settings: SettingsFile, clock: Clock | None = None, starts: LoginStart | None = None) -> None:
        """`starts`: this system's way to start Hearth at log-in, if it has one."""
        super().__init__()
        self._starts = starts or login_start()
        self.starts = CheckBox("Start Hearth, out of the way, when I log in")
        self.trouble = Outcome()
        self._settings = settings
        self._clock = clock or system_clock()
        now = settings.current.value
        self.shown = CheckBox("Show notifications")
        self.sound = CheckBox("With a sound, once for several messages in a row")
        self.shows: dict[NoticesShow, QRadioButton] = {}
        self.closes: dict[OnClose, QRadioButton] = {}
        self.quiet = CheckBox("Quiet hours, every day")
        self.from_, self.to = _times("Quiet from"), _times("Quiet until")
        self.silence = PlainLabel(size_px=13, ink="ink2")
        self._off = Button("Turn off", "link", partial(self._silence, 0))
        self._build()
        self._fill(now)
        self._connect()
        self._unsubscribe = settings.current.subscribe(self._show)

    def detach(self) -> None:
        """Follow the settings no longer."""
        self._unsubscribe()

    def _build(self) -> None:
        """From the top down."""
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 8, 24, 24)
        column.setSpacing(6)
        for box in (self.shown, self.sound):
            column.addWidget(box)
        _title(column, "A notification shows")
        self._choices(column, SHOWS, self.shows, "notices_show")
        _title(column, "Do not disturb")
        column.addLayout(self._silence_row())
        column.addWidget(self.silence)
        column.addWidget(self.quiet)
        column.addLayout(self._quiet_row())
        _title(column, "When the window is closed")
        self._choices(column, CLOSES, self.closes, "on_close")
        if self._starts is not None:
            _title(column, "At log-in")
            column.addWidget(self.starts)
            column.addWidget(self.trouble)
        column.addStretch()

    def _choices(
        self, column: QVBoxLayout, choices: tuple[tuple[T, str], ...], buttons: dict[T, QRadioButton], name: str
    ) -> None:
        """One of several, below each other."""
        group = QButtonGroup(self)
        for choice, words in choices:
            button = buttons[choice] = QRadioButton(words)
            button.setFont(fonts.text())
            group.addButton(button)
            button.clicked.connect(partial(self._keep, name, choice))
            column.addWidget(button)

    def _silence_row(self) -> QHBoxLayout:
        """How long from now."""
        row = QHBoxLayout()
        row.setSpacing(6)
        now_ms = self._clock.now_ms
        row.addWidget(Button("30 minutes", does=lambda: self._silence(now_ms() + 30 * MINUTE_MS)))
        row.addWidget(Button("1 hour", does=lambda: self._silence(now_ms() + HOUR_MS)))
        row.addWidget(Button("Until tomorrow", does=lambda: self._silence(until_tomorrow_ms(self._clock))))
        row.addWidget(self._off)
        row.addStretch()
        return row

    def _quiet_row(self) -> QHBoxLayout:
        """From when to when."""
        row = QHBoxLayout()
        row.setSpacing(6)
        row.setContentsMargins(26, 0, 0, 0)
        for part in (PlainLabel("from"), self.from_, PlainLabel("until"), self.to):
            row.addWidget(part)
        row.addStretch()
        return row

    def _connect(self) -> None:
        """Every change is a wish."""
        self.shown.toggled.connect(partial(self._keep, "notices"))
        self.starts.toggled.connect(self._start_at_login)
        self.sound.toggled.connect(partial(self._keep, "notices_sound"))
        self.quiet.toggled.connect(self._keep_quiet_hours)
        for times in (self.from_, self.to):
            times.activated.connect(self._keep_quiet_hours)

    def _fill(self, now: Settings) -> None:
        """Begin with what is remembered."""
        self.shown.setChecked(now.notices)
        self.starts.setChecked(self._starts is not None and self._starts.is_on())
        self.sound.setChecked(now.notices_sound)
        self.quiet.setChecked(now.quiet_from is not None)
        for times, minute, usual in ((self.from_, now.quiet_from, FIRST_QUIET), (self.to, now.quiet_to, LAST_QUIET)):
            times.setCurrentIndex((usual if minute is None else minute) // STEP_MINUTES)
        self._show(now)

    def _show(self, now: Settings) -> None:
        """What may change from elsewhere, and what depends on what."""
        self.shows[now.notices_show].setChecked(True)
        if now.on_close != "ask":
            self.closes[now.on_close].setChecked(True)
        for part in (self.sound, *self.shows.values()):
            part.setEnabled(now.notices)
        for times in (self.from_, self.to):
            times.setEnabled(now.quiet_from is not None)
        silent = silent_words(now.silent_until_ms, self._clock)
        self.silence.setText(f"Nothing is shown {silent}." if silent else "Notifications are shown as they come.")
        self._off.setVisible(bool(silent))

    def _keep(self, name: str, value: object, _checked: object = None) -> None:
        """Remember one wish."""
        self._settings.change(**{name: value})

    def _start_at_login(self, on: bool) -> None:
        """Tell the system; where it refuses, say so and show how it is."""
        if self._starts is None:
            return
        try:
            self._starts.set(on=on)
        except OSError as error:
            self.trouble.say(f"The system does not let Hearth change this: {error.strerror or error}")
            with QSignalBlocker(self.starts):
                self.starts.setChecked(self._starts.is_on())
        else:
            self.trouble.say("")

    def _silence(self, until_ms: int) -> None:
        """Keep quiet until then."""
        self._settings.change(silent_until_ms=until_ms)

    def _keep_quiet_hours(self, _changed: object = None) -> None:
        """Remember from when to when, or that there are none."""
        on = self.quiet.isChecked()
        from_, to = (times.currentIndex() * STEP_MINUTES for times in (self.from_, self.to))
        self._settings.change(quiet_from=from_ if on else None, quiet_to=to if on else None)


def _title(column: QVBoxLayout, words: str) -> None:
    """Begin a part of the page."""
    column.addSpacing(12)
    column.addWidget(PlainLabel(words, size_px=15, weight=600))


def _times(name: str) -> ChoiceBox:
    """The times of a day in half hours."""
    box = ChoiceBox(name)
    box.addItems([f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 24 * 60, STEP_MINUTES)])
    return box
