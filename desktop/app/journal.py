"""The log file, and everything that would otherwise vanish: errors in slots, threads and tasks, and Qt's messages."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import re
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger(__name__)

FILE_NAME = "hearth.log"
CRASH_NAME = "crash.log"
_BYTES, _OLD_FILES = 1_000_000, 3
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_SECRETS = re.compile(
    r"""(?xi)
    eyJ[\w-]{8,}\.[\w-]+\.[\w-]+                        # a JSON Web Token
    | hearth_[\w-]{20,}                                 # a long-lived token
    | (?<=bearer\ )\S+
    | (?<=/invite/)[\w-]+
    | (?<=["']password["']:\ )["'][^"']*["']
    | (?<=token["']:\ )["'][^"']*["']
    | (?<=token=)[\w.-]+
    """
)


class Redacted(logging.Formatter):
    """Lines without keys: whatever reached a message or a traceback, a log must be safe to send to somebody."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, keys masked."""
        return _SECRETS.sub("…", super().format(record))


def open_journal(folder: Path) -> None:
    """Log into `folder`, in files of 1 MB of which four are kept, and on standard error what is worse than a notice."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    file = RotatingFileHandler(folder / FILE_NAME, maxBytes=_BYTES, backupCount=_OLD_FILES, encoding="utf-8")
    file.setFormatter(Redacted(_FORM))
    root.addHandler(file)
    if sys.stderr is not None:
        screen = logging.StreamHandler()
        screen.setLevel(logging.WARNING)
        screen.setFormatter(Redacted("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(screen)
    # Where Python itself falls, the place is told: a terminal hears it, a windowed program has a file.
    faulthandler.enable(sys.stderr if sys.stderr is not None else (folder / CRASH_NAME).open("a"))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_error
    sys.unraisablehook = lambda what: _log_error(what.exc_type, what.exc_value, what.exc_traceback)
    threading.excepthook = lambda what: _log_error(what.exc_type, what.exc_value, what.exc_traceback)
    qInstallMessageHandler(_log_qt_message)


def close_journal() -> None:
    """Give Qt its own messages back and close the files."""
    qInstallMessageHandler(None)
    logging.shutdown()


def log_task_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The loop's exception handler: a task or callback nobody waited for has failed."""
    log.error("%s", context.get("message"), exc_info=context.get("exception"))


def _log_error(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
    """An error nobody caught, also out of Qt's slots. Ctrl+C is none."""
    if error is None or kind is None:
        return
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("an error nobody caught", exc_info=(kind, error, trace))


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """A message of Qt as a record of the logger "qt"."""
    logging.getLogger("qt").log(_LEVELS[kind], "%s (%s)", message, context.category)
