"""Whatever two devices write, send and miss, they end with the same draft, and nobody's words vanish unoffered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.core.session import Session
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import QUICK, until

Tell = Callable[[Any], None]

HASTE = replace(QUICK, draft_s=0.002, draft_most_s=0.006, draft_told_s=0.002, first_s=0.002, most_s=0.01)
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "write", "write", "clear", "send", "cut", "wait", "lose"]), st.integers(0, 1)),
    min_size=2,
    max_size=12,
)


class Desk:
    """One device: its session, and what its user has last seen in its composer."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def draft(self, identity: int) -> str:
        draft = self.session.drafts.get(identity)
        return draft.content if draft else ""

    def seen(self, identity: int) -> set[str]:
        """Everything the user can still get at."""
        offered = self.session.drafts.offered(identity)
        return {self.draft(identity), offered.content if offered else ""} - {""}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_two_devices_end_with_the_same_draft(tell: Tell, steps: list[tuple[str, int]]) -> None:
    async def story() -> None:
        talk = Talk()
        desks = [Desk(talk.server.session(talk.anna, pace=HASTE)) for _ in range(2)]
        for desk in desks:
            await desk.session.start()
        await until(lambda: all(desk.session.is_connected() for desk in desks))
        words, sent = await play(talk, desks, steps)
        conversation = talk.server.conversations[talk.identity]

        def kept() -> str:
            draft = conversation.own_of(talk.anna.user_id).draft
            return draft.content if draft else ""

        await until(lambda: all(desk.session.is_connected() and desk.draft(talk.identity) == kept() for desk in desks))
        await asyncio.sleep(0.01)
        assert {desk.draft(talk.identity) for desk in desks} == {kept()}
        assert kept() not in sent
        last = [text for text in words if text is not None]
        reachable = set().union(*(desk.seen(talk.identity) for desk in desks))
        assert not last or words[-1] is None or words[-1] in reachable
        for desk in desks:
            await desk.session.close()

    tell(story)


async def play(talk: Talk, desks: list[Desk], steps: list[tuple[str, int]]) -> tuple[list[str | None], set[str]]:
    """Do the steps; the result is what was written in order (None: cleared or sent), and what was sent."""
    words: list[str | None] = []
    sent: set[str] = set()
    for number, (step, who) in enumerate(steps):
        desk, written = desks[who], f"words {number}"
        match step:
            case "write":
                desk.session.drafts.keep(talk.identity, written)
                words.append(written)
            case "clear":
                desk.session.drafts.keep(talk.identity, "")
                words.append(None)
            case "send" if desk.draft(talk.identity):
                sent.add(desk.draft(talk.identity))
                await desk.session.send_text(talk.identity, desk.draft(talk.identity))
                words.append(None)
            case "cut":
                talk.server.cut()
                talk.server.restore()
            case "lose":
                talk.server.lose_pushes(1)
            case _:
                await asyncio.sleep(0.012)
    # A lost last push is found by the digest, which a test does not wait for.
    talk.server.lost_pushes = 0
    talk.server.cut()
    talk.server.restore()
    await until(lambda: all(desk.session.is_connected() for desk in desks))
    return words, sent
