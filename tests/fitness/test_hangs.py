"""A test that hangs where exceptions are swallowed ends the run red, and soon (tests/conftest.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"

HANGS = """
import time
from PySide6.QtCore import QEventLoop, QTimer

def test_hangs(qapp):
    # The signal of pytest-timeout comes while a slot runs, and Qt's loop goes on after it.
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: time.sleep(0.01))
    timer.start(0)
    loop.exec()
"""


def test_a_swallowed_time_out_ends_the_run(tmp_path: Path) -> None:
    patient = CONFTEST.read_text(encoding="utf-8")
    assert "_GRACE_S = 60.0" in patient
    (tmp_path / "conftest.py").write_text(patient.replace("_GRACE_S = 60.0", "_GRACE_S = 1.0"), encoding="utf-8")
    (tmp_path / "test_hangs.py").write_text(HANGS, encoding="utf-8")
    (tmp_path / "test_other.py").write_text("def test_other(): pass\n", encoding="utf-8")
    how = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0", "--timeout", "3", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *how, "--rootdir", str(tmp_path), "-c", "/dev/null", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 1, run.stdout
    assert "crashed while running 'test_hangs.py::test_hangs'" in run.stdout
    assert "1 failed, 1 passed" in run.stdout
    assert "Timeout (0:00:04)!" in run.stderr
