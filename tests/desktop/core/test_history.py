"""A desktop that starts again knows what it knew: at once, without the line, and without asking from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.cache.message_cache import MessageCache
from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core.bubble import Bubble, Hole, Line, Row
from desktop.core.session import Session
from desktop.core.timeline import Timeline
from protocol.commands import Sync
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, bubbles, texts
from tests.desktop.doubles import until

Tell = Callable[[Any], None]


class Home:
    """Anna's computer: a folder that outlives her sessions."""

    def __init__(self, talk: Talk, folder: Path) -> None:
        self.talk = talk
        self.folder = folder

    @asynccontextmanager
    async def session(self, *, connected: bool = True) -> AsyncIterator[Session]:
        """A session on the files in the folder."""
        outbox, cache = SqliteOutboxFile(self.folder), MessageCache(self.folder, self.talk.anna.user_id)
        session = self.talk.server.session(self.talk.anna, outbox, cache=cache)
        await session.start()
        try:
            if connected:
                await until(session.is_connected)
            yield session
        finally:
            await session.close()

    def asked(self, event: str) -> int:
        """How often the server was asked something."""
        return sum(1 for name, _ in self.talk.server.calls if name == event)

    def syncs(self) -> list[Sync]:
        return [command for name, command in self.talk.server.calls if name == "sync"]


@pytest.fixture
def home(talk: Talk, tmp_path: Path) -> Home:
    return Home(talk, tmp_path)


def held_positions(session: Session, identity: int) -> list[int]:
    return list(session.held(identity).positions)


async def settled(timeline: Timeline) -> Timeline:
    await until(lambda: not timeline.is_loading)
    return timeline


