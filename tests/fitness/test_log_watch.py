"""The watch over logs (tests/conftest.py) fails the tests it should, and no others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"

CASES = """
import logging, threading, warnings
import pytest
from PySide6.QtCore import qWarning

@pytest.fixture
def loud_at_the_end():
    yield
    logging.getLogger("late").error("torn down badly")

def test_passes_quiet():
    logging.getLogger("calm").info("all is well")

def test_passes_expected(expected_logs):
    expected_logs("line: lost")
    logging.getLogger("line").warning("lost")

@pytest.mark.allow_logs("perhaps")
def test_passes_allowed():
    logging.getLogger("line").warning("perhaps")

def test_fails_warning():
    logging.getLogger("line").warning("lost")

def test_fails_thread():
    thread = threading.Thread(target=lambda: logging.getLogger("other").error("lost"))
    thread.start()
    thread.join()

def test_fails_missing(expected_logs):
    expected_logs("never said")

def test_fails_tear_down(loud_at_the_end):
    pass

def test_fails_qt():
    qWarning("QPainter::begin: already active")

def test_fails_unclosed():
    open(__file__)

def test_fails_python_warning():
    warnings.warn("old", DeprecationWarning)
"""


def test_the_watch_tells_loud_tests_from_quiet_ones(tmp_path: Path) -> None:
    """Every case named test_fails_* is reported and every case named test_passes_* is not."""
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --no-qt-log -p no:cacheprovider\nfilterwarnings = error\nmarkers = allow_logs(pattern)\n",
        encoding="utf-8",
    )
    (tmp_path / "test_cases.py").write_text(CASES, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "test_cases.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    reported = set(re.findall(r"^(?:FAILED|ERROR) test_cases.py::(\w+)", run.stdout, re.MULTILINE))
    expected = set(re.findall(r"^def (test_fails\w+)", CASES, re.MULTILINE))
    assert reported == expected, run.stdout
