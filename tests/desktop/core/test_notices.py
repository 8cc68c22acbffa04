"""What deserves a notification: told to a port, combined in bursts, and taken back once it is read anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop.cache.message_cache import MessageCache
from desktop.core.notices import COUNTED_MOST, NoticeRules
from desktop.core.ports import Clock
from desktop.core.session import Session
from protocol.commands import PatchOwn
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import NOON_MS, QUICK, until
from tests.desktop.fake_own import open_group

Tell = Callable[[Any], None]
HOUR_MS = 60 * 60 * 1000


class Shower:
    """`core.ports.Notices` that remembers what stands on the screen, and everything that ever did."""

    def __init__(self) -> None:
        self.there: dict[int, tuple[str, str, int]] = {}
        self.shown: list[tuple[str, str, int]] = []

    def show(self, conversation_id: int, title: str, text: str, count: int, message_id: int) -> None:
        assert message_id // 100_000 == conversation_id
        self.there[conversation_id] = (title, text, count)
        self.shown.append((title, text, count))

    def withdraw(self, conversation_id: int) -> None:
        del self.there[conversation_id]


@asynccontextmanager
async def noticing(talk: Talk) -> AsyncIterator[tuple[Session, Shower]]:
    """Anna's session, and what it shows."""
    async with talk.session() as anna:
        shower = Shower()
        anna.notices.attach(shower)
        yield anna, shower


def test_a_message_is_shown_at_once_and_a_burst_as_one(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (_, shower):
            for words in ("Hello", "Are you there?", "It is urgent"):
                talk.server.post(talk.ben.user_id, talk.identity, words)
            await until(lambda: shower.there == {talk.identity: ("Ben", "It is urgent", 3)})
            assert shower.shown == [("Ben", "Hello", 1), ("Ben", "It is urgent", 3)]
            await asyncio.sleep(2 * QUICK.burst_s)
            talk.server.post(talk.ben.user_id, talk.identity, "Later")
            await until(lambda: shower.there == {talk.identity: ("Ben", "Later", 4)})

    tell(story)


def test_it_is_withdrawn_when_it_is_read_here_or_anywhere(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower):
            talk.server.post(talk.ben.user_id, talk.identity, "Hello")
            await until(lambda: shower.there)
            anna.mark_read(talk.identity, 1)
            assert not shower.there
            talk.server.post(talk.ben.user_id, talk.identity, "Again")
            await until(lambda: shower.there)
            assert shower.there[talk.identity] == ("Ben", "Again", 1)
            talk.server.read(talk.anna.user_id, talk.identity, 2)
            await until(lambda: not shower.there)

    tell(story)


def test_a_deleted_message_is_not_shown_any_longer(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (_, shower), talk.session(of_ben=True) as ben:
            talk.server.post(talk.ben.user_id, talk.identity, "Well")
            second = talk.server.post(talk.ben.user_id, talk.identity, "Oops")
            await until(lambda: shower.there.get(talk.identity) == ("Ben", "Oops", 2))
            await ben.changing.delete(talk.identity, second.uid)
            await until(lambda: shower.there == {talk.identity: ("Ben", "Well", 1)})
            talk.server.remove(talk.anna.user_id, talk.identity)
            await until(lambda: not shower.there)

    tell(story)


def test_what_one_looks_at_is_not_noticed(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower):
            talk.server.post(talk.ben.user_id, talk.identity, "Hello")
            await until(lambda: shower.there)
            anna.notices.focus(talk.identity)
            assert not shower.there
            talk.server.post(talk.ben.user_id, talk.identity, "Seen")
            await until(lambda: anna.unread_total.value == 2)
            assert not shower.there
            anna.notices.focus(None)
            talk.server.post(talk.ben.user_id, talk.identity, "Not seen")
            await until(lambda: shower.there == {talk.identity: ("Ben", "Not seen", 1)})

    tell(story)


@pytest.mark.parametrize("reason", ["own", "muted", "level", "busy", "off", "silent", "quiet"])
def test_what_is_not_wanted_is_not_shown(talk: Talk, tell: Tell, reason: str) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower):
            sender = talk.anna if reason == "own" else talk.ben
            if reason == "muted":
                await anna.choices.mute_for(talk.identity, HOUR_MS)
            elif reason == "level":
                await anna.choices.set(talk.identity, PatchOwn(notify="mentions"))
            elif reason == "busy":
                anna.set_presence("busy")
            rules = {
                "off": NoticeRules(enabled=False),
                "silent": NoticeRules(silent_until_ms=NOON_MS + HOUR_MS),
                "quiet": NoticeRules(quiet_from=11 * 60, quiet_to=13 * 60),
            }
            anna.notices.rules = rules.get(reason, NoticeRules())
            talk.server.post(sender.user_id, talk.identity, "Hello")
            await until(lambda: anna.conversations.rows[0].preview.text == "Hello")
            assert not shower.shown
            if reason == "level":
                talk.server.post(sender.user_id, talk.identity, "@anna", mentions=[talk.anna.user_id])
                await until(lambda: shower.shown)

    tell(story)


def test_a_group_says_who_wrote_and_only_what_is_said_or_concerns_oneself(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower), talk.session(of_ben=True) as ben:
            group = open_group(talk.server, talk.ben.user_id, "Trip", talk.anna.user_id)
            await until(lambda: shower.there == {group: ("Trip", "It was created.", 1)})
            anna.mark_read(group, 1)
            await ben.groups.rename(group, "Trip to Rome")
            await until(lambda: anna.conversations.rows[0].title == "Trip to Rome")
            assert not shower.there
            talk.server.post(talk.ben.user_id, group, None, type="image")
            await until(lambda: shower.there == {group: ("Trip to Rome", "Ben: Photo", 1)})

    tell(story)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (NoticeRules(shows="sender"), ("Ben", "New message", 1)),
        (NoticeRules(shows="nothing"), ("Hearth", "New message", 1)),
    ],
)
def test_text_and_sender_are_hidden_where_that_is_wished(
    talk: Talk, tell: Tell, rules: NoticeRules, said: tuple[str, str, int]
) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower):
            anna.notices.rules = rules
            talk.server.post(talk.ben.user_id, talk.identity, "A secret")
            await until(lambda: shower.shown == [said])

    tell(story)


