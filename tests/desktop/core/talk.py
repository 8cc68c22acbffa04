"""Two people and their conversation on a fake server, for stories told on a plain asyncio loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from desktop.core.bubble import Bubble, Line, Tick
from desktop.core.session import Session
from desktop.core.timeline import Timeline
from protocol.limits import Limits
from protocol.shapes import Message
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import MemoryOutboxFile


class Talk:
    """Anna and Ben, the conversation they share, and their sessions, closed at the end of the story."""

    def __init__(self) -> None:
        self.server = FakeServer()
        self.anna, self.ben = self.server.add_user("anna"), self.server.add_user("ben")
        self.identity = self.server.open_direct(self.anna.user_id, self.ben.user_id)

    @asynccontextmanager
    async def session(
        self, file: MemoryOutboxFile | None = None, *, of_ben: bool = False, limits: Limits | None = None
    ) -> AsyncIterator[Session]:
        """Anna's session (or Ben's), started; connected if the server is up."""
        session = self.server.session(self.ben if of_ben else self.anna, file, limits=limits)
        await session.start()
        try:
            if self.server.is_up:
                await until(lambda: session.connection.value.line is Line.CONNECTED)
            yield session
        finally:
            await session.close()

    def stored(self) -> list[str | None]:
        """The texts that the server has."""
        return [message.content for message in self.server.conversations[self.identity].messages]

    def fill(self, count: int) -> None:
        """Messages of both, in turn, from Anna on."""
        for number in range(count):
            self.server.post(self.anna.user_id if number % 2 == 0 else self.ben.user_id, self.identity, str(number + 1))


def bubbles(timeline: Timeline) -> list[Bubble]:
    """The bubbles among the rows."""
    return [row for row in timeline.rows if isinstance(row, Bubble)]


def texts(timeline: Timeline) -> list[str]:
    """Their texts."""
    return [bubble.text for bubble in bubbles(timeline)]


def ticks(timeline: Timeline) -> list[Tick]:
    """Their ticks."""
    return [bubble.tick for bubble in bubbles(timeline)]


def server_has(talk: Talk, position: int = 1) -> Message:
    """A message as the server has it."""
    return talk.server.conversations[talk.identity].messages[position - 1]


def events(talk: Talk) -> list[str]:
    """The commands about messages that reached the server, in order."""
    about = {"send_message", "edit_message", "delete_message", "react"}
    return [event for event, _ in talk.server.calls if event in about]


async def opened(session: Session, talk: Talk) -> Timeline:
    """A timeline that has loaded."""
    timeline = session.timeline(talk.identity)
    await until(lambda: timeline.state.value.phase in {"ready", "empty"})
    return timeline


async def cut(talk: Talk, session: Session) -> None:
    """Break the line, and wait until the session knows."""
    talk.server.cut()
    await until(lambda: session.connection.value.line is Line.OFFLINE)


async def settled(session: Session) -> None:
    """Nothing waits any more."""
    await until(lambda: session.unsent == 0)
