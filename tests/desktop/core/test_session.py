"""A session on the fake server: what two people see of each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from desktop.core.bubble import Line, Tick
from desktop.core.listops import replay_all
from protocol.accounts import ProfileChange
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.core.talk import Talk, bubbles, texts, ticks
from tests.desktop.doubles import until

Tell = Callable[[Any], None]


def test_a_message_reaches_the_other_and_its_tick_comes_back(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna, talk.session(of_ben=True) as ben:
            hers, his = anna.timeline(talk.identity), ben.timeline(talk.identity)
            sent: asyncio.Future[None] = anna.send_text(talk.identity, "Hello Ben")
            assert ticks(hers) == [Tick.WAITING]
            key = bubbles(hers)[0].key
            await sent
            await until(lambda: texts(his) == ["Hello Ben"])
            await until(lambda: ticks(hers) == [Tick.SENT])
            assert bubbles(hers)[0].key == key
            assert ben.unread_total.value == 1
            ben.mark_read(talk.identity, 1)
            assert ben.unread_total.value == 0
            await until(lambda: ticks(hers) == [Tick.READ])
            assert anna.conversations.rows[0].preview.tick is Tick.READ

    tell(story)


def test_the_lists_replay_whatever_happens(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        third = talk.server.add_user("cleo")
        async with talk.session() as anna, talk.session(of_ben=True) as ben:
            rows, listed = list(anna.timeline(talk.identity).rows), list(anna.conversations.rows)

            def keep(operations: Any) -> None:
                rows[:] = replay_all(rows, operations)

            def keep_list(operations: Any) -> None:
                listed[:] = replay_all(listed, operations)

            anna.timeline(talk.identity).operations.subscribe(keep)
            anna.conversations.operations.subscribe(keep_list)
            for number in range(30):
                writer = anna if number % 3 else ben
                await writer.send_text(talk.identity, f"text {number}")
            await until(lambda: anna.waiting.value == ben.waiting.value == 0)
            await anna.open_direct(third.user_id)
            ben.mark_read(talk.identity, 10)
            talk.server.edit(talk.identity, 4, "edited")
            await until(lambda: anna.waiting.value == 0 and len(texts(anna.timeline(talk.identity))) == 30)
            await until(lambda: Tick.READ in ticks(anna.timeline(talk.identity)))
            assert rows == list(anna.timeline(talk.identity).rows)
            assert listed == list(anna.conversations.rows)
            assert [row.title for row in listed] == ["Cleo", "Ben"]

    tell(story)


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty_content"), (" \n\t ", "empty_content"), ("x" * 11, "content_too_long")]
)
def test_what_cannot_be_sent_is_refused_before_anything_is_shown(talk: Talk, tell: Tell, text: str, code: str) -> None:
    async def story() -> None:
        async with talk.session(limits=Limits(content_chars=10)) as anna:
            with pytest.raises(Refused) as refusal:
                await anna.send_text(talk.identity, text)
            assert refusal.value.code == code
            assert texts(anna.timeline(talk.identity)) == []

    tell(story)


def test_typing_is_seen_and_ends_by_itself_by_sending_or_by_word(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            header = anna.header(talk.identity)
            talk.server.type(talk.ben.user_id, talk.identity)
            await until(lambda: header.value.typing == ("Ben",))
            assert anna.conversations.rows[0].typing
            await until(lambda: header.value.typing == ())
            talk.server.type(talk.ben.user_id, talk.identity)
            await until(lambda: header.value.typing == ("Ben",))
            talk.server.post(talk.ben.user_id, talk.identity, "done")
            await until(lambda: header.value.typing == ())
            talk.server.type(talk.ben.user_id, talk.identity)
            await until(lambda: header.value.typing == ("Ben",))
            talk.server.type(talk.ben.user_id, talk.identity, on=False)
            await until(lambda: header.value.typing == ())

    tell(story)


def test_ones_own_typing_is_told_seldom_and_ended_at_once(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            for _ in range(20):
                anna.typing(talk.identity, True)
            anna.typing(talk.identity, False)
            anna.typing(talk.identity, False)
            await until(lambda: len(signs()) == 2)
            assert signs() == [True, False]

    def signs() -> list[bool]:
        return [command.is_typing for event, command in talk.server.calls if event == "typing"]

    tell(story)


def test_presence_names_and_pictures_change_where_they_are_shown(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna, talk.session(of_ben=True) as ben:
            talk.server.post(talk.ben.user_id, talk.identity, "Hello")
            header, timeline = anna.header(talk.identity), anna.timeline(talk.identity)
            talk.server.set_presence(talk.ben.user_id, "busy")
            await until(lambda: header.value.presence == "busy")
            assert anna.conversations.rows[0].presence == "busy"
            await ben.api.change_profile(ProfileChange(display_name="Benjamin"))
            await until(lambda: header.value.title == "Benjamin")
            assert anna.conversations.rows[0].title == "Benjamin"
            assert bubbles(timeline)[0].sender_name == "Benjamin"
            await until(lambda: ben.me.value.display_name == "Benjamin")

    tell(story)


def test_presence_is_unknown_once_the_line_has_been_down_for_a_while(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            header = anna.header(talk.identity)
            seen = [header.value.presence]
            header.subscribe(lambda value: seen.append(value.presence))
            talk.server.set_presence(talk.ben.user_id, "busy")
            await until(lambda: header.value.presence == "busy")
            talk.server.cut()
            talk.server.restore()
            await until(anna.is_connected)
            assert None not in seen
            talk.server.cut()
            await until(lambda: header.value.presence is None)
            assert anna.conversations.rows[0].presence is None
            talk.server.restore()
            await until(lambda: anna.conversations.rows[0].presence == header.value.presence == "busy")

    tell(story)


def test_a_conversation_that_one_is_taken_out_of_leaves_the_list(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            assert len(anna.conversations.rows) == 1
            talk.server.remove(talk.anna.user_id, talk.identity)
            await until(lambda: not anna.conversations.rows)

    tell(story)


def test_a_new_conversation_is_found_and_opened(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo", "Cleo Dale")
        async with talk.session() as anna:
            assert [user.username for user in await anna.search_users("anna")] == []
            assert await anna.search_users("dale") == [cleo]
            identity = await anna.open_direct(cleo.user_id)
            assert anna.conversations.rows[0].title == "Cleo Dale"
            assert await anna.open_direct(cleo.user_id) == identity
            assert len(anna.conversations.rows) == 2

    tell(story)


def test_read_reports_are_few_and_only_go_forward(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(20)
        async with talk.session() as anna:
            for position in [*range(1, 21), 7]:
                anna.mark_read(talk.identity, position)
            assert anna.unread_total.value == 0
            await until(reports)
            await asyncio.sleep(0.1)
            assert reports() == [20]
            anna.mark_read(talk.identity, 20)
            await asyncio.sleep(0.1)
            assert reports() == [20]

    def reports() -> list[int]:
        return [command.position for event, command in talk.server.calls if event == "mark_read" and command]

    tell(story)


def test_what_was_read_just_before_the_end_is_still_reported(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(4)
        async with talk.session() as anna:
            anna.mark_read(talk.identity, 4)
        assert talk.server.conversations[talk.identity].members[talk.anna.user_id].read_position == 4

    tell(story)


def test_what_is_read_offline_is_reported_later(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(4)
        async with talk.session() as anna:
            talk.server.cut()
            anna.mark_read(talk.identity, 4)
            assert anna.unread_total.value == 0
            await asyncio.sleep(0.1)
            talk.server.restore()
            members = talk.server.conversations[talk.identity].members
            await until(lambda: members[talk.anna.user_id].read_position == 4)

    tell(story)


def test_a_report_that_is_turned_away_is_made_again_on_the_same_line(
    talk: Talk, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.core.receipts.AGAIN_S", 0.02)

    async def story() -> None:
        talk.fill(4)
        async with talk.session() as anna:
            talk.server.refuse_next("mark_read", Refused(ErrorCode.RATE_LIMITED, "Slower.", retry_after_s=0.01))
            anna.mark_read(talk.identity, 4)
            members = talk.server.conversations[talk.identity].members
            await until(lambda: members[talk.anna.user_id].read_position == 4)
            assert anna.connection.value.line is Line.CONNECTED

    tell(story)


def test_marked_unread_counts_again_and_reading_ends_it(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(6)
        async with talk.session() as anna:
            anna.mark_read(talk.identity, 6)
            await until(lambda: talk.server.conversations[talk.identity].members[talk.anna.user_id].read_position == 6)
            anna.mark_unread(talk.identity, talk.identity * 100_000 + 3)
            await until(lambda: anna.unread_total.value == 2)
            anna.mark_read(talk.identity, 6)
            assert anna.unread_total.value == 0
            await until(lambda: not talk.server.conversations[talk.identity].unread_from)
            await asyncio.sleep(0.05)
            assert anna.unread_total.value == 0

    tell(story)


def test_the_server_knows_where_one_looks_and_how_one_is_seen_also_after_a_break(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            anna.set_presence("busy")
            anna.look_at(talk.identity)
            await until(lambda: told() == {"set_presence", "join_conversation"})
            talk.server.calls.clear()
            talk.server.cut()
            talk.server.restore()
            await until(lambda: told() == {"set_presence", "join_conversation"})
            anna.look_at(None)
            await until(lambda: "leave_conversation" in told())

    def told() -> set[str]:
        return {event for event, _ in talk.server.calls} & {"set_presence", "join_conversation", "leave_conversation"}

    tell(story)


def test_a_failure_inside_a_task_is_told_and_ends_nothing(
    talk: Talk, tell: Tell, expected_logs: Callable[[str], None]
) -> None:
    expected_logs("a task of the session failed")

    async def broken() -> None:
        message = "planted"
        raise RuntimeError(message)

    async def story() -> None:
        async with talk.session() as anna:
            anna.spawn(broken())
            await anna.send_text(talk.identity, "still here")
            await until(lambda: talk.stored() == ["still here"])

    tell(story)
