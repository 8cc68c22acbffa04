"""The loop fixture itself: it carries coroutines and Qt's timers together, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.desktop.loop import QLoop
from tests.desktop.waiting import until


async def hear_a_timer() -> bool:
    heard: list[bool] = []
    QTimer.singleShot(0, lambda: heard.append(True))
    await until(lambda: heard)
    return heard[0]


async def fail() -> None:
    await asyncio.sleep(0)
    message = "as the scene says"
    raise LookupError(message)


def test_a_coroutine_and_a_timer_share_the_loop(qloop: QLoop) -> None:
    assert qloop(hear_a_timer())


def test_the_scenes_error_is_the_tests(qloop: QLoop) -> None:
    with pytest.raises(LookupError, match="as the scene says"):
        qloop(fail())


def test_a_task_left_running_is_told(qapp: QApplication) -> None:
    loop = QLoop(qapp)
    task = loop.loop.create_task(asyncio.sleep(60), name="forgotten")
    loop(asyncio.sleep(0))
    loop.close()
    assert task.cancelled()
    assert [trouble for trouble in loop.troubles if "left running" in trouble and "forgotten" in trouble]
