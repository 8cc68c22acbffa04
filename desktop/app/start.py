"""Starting and ending: one QApplication, one loop, and everything closed in order."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, qVersion
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from desktop.app import journal
from desktop.app.desk import Desk
from desktop.app.folders import Folders
from desktop.app.line_changes import LineChanges
from desktop.app.options import Options, read_options
from desktop.app.self_check import check
from desktop.app.surroundings import Surroundings
from desktop.cache.settings_file import SettingsFile
from desktop.core.bubble import Line
from desktop.ui import fonts, theme

if TYPE_CHECKING:
    from desktop.platform.instance import Instance

log = logging.getLogger(__name__)

_LOCK_WITHIN_S = 3.0
_LOCK_AGAIN_MS = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the app; the exit status: 0 well ended, 1 failed, 2 asked wrongly or without a display."""
    options = read_options(sys.argv[1:] if arguments is None else arguments)
    if options.self_check:
        with tempfile.TemporaryDirectory(prefix="hearth-check-", ignore_cleanup_errors=True) as profile:
            return _run(options, Folders(Path(profile)))
    return _run(options, Folders(options.profile))


def _run(options: Options, folders: Folders) -> int:
    """Everything between the first window and the last, alone in the profile."""
    if not _has_display(options):
        return _complain("Hearth needs a display. Set DISPLAY or WAYLAND_DISPLAY, or start it from the desktop.", 2)
    try:
        folders.make()
    except OSError as error:
        return _complain(f"Hearth cannot keep its files: {error}. Choose another place with --profile FOLDER.", 1)
    alone = QLockFile(str(folders.lock))
    alone.setStaleLockTime(0)
    if not alone.tryLock(0) and _is_open_already(alone, folders, options):
        return 0
    if not alone.isLocked():
        # Two would trade the same refresh token, and the server would take the second for a thief.
        return _complain("Hearth is open already. Another one needs a profile of its own: hearth --profile FOLDER", 1)
    journal.open_journal(folders.log)
    try:
        return _show(options, folders)
    finally:
        journal.close_journal()
        alone.unlock()


def _is_open_already(alone: QLockFile, folders: Folders, options: Options) -> bool:
    """Have the Hearth that holds the profile come to the front; False once it is gone, or where it does not answer.

    One that is just starting cannot be asked yet, and one that is just ending holds its profile for a moment.
    """
    from desktop.platform.instance import hand_over  # noqa: PLC0415 - QtNetwork is for the second start alone

    latest = time.monotonic() + _LOCK_WITHIN_S
    while time.monotonic() < latest:
        if hand_over(folders.data, options.link):
            return True
        if alone.tryLock(_LOCK_AGAIN_MS):
            return False
    return False


def _complain(words: str, status: int) -> int:
    """Say why there is no window; a windowed program on Windows has nowhere to."""
    if sys.stderr is not None:
        sys.stderr.write(f"{words}\n")
    return status


def _show(options: Options, folders: Folders) -> int:
    """The application and its loop."""
    app = QApplication([sys.argv[0]])
    app.setApplicationName("Hearth")
    log.info("Hearth %s, Qt %s on %s, %s", version("hearth"), qVersion(), platform.platform(), app.platformName())
    app.setDesktopFileName("hearth")
    app.setQuitOnLastWindowClosed(False)
    settings = SettingsFile(folders.settings)
    fonts.install()
    theme.install(settings.current.value.theme)
    loop = QEventLoop(app)
    loop.set_exception_handler(journal.log_task_error)
    asyncio.set_event_loop(loop)
    try:
        status: int = loop.run_until_complete(_live(app, options, folders, settings))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return status


async def _live(app: QApplication, options: Options, folders: Folders, settings: SettingsFile) -> int:
    """Open, wait until the last window is closed or somebody asks to end, close."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    app.lastWindowClosed.connect(end)
    around = Surroundings(settings, end)
    desk = Desk(folders, settings, options, None if options.self_check else around)
    changes = LineChanges(app)
    changes.noticed.connect(lambda: _try_line(desk))
    unhook = _end_on_signals(end)
    status = 0
    instance: Instance | None = None
    try:
        await desk.open()
        changes.follow_network()
        if options.self_check:
            status = await check(desk, options.self_check, options.user)
        else:
            around.begin()
            instance = _listen(desk, folders)
            if options.minimised:
                around.put_away()
            elif options.link and desk.window is not None:
                desk.follow(options.link)
            await ended
    finally:
        unhook()
        app.lastWindowClosed.disconnect(end)
        if instance is not None:
            instance.close()
        await desk.close()
        await around.close()
        await _cancel_the_rest()
    return status


def _listen(desk: Desk, folders: Folders) -> Instance:
    """Hear of other starts."""
    from desktop.platform.instance import Instance  # noqa: PLC0415 - QtNetwork comes after the first picture

    instance = Instance(folders.data)
    instance.asked.connect(desk.follow)
    if not instance.listen():
        log.warning("a second start cannot be heard")
    return instance


def _try_line(desk: Desk) -> None:
    """Try at once; a line that believes to be up is asked whether anybody is still there."""
    if desk.session is not None and is_worth_a_try(desk.session.connection.value.line):
        desk.session.look_at_line()


def is_worth_a_try(line: Line) -> bool:
    """Whether another network or a sleep may have changed it; the others are under way or wait for the person."""
    return line in {Line.CONNECTED, Line.OFFLINE}


def _end_on_signals(end: Callable[[], None]) -> Callable[[], None]:
    """Let SIGTERM and Ctrl+C close the app in order; the result undoes it.

    Python's handlers run only between bytecodes, and Qt's loop waits in C: the wake-up socket is read by the loop.
    """
    if os.name != "posix":
        return lambda: None
    loop = asyncio.get_running_loop()
    inner, outer = socket.socketpair()
    for end_of_pair in (inner, outer):
        end_of_pair.setblocking(False)
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: end()) for number in numbers]
    signal.set_wakeup_fd(outer.fileno())
    loop.add_reader(inner.fileno(), lambda: inner.recv(64))

    def undo() -> None:
        signal.set_wakeup_fd(-1)
        loop.remove_reader(inner.fileno())
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        inner.close()
        outer.close()

    return undo


async def _cancel_the_rest() -> None:
    """Whatever still runs is ended before the loop is (reliability Q2)."""
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _has_display(options: Options) -> bool:
    """Whether Qt will find a screen; a self-check makes do without one."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    if options.self_check:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return bool(options.self_check)
