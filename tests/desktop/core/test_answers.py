"""Answers and forwards: what they quote, and whom they name, from the moment they are written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from desktop.core.timeline import Timeline
from tests.desktop.core.talk import Talk, bubbles, opened, server_has, settled
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def quotes(timeline: Timeline) -> list[str | None]:
    """What the bubbles quote."""
    return [None if bubble.quote is None else bubble.quote.text for bubble in bubbles(timeline)]


def test_an_answer_to_a_waiting_message_quotes_it_and_arrives_as_one(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        talk.server.cut()
        async with talk.session(file) as anna:
            timeline = anna.timeline(talk.identity)
            await anna.send_text(talk.identity, "a question\nin two lines")
            original = bubbles(timeline)[0].key
            await anna.send_text(talk.identity, "an answer", reply_to_uid=original)
            assert quotes(timeline) == [None, "a question in two lines"]
            await anna.changing.edit(talk.identity, original, "another question")
            assert quotes(timeline) == [None, "another question"]
        async with talk.session(file) as anna:
            timeline = anna.timeline(talk.identity)
            assert quotes(timeline) == [None, "another question"]
            talk.server.restore()
            await settled(anna)
            assert quotes(timeline) == [None, "another question"]
            assert server_has(talk, 2).reply_to is not None

    tell(story)


def test_a_quote_follows_its_original_here_first(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        mine = talk.server.post(talk.anna.user_id, talk.identity, "secret")
        async with talk.session() as anna:
            timeline = await opened(anna, talk)
            await anna.send_text(talk.identity, "an answer", reply_to_uid=mine.uid)
            await settled(anna)
            talk.server.holds_answers = asyncio.Event()
            await anna.changing.edit(talk.identity, mine.uid, "public")
            assert quotes(timeline) == [None, "public"]
            talk.server.holds_answers.set()
            await settled(anna)
            await anna.changing.delete(talk.identity, mine.uid)
            quote = bubbles(timeline)[1].quote
            assert quote is not None
            assert (quote.text, quote.deleted) == ("", True)

    tell(story)


def test_a_forward_says_who_wrote_it_first(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        third = talk.server.add_user("cleo")
        other = talk.server.open_direct(talk.anna.user_id, third.user_id)
        his = talk.server.post(talk.ben.user_id, talk.identity, "look at this")
        async with talk.session() as anna:
            await opened(anna, talk)
            timeline = anna.timeline(other)
            await until(lambda: timeline.state.value.phase in {"ready", "empty"})
            await anna.changing.forward(talk.identity, his.uid, [other, talk.identity, other])
            first = bubbles(timeline)
            await settled(anna)
            for shown in (first, bubbles(timeline)):
                assert [(b.text, b.forwarded_from, b.own) for b in shown] == [("look at this", "Ben", True)]
            assert talk.stored() == ["look at this", "look at this"]

    tell(story)
