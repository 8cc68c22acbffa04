"""A session on the fake server: what two people see of each other, and what happens to a message in bad weather."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from desktop.core.bubble import Bubble, Line, Tick
from desktop.core.session import Session
from desktop.core.timeline import Timeline
from protocol.shapes import User
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import MemoryOutboxFile


class Talk:
    """Two people and their conversation."""

    def __init__(self) -> None:
        self.server = FakeServer()
        self.anna, self.ben = self.server.add_user("anna"), self.server.add_user("ben")
        self.identity = self.server.open_direct(self.anna.user_id, self.ben.user_id)


@asynccontextmanager
async def running(server: FakeServer, user: User, file: MemoryOutboxFile | None = None) -> AsyncIterator[Session]:
    session = server.session(user, file)
    await session.start()
    try:
        yield session
    finally:
        await session.close()


def connected(session: Session) -> Callable[[], bool]:
    return lambda: session.connection.value.line is Line.CONNECTED


def texts(timeline: Timeline) -> list[str]:
    return [row.text for row in timeline.rows if isinstance(row, Bubble)]


def ticks(timeline: Timeline) -> list[Tick]:
    return [row.tick for row in timeline.rows if isinstance(row, Bubble)]


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


def test_a_message_reaches_the_other_and_its_tick_comes_back() -> None:
    async def story() -> None:
        talk = Talk()
        async with running(talk.server, talk.anna) as anna, running(talk.server, talk.ben) as ben:
            await until(connected(anna))
            await until(connected(ben))
            hers, his = anna.timeline(talk.identity), ben.timeline(talk.identity)
            sent = anna.send_text(talk.identity, "Hello Ben")
            await asyncio.sleep(0)
            assert ticks(hers) == [Tick.WAITING]
            await sent
            await until(lambda: texts(his) == ["Hello Ben"])
            await until(lambda: ticks(hers) == [Tick.SENT])
            assert ben.unread_total.value == 1
            ben.mark_read(talk.identity, 1)
            assert ben.unread_total.value == 0
            await until(lambda: ticks(hers) == [Tick.READ])

    run(story)


def test_what_is_written_offline_goes_out_in_order_once() -> None:
    async def story() -> None:
        talk = Talk()
        async with running(talk.server, talk.anna) as anna:
            await until(connected(anna))
            talk.server.cut()
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            for number in range(5):
                await anna.send_text(talk.identity, str(number))
            assert anna.waiting.value == 5
            talk.server.restore()
            await until(lambda: anna.waiting.value == 0)
            stored = [m.content for m in talk.server.conversations[talk.identity].messages]
            assert stored == ["0", "1", "2", "3", "4"]
            assert texts(anna.timeline(talk.identity)) == stored

    run(story)
