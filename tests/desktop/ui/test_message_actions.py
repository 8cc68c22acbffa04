"""What people do with messages: the menu, keys and clicks, on a real session and a server in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop.core.bubble import Bubble, Line, Tick
from desktop.ui.bubble_delegate import Hit, Target
from desktop.ui.buttons import Button
from desktop.ui.facts_dialog import FactsDialog
from desktop.ui.forward_dialog import ForwardDialog
from desktop.ui.message_deeds import Deed, deeds
from protocol.errors import ErrorCode, Refused
from tests.desktop import fake_changes
from tests.desktop.chat_scene import Scene, opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop


def offered(s: Scene, hit: Hit) -> list[str]:
    """The words of a menu."""
    return [action.text() for action in s.page.message_actions.menu(hit).actions() if not action.isSeparator()]


def do(s: Scene, deed: Deed, bubble: Bubble | None = None) -> None:
    s.page.message_actions.do(deed, bubble or s.last())


def answer(s: Scene, words: str) -> None:
    """Press a button of the question that is open."""
    box = next(box for box in s.page.findChildren(QMessageBox) if box.isVisible())
    next(button for button in box.buttons() if button.text() == words).click()


def test_the_menu_offers_what_works_and_nothing_else(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            theirs = s.last()
            everything = ["Reply", "React…", "Copy text", "Forward…", "Pin for everybody", "Star", "Select"]
            assert offered(s, Hit(Target.BUBBLE, theirs)) == [*everything, "Mark unread from here"]
            link = Hit(Target.LINK, theirs, url="https://example.org")
            assert offered(s, link)[:2] == ["Open link", "Copy link"]
            await s.write("Mine")
            await until(lambda: s.last().tick is Tick.SENT)
            mine = [*everything[:3], "Edit", *everything[3:], "Seen by…", "Delete…"]
            assert offered(s, Hit(Target.BUBBLE, s.last())) == mine
            s.server.cut()
            await s.write("Offline")
            await until(lambda: s.last().tick is Tick.WAITING)
            assert offered(s, Hit(Target.BUBBLE, s.last())) == ["Reply", "Copy text", "Edit", "Select", "Delete"]

    qloop(scene())


def test_a_tombstone_offers_nothing_and_members_do_not_lead(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            do(s, Deed.DELETE, s.last())  # Of somebody else, in a direct conversation: nothing is asked.
            assert not s.page.findChildren(QMessageBox)
            await s.write("Mine")
            await until(lambda: s.last().tick is Tick.SENT)
            await s.session.changing.delete(s.talk, s.last().key)
            await until(lambda: s.last().deleted and not s.last().changing)
            assert offered(s, Hit(Target.BUBBLE, s.last())) == []
            header = s.session.header(s.talk).value
            assert Deed.DELETE not in set(deeds(s.bubbles()[0], header))

    qloop(scene())


def test_a_reaction_is_put_and_taken_by_clicks(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            view, actions = s.page.pane.view, s.page.message_actions
            wanted: list[str] = []
            actions.reaction_wanted.connect(wanted.append)
            do(s, Deed.REACT)
            assert wanted == [s.last().key]
            actions.react(s.last(), "🎉")
            await until(lambda: bool(s.last().reactions) and not s.last().changing)
            chip = view.delegate.layout(s.last(), view.row_width()).chips[0]
            box = view.row_box(s.last().key)
            assert box is not None
            point = (chip.box.center() + box[1].topLeft()).toPoint()
            hit = view.hit_at(point)
            assert hit is not None
            assert view.delegate.explained(hit) == "Anna Novak"
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point)
            await until(lambda: not s.last().reactions)
            assert s.server.conversations[s.talk].messages[-1].reactions == []

    qloop(scene())


def test_a_change_that_is_refused_is_taken_back_and_told(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            s.server.refuse_next("react", Refused(ErrorCode.FORBIDDEN, "You cannot write here now."))
            s.page.message_actions.react(s.last(), "🎉")
            await until(lambda: "You cannot write here now." in s.page.toast.words())
            await until(lambda: not s.last().reactions)

    qloop(scene())


def test_deleting_asks_first(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            await s.write("Mine")
            await until(lambda: s.last().tick is Tick.SENT)
            do(s, Deed.DELETE)
            answer(s, "Cancel")
            await asyncio.sleep(0.05)
            assert not s.last().deleted
            do(s, Deed.DELETE)
            answer(s, "Delete")
            await until(lambda: s.last().deleted)
            await until(lambda: s.server.conversations[s.talk].messages[-1].content is None)

    qloop(scene())


def test_pins_and_stars_are_marked_and_taken_off(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(1) as s:
            do(s, Deed.PIN)
            do(s, Deed.STAR)
            await until(lambda: s.last().pinned and s.last().starred)
            assert {"Unpin", "Remove star"} <= set(offered(s, Hit(Target.BUBBLE, s.last())))
            layout = s.page.pane.view.delegate.layout(s.last(), 600)
            assert [name for name, _ in layout.marks] == ["pin", "star"]
            do(s, Deed.PIN)
            do(s, Deed.STAR)
            await until(lambda: not s.last().pinned and not s.last().starred)
            s.server.cut()
            do(s, Deed.STAR)
            await until(lambda: "cannot be reached" in s.page.toast.words())

    qloop(scene())


def test_messages_are_forwarded_to_the_ticked_conversations_in_order(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(3) as s:
            ben = s.server.add_user("ben", "Ben Adler")
            other = s.server.open_direct(s.anna.user_id, ben.user_id)
            await until(lambda: len(s.session.conversations.rows) == 2)
            view = s.page.pane.view
            view.selection.choose([row.key for row in s.bubbles()[1:]])
            s.page.pane.selection_bar.forward.click()
            dialog = next(iter(s.page.findChildren(ForwardDialog)))
            assert dialog.windowTitle() == "Forward 2 messages"
            assert not dialog.send.isEnabled()
            QTest.keyClicks(dialog.field, "adl")
            QTest.keyClick(dialog.field, Qt.Key.Key_Return)
            await until(lambda: len(s.server.conversations[other].messages) == 2)
            told = s.server.conversations[other].messages
            assert [one.content for one in told] == ["Message 2", "Message 3"]
            assert told[0].forwarded_from is not None
            assert told[0].forwarded_from.sender_name == "Maya Okafor"
            assert view.selection.keys == frozenset()

    qloop(scene())


def test_readers_and_earlier_texts_are_listed(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            await s.write("Frist")
            await until(lambda: s.last().tick is Tick.SENT)
            s.server.read(s.maya.user_id, s.talk, 1)
            do(s, Deed.SEEN_BY)
            seen = _dialog(s, "Seen by")
            await until(lambda: [words for words, _ in seen.words()] == ["Maya Okafor"])
            seen.reject()
            await s.session.changing.edit(s.talk, s.last().key, "First")
            await until(lambda: s.last().edited and not s.last().changing)
            s.page.message_actions.click(Hit(Target.META, s.last()))
            edits = _dialog(s, "Edits")
            await until(lambda: [words for words, _ in edits.words()] == ["First", "Frist"])
            assert edits.words()[0][1].startswith("Edited ")
            assert edits.words()[1][1].startswith("Written ")

    qloop(scene())


def test_readers_say_why_they_cannot_be_asked_for_and_are_asked_again(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            await s.write("Anybody?")
            await until(lambda: s.last().tick is Tick.SENT)
            s.server.cut()
            do(s, Deed.SEEN_BY)
            seen = _dialog(s, "Seen by")
            await until(lambda: seen.said() == "This could not be loaded")
            await until(lambda: s.session.connection.value.line is not Line.CONNECTED)
            s.server.restore()
            await until(lambda: s.session.connection.value.line is Line.CONNECTED)
            next(button for button in seen.findChildren(Button) if button.text() == "Try again").click()
            await until(lambda: seen.said() == "Not read yet")

    qloop(scene())


def _dialog(s: Scene, title: str) -> FactsDialog:
    return next(one for one in s.page.findChildren(FactsDialog) if one.windowTitle() == title and one.isVisible())


def test_a_quote_leads_to_its_original_and_the_button_back(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(230) as s:
            original = s.server.conversations[s.talk].messages[9]
            for number in range(30):
                quote = fake_changes.quote_of(original) if number == 0 else None
                s.server.post(s.maya.user_id, s.talk, f"Later {number}", reply_to=quote)
            s.server.read(s.anna.user_id, s.talk, 260)
            pane, view = s.page.pane, s.page.pane.view
            await until(lambda: any(bubble.quote for bubble in s.bubbles()))
            answer = next(bubble for bubble in s.bubbles() if bubble.quote)
            view.show_key(answer.key)
            view.verticalScrollBar().setValue(view.verticalScrollBar().value() - 30)
            before = {row.key: box.top() for _, row, box in view.visible_rows()}
            s.page.message_actions.click(Hit(Target.QUOTE, answer))
            await until(lambda: view.flashing() == original.uid)
            found = view.row_box(original.uid)
            assert found is not None
            assert view.viewport().rect().contains(found[1])
            assert pane.jump.accessibleName().startswith("Back to where you were")
            pane.jump.click()
            await until(lambda: view.row_box(answer.key) is not None)
            after = {row.key: box.top() for _, row, box in view.visible_rows()}
            assert after[answer.key] == before[answer.key]
            assert pane.jump.accessibleName().startswith("Jump to the latest message")
            pane.jump.click()
            await until(lambda: s.bubbles()[-1].position == 260 and view.at_bottom())

    qloop(scene())


def test_a_jump_that_cannot_be_made_says_so(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(200) as s:
            s.server.cut()
            s.page.pane.jump_to(3)
            await until(lambda: "could not be brought" in s.page.toast.words())
            s.page.pane.jump_to(0, "nowhere")
            assert s.page.pane.jumps.can_return() is False

    qloop(scene())


def test_what_names_the_reader_below_has_a_button_of_its_own(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(60) as s:
            pane, view = s.page.pane, s.page.pane.view
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 400)
            for number in range(12):
                named = [s.anna.user_id] if number == 4 else []
                s.server.post(s.maya.user_id, s.talk, "@Anna Novak look" if named else "…", mentions=named)
            await until(pane.mention.isVisible)
            assert pane.mention.count() == 1
            pane.mention.click()
            assert view.flashing() is not None
            row = view.row_of(view.flashing() or "")
            assert row is not None
            assert row.names_me
            assert not pane.mention.isVisible()

    qloop(scene())


def test_keys_on_a_message_do_what_the_menu_does(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(2) as s:
            view, actions = s.page.pane.view, s.page.message_actions
            replied: list[Bubble] = []
            actions.reply_wanted.connect(replied.append)
            view.setFocus()
            QTest.keyClick(view, Qt.Key.Key_Up)
            QTest.keyClick(view, Qt.Key.Key_R)
            assert [one.key for one in replied] == [s.last().key]
            cyrillic = (QEvent.Type.KeyPress, 0x041A, Qt.KeyboardModifier.NoModifier, 27, 0, 0, "к")
            QApplication.sendEvent(view, QKeyEvent(*cyrillic))  # The key that is R elsewhere (X11's scan code).
            assert len(replied) == 2
            QTest.keyClick(view, Qt.Key.Key_E)  # Somebody else's: nothing happens, nothing is typed.
            assert s.page.composer.text() == ""
            QTest.keyClick(view, Qt.Key.Key_S)
            await until(lambda: s.last().starred)
            QTest.keyClick(view, Qt.Key.Key_Escape)
            QTest.keyClicks(view, "r")
            assert s.page.composer.text() == "r"

    qloop(scene())


def test_the_hover_bar_stands_beside_the_message_under_the_mouse(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(2) as s:
            view, hover = s.page.pane.view, s.page.pane.hover
            view.hovered.emit(Hit(Target.TEXT, s.last()))
            assert hover.bubble() == s.last()
            found = view.row_box(s.last().key)
            assert found is not None
            bubble = view.delegate.layout(s.last(), view.row_width()).bubble.translated(found[1].topLeft())
            assert hover.x() >= bubble.right()
            assert view.viewport().rect().contains(hover.geometry())
            replied: list[Any] = []
            s.page.message_actions.reply_wanted.connect(replied.append)
            hover.reply.click()
            assert replied == [s.last()]
            assert hover.bubble() is None

    qloop(scene())


def test_a_link_whose_words_are_another_asks_before_it_opens(qloop: QLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_urls: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened_urls.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)

    async def scene() -> None:
        async with opened() as s:
            s.server.post(s.maya.user_id, s.talk, "[bank](https://evil.example/) https://plain.example/")
            await until(lambda: bool(s.bubbles()))
            view = s.page.pane.view
            links = [link for part in _text(s).paragraphs for link in part.links]
            assert [(link.url, link.asks) for link in links] == [
                ("https://evil.example/", True), ("https://plain.example/", False),
            ]  # fmt: skip
            actions = s.page.message_actions
            actions.click(Hit(Target.LINK, s.last(), url=links[1].url))
            assert opened_urls == ["https://plain.example/"]
            first = view.delegate.first_link(s.last(), view.row_width())
            assert first is not None
            actions.click(Hit(Target.LINK, s.last(), url=first.url, asks=first.asks))
            box = next(iter(s.page.findChildren(QMessageBox)))
            assert "https://evil.example/" in box.text()
            assert len(opened_urls) == 1
            answer(s, "Open")
            assert opened_urls[1:] == ["https://evil.example/"]

    qloop(scene())


def _text(s: Scene) -> Any:
    view = s.page.pane.view
    return view.delegate.layout(s.last(), view.row_width()).text


def test_several_selected_messages_are_copied_and_deleted_together(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened(2) as s:
            for text in ("One", "Two"):
                await s.write(text)
                await until(lambda: s.last().tick is Tick.SENT and not s.page.composer.text())
            view, bar = s.page.pane.view, s.page.pane.selection_bar
            view.selection.choose([bubble.key for bubble in s.bubbles()])
            assert bar.words() == "4 messages selected"
            assert bar.forward.isVisible()
            assert not bar.delete.isVisible()  # Two of them are Maya's.
            view.selection.choose([bubble.key for bubble in s.bubbles()[2:]])
            bar.copy.click()
            lines = QApplication.clipboard().text().split("\n")
            assert lines[0].startswith("Anna Novak, ")
            assert (lines[1], lines[4]) == ("One", "Two")
            assert bar.words() == ""
            view.selection.choose([bubble.key for bubble in s.bubbles()[2:]])
            bar.delete.click()
            answer(s, "Delete")
            await until(lambda: [bubble.deleted for bubble in s.bubbles()] == [False, False, True, True])

    qloop(scene())
