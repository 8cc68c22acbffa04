"""Whatever the weather, each message that the composer let go is stored once, in order, and shown as stored."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.bubble import Tick
from desktop.core.outbox import DAY_MS
from desktop.core.session import Session
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, texts, ticks
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile

WEATHER = (
    *("send", "send", "send", "edit", "edit", "cut", "restore", "lose_answer", "lose_push", "refuse"),
    *("restart", "wait", "peer", "resync", "tomorrow", "yesterday"),
)


class Voyage:
    """Anna writes while things go wrong; her outbox's file outlives her sessions."""

    def __init__(self) -> None:
        self.talk = Talk()
        self.file = MemoryOutboxFile()
        self.session: Session = self.talk.server.session(self.talk.anna, self.file)
        self.written: list[str] = []

    async def step(self, what: str) -> None:
        server = self.talk.server
        match what:
            case "send":
                text = f"text {len(self.written)}"
                await self.session.send_text(self.talk.identity, text)
                self.written.append(text)
            case "edit":
                await self.edit()
            case "restart":
                await self.session.close()
                self.session = server.session(self.talk.anna, self.file)
                await self.session.start()
            case "wait":
                await asyncio.sleep(0.02)
            case "peer":
                server.post(self.talk.ben.user_id, self.talk.identity, "from Ben")
            case _:
                self.weather(what)

    def weather(self, what: str) -> None:
        """What nobody on the desktop does."""
        server = self.talk.server
        match what:
            case "cut":
                server.cut()
            case "restore":
                server.restore()
            case "lose_answer":
                server.lose_answers("send_message")
            case "lose_push":
                server.lose_pushes(1)
            case "refuse":
                server.refuse_next("send_message", Refused(ErrorCode.UNAVAILABLE, "Later."))
            case "resync":
                server.push_event("resync", {"spread_ms": 50}, self.talk.anna.user_id)
            case _:
                server.now_ms += DAY_MS if what == "tomorrow" else -DAY_MS

    async def edit(self) -> None:
        """Change the last message that waits, if it may still change: then that is what must arrive."""
        for row in reversed(self.session.waiting_list.rows()):
            try:
                await self.session.edit_waiting(row.uid, f"{row.text}, changed")
            except Refused:
                continue
            self.written[self.written.index(row.text)] = f"{row.text}, changed"
            return

    async def sail(self, steps: list[str]) -> None:
        await self.session.start()
        for what in steps:
            await self.step(what)
        self.talk.server.restore()
        self.session.retry_now()
        mine = self.mine
        await until(lambda: mine() == self.written and not self.file.entries, 20.0)
        timeline = self.session.timeline(self.talk.identity)
        await until(lambda: texts(timeline) == self.talk.stored())
        assert set(ticks(timeline)) <= {Tick.SENT, Tick.NONE}
        assert self.session.unsent == 0
        await self.session.close()

    def mine(self) -> list[str | None]:
        messages = self.talk.server.conversations[self.talk.identity].messages
        return [message.content for message in messages if message.sender_id == self.talk.anna.user_id]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(WEATHER), min_size=3, max_size=15))
def test_every_message_arrives_once_and_in_order(steps: list[str]) -> None:
    asyncio.run(asyncio.wait_for(Voyage().sail(steps), 60))
