"""Writing, on a real session: sending, failing, attaching, and what is said about it."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.core.bubble import Tick
from desktop.core.ports import OutboxEntry
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.bubble_parts import Action
from desktop.ui.outgoing import DISK_WORDS
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from tests.desktop.chat_scene import opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


def test_a_message_goes_out_and_gets_its_ticks(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            await s.write("Hello Maya")
            assert s.last().text == "Hello Maya"
            await until(lambda: s.page.composer.text() == "")
            await until(lambda: s.last().tick is Tick.SENT)
            s.server.read(s.maya.user_id, s.talk, 4)
            await until(lambda: s.last().tick is Tick.READ)
            assert [m.content for m in s.server.conversations[s.talk].messages][-1] == "Hello Maya"

    qloop(scene())


def test_shift_enter_breaks_the_line_and_the_field_grows_up_to_eight_lines(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            field = s.page.composer.field
            assert field.height() == 42
            heights = []
            for _ in range(12):
                QTest.keyClicks(field, "x")
                QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
                heights.append(field.height())
            assert heights == sorted(heights)
            assert heights[-1] == heights[-3] < 200
            s.page.resize(380, 480)
            await asyncio.sleep(0.02)
            assert s.page.height() == 480
            assert s.bubbles() == []

    qloop(scene())


def test_nothing_to_send_sends_nothing(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            await s.write("   ")
            s.page.composer.send.click()
            assert s.bubbles() == []

    qloop(scene())


@pytest.mark.allow_logs("outbox")
def test_a_disk_that_refuses_keeps_the_text(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            s.disk.broken = OSError("disk full")
            await s.write("Precious")
            await until(lambda: s.page.composer.problem() == DISK_WORDS)
            assert s.page.composer.text() == "Precious"
            s.disk.broken = None
            s.page.composer.send.click()
            await until(lambda: s.page.composer.text() == "")
            await until(lambda: [b.text for b in s.bubbles()] == ["Precious"])

    qloop(scene())


def test_a_page_that_goes_at_once_takes_no_message_along(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            s.server.cut()
            gate, put = asyncio.Event(), s.disk.put

            async def slowly(entry: OutboxEntry) -> None:
                await gate.wait()
                await put(entry)

            s.disk.put = slowly  # type: ignore[method-assign]  # a disk that takes its time
            QTest.keyClicks(s.page.composer.field, "Just in time")
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Return)
            await asyncio.sleep(0.02)
            s.page.detach()
            await asyncio.sleep(0.02)
            gate.set()
            await until(lambda: [entry.text for entry in s.disk.entries.values()] == ["Just in time"])

    qloop(scene())


def test_what_is_written_while_the_message_is_saved_stays(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            QTest.keyClicks(s.page.composer.field, "first")
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Return)
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Return)
            QTest.keyClicks(s.page.composer.field, " second")
            await until(lambda: s.page.composer.text() == " second")
            await until(lambda: s.last().tick is Tick.SENT)
            assert [b.text for b in s.bubbles()] == ["first"]

    qloop(scene())


def test_each_conversation_keeps_its_own_unsent_text(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben", "Ben Hill").user_id)
            await asyncio.sleep(0.02)
            s.page.composer.insert("for Maya")
            s.page.open(other)
            assert s.page.composer.text() == ""
            assert s.page.composer.field.placeholderText() == "Message Ben"
            s.page.composer.insert("for Ben")
            s.page.open(s.talk)
            assert s.page.composer.text() == "for Maya"
            s.page.close_conversation()
            s.page.open(other)
            assert s.page.composer.text() == "for Ben"

    qloop(scene())


def test_a_too_long_text_is_refused_with_the_limit_and_kept(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(limits=Limits(content_chars=100)) as s:
            s.page.composer.insert("x" * 90)
            assert s.page.composer.count_words() == ""
            s.page.composer.insert("x" * 20)
            assert s.page.composer.count_words() == "110 / 100"
            s.page.outgoing.send()
            assert "100" in s.page.composer.problem()
            assert s.page.composer.text() == "x" * 110

    qloop(scene())


def test_a_refused_message_can_be_retried_edited_copied_and_deleted(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            refusal = Refused(ErrorCode.FORBIDDEN, "Maya has left. Ask her to come back.")
            s.server.refuse_next("send_message", refusal, refusal, refusal)
            await s.write("Hello")
            await until(lambda: s.last().tick is Tick.FAILED)
            assert s.last().failure == "Maya has left. Ask her to come back."
            actions = s.page.message_actions
            actions.click(Hit(Target.ACTION, s.last(), action=Action.COPY))
            assert QApplication.clipboard().text() == "Hello"
            actions.click(Hit(Target.ACTION, s.last(), action=Action.RETRY))
            await until(lambda: s.last().tick is Tick.WAITING)
            await until(lambda: s.last().tick is Tick.FAILED)
            s.page.composer.insert("written meanwhile")
            actions.click(Hit(Target.ACTION, s.last(), action=Action.EDIT))
            await until(lambda: s.bubbles() == [])
            assert s.page.composer.text() == "written meanwhile\nHello"
            s.page.outgoing.send()
            await until(lambda: bool(s.bubbles()) and s.last().tick is Tick.FAILED)
            actions.click(Hit(Target.ACTION, s.last(), action=Action.DELETE))
            await until(lambda: s.bubbles() == [])

    qloop(scene())


def test_typing_is_told_and_shown(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:

            def told() -> list[bool]:
                return [call.is_typing for name, call in s.server.calls if name == "typing"]

            QTest.keyClicks(s.page.composer.field, "a")
            await until(lambda: told() == [True])
            QTest.keyClick(s.page.composer.field, Qt.Key.Key_Backspace)
            await until(lambda: told()[-1] is False)
            s.server.type(s.maya.user_id, s.talk)
            await until(lambda: "is typing…" in s.page.typing_line())
            assert s.page.header.status_words() == "typing…"
            await until(lambda: s.page.typing_line() == "")

    qloop(scene())


def test_what_is_typed_or_pasted_over_the_timeline_is_written(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            QTest.keyClicks(s.page.pane.view, "ab")
            QApplication.clipboard().setText("cd")
            QTest.keyClick(s.page.pane.view, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            assert s.page.composer.text() == "abcd"

    qloop(scene())
