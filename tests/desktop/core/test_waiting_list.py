"""The outbox tells what waits, since when and why; what may still change does so in place; nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from desktop.core.bubble import Line
from desktop.core.outbox import DAY_MS
from desktop.core.session import Session
from desktop.core.waiting_list import WaitingRow, Why
from protocol.commands import SendMessage
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.core.talk import Talk, texts
from tests.desktop.doubles import QUICK, until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]


def rows(session: Session) -> list[WaitingRow]:
    return session.waiting_list.rows()


def row(session: Session, text: str) -> WaitingRow:
    return next(one for one in rows(session) if one.text == text)


async def cut(talk: Talk, session: Session) -> None:
    """Break the line and wait until it is known."""
    talk.server.cut()
    await until(lambda: session.connection.value.line is not Line.CONNECTED)


def sends(talk: Talk) -> int:
    return sum(isinstance(command, SendMessage) for _, command in talk.server.calls)


def test_what_waits_offline_is_told_in_order_with_its_reason(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo")
        other = talk.server.open_direct(talk.anna.user_id, cleo.user_id)
        async with talk.session() as anna:
            await cut(talk, anna)
            for conversation_id, text in ((talk.identity, "one"), (other, "two"), (talk.identity, "three")):
                await anna.send_text(conversation_id, text)
            await until(lambda: row(anna, "one").tried_at_ms is not None)
            told = rows(anna)
            assert [(one.title, one.text) for one in told] == [("Ben", "one"), ("Cleo", "two"), ("Ben", "three")]
            assert row(anna, "three").why is Why.BEHIND
            await until(lambda: row(anna, "one").why is Why.OFFLINE)
            assert all(one.fixed is None and one.can_cancel and not one.asks for one in (told[2], row(anna, "one")))
            assert row(anna, "one").problem == "Nobody listens."
            assert anna.connection.value.waiting == 3
            talk.server.restore()
            await until(lambda: not rows(anna))
            assert talk.stored() == ["one", "three"]

    tell(story)


def test_a_text_changes_in_place_on_disk_and_keeps_uid_and_turn(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        disk = MemoryOutboxFile()
        talk.server.cut()
        async with talk.session(disk) as anna:
            for text in ("first", "secnod", "third"):
                await anna.send_text(talk.identity, text)
            before = row(anna, "secnod")
            await anna.edit_waiting(before.uid, "second  ")
            assert [one.text for one in rows(anna)] == ["first", "second", "third"]
            assert texts(anna.timeline(talk.identity)) == ["first", "second", "third"]
            kept = disk.entries[before.uid]
            assert (kept.text, kept.tried, kept.uid) == ("second", False, before.uid)
        async with talk.session(disk) as again:
            uid = row(again, "first").uid
            await until(lambda: row(again, "first").tried_at_ms is not None)
            await until(lambda: row(again, "first").fixed is None)
            await again.edit_waiting(uid, "zeroth")
            talk.server.restore()
            await until(lambda: talk.stored() == ["zeroth", "second", "third"])
            await until(lambda: not disk.entries)

    tell(story)


def test_what_may_have_been_sent_is_not_changed_and_says_why(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.lose_answers("send_message")
            talk.server.lose_pushes(1)
            await anna.send_text(talk.identity, "said")
            await until(lambda: talk.stored() == ["said"] and len(rows(anna)) == 1)
            uid = rows(anna)[0].uid
            assert "may have reached" in (rows(anna)[0].fixed or "")
            with pytest.raises(Refused, match="may have reached"):
                await anna.edit_waiting(uid, "changed")
            with pytest.raises(Refused, match="may have reached"):
                anna.take_back(uid)
            await until(lambda: not rows(anna))
            assert talk.stored() == ["said"]

    tell(story)


def test_that_it_may_be_sent_is_on_disk_before_it_is(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        disk = MemoryOutboxFile()
        seen: list[bool] = []
        real = talk.server.send

        def send(user_id: int, command: SendMessage) -> Any:
            seen.append(disk.entries[command.uid or ""].tried)
            return real(user_id, command)

        talk.server.send = send  # type: ignore[method-assign]
        talk.server.cut()
        async with talk.session(disk) as anna:
            await asyncio.gather(*(anna.send_text(talk.identity, str(number)) for number in range(3)))
            assert not any(entry.tried for entry in disk.entries.values() if entry.text != "0")
            talk.server.restore()
            await until(lambda: len(talk.stored()) == 3)
            await anna.send_text(talk.identity, "3")
            await until(lambda: len(talk.stored()) == 4)
        assert seen == [True] * 4

    tell(story)


def test_while_it_is_changed_it_waits_and_so_does_what_follows(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            await cut(talk, anna)
            for text in ("one", "two"):
                await anna.send_text(talk.identity, text)
            uid = row(anna, "one").uid
            await until(lambda: row(anna, "one").fixed is None)
            anna.waiting_list.hold(uid)
            talk.server.restore()
            await until(lambda: anna.connection.value.line is Line.CONNECTED)
            await asyncio.sleep(0.1)
            assert talk.stored() == []
            assert [one.why for one in rows(anna)] == [Why.HELD, Why.BEHIND]
            await anna.edit_waiting(uid, "one, changed")
            anna.waiting_list.release(uid)
            await until(lambda: talk.stored() == ["one, changed", "two"])

    tell(story)


def test_a_refused_message_is_changed_and_goes_out_again(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.refuse_next("send_message", Refused(ErrorCode.CONTENT_TOO_LONG, "Too long. Shorten it."))
            await anna.send_text(talk.identity, "a long text")
            await until(lambda: rows(anna) and rows(anna)[0].why is Why.FAILED)
            failed = rows(anna)[0]
            assert (failed.problem, failed.fixed) == ("Too long. Shorten it.", None)
            assert (anna.connection.value.failed, anna.connection.value.asking) == (1, 1)
            await anna.edit_waiting(failed.uid, "short")
            await until(lambda: talk.stored() == ["short"] and anna.connection.value.asking == 0)

    tell(story)


@pytest.mark.allow_logs("the outbox could not be written")
def test_a_change_that_cannot_be_kept_leaves_the_old_text(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        disk = MemoryOutboxFile()
        async with talk.session(disk, limits=Limits(content_chars=20)) as anna:
            await cut(talk, anna)
            for text in ("first", "old"):
                await anna.send_text(talk.identity, text)
            uid = row(anna, "old").uid
            for text, code in (("  ", ErrorCode.EMPTY_CONTENT), ("x" * 21, ErrorCode.CONTENT_TOO_LONG)):
                with pytest.raises(Refused) as refused:
                    await anna.edit_waiting(uid, text)
                assert refused.value.code == code
            disk.broken = OSError(28, "No space left on device")
            with pytest.raises(OSError, match="No space"):
                await anna.edit_waiting(uid, "new")
            disk.broken = None
            assert [one.text for one in rows(anna)] == ["first", "old"]
            assert disk.entries[uid].text == "old"

    tell(story)


def test_after_a_day_the_user_is_asked_and_nothing_is_dropped(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        disk = MemoryOutboxFile()
        talk.server.cut()
        async with talk.session(disk) as anna:
            await anna.send_text(talk.identity, "old")
            uid = rows(anna)[0].uid
        disk.entries[uid] = replace(disk.entries[uid], created_ms=talk.server.now_ms - DAY_MS - 1000)
        async with talk.session(disk) as anna:
            assert rows(anna)[0].asks
            assert (anna.connection.value.waiting, anna.connection.value.overdue) == (1, 1)
            anna.waiting_list.keep_trying(uid)
            assert not rows(anna)[0].asks
            assert anna.connection.value.overdue == 0
            await until(lambda: disk.entries[uid].kept_ms > 0)
            talk.server.restore()
            await until(lambda: talk.stored() == ["old"])

    tell(story)


@pytest.mark.parametrize("jump_ms", [DAY_MS + 1000, -DAY_MS - 1000])
def test_a_clock_that_is_set_loses_and_repeats_nothing(talk: Talk, tell: Tell, jump_ms: int) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            await cut(talk, anna)
            await anna.send_text(talk.identity, "before")
            talk.server.now_ms += jump_ms
            await anna.send_text(talk.identity, "after")
            anna.retry_now()
            await until(lambda: anna.connection.value.line is Line.OFFLINE)
            assert row(anna, "before").asks is (jump_ms > 0)
            assert anna.connection.value.overdue == (1 if jump_ms > 0 else 0)
            talk.server.refuse_next("send_message", Refused(ErrorCode.RATE_LIMITED, "Slower.", retry_after_s=0.1))
            talk.server.restore()
            await until(lambda: talk.stored() == ["before", "after"])
            assert not rows(anna)

    tell(story)


def test_a_limit_is_told_with_its_end_and_holds_everybody(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        cleo = talk.server.add_user("cleo")
        other = talk.server.open_direct(talk.anna.user_id, cleo.user_id)
        async with talk.session() as anna:
            limit = Refused(ErrorCode.RATE_LIMITED, "You write very fast.", retry_after_s=0.3)
            talk.server.refuse_next("send_message", limit)
            await anna.send_text(talk.identity, "one")
            await until(lambda: row(anna, "one").why is Why.LIMITED)
            await anna.send_text(other, "two")
            told = row(anna, "two")
            assert (told.why, told.problem) == (Why.LIMITED, "You write very fast.")
            assert 0 < (told.until_ms or 0) - talk.server.now_ms <= 300
            assert row(anna, "one").fixed is None
            await until(lambda: not rows(anna))
            assert talk.stored() == ["one"]

    tell(story)


def test_retry_tries_now_and_shows_the_outcome(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        session = talk.server.session(talk.anna, pace=replace(QUICK, first_s=30.0, most_s=60.0, draw=lambda: 1.0))
        talk.server.cut()
        await session.start()
        await session.send_text(talk.identity, "one")
        await until(lambda: session.connection.value.line is Line.OFFLINE)
        waiting = rows(session)[0]
        assert waiting.tried_at_ms is None
        session.waiting_list.retry(waiting.uid)
        await until(lambda: rows(session)[0].tried_at_ms is not None, within_s=1.0)
        first = rows(session)[0].tried_at_ms or 0
        session.waiting_list.retry_all()
        await until(lambda: (rows(session)[0].tried_at_ms or 0) > first, within_s=1.0)
        talk.server.restore()
        session.waiting_list.retry(waiting.uid)
        await until(lambda: talk.stored() == ["one"] and not rows(session), within_s=1.0)
        await session.close()

    tell(story)


def test_what_is_on_the_wire_is_not_thrown_away(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            talk.server.holds_answers = asyncio.Event()
            for text in ("on the wire", "behind"):
                await anna.send_text(talk.identity, text)
            await until(lambda: rows(anna)[0].why is Why.SENDING)
            assert not rows(anna)[0].can_cancel
            with pytest.raises(Refused, match="being sent"):
                anna.waiting_list.discard(rows(anna)[0].uid)
            anna.waiting_list.discard(row(anna, "behind").uid)
            talk.server.holds_answers.set()
            await until(lambda: talk.stored() == ["on the wire"] and not rows(anna))

    tell(story)


def test_four_conversations_go_out_side_by_side(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        names = [talk.server.add_user(f"user{number}") for number in range(6)]
        talks = [talk.server.open_direct(talk.anna.user_id, user.user_id) for user in names]
        async with talk.session() as anna:
            talk.server.holds_answers = asyncio.Event()
            for conversation_id in talks:
                for text in ("one", "two"):
                    await anna.send_text(conversation_id, text)
            await until(lambda: sum(one.why is Why.SENDING for one in rows(anna)) == 4)
            await asyncio.sleep(0.05)
            assert sends(talk) == 4
            assert sum(one.why is Why.BEHIND for one in rows(anna)) == 6
            talk.server.holds_answers.set()
            await until(lambda: not rows(anna))
            for conversation_id in talks:
                stored = talk.server.conversations[conversation_id].messages
                assert [message.content for message in stored] == ["one", "two"]

    tell(story)
