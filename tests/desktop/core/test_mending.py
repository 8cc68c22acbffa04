"""What the line does about lost pushes, busy servers, clocks that jump and rows that cannot be taken in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from desktop.core.bubble import Hole, Line
from desktop.core.pace import Pace
from desktop.core.session import Session
from protocol.codec import plain
from protocol.errors import ErrorCode, Refused
from protocol.signals import SIGNALS
from tests.desktop.core.talk import Talk, texts
from tests.desktop.doubles import QUICK, until

Tell = Callable[[Any], None]


def line(session: Session) -> Line:
    return session.connection.value.line


def asked(talk: Talk, event: str) -> int:
    return sum(name == event for name, _ in talk.server.calls)


@pytest.mark.parametrize("drawn", [0.0, 1.0])
def test_resync_asks_once_within_the_spread(talk: Talk, tell: Tell, drawn: float) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna, pace=replace(QUICK, draw=lambda: drawn))
        await session.start()
        await until(lambda: line(session) is Line.CONNECTED)
        talk.server.lose_pushes(1)
        talk.server.post(talk.ben.user_id, talk.identity, "lost by the bus")
        before, began = asked(talk, "sync"), asyncio.get_running_loop().time()
        for _ in range(3):
            talk.server.push_event("resync", {"spread_ms": 300}, talk.anna.user_id)
        await until(lambda: session.unread_total.value == 1)
        assert drawn * 0.3 <= asyncio.get_running_loop().time() - began
        await asyncio.sleep(0.1)
        assert asked(talk, "sync") == before + 1
        await session.close()

    tell(story)


def test_the_contract_has_the_signal() -> None:
    assert plain(SIGNALS["resync"].payload(spread_ms=5000)) == {"spread_ms": 5000}


def test_digests_and_reports_are_jittered() -> None:
    earliest, latest = Pace(draw=lambda: 0.0), Pace(draw=lambda: 1.0)
    assert (earliest.digest_wait_s(), latest.digest_wait_s()) == (30.0, 45.0)
    assert (earliest.report_wait_s(), latest.report_wait_s()) == (0.3, 0.6)


def test_a_named_wait_is_never_cut_short_and_is_spread() -> None:
    waits = [Pace(draw=lambda part=part: part / 10).told_to_wait_s(5.0, 0) for part in range(11)]  # type: ignore[misc]
    assert waits[0] == 5.0
    assert waits == sorted(set(waits))
    assert waits[-1] == 10.0
    assert Pace(draw=lambda: 0.0).told_to_wait_s(120.0, 3) == 120.0
    assert Pace(draw=lambda: 1.0).told_to_wait_s(0.1, 9) == 60.0


@pytest.mark.parametrize("code", [ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE])
def test_only_a_person_tries_before_the_server_wants_it(talk: Talk, tell: Tell, code: ErrorCode) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna)
        talk.server.refuse_next("open", Refused(code, "Come back later.", retry_after_s=60))
        await session.start()
        await until(lambda: line(session) is Line.OFFLINE)
        for _ in range(3):
            session.look_at_line()
            await asyncio.sleep(0.02)
        assert line(session) is Line.OFFLINE
        session.retry_now()
        await until(lambda: line(session) is Line.CONNECTED)
        await session.close()

    tell(story)


@pytest.mark.parametrize("jump_ms", [86_400_000, -86_400_000])
def test_a_gap_is_filled_though_the_clock_is_set(talk: Talk, tell: Tell, jump_ms: int) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.lose_pushes(1)
            talk.server.post(talk.ben.user_id, talk.identity, "lost")
            talk.server.post(talk.ben.user_id, talk.identity, "heard")
            await until(lambda: anna.gap_since_ms() is not None)
            talk.server.now_ms += jump_ms
            await until(lambda: anna.unread_total.value == 2, within_s=2.0)

    tell(story)


def test_a_server_that_always_has_more_is_left(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(3)
        session = talk.server.session(talk.anna)
        real = talk.server.sync
        talk.server.sync = lambda user_id, command: structs.replace(  # type: ignore[method-assign]
            real(user_id, command), complete=False, conversations=[]
        )
        await session.start()
        await until(lambda: line(session) is Line.OFFLINE)
        assert asked(talk, "sync") <= 4
        talk.server.sync = real  # type: ignore[method-assign]
        await until(lambda: line(session) is Line.CONNECTED)
        await session.close()

    tell(story)


@pytest.mark.parametrize("way", ["push", "sync"])
def test_a_row_that_cannot_be_taken_in_costs_only_itself(
    talk: Talk, tell: Tell, expected_logs: Callable[[str], None], way: str
) -> None:
    expected_logs("news is left out after 3 tries: messages")

    async def story() -> None:
        talk.fill(3)
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await until(lambda: len(texts(timeline)) == 3)
            if way == "sync":
                talk.server.cut()
            bad = talk.server.post(talk.ben.user_id, talk.identity, "poison")
            talk.server.conversations[talk.identity].messages[-1] = structs.replace(bad, created_at="no time")
            if way == "push":
                talk.server.push("new_message", structs.replace(bad, version=bad.version, created_at="no time"))
            talk.server.edit(talk.identity, 4, "poison")
            talk.server.post(talk.ben.user_id, talk.identity, "after")
            talk.server.edit(talk.identity, 1, "edited")
            talk.server.restore()
            await until(lambda: texts(timeline)[-1:] == ["after"] and texts(timeline)[0] == "edited")
            await until(lambda: anna.gap_since_ms() is None and line(anna) is Line.CONNECTED)
            head = talk.server.conversations[talk.identity].head
            await until(lambda: anna.versions() == {talk.identity: head})
            assert any(isinstance(row, Hole) for row in timeline.rows)
            await anna.send_text(talk.identity, "goes on")
            await until(lambda: talk.stored()[-1] == "goes on" and texts(timeline)[-1] == "goes on")

    tell(story)


def test_news_that_fails_once_is_taken_in_all_the_same(talk: Talk, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await until(lambda: timeline.state.value.phase == "empty")
            real, planted = timeline.refresh, [RuntimeError("planted"), RuntimeError("planted")]

            def fail() -> None:
                if planted:
                    raise planted.pop()
                real()

            monkeypatch.setattr(timeline, "refresh", fail)
            talk.server.post(talk.ben.user_id, talk.identity, "one")
            await until(lambda: texts(timeline) == ["one"] and anna.unread_total.value == 1)
            assert not planted

    tell(story)


def test_a_lost_last_push_of_ones_own_facts_is_found_by_the_digest(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(4)
        talk.server.read(talk.anna.user_id, talk.identity, 4)
        async with talk.session() as anna:
            assert anna.unread_total.value == 0
            talk.server.lose_pushes(1)
            talk.server.unread(talk.anna.user_id, talk.identity * 100_000 + 2)
            anna.retry_now()
            await until(lambda: anna.unread_total.value == 2)

    tell(story)
