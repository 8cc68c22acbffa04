"""Whatever order news comes in, and however often: a session shows what one that has just started shows."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.ports import Arrived
from desktop.core.session import Session
from desktop.core.timeline import Timeline
from protocol.commands import DeleteMessage, React
from protocol.errors import Refused
from tests.desktop.core.talk import Talk, bubbles
from tests.desktop.doubles import until
from tests.desktop.fake_changes import change

CHANGES = ("Anna edits", "Anna deletes", "Anna reacts", "Ben reacts", "Anna answers", "Ben deletes")
DEEDS = ("anna", "ben", "ben", "ben reads", "anna reads", "other device reads", "unread", "edit", "history", *CHANGES)


class Post:
    """Holds back what the server pushes to Anna, to be delivered late, twice, in any order, or never."""

    def __init__(self, talk: Talk) -> None:
        self.held: list[Arrived] = []
        self._real = talk.server.push
        self._anna = talk.anna.user_id
        talk.server.push = self.push  # type: ignore[method-assign]

    def push(self, event: str, payload: object, *user_ids: int) -> None:
        self._real(event, payload, *(user_id for user_id in user_ids if user_id != self._anna))
        if self._anna in user_ids:
            self.held.append(Arrived(event, payload))

    def deliver(self, session: Session, chance: random.Random) -> None:
        """Some of it, shuffled; a fifth comes twice, a fifth never."""
        chance.shuffle(self.held)
        for _ in range(chance.randint(0, len(self.held))):
            arrived = self.held.pop()
            for _ in range(chance.choice((0, 1, 1, 1, 2))):
                session.ingest_arrived(arrived)


async def do(talk: Talk, anna: Session, deed: str, chance: random.Random) -> None:
    """Something happens in the conversation."""
    server, here = talk.server, talk.identity
    count = len(server.conversations[here].messages)
    place = chance.randint(1, count)
    match deed:
        case "anna":
            await anna.send_text(here, f"from Anna {count}")
        case "ben":
            server.post(talk.ben.user_id, here, f"from Ben {count}")
        case "ben reads":
            server.read(talk.ben.user_id, here, place)
        case "anna reads":
            anna.mark_read(here, place)
        case "other device reads":
            server.read(talk.anna.user_id, here, place)
        case "unread":
            server.unread(talk.anna.user_id, here * 100_000 + place)
        case "edit":
            server.edit(here, place, f"edited at {count}")
        case _ if deed in CHANGES:
            await change_something(talk, anna, deed, place)
        case _:
            await anna.fetch(here, chance.choice(("newest", "before", "after", "around")), place)


async def change_something(talk: Talk, anna: Session, deed: str, place: int) -> None:
    """Somebody changes a message, Anna through her outbox; what makes no sense is refused, and that is all."""
    message = talk.server.conversations[talk.identity].messages[place - 1]
    with suppress(Refused):
        match deed:
            case "Anna edits":
                await anna.changing.edit(talk.identity, message.uid, f"edited at {place}")
            case "Anna deletes":
                await anna.changing.delete(talk.identity, message.uid)
            case "Anna reacts":
                await anna.changing.react(talk.identity, message.uid, "👍", on=place % 2 == 0)
            case "Ben reacts":
                change(talk.server, talk.ben.user_id, React(message_id=message.message_id, emoji="👍", on=True))
            case "Anna answers":
                await anna.send_text(talk.identity, f"answer to {place}", reply_to_uid=message.uid)
            case _:
                change(talk.server, talk.ben.user_id, DeleteMessage(message_id=message.message_id))


async def opened(session: Session, conversation_id: int) -> Timeline:
    """A timeline that has loaded."""
    timeline = session.timeline(conversation_id)
    await until(lambda: timeline.state.value.phase == "ready")
    return timeline


def shown(session: Session, timeline: Timeline) -> list[Any]:
    """Everything that a user would compare between two devices."""
    facts = [
        (b.key, b.position, b.text, b.tick, b.sender_name, b.edited, b.deleted, b.quote, b.reactions, b.changing)
        for b in bubbles(timeline)
    ]
    listed = [(row.conversation_id, row.preview, row.unread, row.at_ms) for row in session.conversations.rows]
    return [facts, listed, session.unread_total.value]


def has_all(talk: Talk, anna: Session) -> bool:
    """Whether a session has followed to the end; it is asked to compare, as the line does by itself in its time."""
    anna.retry_now()
    head = talk.server.conversations[talk.identity].head
    own = talk.server.user_versions[talk.anna.user_id]
    return anna.versions()[talk.identity] == head and anna.user_version() == own


async def voyage(deeds: list[str], seed: int) -> None:
    talk, chance = Talk(), random.Random(seed)  # noqa: S311 - a shuffle that can be repeated
    talk.fill(4)
    async with talk.session() as anna:
        timeline = await opened(anna, talk.identity)
        post = Post(talk)
        for deed in deeds:
            await do(talk, anna, deed, chance)
            post.deliver(anna, chance)
        await until(lambda: anna.waiting.value == 0)
        await until(lambda: has_all(talk, anna))
        async with talk.session() as fresh:
            other = await opened(fresh, talk.identity)
            both = (anna, fresh)  # A report may go out late, and reach neither by a push.
            await until(
                lambda: all(has_all(talk, one) for one in both) and shown(anna, timeline) == shown(fresh, other)
            )


@settings(max_examples=25)
@given(st.lists(st.sampled_from(DEEDS), min_size=3, max_size=25), st.integers(0, 2**16))
def test_news_in_any_order_ends_the_same(deeds: list[str], seed: int) -> None:
    asyncio.run(asyncio.wait_for(voyage(deeds, seed), 60))