def test_list_conversation_and_older_pages_are_there_without_a_server(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(300)
        talk.server.read(talk.anna.user_id, talk.identity, 300)
        async with home.session() as anna:
            assert anna.conversations.rows[0].preview.text == "300"
        talk.server.cut()
        asked = home.asked("history")
        async with home.session(connected=False) as anna:
            (row,) = anna.conversations.rows
            assert (row.title, row.preview.text, row.unread, row.presence) == ("Ben", "300", 0, None)
            assert held_positions(anna, talk.identity) == [300]
            timeline = await settled(anna.timeline(talk.identity))
            assert texts(timeline) == [str(number) for number in range(251, 301)]
            while timeline.has_older:
                timeline.load_older()
                await settled(timeline)
            assert texts(timeline)[0] == "1"
            assert not any(isinstance(row, Hole) for row in timeline.rows)
            assert anna.connection.value.line is not Line.CONNECTED
            assert home.asked("history") == asked

    tell(story)


def test_a_start_asks_only_for_what_is_new(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(10)
        async with home.session():
            pass
        head = talk.server.conversations[talk.identity].head
        talk.server.post(talk.ben.user_id, talk.identity, "while you were away")
        talk.server.edit(talk.identity, 3, "changed meanwhile")
        async with home.session() as anna:
            assert home.syncs()[-1].versions == {str(talk.identity): head}
            timeline = await settled(anna.timeline(talk.identity))
            assert texts(timeline)[-1] == "while you were away"
            assert texts(timeline)[2] == "changed meanwhile"
            assert anna.conversations.rows[0].unread == 6

    tell(story)


def test_what_memory_lets_go_comes_back_from_the_disk(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with home.session() as anna:
            talk.fill(1500)
            talk.server.read(talk.anna.user_id, talk.identity, 1500)
            await until(lambda: anna.held(talk.identity).last_position == 1500 and anna.unread_total.value == 0)
            talk.fill(1)
            await until(lambda: len(held_positions(anna, talk.identity)) < 700)
            asked = home.asked("history")
            timeline = await settled(anna.timeline(talk.identity))
            while timeline.has_older:
                timeline.load_older()
                await settled(timeline)
            assert bubbles(timeline)[0].position == 1
            assert home.asked("history") == asked

    tell(story)


def test_old_rows_are_readable_offline_and_fetched_again(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(60)
        talk.server.read(talk.anna.user_id, talk.identity, 60)
        async with home.session():
            pass
        talk.server.edit(talk.identity, 58, "changed")
        talk.server.fresh_beyond, talk.server.fresh_rows = 10, 20
        talk.fill(40)
        talk.server.read(talk.anna.user_id, talk.identity, 100)
        async with home.session() as anna:
            assert held_positions(anna, talk.identity)[-20:] == list(range(81, 101))
        talk.server.cut()
        async with home.session(connected=False) as anna:
            timeline = await settled(anna.timeline(talk.identity))
            timeline.load_older()
            await settled(timeline)
            hole = next(index for index, row in enumerate(timeline.rows) if isinstance(row, Hole))
            below, above = timeline.rows[hole - 1], timeline.rows[hole + 1]
            assert (_position(below), _position(above)) == (60, 81)
            assert "58" in texts(timeline)
            talk.server.restore()
            await until(anna.is_connected)
            await until(lambda: "changed" in texts(timeline))
            assert "58" not in [text for text in texts(timeline) if text == "58"]
            await until(lambda: not anna.held(talk.identity).stale & set(range(timeline.first_position or 1, 101)))

    tell(story)


def test_a_conversation_that_is_gone_stays_gone(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(3)
        async with home.session() as anna:
            talk.server.remove(talk.anna.user_id, talk.identity)
            await until(lambda: not anna.conversations.rows)
        talk.server.cut()
        async with home.session(connected=False) as anna:
            assert not anna.conversations.rows

    tell(story)


def test_a_restored_server_gets_back_what_only_the_disk_has(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with home.session() as anna:
            for number in range(80):
                await anna.send_text(talk.identity, f"mine {number}")
            await until(lambda: len(talk.stored()) == 80)
            await until(lambda: anna.waiting.value == 0)
        _restore_backup(talk, keeps=10)
        # Both the disk's rows and what is asked about outlive a crash before the server has answered.
        talk.server.refuse_next("verify", Refused(ErrorCode.UNAVAILABLE, "Busy. Try again soon."))
        async with home.session() as anna:
            assert anna.waiting.value == 0
        async with home.session() as anna:
            await until(lambda: len(talk.stored()) == 80)
            assert talk.stored() == [f"mine {number}" for number in range(80)]
            await until(lambda: anna.waiting.value == 0)
        verified = home.asked("verify")
        async with home.session():
            await asyncio.sleep(0.1)
        assert home.asked("verify") == verified
        assert len(talk.stored()) == 80

    tell(story)


def test_what_was_queued_again_before_a_crash_is_not_queued_twice(
    home: Home, talk: Talk, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with home.session() as anna:
            for text in ("one", "two", "three"):
                await anna.send_text(talk.identity, text)
            await until(lambda: anna.waiting.value == 0)
        _restore_backup(talk, keeps=1)
        # A kill after the outbox has them, before the cache has forgotten that it was to ask.
        with monkeypatch.context() as patch:
            patch.setattr(MessageCache, "verified", lambda _cache, _uids: None)
            talk.server.refuse_next("send_message", Refused(ErrorCode.RATE_LIMITED, "Wait.", retry_after_s=30))
            async with home.session() as anna:
                await until(lambda: anna.waiting.value == 2 and not talk.server.refusals["send_message"])
        async with home.session() as anna:
            await until(lambda: talk.stored() == ["one", "two", "three"])
            await until(lambda: anna.waiting.value == 0)
        async with home.session() as anna:
            await asyncio.sleep(0.05)
            assert talk.stored() == ["one", "two", "three"]
            assert anna.waiting.value == 0

    tell(story)


def test_what_was_asked_for_offline_is_asked_for_again(home: Home, talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(10)
        talk.server.read(talk.anna.user_id, talk.identity, 10)
        async with home.session():
            pass
        talk.server.fresh_beyond, talk.server.fresh_rows = 10, 20
        talk.fill(100)
        talk.server.read(talk.anna.user_id, talk.identity, 110)
        async with home.session():
            pass
        talk.server.cut()
        async with home.session(connected=False) as anna:
            timeline = await settled(anna.timeline(talk.identity))
            hole = next(row for row in timeline.rows if isinstance(row, Hole))
            timeline.load_around(hole.after_position + 1)
            await settled(timeline)
            assert len(bubbles(timeline)) == 30
            talk.server.restore()
            await until(anna.is_connected)
            await until(lambda: [bubble.position for bubble in bubbles(timeline)][10:12] == [11, 12])
            await until(lambda: not anna.held(talk.identity).stale)

    tell(story)


def test_another_history_begins_the_timeline_anew(talk: Talk, tell: Tell) -> None:
    talk.fill(120)

    async def story() -> None:
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await settled(timeline)
            while timeline.has_older:
                timeline.load_older()
                await settled(timeline)
            assert len(bubbles(timeline)) == 120
            talk.server.cut()
            talk.server.fresh_beyond, talk.server.epoch = 100, "second"
            talk.server.restore()
            await until(lambda: anna.is_connected() and timeline.has_older)
            await settled(timeline)
            timeline.load_older()
            await until(lambda: len(bubbles(timeline)) > 60)
            positions = [bubble.position for bubble in bubbles(timeline)]
            assert positions == list(range(positions[0] or 0, 121))

    tell(story)


def _restore_backup(talk: Talk, keeps: int) -> None:
    """Let the server be as it was when the conversation had so many messages."""
    conversation = talk.server.conversations[talk.identity]
    del conversation.messages[keeps:]
    talk.server.epoch = "second"


def _position(row: Row) -> int | None:
    return row.position if isinstance(row, Bubble) else None
