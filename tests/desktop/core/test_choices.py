"""What one chooses is shown at once, taken back when it is refused, and asked again until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import ConversationRow
from desktop.core.choices import FOR_GOOD_MS
from desktop.core.session import Session
from protocol.commands import PatchOwn
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def row(session: Session) -> ConversationRow:
    """The only conversation's row."""
    return session.conversations.rows[0]


def choosing(session: Session, talk: Talk, change: PatchOwn) -> asyncio.Task[None]:
    """A choice on its way."""
    return asyncio.get_running_loop().create_task(session.choices.set(talk.identity, change))


def asked(talk: Talk) -> int:
    """How often the server was asked."""
    return sum(event == "patch_own" for event, _ in talk.server.calls)


def test_a_choice_is_shown_at_once_and_on_the_other_device_soon(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as desk, talk.session() as laptop:
            task = choosing(desk, talk, PatchOwn(pinned=True))
            await asyncio.sleep(0)
            assert row(desk).pinned
            assert asked(talk) == 0
            await task
            await until(lambda: row(laptop).pinned)
            assert row(desk).pinned

    tell(story)


def test_a_refused_choice_is_taken_back_and_says_why(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        async with talk.session(file) as anna:
            talk.server.refuse_next("patch_own", Refused(ErrorCode.FORBIDDEN, "Not here."))
            task = choosing(anna, talk, PatchOwn(blocked=True))
            await asyncio.sleep(0)
            assert row(anna).blocked
            assert anna.header(talk.identity).value.blocked
            with pytest.raises(Refused, match="Not here"):
                await task
            assert not row(anna).blocked
            assert not file.own.choices

    tell(story)


def test_a_choice_made_offline_survives_a_restart_and_is_asked_with_the_next_line(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        talk.server.cut()
        async with talk.session(file) as anna:
            await anna.choices.set(talk.identity, PatchOwn(archived=True))
            await anna.choices.set(talk.identity, PatchOwn(pinned=True))
            await anna.choices.set(talk.identity, PatchOwn(archived=False))
        assert file.own.choices == {talk.identity: PatchOwn(archived=False, pinned=True)}
        talk.server.restore()
        async with talk.session(file) as anna:
            await until(lambda: talk.server.conversations[talk.identity].own_of(1).pinned)
            await until(lambda: not file.own.choices)
            assert asked(talk) == 1
            assert row(anna).pinned

    tell(story)


def test_a_choice_that_is_refused_after_a_restart_is_told(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        file = MemoryOutboxFile()
        file.own.choices[talk.identity] = PatchOwn(pinned=True)
        refusal = Refused(ErrorCode.FORBIDDEN, "Not here.")
        talk.server.refuse_next("patch_own", refusal)
        anna = talk.server.session(talk.anna, file)
        problems: list[Refused] = []
        anna.choices.problems.subscribe(problems.append)
        await anna.start()
        await until(lambda: problems == [refusal])
        assert not row(anna).pinned
        assert not file.own.choices
        await anna.close()

    tell(story)


def test_of_two_choices_in_a_hurry_the_later_holds(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            first, second = (choosing(anna, talk, PatchOwn(pinned=on)) for on in (True, False))
            await asyncio.gather(first, second)
            assert not talk.server.conversations[talk.identity].own_of(1).pinned
            await asyncio.sleep(0.02)
            assert not row(anna).pinned

    tell(story)


def test_a_busy_server_is_asked_again_while_the_choice_is_shown(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.refuse_next("patch_own", Refused(ErrorCode.UNAVAILABLE, "Busy.", retry_after_s=0.02))
            await anna.choices.set(talk.identity, PatchOwn(notify="mentions"))
            assert talk.server.conversations[talk.identity].own_of(1).notify == "all"
            await until(lambda: talk.server.conversations[talk.identity].own_of(1).notify == "mentions")

    tell(story)


def test_muted_for_a_time_ends_by_itself(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.post(talk.ben.user_id, talk.identity, "Hello")
            await until(lambda: anna.unread_total.value == 1)
            await anna.choices.mute_for(talk.identity, FOR_GOOD_MS)
            assert row(anna).muted
            assert anna.unread_total.value == anna.badge.value == 0
            assert anna.header(talk.identity).value.muted
            await anna.choices.mute_for(talk.identity, 100)
            assert row(anna).muted
            talk.server.now_ms += 100
            await until(lambda: not row(anna).muted)
            assert anna.unread_total.value == anna.badge.value == 1
            await anna.choices.mute_for(talk.identity, FOR_GOOD_MS)
            await anna.choices.mute_for(talk.identity, None)
            assert not row(anna).muted

    tell(story)


def test_another_devices_choice_counts_once_ours_is_answered(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as desk, talk.session() as laptop:
            await desk.choices.set(talk.identity, PatchOwn(pinned=True))
            await until(lambda: row(laptop).pinned)
            await laptop.choices.set(talk.identity, PatchOwn(pinned=False))
            await until(lambda: not row(desk).pinned)

    tell(story)
