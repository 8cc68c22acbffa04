"""The set-up says what to do where it cannot go on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SETUP = Path(__file__).parents[2] / "scripts" / "setup"


def run_setup(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a changed environment; what is asked of it here ends before it changes anything."""
    return subprocess.run(
        [SETUP, *arguments], env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_python_that_will_not_do_is_named() -> None:
    run = run_setup(PYTHON="no-such-python")
    assert run.returncode != 0
    assert "PYTHON=no-such-python is not a Python 3.11, 3.12 or 3.13" in run.stderr


def test_an_unknown_option_is_named_with_the_known_ones() -> None:
    run = run_setup("--tests")
    assert run.returncode != 0
    assert "unknown option --tests (there are --demo, --test, --bench and --lock)" in run.stderr
