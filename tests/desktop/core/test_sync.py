"""The line: caught up before it counts as connected, mended by itself, and honest about why it is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import Connection, Line
from desktop.core.pace import Pace
from desktop.core.progress import Progress
from desktop.core.session import Session
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, texts
from tests.desktop.doubles import QUICK, until

Tell = Callable[[Any], None]


def lines_of(session: Session) -> list[Line]:
    """Every line state that the indicator was told of, from now on."""
    seen: list[Line] = []

    def keep(connection: Connection) -> None:
        if not seen or seen[-1] is not connection.line:
            seen.append(connection.line)

    session.connection.subscribe(keep)
    return seen


def line(session: Session) -> Line:
    return session.connection.value.line


def test_a_start_goes_through_its_states(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna)
        seen = lines_of(session)
        await session.start()
        await until(lambda: line(session) is Line.CONNECTED)
        assert seen == [Line.UPDATING, Line.CONNECTED]
        await until(lambda: session.connection.value.latency_ms == 12)
        talk.server.cut()
        await until(lambda: seen[-1] is Line.OFFLINE)
        assert session.connection.value.retry_at_ms is not None
        talk.server.restore()
        await until(lambda: seen[-1] is Line.CONNECTED)
        await session.close()

    tell(story)


def test_a_long_absence_is_caught_up_in_several_answers(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.server.sync_rows = 40
        talk.fill(130)
        async with talk.session() as anna:
            assert anna.held(talk.identity).has_all(1, 130)
            assert anna.versions() == {talk.identity: talk.server.conversations[talk.identity].head}
            talk.server.cut()
            talk.fill(50)
            talk.server.edit(talk.identity, 3, "edited")
            talk.server.restore()
            await until(lambda: anna.held(talk.identity).has_all(1, 180))
            await until(lambda: anna.held(talk.identity).messages[3].content == "edited")

    tell(story)


def test_a_push_that_was_lost_is_fetched_when_the_gap_stays(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await until(lambda: timeline.state.value.phase == "empty")
            talk.server.lose_pushes(1)
            talk.server.post(talk.ben.user_id, talk.identity, "lost")
            talk.server.post(talk.ben.user_id, talk.identity, "heard")
            await until(lambda: texts(timeline) == ["heard"])
            assert anna.gap_since_ms() is not None
            await until(lambda: texts(timeline) == ["lost", "heard"])
            assert anna.gap_since_ms() is None

    tell(story)


def test_a_gap_in_ones_own_counter_is_fetched_too(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo")
        other = talk.server.open_direct(talk.anna.user_id, cleo.user_id)
        for sender, conversation_id in ((talk.ben, talk.identity), (cleo, other)):
            talk.server.post(sender.user_id, conversation_id, "one")
            talk.server.post(sender.user_id, conversation_id, "two")
            talk.server.read(talk.anna.user_id, conversation_id, 2)
        async with talk.session() as anna:
            assert anna.unread_total.value == 0
            talk.server.lose_pushes(1)
            talk.server.unread(talk.anna.user_id, talk.identity * 100_000 + 2)
            talk.server.unread(talk.anna.user_id, other * 100_000 + 2)
            await until(lambda: anna.unread_total.value == 2)

    tell(story)


def test_a_lost_last_push_is_found_by_the_digest(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        pace = Pace(**{name: getattr(QUICK, name) for name in QUICK.__slots__} | {"digest_s": 0.1})
        session = talk.server.session(talk.anna, pace=pace)
        await session.start()
        await until(lambda: line(session) is Line.CONNECTED)
        talk.server.lose_pushes(1)
        talk.server.post(talk.ben.user_id, talk.identity, "lost")
        await until(lambda: session.unread_total.value == 1)
        await session.close()

    tell(story)


def test_a_revoked_session_ends_and_says_why_and_keeps_what_waits(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.push_event("session_revoked", {"reason": "ended from another device"}, talk.anna.user_id)
            await until(lambda: line(anna) is Line.SIGNED_OUT)
            assert "ended from another device" in (anna.connection.value.reason or "")
            await anna.send_text(talk.identity, "kept")
            await asyncio.sleep(0.2)
            assert line(anna) is Line.SIGNED_OUT
            assert anna.waiting.value == 1
            assert talk.stored() == []
            anna.retry_now()
            await until(lambda: talk.stored() == ["kept"])

    tell(story)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (ErrorCode.CLIENT_TOO_OLD, Line.TOO_OLD),
        (ErrorCode.SERVER_TOO_OLD, Line.TOO_OLD),
        (ErrorCode.SESSION_REVOKED, Line.SIGNED_OUT),
    ],
)
def test_a_refusal_that_time_does_not_mend_waits_for_the_user(
    talk: Talk, tell: Tell, code: ErrorCode, expected: Line
) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna)
        talk.server.refuse_next("open", Refused(code, "Do something about it."))
        await session.start()
        await until(lambda: line(session) is expected)
        assert session.connection.value.reason == "Do something about it."
        await asyncio.sleep(0.1)
        assert line(session) is expected
        session.retry_now()
        await until(lambda: line(session) is Line.CONNECTED)
        await session.close()

    tell(story)


def test_a_busy_server_is_given_its_time(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna)
        talk.server.refuse_next("open", Refused(ErrorCode.UNAVAILABLE, "Later.", retry_after_s=0.3))
        started = asyncio.get_running_loop().time()
        await session.start()
        await until(lambda: line(session) is Line.CONNECTED)
        assert asyncio.get_running_loop().time() - started >= 0.3
        await session.close()

    tell(story)


@pytest.mark.parametrize("hurry", [Session.retry_now, Session.look_at_line], ids=["a click", "another network"])
def test_a_click_and_another_network_do_not_wait(talk: Talk, tell: Tell, hurry: Callable[[Session], None]) -> None:
    async def story() -> None:
        talk.server.cut()
        session = talk.server.session(talk.anna, pace=Pace(first_s=60.0, draw=lambda: 1.0))
        await session.start()
        await until(lambda: line(session) is Line.OFFLINE)
        talk.server.restore()
        hurry(session)
        await until(lambda: line(session) is Line.CONNECTED)
        await session.close()

    tell(story)


def test_a_line_that_only_seems_to_live_is_given_up(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            seen = lines_of(anna)
            talk.server.lose_answers("digest")
            anna.retry_now()
            await until(lambda: seen[-1:] == [Line.CONNECTED] and Line.OFFLINE in seen)
            talk.server.post(talk.ben.user_id, talk.identity, "heard again")
            await until(lambda: anna.unread_total.value == 1)

    tell(story)


def test_an_announced_restart_spreads_the_return(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna, pace=Pace(first_s=0.01, closed_by_server_s=0.01, draw=lambda: 1.0))
        await session.start()
        await until(lambda: line(session) is Line.CONNECTED)
        talk.server.push_event("server_restarting", {"spread_ms": 300}, talk.anna.user_id)
        await asyncio.sleep(0.01)
        talk.server.lives[0].snap("restart")
        await until(lambda: line(session) is Line.OFFLINE)
        retry_at_ms = session.connection.value.retry_at_ms or 0
        assert 250 <= retry_at_ms - talk.server.now_ms <= 301
        await until(lambda: line(session) is Line.CONNECTED)
        await session.close()

    tell(story)


def test_a_restored_server_is_asked_for_everything_and_given_what_one_wrote(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(10)
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await until(lambda: len(texts(timeline)) == 10)
            _restore_a_backup(talk, keeps=6)
            await until(lambda: line(anna) is Line.OFFLINE)
            talk.server.restore()
            await until(lambda: line(anna) is Line.CONNECTED)
            assert texts(timeline)[:6] == [str(number) for number in range(1, 7)]
            await until(lambda: talk.stored()[6:] == ["7", "9"])
            await until(lambda: texts(timeline) == talk.stored())

    tell(story)


def test_an_answer_of_another_history_that_is_faster_than_its_greeting_costs_no_word(talk: Talk, tell: Tell) -> None:
    """A message sent by REST while the line is down is answered by a restored server of which nobody knows yet."""

    async def story() -> None:
        talk.fill(10)
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await until(lambda: len(texts(timeline)) == 10)
            _restore_a_backup(talk, keeps=6)
            await until(lambda: line(anna) is Line.OFFLINE)
            talk.server.read(talk.ben.user_id, talk.identity, 5)
            anna.confirmed(talk.server.post(talk.anna.user_id, talk.identity, "by rest"))
            talk.server.restore()
            await until(lambda: talk.stored()[6:] == ["by rest", "7", "9"])
            await until(lambda: texts(timeline) == talk.stored())

    tell(story)


def test_what_was_read_in_another_history_counts_for_nothing(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(10)
        async with talk.session() as anna:
            await until(lambda: anna.unread_total.value == 5)
            _restore_a_backup(talk, keeps=6)
            await until(lambda: line(anna) is Line.OFFLINE)
            anna.mark_read(talk.identity, 10)
            assert anna.unread_total.value == 0
            talk.server.restore()
            await until(lambda: line(anna) is Line.CONNECTED)
            assert anna.unread_total.value == 3

    tell(story)


def _restore_a_backup(talk: Talk, keeps: int) -> None:
    """Cut the line and let the server be as it was when the conversation had so many messages."""
    talk.server.cut()
    conversation = talk.server.conversations[talk.identity]
    conversation.head -= len(conversation.messages) - keeps
    del conversation.messages[keeps:]
    talk.server.epoch = "second"


def test_an_error_in_the_face_does_not_end_the_line(
    talk: Talk, tell: Tell, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("a watcher failed")
    planted = [RuntimeError("planted")]

    def fail(_operations: object) -> None:
        if planted:
            raise planted.pop()

    async def story() -> None:
        async with talk.session() as anna:
            seen = lines_of(anna)
            anna.conversations.operations.subscribe(fail)
            talk.server.post(talk.ben.user_id, talk.identity, "one")
            await until(lambda: not planted)
            talk.server.post(talk.ben.user_id, talk.identity, "two")
            await until(lambda: anna.unread_total.value == 2)
            assert seen == []

    tell(story)


def test_back_off_grows_with_jitter_and_is_bounded() -> None:
    assert [Pace(draw=lambda: 1.0).back_off_s(attempt) for attempt in (0, 1, 2, 5, 6, 99)] == [1, 2, 4, 32, 60, 60]
    assert Pace(draw=lambda: 0.25).back_off_s(2) == 1.0


def test_progress_counts_on_over_numbers_that_came_early() -> None:
    progress = Progress()
    for version in (1, 3, 4, 3):
        progress.note(7, version, now_ms=100 + version)
    assert progress.versions() == {7: 1}
    assert progress.gap_since_ms() == 103
    progress.note(7, 2, now_ms=500)
    assert progress.versions() == {7: 4}
    assert progress.gap_since_ms() is None
    progress.note(7, 9, now_ms=600)
    progress.reach(7, 9, now_ms=700)
    assert progress.gap_since_ms() is None
