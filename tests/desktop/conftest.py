"""The loop of the desktop's tests: one qasync loop on Qt's thread a test, since pytest-qt knows no qasync.

    async def scene() -> None: ...
    def test_it(qloop: QLoop) -> None:      # from tests.desktop.loop import QLoop
        qloop(scene())

A failure in a task that nobody awaited, and a task that is left running at the end, fail the test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.desktop.loop import QLoop


@pytest.fixture
def qloop(qapp: QApplication) -> Iterator[QLoop]:
    """A runner of coroutines on a fresh qasync loop, which no window's end stops (as desktop/app/start.py has it)."""
    qapp.setQuitOnLastWindowClosed(False)
    loop = QLoop(qapp)
    yield loop
    loop.close()
    assert not loop.troubles, "\n".join(loop.troubles)
