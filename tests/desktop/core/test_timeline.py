"""The window over a conversation: opened where reading began, paged both ways, bounded, and told by operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import Bubble, Hole, UnreadLine
from desktop.core.listops import replay_all
from desktop.core.session import Session
from desktop.core.store import HELD_MOST
from desktop.core.timeline import WINDOW_MOST, Timeline
from protocol.errors import ErrorCode, Refused
from tests.desktop.core.talk import Talk, bubbles, texts
from tests.desktop.doubles import until

Tell = Callable[[Any], None]


def positions(timeline: Timeline) -> list[int]:
    return [bubble.position for bubble in bubbles(timeline) if bubble.position is not None]


def phase(timeline: Timeline) -> str:
    return timeline.state.value.phase


def first_unread(timeline: Timeline) -> int | None:
    return timeline.first_unread


def has_older(timeline: Timeline) -> bool:
    return timeline.state.value.has_older


async def ready(session: Session, identity: int) -> Timeline:
    """The timeline once it is ready, watched by a replica that must never differ."""
    timeline = session.timeline(identity)
    replica = list(timeline.rows)

    def keep(operations: Any) -> None:
        replica[:] = replay_all(replica, operations)
        assert replica == list(timeline.rows)
        assert len({row.key for row in replica}) == len(replica)

    timeline.operations.subscribe(keep)
    await until(lambda: phase(timeline) in {"ready", "empty"})
    return timeline


def forget(session: Session, talk: Talk, keep: int) -> None:
    """Let the session hold only the newest messages, as after a jump over many."""
    held = session.held(talk.identity)
    cut = len(held.positions) - keep
    for position in held.positions[:cut]:
        del held.messages[position]
    del held.positions[:cut]


def test_an_empty_conversation_says_so_and_fills(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            assert phase(timeline) == "empty"
            talk.server.post(talk.ben.user_id, talk.identity, "Hello")
            await until(lambda: texts(timeline) == ["Hello"])
            assert phase(timeline) == "ready"
            assert anna.timeline(talk.identity) is timeline

    tell(story)


def test_the_newest_page_is_shown_and_older_ones_are_fetched(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(130)
        talk.server.read(talk.anna.user_id, talk.identity, 130)
        async with talk.session() as anna:
            forget(anna, talk, 1)
            timeline = await ready(anna, talk.identity)
            assert positions(timeline) == list(range(81, 131))
            assert has_older(timeline)
            assert not timeline.state.value.has_newer
            for _ in range(3):
                timeline.load_older()
            await until(lambda: positions(timeline) == list(range(31, 131)))
            timeline.load_older()
            await until(lambda: positions(timeline) == list(range(1, 131)))
            assert not has_older(timeline)
            timeline.load_older()
            assert not timeline.is_loading
            assert talk.server.calls.count(("history", None)) == 3

    tell(story)


def test_the_window_is_bounded_both_ways_and_comes_back_to_the_latest(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(1000)
        talk.server.read(talk.anna.user_id, talk.identity, 1000)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            while timeline.has_older:
                timeline.load_older()
                await until(lambda: not timeline.is_loading)
                assert len(bubbles(timeline)) <= WINDOW_MOST
            assert positions(timeline)[0] == 1
            assert timeline.state.value.has_newer
            talk.server.post(talk.ben.user_id, talk.identity, "new")
            await asyncio.sleep(0.05)
            assert "new" not in texts(timeline)
            while timeline.has_newer:
                timeline.load_newer()
                await until(lambda: not timeline.is_loading)
                assert len(bubbles(timeline)) <= WINDOW_MOST
            assert texts(timeline)[-1] == "new"
            for number in range(WINDOW_MOST):
                talk.server.post(talk.ben.user_id, talk.identity, f"more {number}")
            await until(lambda: texts(timeline)[-1] == f"more {WINDOW_MOST - 1}")
            assert len(bubbles(timeline)) <= WINDOW_MOST

    tell(story)


def test_jumping_goes_there_and_back(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(600)
        talk.server.read(talk.anna.user_id, talk.identity, 600)
        async with talk.session() as anna:
            forget(anna, talk, 60)
            timeline = await ready(anna, talk.identity)
            timeline.load_around(100)
            await until(lambda: 100 in positions(timeline))
            assert 600 not in positions(timeline)
            assert timeline.index_of(talk.server.conversations[talk.identity].messages[99].uid) is not None
            assert timeline.index_of("nothing") is None
            await anna.send_text(talk.identity, "mine")
            await until(lambda: texts(timeline)[-1] == "mine")
            assert not timeline.has_newer

    tell(story)


def test_a_hole_is_filled_when_it_is_seen(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(100)
        talk.server.read(talk.anna.user_id, talk.identity, 100)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            held = anna.held(talk.identity)
            for position in range(70, 80):
                del held.messages[position]
                held.positions.remove(position)
            timeline.refresh()
            hole = next(row for row in timeline.rows if isinstance(row, Hole))
            assert (hole.after_position, hole.before_position) == (69, 80)
            timeline.load_around(hole.after_position + 1)
            await until(lambda: positions(timeline) == list(range(51, 101)))

    tell(story)


def test_unread_messages_open_at_the_divider_which_stays_where_it_was(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(200)
        talk.server.read(talk.anna.user_id, talk.identity, 119)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            assert positions(timeline)[0] == 95
            timeline.begin_reading()
            assert first_unread(timeline) == 120
            line = next(i for i, row in enumerate(timeline.rows) if isinstance(row, UnreadLine))
            after = timeline.rows[line + 1]
            assert isinstance(after, Bubble)
            assert after.position == 120
            anna.mark_read(talk.identity, 200)
            talk.server.post(talk.ben.user_id, talk.identity, "more")
            await until(lambda: texts(timeline)[-1] == "more")
            assert first_unread(timeline) == 120
            assert sum(isinstance(row, UnreadLine) for row in timeline.rows) == 1
            timeline.end_reading()
            assert first_unread(timeline) is None
            assert not any(isinstance(row, UnreadLine) for row in timeline.rows)

    tell(story)


def test_coming_back_to_very_many_unread_begins_at_the_first(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(60)
        talk.server.read(talk.anna.user_id, talk.identity, 60)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            for number in range(600):
                talk.server.post(talk.ben.user_id, talk.identity, f"more {number}")
            await until(lambda: texts(timeline)[-1] == "more 599")
            assert 61 not in positions(timeline)
            timeline.begin_reading()
            await until(lambda: any(isinstance(row, UnreadLine) for row in timeline.rows))
            assert first_unread(timeline) == 61
            assert 61 in positions(timeline)

    tell(story)


def test_sending_ends_the_divider(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(4)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            timeline.begin_reading()
            assert first_unread(timeline) == 2
            await anna.send_text(talk.identity, "answer")
            assert first_unread(timeline) is None

    tell(story)


def test_many_unread_open_in_the_middle(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(900)
        talk.server.read(talk.anna.user_id, talk.identity, 99)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            assert 100 in positions(timeline)
            assert timeline.has_newer
            assert timeline.has_older
            timeline.jump_to_latest()
            await until(lambda: positions(timeline)[-1] == 900)

    tell(story)


@pytest.mark.parametrize("refused", [True, False])
def test_no_history_is_said_and_asked_again_when_the_line_is_back(talk: Talk, tell: Tell, refused: bool) -> None:
    async def story() -> None:
        talk.fill(3)
        async with talk.session() as anna:
            forget(anna, talk, 0)
            if refused:
                talk.server.refuse_next("history", Refused(ErrorCode.SERVER_ERROR, "Try again in a moment."))
            else:
                talk.server.cut()
            timeline = anna.timeline(talk.identity)
            await until(lambda: phase(timeline) == "error")
            assert timeline.state.value.reason
            if refused:
                timeline.retry()
            else:
                talk.server.restore()
            await until(lambda: positions(timeline) == [1, 2, 3])
            assert phase(timeline) == "ready"

    tell(story)


def test_what_is_held_is_shown_without_a_line(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(100)
        async with talk.session() as anna:
            forget(anna, talk, 20)
            talk.server.cut()
            timeline = anna.timeline(talk.identity)
            await until(lambda: phase(timeline) == "ready")
            assert positions(timeline) == list(range(81, 101))

    tell(story)


def test_after_a_jump_over_many_what_is_shown_is_made_new_and_the_rest_is_a_hole(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(130)
        talk.server.read(talk.anna.user_id, talk.identity, 130)
        async with talk.session() as anna:
            timeline = await ready(anna, talk.identity)
            timeline.load_older()
            assert positions(timeline) == list(range(31, 131))
            talk.server.fresh_beyond = 100
            talk.server.cut()
            await until(lambda: not anna.is_connected())
            talk.fill(140)
            for position in (5, 40, 125):
                talk.server.edit(talk.identity, position, "edited")
            talk.server.restore()
            await until(lambda: texts(timeline).count("edited") == 2)
            await until(lambda: not timeline.is_loading)
            shown = positions(timeline)
            assert shown[:100] == list(range(31, 131))
            assert set(shown) >= set(range(221, 271))
            timeline.load_older()
            await until(lambda: texts(timeline).count("edited") == 3)
            while holes := [row for row in timeline.rows if isinstance(row, Hole)]:
                timeline.load_around(holes[0].after_position + 1)
                await until(lambda: not timeline.is_loading)
            assert positions(timeline) == list(range(1, 271))

    tell(story)


def test_memory_is_bounded_and_history_brings_back_what_was_let_go(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(2400)
        talk.server.read(talk.anna.user_id, talk.identity, 2400)
        async with talk.session() as anna:
            held = anna.held(talk.identity)
            assert len(held.positions) <= HELD_MOST
            timeline = await ready(anna, talk.identity)
            for _ in range(60):
                timeline.load_older()
                await until(lambda: not timeline.is_loading)
            assert positions(timeline)[0] == 1
            assert positions(timeline) == list(range(1, len(positions(timeline)) + 1))

    tell(story)


def test_what_is_unread_is_never_let_go(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(2400)
        async with talk.session() as anna:
            for _ in range(3):
                talk.server.post(talk.ben.user_id, talk.identity, "more")
            await until(lambda: anna.unread_total.value == 1203)

    tell(story)


def test_a_watcher_may_cause_a_change(talk: Talk, tell: Tell) -> None:
    """The view marks as read while it is being told: both lists stay whole, whoever listens second."""

    async def story() -> None:
        talk.fill(3)
        async with talk.session() as anna:
            timeline = anna.timeline(talk.identity)
            await until(lambda: len(texts(timeline)) == 3)
            timeline.operations.subscribe(lambda _operations: timeline.begin_reading())
            replica = list(timeline.rows)

            def keep(operations: Any) -> None:
                replica[:] = replay_all(replica, operations)

            timeline.operations.subscribe(keep)
            talk.server.post(talk.ben.user_id, talk.identity, "new")
            await until(lambda: texts(timeline)[-1] == "new")
            assert any(isinstance(row, UnreadLine) for row in timeline.rows)
            assert replica == list(timeline.rows)

    tell(story)
