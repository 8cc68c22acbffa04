"""The log can be sent to somebody: no keys in it, also not in tracebacks; and errors do not vanish."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.app.journal import FILE_NAME, Redacted

SECRETS = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "hearth_uppN7U0rnk3cqS2BCRMqOiW8Cu2MxAFRu861-3POrUU",
]

LOUD = """
import logging, sys, threading
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer, qWarning
from desktop.app import journal
journal.open_journal(Path(sys.argv[1]))
app = QCoreApplication([])
logging.getLogger("desktop.x").info("a notice")
qWarning("QPainter::begin: trouble")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start(); thread.join()
def slot():
    raise LookupError("in a slot, with hearth_uppN7U0rnk3cqS2BCRMqOiW8Cu2MxAFRu861-3POrUU")
QTimer.singleShot(0, slot)
QTimer.singleShot(1, app.quit)
app.exec()
journal.close_journal()
"""


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["token is {}", "Authorization: Bearer {}", "auth {{'token': '{}'}}", "x?token={}&y"])
def test_keys_are_masked(secret: str, form: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "%s", (form.format(secret),), None)
    assert secret not in Redacted("%(message)s").format(record)


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ('{"password": "correct horse battery"}', "correct horse battery"),
        ("Bearer abcdef", "abcdef"),
        ("hearth://h.example/invite/k7Qx-2", "k7Qx-2"),
        ("{'refresh_token': 'short'}", "short"),
    ],
)
def test_passwords_and_codes_are_masked(said: str, hidden: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, said, (), None)
    assert hidden not in Redacted("%(message)s").format(record)


def test_ordinary_words_stay() -> None:
    said = "the line broke: transport error; user 12, hearth_server at chat.example.org"
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, said, (), None)
    assert Redacted("%(message)s").format(record) == said


def test_errors_nobody_caught_are_in_the_file(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", LOUD, str(tmp_path)], capture_output=True, text=True, check=True)
    text = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    for words in ("a notice", "QPainter::begin: trouble", "ZeroDivisionError", "LookupError"):
        assert words in text
    assert "hearth_upp" not in text + run.stderr
    assert "a notice" not in run.stderr
