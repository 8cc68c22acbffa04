"""Stories of the core are told on a plain asyncio loop: the core knows no Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.desktop.core.talk import Talk

Story = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def tell() -> Callable[[Story], None]:
    """Runs a story to its end on a loop of its own; what is left running at the end fails it."""

    def run(story: Story) -> None:
        async def whole() -> None:
            # Long enough for a thousand desktops on a slow machine, and shorter than the test's own time.
            await asyncio.wait_for(story(), 100)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"left running: {left}"

        asyncio.run(whole())

    return run
