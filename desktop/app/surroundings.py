"""What stands around the window: tray, notifications, the number on the app's icon, and what closing means."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from desktop.cache.settings_file import Settings, SettingsFile
from desktop.core.moments import system_clock
from desktop.core.notices import NoticeRules
from desktop.core.ports import Clock, Idle
from desktop.core.session import Session
from desktop.platform.notice_answers import NoticeAnswers
from desktop.platform.tray_notices import TrayNotices
from desktop.ui.main_window import MainWindow
from desktop.ui.plain_text import PlainMessageBox
from desktop.ui.tasks import Tasks
from desktop.ui.tray import Tray

if TYPE_CHECKING:
    from desktop.platform.bus_notices import BusNotices

log = logging.getLogger(__name__)

_IN_TRAY = (
    "Hearth can keep running in the tray.",
    "Messages still reach you there, and a click on the icon brings the window back.",
)
_NO_TRAY = (
    "This desktop shows no tray. Hearth can keep running with its window minimised.",
    "Messages still reach you then; the taskbar or Hearth's own icon brings the window back.",
)
_LATER = "You can change this under Settings, Notifications."


class Surroundings:
    """Owns the tray and follows one account's window at a time.

    A closed window goes into the tray, or is minimised where there is none, or the app ends: as the person has said
    when a window was closed for the first time.
    """

    def __init__(
        self,
        settings: SettingsFile,
        end: Callable[[], None],
        *,
        clock: Clock | None = None,
        tray: Tray | None = None,
        bus: str = "SESSION",
    ) -> None:
        """`end()` ends the app in order; `bus` as jeepney names it."""
        self._settings = settings
        self._end = end
        self._clock = clock or system_clock()
        self.tray = tray or Tray(self._clock)
        self._window: MainWindow | None = None
        self._session: Session | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._asking: PlainMessageBox | None = None
        self._bus = bus
        self._idle: Idle | None = None
        self._tasks = Tasks()
        self._answers = NoticeAnswers(self._open_noticed, self._read_noticed, self._reply)
        self._notices: BusNotices | TrayNotices | None = None
        self.tray.open_asked.connect(self.bring)
        self.tray.toggle_asked.connect(self.toggle)
        self.tray.quit_asked.connect(end)
        self.tray.silence_asked.connect(lambda until_ms: settings.change(silent_until_ms=until_ms))
        self._forget_settings = settings.current.subscribe(self._show_settings)

    def begin(self) -> None:
        """Be in the tray, and find who shows notifications; after the first picture, which waits for neither."""
        self.tray.appear()
        self._tasks.start(self._find_notices())
        self._find_idle()
        self._show_settings(self._settings.current.value)

    def attach(self, session: Session, window: MainWindow) -> None:
        """An account's window is shown."""
        self.detach()
        self._session, self._window = session, window
        window.stays = self._stays
        self._unsubscribe = [session.badge.subscribe(self._show_badge)]
        self._show_badge(session.badge.value)
        if self._notices is not None:
            session.notices.attach(self._notices)
        if self._idle is not None:
            session.watch_idle(self._idle)
        self._show_settings(self._settings.current.value)

    def detach(self) -> None:
        """It goes."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        if self._window is not None:
            self._window.stays = None
        self._window = self._session = None
        self._show_badge(0)

    async def close(self) -> None:
        """Leave tray and bus; the session is closed before, and has taken back its notifications."""
        self.detach()
        self._tasks.cancel()
        if self._notices is not None:
            await self._notices.close()
        self._forget_settings()
        self.tray.close()

    def bring(self) -> None:
        """Show the window, before all others."""
        window = self._window
        if window is None:
            return
        if window.isMinimized():
            window.showNormal()
        window.show()
        window.raise_()
        window.activateWindow()

    def put_away(self) -> None:
        """Let the window be out of the way, where there is one."""
        if self._window is not None:
            self._put_away(self._window)

    def toggle(self) -> None:
        """Put the window away where somebody looks at it, else bring it."""
        window = self._window
        if window is not None and window.isVisible() and window.isActiveWindow():
            self._put_away(window)
        else:
            self.bring()

    def _stays(self) -> bool:
        """The window is to be closed: whether the app goes on without it, or asks first."""
        window, wish = self._window, self._settings.current.value.on_close
        if window is None or wish == "quit" or _computer_ends():
            return False
        if wish == "stay":
            self._put_away(window)
        else:
            self._ask(window)
        return True

    def _put_away(self, window: MainWindow) -> None:
        """Into the tray, or as small as it gets."""
        if self.tray.appear():
            window.hide()
        else:
            window.showMinimized()

    def _ask(self, window: MainWindow) -> None:
        """Explain what can be, once, and do as is chosen from then on."""
        if self._asking is not None:
            self._asking.raise_()
            return
        words, more = _IN_TRAY if self.tray.appear() else _NO_TRAY
        box = self._asking = PlainMessageBox(window, "Close Hearth", words, f"{more} {_LATER}")
        stay = box.addButton("Keep running", QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton("Quit Hearth", QMessageBox.ButtonRole.DestructiveRole)
        back = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(back)
        stay.clicked.connect(lambda: self._decide("stay"))
        leave.clicked.connect(lambda: self._decide("quit"))
        box.finished.connect(self._asked)
        box.open()

    def _asked(self) -> None:
        """The question is gone."""
        self._asking = None

    def _decide(self, wish: str) -> None:
        """Remember it and do it."""
        self._settings.change(on_close=wish)
        if self._window is None:
            return
        if wish == "stay":
            self._put_away(self._window)
        else:
            self._window.quit()
            self._end()

    def _show_badge(self, unread: int) -> None:
        """The number of messages that are for oneself, where the desktop shows one, and the tray's dot."""
        _app().setBadgeNumber(unread)
        self.tray.show_unread(unread)

    def _show_settings(self, settings: Settings) -> None:
        """Tell tray and notices what is wished."""
        self.tray.show_silent(settings.silent_until_ms)
        if self._session is not None:
            self._session.notices.rules = NoticeRules(
                settings.notices,
                settings.notices_show,
                settings.silent_until_ms,
                settings.quiet_from,
                settings.quiet_to,
            )

    def _find_idle(self) -> None:
        """Who is away for a while is seen so."""
        from desktop.platform.idle import idle_of_system  # noqa: PLC0415 - after the first picture

        self._idle = idle_of_system(_app())
        if self._session is not None:
            self._session.watch_idle(self._idle)

    async def _find_notices(self) -> None:
        """The desktop's own notifications, or the tray's messages where nobody else shows any."""
        notices = await self._bus_notices() if sys.platform == "linux" else None
        self._notices = notices or TrayNotices(self.tray.icon, self._answers)
        if self._session is not None:
            self._session.notices.attach(self._notices)

    async def _bus_notices(self) -> BusNotices | None:
        """Those of a Linux desktop, if it has any."""
        from desktop.platform.bus_notices import BusNotices, NoServer  # noqa: PLC0415 - after the first picture

        notices = BusNotices(self._answers, has_sound=lambda: self._settings.current.value.notices_sound)
        try:
            await notices.begin(self._bus)
        except NoServer as error:
            log.info("notifications go to the tray: %s", error)
            return None
        return notices

    def _open_noticed(self, conversation_id: int, message_id: int) -> None:
        """A notification was clicked: it has done its work."""
        if self._notices is not None:
            self._notices.withdraw(conversation_id)
        self.bring()
        if self._window is not None:
            self._window.show_message(conversation_id, self._position(conversation_id, message_id))

    def _read_noticed(self, conversation_id: int, message_id: int) -> None:
        """What a notification shows is read, it says."""
        if self._session is not None:
            self._session.mark_read(conversation_id, self._position(conversation_id, message_id))

    def _reply(self, conversation_id: int, text: str) -> None:
        """Something was written into a notification: it is an answer, and what is answered was read."""
        session = self._session
        if session is not None:
            session.mark_read(conversation_id, session.held(conversation_id).last_position)
            self._tasks.start(_send(session, conversation_id, text))

    def _position(self, conversation_id: int, message_id: int) -> int:
        """Where a message is; the end, where it is not held any more."""
        if self._session is None:
            return 0
        held = self._session.held(conversation_id)
        found = (at for at in reversed(held.positions) if held.messages[at].message_id == message_id)
        return next(found, held.last_position)


async def _send(session: Session, conversation_id: int, text: str) -> None:
    """Put it into the outbox; from there it goes out by itself."""
    await session.send_text(conversation_id, text)


def _app() -> QGuiApplication:
    """The application."""
    app = QGuiApplication.instance()
    if not isinstance(app, QGuiApplication):
        raise TypeError("there is no application with windows")
    return app


def _computer_ends() -> bool:
    """Whether the system asks everybody to end: somebody logs out, or shuts the computer down."""
    return _app().isSavingSession()
