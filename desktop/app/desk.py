"""Which window is open: the opening one, the log-in page, or an account's main window. Owns session and line."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from desktop.app.folders import Folders
from desktop.app.late_line import LateLine
from desktop.app.links import follow_link, server_of
from desktop.app.opening import FirstPicture, OpeningWindow
from desktop.app.options import Options
from desktop.cache.message_cache import MessageCache, forget_cache
from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.cache.settings_file import SettingsFile
from desktop.core.moments import system_clock
from desktop.core.ports import Unreachable
from desktop.core.session import Session
from desktop.core.sign_in import Unusable
from desktop.net.addresses import account_name
from desktop.ui import window_memory
from desktop.ui.login_page import LoginPage
from desktop.ui.main_window import MainWindow
from desktop.ui.pictures import Pictures
from desktop.ui.tasks import Tasks
from protocol.accounts import Tokens
from protocol.errors import Refused
from protocol.limits import Limits
from protocol.shapes import User

if TYPE_CHECKING:
    from desktop.app.network import Network
    from desktop.app.surroundings import Surroundings
    from desktop.cache.secrets import Secrets
    from desktop.net.sign_in import SignedIn

T = TypeVar("T")

log = logging.getLogger(__name__)

_GOODBYE_S = 5.0
"""How long signing out waits for the server: it ends here also when nobody answers."""


def load_network() -> Network:
    """The network's modules, a good part of a second at a cold start (desktop/app/network.py): for a worker thread."""
    from desktop.app.network import Network  # noqa: PLC0415 - the one lazy import; its figure stands there

    return Network()


