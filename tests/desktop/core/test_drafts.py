"""Drafts: on disk while one types, with the server soon after, and one of two devices' counts while one is offered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from desktop.core.drafts import OFFERED_MS
from desktop.core.own_ports import KeptDraft
from desktop.core.ports import OutboxEntry
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Draft
from protocol.times import to_wire
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import NOON_MS, until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def text(draft: Draft | None) -> str | None:
    """What a draft says."""
    return None if draft is None else draft.content


def told(talk: Talk, user_id: int = 1) -> str | None:
    """What the server has kept for somebody."""
    return text(talk.server.conversations[talk.identity].own_of(user_id).draft)


def puts(talk: Talk) -> int:
    """How often a draft was put."""
    return sum(event == "put_draft" for event, _ in talk.server.calls)


def on_disk(file: MemoryOutboxFile, talk: Talk) -> str | None:
    """What the disk has of the talk's draft."""
    kept = file.own.drafts.get(talk.identity)
    return None if kept is None else kept.content


def test_a_draft_is_on_disk_soon_shown_in_the_list_and_then_with_the_server(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            anna.drafts.keep(talk.identity, "Hello B")
            anna.drafts.keep(talk.identity, "Hello Ben")
            assert text(anna.drafts.get(talk.identity)) == "Hello Ben"
            assert on_disk(file, talk) is None
            await until(lambda: on_disk(file, talk) == "Hello Ben")
            assert anna.conversations.rows[0].draft == "Hello Ben"
            await until(lambda: told(talk) == "Hello Ben")
            assert puts(talk) == 1
            anna.drafts.keep(talk.identity, "  ")
            await until(lambda: told(talk) is None and anna.conversations.rows[0].draft is None)

    tell(story)


def test_who_never_stops_typing_is_saved_all_the_same(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            loop = asyncio.get_running_loop()
            began, typed = loop.time(), ""
            while on_disk(file, talk) is None:
                typed += "x"
                anna.drafts.keep(talk.identity, typed)
                assert loop.time() - began < 5
                await asyncio.sleep(0.005)

    tell(story)


def test_a_draft_pushes_its_row_up(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo")
        other = talk.server.open_direct(talk.anna.user_id, cleo.user_id)
        talk.server.post(talk.anna.user_id, talk.identity, "old")
        talk.server.post(talk.anna.user_id, other, "new")
        async with talk.session() as anna:
            assert [row.conversation_id for row in anna.conversations.rows] == [other, talk.identity]
            anna.drafts.keep(talk.identity, "By the way")
            await until(lambda: anna.conversations.rows[0].conversation_id == talk.identity)

    tell(story)


def test_what_was_begun_survives_the_end_of_the_program_and_is_told_at_the_next_line(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        talk.server.cut()
        async with talk.session(file) as anna:
            anna.drafts.keep(talk.identity, "Written in a tunnel", "some-uid")
        async with talk.session(file) as anna:
            draft = anna.drafts.get(talk.identity)
            assert draft is not None
            assert (draft.content, draft.reply_to_uid) == ("Written in a tunnel", "some-uid")
            talk.server.restore()
            anna.retry_now()
            await until(lambda: told(talk) == "Written in a tunnel")

    tell(story)


def test_a_draft_follows_its_writer_to_another_device(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as desk, talk.session() as laptop:
            heard: list[int] = []
            laptop.drafts.changed.subscribe(heard.append)
            desk.drafts.keep(talk.identity, "From the desk")
            await until(lambda: text(laptop.drafts.get(talk.identity)) == "From the desk")
            assert heard == [talk.identity]
            assert laptop.conversations.rows[0].draft == "From the desk"
            laptop.drafts.keep(talk.identity, "From the desk, and on")
            await until(lambda: text(desk.drafts.get(talk.identity)) == "From the desk, and on")
            assert desk.drafts.offered(talk.identity) is None
            assert laptop.drafts.offered(talk.identity) is None

    tell(story)


def test_the_newer_of_two_stays_and_the_other_is_offered_for_an_hour(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as desk, talk.session() as laptop:
            talk.server.cut()
            desk.drafts.keep(talk.identity, "Older")
            laptop.drafts.keep(talk.identity, "Newer")
            talk.server.restore()
            for session in (laptop, desk):
                session.retry_now()
            await until(lambda: told(talk) == "Newer" and text(desk.drafts.get(talk.identity)) == "Newer")
            await until(lambda: text(desk.drafts.offered(talk.identity)) == "Older")
            desk.drafts.take_offered(talk.identity)
            assert text(desk.drafts.get(talk.identity)) == "Older"
            assert text(desk.drafts.offered(talk.identity)) == "Newer"
            await until(lambda: told(talk) == "Older")
            talk.server.now_ms += OFFERED_MS
            assert desk.drafts.offered(talk.identity) is None

    tell(story)


def test_the_older_that_is_heard_late_is_offered_to_who_writes(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as desk:
            talk.server.refuse_next("put_draft", Refused(ErrorCode.UNAVAILABLE, "Busy.", retry_after_s=0.2))
            at_ms = talk.server.tick()
            desk.drafts.keep(talk.identity, "Written here")
            write_elsewhere(talk, "From the phone", at_ms)
            await until(lambda: text(desk.drafts.offered(talk.identity)) == "From the phone")
            await until(lambda: told(talk) == "Written here")
            desk.drafts.dismiss_offered(talk.identity)
            assert desk.drafts.offered(talk.identity) is None

    tell(story)


def test_what_is_sent_is_no_draft_any_more_and_never_comes_back(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as desk, talk.session() as laptop:
            desk.drafts.keep(talk.identity, "Hello Ben")
            await until(lambda: text(laptop.drafts.get(talk.identity)) == "Hello Ben")
            await desk.send_text(talk.identity, "Hello Ben")
            assert desk.drafts.get(talk.identity) is None
            await until(lambda: told(talk) is None and laptop.drafts.get(talk.identity) is None)
            assert laptop.drafts.offered(talk.identity) is None
        async with talk.session(file) as desk:
            assert desk.drafts.get(talk.identity) is None
            assert desk.conversations.rows[0].draft is None

    tell(story)


def test_a_draft_that_the_outbox_had_when_the_program_was_killed_is_not_offered_again(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        file.own.drafts[talk.identity] = KeptDraft(talk.identity, "Hello Ben", None, NOON_MS)
        file.entries["one"] = OutboxEntry("one", talk.identity, 1, "Hello Ben", created_ms=NOON_MS + 5)
        talk.server.cut()
        async with talk.session(file) as anna:
            assert anna.drafts.get(talk.identity) is None
            await until(lambda: on_disk(file, talk) == "")

    tell(story)


def test_a_message_of_other_words_leaves_the_draft_alone(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            anna.drafts.keep(talk.identity, "A long letter")
            await anna.send_text(talk.identity, "Wait")
            await until(lambda: talk.stored() == ["Wait"])
            assert text(anna.drafts.get(talk.identity)) == "A long letter"

    tell(story)


def test_a_refused_draft_stays_on_this_device(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            talk.server.refuse_next("put_draft", Refused(ErrorCode.CONTENT_TOO_LONG, "Too long."))
            anna.drafts.keep(talk.identity, "Too long for the server")
            await until(lambda: file.own.drafts and file.own.drafts[talk.identity].known)
            assert text(anna.drafts.get(talk.identity)) == "Too long for the server"
            assert told(talk) is None
            anna.drafts.keep(talk.identity, "Shorter")
            await until(lambda: told(talk) == "Shorter")

    tell(story)


def test_a_busy_server_is_asked_again(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            busy = Refused(ErrorCode.UNAVAILABLE, "Busy.", retry_after_s=0.02)
            talk.server.refuse_next("put_draft", busy, busy)
            anna.drafts.keep(talk.identity, "Patience")
            await until(lambda: told(talk) == "Patience")

    tell(story)


def test_a_clock_that_is_behind_does_not_lose_what_is_written_on_it(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.server.conversations[talk.identity].drafts_late_ms = -600_000
        async with talk.session() as desk:
            write_elsewhere(talk, "From a device ahead of time", talk.server.tick() + 600_000)
            await until(lambda: text(desk.drafts.get(talk.identity)) == "From a device ahead of time")
            desk.drafts.keep(talk.identity, "Changed here")
            await until(lambda: told(talk) == "Changed here")
            assert desk.drafts.offered(talk.identity) is None

    tell(story)


def test_a_clock_that_is_ahead_makes_nobody_a_stranger_to_their_own_words(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.server.conversations[talk.identity].drafts_late_ms = 600_000
        async with talk.session() as desk, talk.session() as laptop:
            desk.drafts.keep(talk.identity, "From the future")
            await until(lambda: text(laptop.drafts.get(talk.identity)) == "From the future")
            await until(lambda: not desk.drafts.offered(talk.identity) and told(talk) == "From the future")
            laptop.drafts.keep(talk.identity, "From the future, they say")
            await until(lambda: text(desk.drafts.get(talk.identity)) == "From the future, they say")
            assert desk.drafts.offered(talk.identity) is None
            assert laptop.drafts.offered(talk.identity) is None

    tell(story)


def test_a_conversation_that_is_gone_takes_its_draft_along(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            anna.drafts.keep(talk.identity, "Hello")
            await until(lambda: told(talk) == "Hello")
            talk.server.remove(talk.anna.user_id, talk.identity)
            await until(lambda: not file.own.drafts)
            assert anna.drafts.get(talk.identity) is None

    tell(story)


def write_elsewhere(talk: Talk, content: str, at_ms: int) -> None:
    """A draft of Anna's from another device."""
    conversation = talk.server.conversations[talk.identity]
    conversation.drafts_at[1] = at_ms
    conversation.keep_own(1, draft=Draft(content=content, written_at=to_wire(at_ms)))
    talk.server.push_own(1, conversation)
