"""Answering, editing and drafts in the composer, on a real session: what is shown, sent, kept and given back."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from desktop.core.bubble import Line, Tick
from desktop.ui.chat_page import ChatPage
from desktop.ui.message_deeds import Deed
from desktop.ui.pictures import Pictures
from protocol.commands import PutDraft
from protocol.errors import ErrorCode, Refused
from protocol.times import to_wire
from tests.desktop.chat_scene import Scene, opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop

ESCAPE, UP, DOWN, RETURN = Qt.Key.Key_Escape, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return
CONTROL = Qt.KeyboardModifier.ControlModifier


def press(s: Scene, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key in the field."""
    QTest.keyClick(s.page.composer.field, key, modifier)


def edits(s: Scene) -> bool:
    """Whether a message is being edited."""
    return s.page.composer.edited is not None


async def sent(s: Scene, text: str) -> None:
    """A message of one's own that the server has."""
    await s.write(text)
    await until(lambda: s.last().text == text and s.last().tick is Tick.SENT)
    await until(lambda: s.page.composer.text() == "")


def test_an_answer_says_whom_it_answers_and_goes_out_with_it(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            s.page.message_actions.do(Deed.REPLY, s.bubbles()[1])
            bar = s.page.composer.bar
            assert (bar.title(), bar.words()) == ("Reply to Maya Okafor", "Message 2")
            await sent(s, "Yes")
            assert bar.title() == ""
            stored = s.server.conversations[s.talk].messages
            assert stored[-1].reply_to is not None
            assert stored[-1].reply_to.uid == stored[1].uid

    qloop(scene())


def test_control_up_and_down_choose_what_is_answered_and_escape_leaves_it(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            words = s.page.composer.bar.words
            press(s, UP, CONTROL)
            assert words() == "Message 3"
            press(s, UP, CONTROL)
            press(s, UP, CONTROL)
            press(s, UP, CONTROL)
            assert words() == "Message 1"
            press(s, DOWN, CONTROL)
            assert words() == "Message 2"
            press(s, ESCAPE)
            assert s.page.composer.answered() is None
            press(s, UP, CONTROL)
            press(s, DOWN, CONTROL)
            assert s.page.composer.bar.title() == ""

    qloop(scene())


def test_up_edits_the_last_own_message_and_what_was_begun_comes_back(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            await sent(s, "Helo")
            s.server.post(s.maya.user_id, s.talk, "Hm?")
            await until(lambda: s.last().text == "Hm?")
            press(s, UP, CONTROL)
            press(s, UP)
            composer = s.page.composer
            assert (composer.bar.title(), composer.text()) == ("Edit message", "Helo")
            assert composer.send.accessibleName() == "Save"
            QTest.keyClicks(composer.field, "!")
            press(s, RETURN)
            message = s.server.conversations[s.talk].messages[1]
            await until(lambda: s.server.conversations[s.talk].messages[1].content == "Helo!")
            assert message.content == "Helo"
            await until(lambda: not edits(s))
            assert composer.bar.title() == "Reply to Maya Okafor"
            assert composer.text() == ""
            assert s.session.drafts.get(s.talk) is None

    qloop(scene())


def test_escape_leaves_an_edit_and_asks_only_if_the_text_was_changed(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            await sent(s, "As it is")
            composer = s.page.composer
            composer.insert("begun")
            s.page.replies.edit_last()
            press(s, ESCAPE)
            assert (edits(s), composer.text()) == (False, "begun")
            s.page.replies.edit_last()
            QTest.keyClicks(composer.field, " no more")
            press(s, ESCAPE)
            (box,) = composer.findChildren(QMessageBox)
            assert edits(s)
            next(b for b in box.buttons() if b.text() == "Discard").click()
            assert (edits(s), composer.text()) == (False, "begun")
            press(s, Qt.Key.Key_A, CONTROL)
            assert composer.field.textCursor().hasSelection()
            press(s, ESCAPE)
            assert not composer.field.textCursor().hasSelection()
            assert s.last().text == "As it is"

    qloop(scene())


def test_an_edit_that_is_refused_stays_in_the_field(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            await sent(s, "Something")
            press(s, UP)
            s.page.composer.field.clear()
            press(s, RETURN)
            assert "Delete it instead" in s.page.composer.problem()
            assert edits(s)
            other = s.server.open_direct(s.anna.user_id, s.server.add_user("ben", "Ben Hill").user_id)
            await asyncio.sleep(0.02)
            s.page.composer.insert("half an edit")
            s.page.open(other)
            assert not edits(s)
            s.page.open(s.talk)
            assert edits(s)
            assert s.page.composer.text() == "half an edit"
            s.server.refuse_next("edit_message", Refused(ErrorCode.FORBIDDEN, "Not any more."))
            press(s, RETURN)
            await until(lambda: "Not any more." in s.page.toast.words())
            assert s.last().text == "Something"

    qloop(scene())


def test_a_draft_and_what_it_answers_are_there_again_on_another_page(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            s.page.message_actions.do(Deed.REPLY, s.bubbles()[0])
            QTest.keyClicks(s.page.composer.field, "Not yet")
            await until(lambda: s.server.conversations[s.talk].own_of(s.anna.user_id).draft is not None)
            await until(lambda: s.session.conversations.rows[0].draft == "Not yet")
            pictures = Pictures(s.session.api)
            again = ChatPage(s.session, pictures)
            again.open(s.talk)
            assert again.composer.text() == "Not yet"
            assert (again.composer.bar.words(), again.composer.answered()) == (
                "Message 1",
                s.page.composer.answered(),
            )
            again.detach()
            again.deleteLater()
            pictures.close()

    qloop(scene())


def test_what_another_device_wrote_beside_it_is_offered(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            s.server.cut()
            await until(lambda: s.session.connection.value.line is not Line.CONNECTED)
            QTest.keyClicks(s.page.composer.field, "From here")
            await asyncio.sleep(0.05)
            s.server.restore()
            other = s.server.session(s.anna)
            await other.start()
            foreign = PutDraft(content="From there", written_at=to_wire(s.server.now_ms - 60_000))
            s.server.conversations[s.talk].drafts_at.clear()
            await other.api.put_draft(s.talk, foreign)
            composer = s.page.composer
            await until(lambda: "From there" in composer.draft_offer.words())
            assert composer.text() == "From here"
            composer.draft_offer.button.click()
            await until(lambda: composer.text() == "From there")
            assert "From here" in composer.draft_offer.words()
            composer.draft_offer.cross.click()
            assert composer.draft_offer.words() == ""
            await other.close()

    qloop(scene())


def test_text_typed_beside_the_field_is_written(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            QTest.keyClicks(s.page.header, "ab")
            assert s.page.composer.text() == "ab"

    qloop(scene())


def test_escape_peels_one_layer_at_a_time(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(60) as s:
            await sent(s, "Mine")
            view, composer, bar = s.page.pane.view, s.page.composer, s.page.composer.bar
            s.page.activateWindow()
            composer.field.setFocus()
            press(s, UP, CONTROL)
            s.page.replies.edit_last()
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 900)
            view.selection.choose([s.bubbles()[5].key])
            press(s, Qt.Key.Key_A, CONTROL)
            QTest.keyClicks(composer.field, ":tad")
            assert s.page.completion.is_open()
            press(s, ESCAPE)
            assert not s.page.completion.is_open()
            assert view.selection.keys
            composer.field.setPlainText("Mine")
            press(s, ESCAPE)
            assert not view.selection.keys
            assert bar.title() == "Edit message"
            press(s, ESCAPE)
            assert bar.title().startswith("Reply to")
            press(s, ESCAPE)
            assert bar.title() == ""
            assert not view.at_bottom()
            press(s, ESCAPE)
            assert view.at_bottom()
            assert s.page.conversation_id is not None

    qloop(scene())
