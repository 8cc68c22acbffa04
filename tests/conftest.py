"""What holds in every test: no display is asked for, and nothing is logged that the test did not expect.

A record at WARNING or above fails the test that it happened in, in set-up and tear-down too; Qt's own messages are
records of the logger "qt". A test that expects one says so:

    def test_a_lost_line_is_told(expected_logs: ExpectLog) -> None:
        expected_logs("connection lost")        # must happen at least once, or the test fails

    @pytest.mark.allow_logs("reconnecting")      # may happen, for races that the test does not decide
    def test_...

Both take a regular expression that is searched in "logger: message". Warnings and unraisable exceptions are errors
(pyproject.toml).

A test that takes longer than its time (`timeout` in pyproject.toml, or its own mark) fails by an exception; where that
is swallowed, as gevent's hub and Qt's loop do, the process is ended a minute later.
"""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def _keep_bytecode() -> None:
    """Where Python is told to write no bytecode beside the sources, have it kept in the tests' own cache.

    The tests start hundreds of processes: a server that compiles everything it imports takes 2.6 CPU s to start, and
    1.0 otherwise. Workers and all that they start inherit this.
    """
    if sys.dont_write_bytecode:
        folder = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
        sys.dont_write_bytecode = False


_keep_bytecode()

# Shared machines stall: a deadline would measure the neighbours. CI draws the same examples each time.
hypothesis.settings.register_profile("hearth", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("hearth"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "hearth")

ExpectLog = Callable[[str], None]

_LONGEST_FIRST = (
    "tests/proof/test_small_dose.py",
    "tests/model/",
    "tests/installer/test_packaged_app.py",
    "tests/desktop/demo/",
    "tests/e2e/",
    "tests/server/storage/test_outages.py",
    "tests/server/cluster/test_cluster.py",
    "tests/benchmarks/test_rows.py",
    "tests/server/test_",
)
"""Files that take tens of seconds with few tests: begun last, one would be all that is left to do."""
_GRACE_S = 60.0
"""How long a test that is out of time may take to fail by itself, with a report of its own."""
_STDERR = pytest.StashKey[int]()

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


# Qt's offscreen screen says this of every window with a least size; no screen that people use does.
_OFFSCREEN_SCREEN_SAYS = {"This plugin does not support propagateSizeHints()"}


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, whose number is pytest's own file's during tests; and the order of files below."""
    config.stash[_STDERR] = os.dup(2)
    config.option.loadscopereorder = False


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """`-n auto`: one worker more than processors, for somebody always waits: for a server, a desktop, a time-out."""
    return (yield) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For several workers, put files with much to do first: those known for it, then those with the most tests."""
    if hasattr(config, "workerinput"):
        counts = Counter(item.path for item in items)
        items.sort(key=lambda item: (_rank(item), -counts[item.path], item.path))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector leave alone what was imported: each loop of Qt's tests ends with a whole collection."""
    gc.collect()
    gc.freeze()


def _rank(item: pytest.Item) -> int:
    """A place in the list of the longest, or after it."""
    ranks = (rank for rank, start in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(start))
    return next(ranks, len(_LONGEST_FIRST))


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    """Besides pytest-timeout's signal, have a thread that needs no turn of Python end this process for good."""
    after_s = settings.timeout + _GRACE_S
    faulthandler.dump_traceback_later(after_s, exit=True, file=item.config.stash[_STDERR])


def pytest_timeout_cancel_timer(item: pytest.Item) -> None:
    """The test has ended in time."""
    faulthandler.cancel_dump_traceback_later()


class LogWatch(logging.Handler):
    """Collects what is logged at WARNING or above in one test, and tells what of it nobody expected."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.required: list[str] = []
        self.allowed: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record as one line, with its exception if there is one."""
        self.lines.append(f"{record.name}: {self.format(record)}")

    def complaints(self) -> list[str]:
        """The lines nobody expected, and the expectations that were not met."""
        expected = [*self.required, *self.allowed]
        unexpected = [line for line in self.lines if not any(re.search(pattern, line) for pattern in expected)]
        missing = [p for p in self.required if not any(re.search(p, line) for line in self.lines)]
        return [f"unexpected log: {line}" for line in unexpected] + [f"log did not happen: {p}" for p in missing]


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Hand a message of Qt to Python's logging; its category says which part of Qt speaks."""
    level = logging.DEBUG if message in _OFFSCREEN_SCREEN_SAYS else _LEVELS[kind]
    logging.getLogger("qt").log(level, "%s (%s)", message, context.category)


@pytest.fixture(autouse=True, scope="session")
def _qt_messages() -> Iterator[None]:
    """Route Qt's messages into logging for the whole run."""
    previous = qInstallMessageHandler(_log_qt_message)
    yield
    qInstallMessageHandler(previous)


@pytest.fixture(autouse=True)
def _log_watch(request: pytest.FixtureRequest) -> Iterator[LogWatch]:
    """Fail the test on what it logged unexpectedly. Set up first and torn down last, so other fixtures count too."""
    watch = LogWatch()
    watch.allowed = [pattern for mark in request.node.iter_markers("allow_logs") for pattern in mark.args]
    logging.getLogger().addHandler(watch)
    yield watch
    logging.getLogger().removeHandler(watch)
    complaints = watch.complaints()
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def expected_logs(_log_watch: LogWatch) -> ExpectLog:
    """A function that takes a regular expression: a record at WARNING or above that this test must produce."""
    return _log_watch.required.append