def test_what_came_since_the_last_run_is_noticed_once_and_nothing_older(talk: Talk, tell: Tell, tmp_path: Path) -> None:
    async def run(*, cached: bool = True) -> list[tuple[str, str, int]]:
        """Start, catch up and end: what was shown."""
        cache = MessageCache(tmp_path, talk.anna.user_id) if cached else None
        anna, shower = talk.server.session(talk.anna, cache=cache), Shower()
        anna.notices.attach(shower)
        await anna.start()
        await until(anna.is_connected)
        await anna.close()
        assert not shower.there
        return shower.shown

    async def story() -> None:
        talk.fill(4)
        assert not await run()
        talk.server.post(talk.ben.user_id, talk.identity, "While you were away")
        talk.server.post(talk.ben.user_id, talk.identity, "and more")
        assert await run() == [("Ben", "and more", 2)]
        assert not await run()
        assert not await run(cached=False)

    tell(story)


def test_what_a_broken_line_held_up_is_noticed_when_it_is_back(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower):
            talk.server.cut()
            talk.server.post(talk.ben.user_id, talk.identity, "Meanwhile")
            talk.server.restore()
            anna.retry_now()
            await until(lambda: shower.there == {talk.identity: ("Ben", "Meanwhile", 1)})
            assert len(shower.shown) == 1

    tell(story)


def test_a_server_set_back_is_listened_to_again(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (anna, shower):
            for words in ("Kept", "Lost", "Lost, too"):
                talk.server.post(talk.ben.user_id, talk.identity, words)
            await until(lambda: shower.there == {talk.identity: ("Ben", "Lost, too", 3)})
            talk.server.cut()
            conversation = talk.server.conversations[talk.identity]
            del conversation.messages[1:]
            conversation.head, talk.server.epoch = conversation.head - 2, "second"
            talk.server.restore()
            anna.retry_now()
            await until(lambda: anna.is_connected() and anna.held(talk.identity).last_position == 1)
            assert not shower.there
            talk.server.post(talk.ben.user_id, talk.identity, "After the restore")
            await until(lambda: shower.there == {talk.identity: ("Ben", "After the restore", 1)})

    tell(story)


def test_a_notice_stands_for_no_more_than_it_can_say(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with noticing(talk) as (_, shower):
            for number in range(COUNTED_MOST + 50):
                talk.server.post(talk.ben.user_id, talk.identity, str(number))
            await until(lambda: shower.there.get(talk.identity) == ("Ben", str(COUNTED_MOST + 49), COUNTED_MOST))

    tell(story)


@pytest.mark.parametrize(
    ("now", "from_", "to", "silent"),
    [
        (23, 22, 7, True),
        (3, 22, 7, True),
        (7, 22, 7, False),
        (12, 22, 7, False),
        (13, 13, 14, True),
        (9, 13, 14, False),
    ],
)
def test_quiet_hours_go_over_midnight(now: int, from_: int, to: int, silent: bool) -> None:
    midnight_ms = NOON_MS - 12 * HOUR_MS
    clock = Clock(lambda: midnight_ms + (now - 2) * HOUR_MS, lambda _at_ms: 2 * 3600)
    assert NoticeRules(quiet_from=from_ * 60, quiet_to=to * 60).is_silent(clock) is silent
