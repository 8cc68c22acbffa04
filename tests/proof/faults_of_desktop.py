"""F2: desktops that are killed, in each state that a text can be in and at random."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from msgspec.structs import replace as with_changes

from tests.proof.device import Seat
from tests.proof.lives import DOOMS, Life, begin, token_file
from tests.proof.outcome import Outcome
from tests.proof.stage import Stage, chance

Dose = Mapping[str, int]


class _Desktop:
    """Owns the lives of one desktop, one after the other."""

    def __init__(self, stage: Stage, name: str, seat: Seat, texts: int) -> None:
        self._texts = texts
        self._stage = stage
        self._first = 0
        user = with_changes(seat.user)
        conversations = tuple(stage.conversations_of(user.user_id))
        self._life = Life(stage.ledgers, name, seat.url, user, conversations, seed=stage.rng.randrange(1 << 30))
        token_file(stage.ledgers, name).write_text(seat.refresh_token, encoding="ascii")
        self.user_id = user.user_id
        self.deaths: Counter[str] = Counter()
        self.strange: list[str] = []

    async def live(self, doom: str, heads: Mapping[int, int] | None = None) -> None:
        """One life, to its end. Without a doom it comes to rest at these heads."""
        rng = self._stage.rng
        life = _altered(
            self._life,
            seed=rng.randrange(1 << 30),
            first=self._first,
            texts=0 if heads is not None else self._texts,
            doom=doom if doom in DOOMS else "",
            nth=rng.randint(1, self._texts),
            heads=tuple((heads or {}).items()),
            to_rest=bool(heads),
        )
        self._first += life.texts
        process = begin(life)
        if doom == "random":
            await asyncio.sleep(rng.random() * 0.6)
            process.kill()
        await _ended(process)
        self._note(doom, process.exitcode)

    def _note(self, doom: str, status: int | None) -> None:
        """How a life has ended: as it should, of itself before its doom came, or strangely."""
        if status == -signal.SIGKILL:
            self.deaths[doom] += 1
        elif status != 0:
            self.strange.append(f"a life for {doom or 'rest'} ended with {status}")


def _altered(life: Life, **facts: object) -> Life:
    """The same desktop's next life."""
    return Life(**{**vars(life), **facts})


async def _ended(process: BaseProcess) -> None:
    """Wait for a process."""
    while process.is_alive():  # noqa: ASYNC110 - multiprocessing has nothing to await
        await asyncio.sleep(0.01)
    process.join()


async def killed_desktops(folder: Path, dose: Dose, seed: int) -> Outcome:
    """F2: `kills` lives of desktops that each write some texts and die; then all come to rest."""
    stage = Stage(folder, chance(seed), people=3)
    stage.open()
    witness = stage.new_device("witness", stage.people[0])
    await witness.start()
    desktops = [
        _Desktop(stage, f"{owner}-killed{number}", stage.seat(owner), dose["texts"])
        for owner in stage.people
        for number in range(dose["devices"])
    ]
    dooms = [(*DOOMS, "random")[number % (len(DOOMS) + 1)] for number in range(dose["kills"])]
    stage.rng.shuffle(dooms)

    async def lives(desktop: _Desktop) -> None:
        while dooms:
            await desktop.live(dooms.pop())

    await asyncio.gather(*(lives(desktop) for desktop in desktops))
    # Once without any doom, so that everything goes out; then to the heads at which everybody is to rest.
    await asyncio.gather(*(desktop.live("", {}) for desktop in desktops))
    outcome = Outcome("F2", "desktop killed", dose=dict(dose))
    heads, _ = await asyncio.to_thread(stage.heads)
    for desktop in desktops:
        own = stage.conversations_of(desktop.user_id)
        await desktop.live("", {identity: heads[identity] for identity in own})
        outcome.breaches += desktop.strange
    await stage.judge(outcome)
    deaths = sum((desktop.deaths for desktop in desktops), Counter[str]())
    outcome.notes["deaths"] = dict(sorted(deaths.items()))
    # A random moment may come after the work is done; the others may not be missed.
    missed = dose["kills"] - deaths.total()
    outcome.expect("nine of ten lives ended by their doom", holds=missed <= max(1, dose["kills"] // 10))
    await stage.close()
    return outcome
