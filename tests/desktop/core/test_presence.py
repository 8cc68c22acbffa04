"""How one is seen: away while nobody touches the computer, and as chosen where one has chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from protocol.commands import SetPresence
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import until

Tell = Callable[[Any], None]


class Computer:
    """`core.ports.Idle` in a test's hands."""

    def __init__(self) -> None:
        self.idle_s: float | None = 0.0
        self.looks = 0

    def seconds(self) -> float | None:
        self.looks += 1
        return self.idle_s


def statuses(talk: Talk) -> list[str]:
    """What was told to the server, in order."""
    return [command.status for _, command in talk.server.calls if isinstance(command, SetPresence)]


def test_who_leaves_the_computer_is_away_until_they_touch_it(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            computer = Computer()
            anna.watch_idle(computer)
            await until(lambda: computer.looks >= 2)
            assert statuses(talk) == []
            computer.idle_s = 400.0
            await until(lambda: statuses(talk) == ["away"])
            talk.server.cut()
            talk.server.restore()
            await until(lambda: statuses(talk) == ["away", "away"])
            computer.idle_s = 0.0
            await until(lambda: statuses(talk) == ["away", "away", "active"])

    tell(story)


def test_what_was_chosen_by_hand_wins(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            computer = Computer()
            anna.set_presence("invisible")
            anna.watch_idle(computer)
            computer.idle_s = 400.0
            looks = computer.looks
            await until(lambda: computer.looks > looks + 2)
            assert statuses(talk) == ["invisible"]
            anna.set_presence("active")
            await until(lambda: statuses(talk) == ["invisible", "away"])

    tell(story)


def test_where_the_system_does_not_say_nobody_looks(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            computer = Computer()
            computer.idle_s = None
            anna.watch_idle(computer)
            await asyncio.sleep(0.1)
            assert computer.looks == 1

    tell(story)
