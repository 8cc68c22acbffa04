"""A thousand desktops that lost the same server do not come back in one moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import Connection, Line
from desktop.core.pace import Pace
from desktop.core.ports import Arrived, Broken, Clock
from desktop.core.sync import SyncLoop
from protocol.codec import plain
from protocol.errors import ErrorCode, Refused
from protocol.signals import Connected, Resync, ServerRestarting, Synced

Tell = Callable[[Any], None]
HERD = 1000
SLICE_MS = 250
NOW_MS = 1_795_608_000_000


class HerdLive:
    """A line that comes up once, hears what it is told, and breaks; or one that is refused."""

    latency_ms = None

    def __init__(self, *happens: Arrived | Broken, refusal: Refused | None = None) -> None:
        self.happens = list(happens)
        self.refusal = refusal
        self.syncs: list[float] = []

    async def open(self) -> Connected:
        if self.refusal is not None:
            raise self.refusal
        return Connected(user_id=1, server_version="1", epoch="e", user_version=0)

    async def call(self, event: str, payload: object, timeout_s: float = 10.0) -> dict[str, Any]:
        self.syncs.append(asyncio.get_running_loop().time())
        return {"synced": plain(Synced(epoch="e", user_version=0, complete=True))}

    async def next(self) -> Arrived | Broken:
        if not self.happens:
            await asyncio.Event().wait()
        return self.happens.pop(0)

    async def close(self) -> None:
        """There is nothing to close."""


class NoNews:
    """A follower of nothing."""

    def versions(self) -> dict[int, int]:
        return {}

    def user_version(self) -> int:
        return 0

    def gap_since_ms(self) -> int | None:
        return None

    async def begin_epoch(self, epoch: str) -> None:
        """Every history is as good."""

    def ingest_arrived(self, arrived: Arrived) -> None:
        """Nothing is kept."""

    def ingest_synced(self, synced: Synced) -> None:
        """Nothing is kept."""

    def line_is_up(self) -> None:
        """Nothing waits."""


async def gathered(
    lives: list[HerdLive],
    ready: Callable[[SyncLoop], bool],
    watch: Callable[[SyncLoop], None] = lambda _loop: None,
) -> list[SyncLoop]:
    """The herd's loops, once each of them is ready; they are ended. `watch` is shown each before it runs."""
    loops = [SyncLoop(live, NoNews(), Clock(lambda: NOW_MS), Pace()) for live in lives]
    for loop in loops:
        watch(loop)
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    while not all(ready(loop) for loop in loops):  # noqa: ASYNC110 - the story's own time ends it
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return loops


def fullest(waits_ms: list[int]) -> int:
    """How many fall into the fullest quarter of a second."""
    return max(Counter(wait // SLICE_MS for wait in waits_ms).values())


@pytest.mark.parametrize(
    ("live", "least_ms", "most_ms"),
    [
        (lambda: HerdLive(Broken("gone")), 0, 5_000),
        (lambda: HerdLive(Arrived("server_restarting", ServerRestarting(spread_ms=8_000)), Broken("gone")), 0, 8_000),
        (lambda: HerdLive(refusal=Refused(ErrorCode.RATE_LIMITED, "Later.", retry_after_s=30.0)), 30_000, 35_000),
    ],
    ids=["closed", "restarted", "refused"],
)
def test_a_herd_comes_back_spread(tell: Tell, live: Callable[[], HerdLive], least_ms: int, most_ms: int) -> None:
    async def story() -> None:
        first: dict[SyncLoop, int] = {}

        def watch(loop: SyncLoop) -> None:
            """Note how long it waits the first time: who drew a short wait is soon up again."""

            def note(told: Connection) -> None:
                if told.line is Line.OFFLINE:
                    first.setdefault(loop, (told.retry_at_ms or 0) - NOW_MS)

            loop.connection.subscribe(note)

        await gathered([live() for _ in range(HERD)], first.__contains__, watch)
        waits = list(first.values())
        assert least_ms <= min(waits)
        assert max(waits) <= most_ms
        assert fullest(waits) <= HERD // 8

    tell(story)


def test_a_bus_that_comes_back_is_not_stampeded(tell: Tell) -> None:
    async def story() -> None:
        lives = [HerdLive(Arrived("resync", Resync(spread_ms=1_000))) for _ in range(60)]
        await gathered(lives, lambda one: len(one._live.syncs) >= 2)  # type: ignore[attr-defined] # noqa: SLF001
        began = min(live.syncs[0] for live in lives)
        after = [live.syncs[1] - began for live in lives]
        assert max(after) - min(after) > 0.4

    tell(story)