class Desk:
    """Leads from the first window to the account's own, and back by signing out.

    a session was kept ──► main window, from the cache ──its token is gone──► log-in page
    none ──► opening window ──► log-in page ──entered──► main window ──sign out, or revoked──┘

    The network is loaded behind the first window; a main window's session waits for its line (late_line.py).
    """

    def __init__(
        self, folders: Folders, settings: SettingsFile, options: Options, around: Surroundings | None = None
    ) -> None:
        """`around` follows the account's window, where there is a tray to be in."""
        self._folders = folders
        self._settings = settings
        self._options = options
        self._around = around
        self._link = server_of(options.link, settings.current.value.server if settings.current.value.me else "")
        self._minimised = options.minimised
        self._place = QRect(*options.place) if options.place else None
        self._worker = ThreadPoolExecutor(2, thread_name_prefix="app")
        self._tasks = Tasks()
        self._shown: QWidget | None = None
        self._network: Network | None = None
        self._secrets: Secrets | None = None
        self._late = LateLine()
        self._opened = asyncio.Event()
        self.pictures: Pictures | None = None
        self.session: Session | None = None
        self.window: MainWindow | None = None
        self.login: LoginPage | None = None

    async def open(self) -> None:
        """Show a window at once, with what is known already, then load the network and go on by it."""
        known = self._settings.current.value
        if self._link or not known.server or known.me is None:
            first: QWidget = OpeningWindow(self._place, known)
            self._show(first)
        else:
            first = await self._begin(account_name(known.server, known.username), known.me, stay=True)
        await FirstPicture(first).there()
        self._network = await self._work(load_network)
        network, data = self._network, self._folders.data
        self._secrets = await self._work(lambda: network.open_secrets(data))
        self._minimised = False
        if not first.isVisible():
            return  # Somebody changed their mind before it began.
        if self.session is None or not await self._resume():
            self._ask_to_log_in()
            await self._leave_session()
        self._opened.set()

    async def close(self) -> None:
        """Leave everything in order: what waits is on disk, the line is down, the settings are written."""
        self._tasks.cancel()
        await self._leave_session()
        self._show(None)
        await self._work(self._settings.close)
        self._worker.shutdown(wait=False, cancel_futures=True)

    def follow(self, link: str) -> None:
        """Hearth was started again, with this link or none: bring what is shown, and go where the link leads."""
        if self._around is not None and self.session is not None and self.window is not None:
            self._around.bring()
            if link:
                follow_link(link, self.session, self.window, self._settings.current.value.server)
        elif self._shown is not None:
            self._shown.showNormal()
            self._shown.raise_()
            self._shown.activateWindow()
            if self.login is not None and (address := server_of(link, "")):
                self.login.look_up(address)

    async def log_in(self, address: str, username: str, password: str) -> None:
        """What the log-in page does, without it. Raises Unusable, Refused or Unreachable."""
        network, secrets = self._ready()
        door = network.sign_in(self.entered, secrets.words)
        await door.log_in(await door.look_up(address), username, password, stay=False)

    async def entered(self, signed_in: SignedIn) -> None:
        """A session was opened on the log-in page: keep it as wished, and show its window."""
        _, secrets = self._ready()
        url, tokens = signed_in.address.url, signed_in.tokens
        account = account_name(url, tokens.user.username)
        if signed_in.stay:
            await self._keep(account, tokens.refresh_token)
        else:
            await self._work(lambda: secrets.forget(account))
        self._settings.change(
            server=url,
            server_name=signed_in.info.name,
            username=tokens.user.username,
            me=tokens.user if signed_in.stay else None,
            limits=signed_in.info.limits,
            stay_signed_in=signed_in.stay,
        )
        await self._begin(account, tokens.user, stay=signed_in.stay)
        self._join(account, tokens.refresh_token, stay=signed_in.stay, tokens=tokens)

    async def _resume(self) -> bool:
        """Give the session its line by the token that was kept; False where there is none."""
        _, secrets = self._ready()
        known = self._settings.current.value
        account = account_name(known.server, known.username)
        try:
            token = await self._work(lambda: secrets.find(account))
        except OSError as error:
            log.warning("the kept session cannot be read: %s", error)
            return False
        if token is None:
            return False
        self._join(account, token, stay=True)
        self._tasks.start(self._learn_limits())
        return True

    async def _learn_limits(self) -> None:
        """The server's limits may have changed since the log-in; who cannot be asked is asked at the next start."""
        session, line = self.session, self._late.line
        if line is None or session is None:
            return
        with suppress(Unusable, Refused, Unreachable):
            info = await line.server_info()
            session.limits = info.limits
            self._settings.change(limits=info.limits, server_name=info.name)

    async def _begin(self, account: str, me: User, *, stay: bool) -> MainWindow:
        """Build the session on what is on this computer and show its window; `_join` gives it its line."""
        await self._leave_session()
        limits = self._settings.current.value.limits or Limits()
        folder = self._folders.account(account)
        outbox = SqliteOutboxFile(folder, stays=stay)
        cache = MessageCache(folder, me.user_id) if stay else None
        if cache is None:
            await self._keep_nothing(folder)
        late = self._late = LateLine()
        session = Session(me, late.live, late.api, outbox, system_clock(), limits=limits, cache=cache)
        self.session = session
        session.me.subscribe(lambda user: self._settings.change(me=user) if stay else None)
        self.pictures = Pictures(late.api)
        await session.start()
        return self._show_main(session, self.pictures)

    def _join(self, account: str, refresh_token: str, *, stay: bool, tokens: Tokens | None = None) -> None:
        """Give the session its line."""
        network, secrets = self._ready()
        known = self._settings.current.value
        save: Callable[[str], None] = (lambda token: secrets.keep(account, token)) if stay else _keep_nowhere
        self._late.arrive(network.line_to(known.server, known.limits or Limits(), refresh_token, save, tokens))

    async def _keep_nothing(self, folder: Path) -> None:
        """Who does not stay signed in leaves no messages behind, from an earlier time either."""
        try:
            await self._work(lambda: forget_cache(folder))
        except OSError as error:
            log.warning("what was cached before cannot be removed: %s", error)

    def _show_main(self, session: Session, pictures: Pictures) -> MainWindow:
        """The account's window in the place of whatever is shown, with the conversation that was open last."""
        window = self.window = MainWindow(session, self._settings, pictures, log_folder=self._folders.log)
        window.sign_out_requested.connect(lambda: self._tasks.start(self._sign_out()))
        window.log_in_requested.connect(lambda: self._tasks.start(self._log_in_again()))
        if self._place is not None:
            window.setGeometry(self._place)
        if self._around is not None:
            self._around.attach(session, window)
        self._show(window)
        self.login = None
        last = self._settings.current.value.last_conversation
        if self._options.conversation:
            window.open_conversation(self._options.conversation)
        elif any(row.conversation_id == last for row in session.conversations.rows):
            window.open_conversation(last)
        return window

    def _ask_to_log_in(self, words: str = "") -> None:
        """The log-in page, filled with what is known."""
        network, secrets = self._ready()
        known = self._settings.current.value
        door = network.sign_in(self.entered, secrets.words)
        page = self.login = LoginPage(door, address=known.server, username=known.username, stay=known.stay_signed_in)
        if self._shown is not None:
            page.setGeometry(window_memory.centred(page.sizeHint(), self._shown.geometry()))
        self._show(page)
        if words:
            page.say(words)
        if self._link:
            page.look_up(self._link)

    async def _log_in_again(self) -> None:
        """The session was ended elsewhere. Nothing local is lost: what waits goes out after the next log-in."""
        reason = self.session.connection.value.reason if self.session else None
        self._ask_to_log_in(reason or "Log in again; nothing that waits here is lost.")
        await self._leave_session()

    async def _sign_out(self) -> None:
        """End the session on the server if it answers, and remove everything of the account from this computer."""
        await self._opened.wait()
        if self.session is None:
            return  # It was not kept: the log-in page is there already.
        _, secrets = self._ready()
        known = self._settings.current.value
        account = account_name(known.server, known.username)
        if self._late.line is not None:
            with suppress(Refused, Unreachable, TimeoutError):
                await asyncio.wait_for(self._late.line.api.logout(), _GOODBYE_S)
        self._settings.change(me=None, username="", limits=None, last_conversation=0)
        self._ask_to_log_in()
        await self._leave_session()
        await self._work(lambda: secrets.forget(account))
        folder = self._folders.account(account)
        await self._work(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _leave_session(self) -> None:
        """Close session, pictures and line; the window first, so that nobody looks at what ends."""
        window, session, pictures, line = self.window, self.session, self.pictures, self._late.line
        self.window = self.session = self.pictures = None
        self._late = LateLine()
        if window is not None:
            if self._around is not None:
                self._around.detach()
            window.detach()
            if window is self._shown:
                self._shown = None
            window.close()
            window.deleteLater()
        if session is not None:
            await session.close()
        if pictures is not None:
            pictures.close()
        if line is not None:
            line.close()

    def _show(self, shown: QWidget | None) -> None:
        """One window in the place of another: the new one first, so that the app never seems to end."""
        before, self._shown = self._shown, shown
        if shown is not None:
            if self._minimised:
                shown.showMinimized()
            else:
                shown.show()
                shown.activateWindow()
        if isinstance(before, LoginPage):
            before.detach()
        if before is not None and before is not self.window:
            before.close()
            before.deleteLater()

    async def _keep(self, account: str, token: str) -> None:
        """Keep a refresh token, or say in the log that the next start will ask."""
        _, secrets = self._ready()
        try:
            await self._work(lambda: secrets.keep(account, token))
        except OSError as error:
            log.warning("the session cannot be kept: %s", error)

    def _ready(self) -> tuple[Network, Secrets]:
        """Network and secrets, which are there once the opening is over."""
        if self._network is None or self._secrets is None:
            raise RuntimeError("the network is not loaded yet")
        return self._network, self._secrets

    async def _work(self, job: Callable[[], T]) -> T:
        """The result of a blocking job."""
        return await asyncio.wrap_future(self._worker.submit(job))


def _keep_nowhere(_token: str) -> None:
    """The person did not want to stay signed in: the session ends with the app."""
