"""Desktops in processes of their own, to be killed: each life goes on with the folder that the one before left.

They are forked from a process that has everything loaded (multiprocessing's forkserver), for a kill each second would
else be spent on loading.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from msgspec.structs import replace as with_changes

from protocol.shapes import User
from tests.proof.device import Device, Seat, until
from tests.proof.stage import chance

DOOMS = ("added", "written", "enqueued", "in_flight", "acked", "applied", "erased")
"""Where a desktop may die: an entry is shown, on disk, and told to be; on the wire; answered; merged; taken off."""
_LIFE_S = 60.0


@dataclass(frozen=True)
class Life:
    """What a desktop is to do in one life: `texts` from number `first` on, and what it dies of, if of anything.

    `doom` is one of DOOMS and kills at its nth time. A life without doom ends once nothing waits; told `to_rest`, it
    then testifies.
    """

    folder: Path
    name: str
    url: str
    user: User
    conversation_ids: tuple[int, ...]
    seed: int
    first: int = 0
    texts: int = 0
    doom: str = ""
    nth: int = 1
    heads: tuple[tuple[int, int], ...] = ()
    to_rest: bool = False


class _Doom:
    """Counts how often its point is passed, and kills the process at the given time."""

    def __init__(self, point: str, nth: int) -> None:
        self._point, self._left = point, nth

    def __call__(self, point: str) -> None:
        """A point is passed."""
        self._left -= point == self._point
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def token_file(folder: Path, name: str) -> Path:
    """Where a desktop keeps its refresh token between its lives."""
    return folder / f"{name}.token"


def begin(life: Life) -> BaseProcess:
    """Start a life; it is over when the process is."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.proof.lives"])
    process = context.Process(target=_live, args=(life,), name=life.name)
    process.start()
    return process


def _live(life: Life) -> None:
    """In the new process."""
    asyncio.run(_lived(life))


async def _lived(life: Life) -> None:
    """One life; raises TimeoutError where it comes to no end of itself."""
    kept = token_file(life.folder, life.name)
    seat = Seat(life.url, with_changes(life.user), None, kept.read_text(encoding="ascii"))
    device = Device(
        life.folder, life.name, seat, save=lambda token: _keep(kept, token), doom=_Doom(life.doom, life.nth)
    )
    rng = chance(life.seed)
    async with asyncio.timeout(_LIFE_S):
        await device.start()
        for number in range(life.first, life.first + life.texts):
            await device.say(rng.choice(life.conversation_ids), f"{life.name} #{number}")
            await asyncio.sleep(rng.random() * 0.02)
        heads = dict(life.heads)
        await until(lambda: device.is_at(heads), _LIFE_S)
        if life.to_rest:
            await device.testify()
        await device.close()


def _keep(file: Path, token: str) -> None:
    """Keep a token so that a kill leaves the old or the new one."""
    new = file.with_suffix(".new")
    new.write_text(token, encoding="ascii")
    new.replace(file)
