"""The outbox panel on a real session: true words, deeds that do something, and a keyboard that reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from shiboken6 import isValid

from desktop.core.bubble import Connection, Line
from desktop.core.outbox import DAY_MS
from desktop.core.ports import Clock, OutboxEntry
from desktop.core.session import Session
from desktop.core.waiting_list import WaitingFile, WaitingRow, Why
from desktop.ui import fonts, outbox_words, theme
from desktop.ui.connection_bar import ConnectionBar
from desktop.ui.connection_indicator import ConnectionIndicator
from desktop.ui.outbox_line import OutboxLine
from desktop.ui.outbox_panel import OutboxPanel
from desktop.ui.outbox_row import OutboxRow
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import MemoryOutboxFile
from tests.desktop.loop import QLoop

NOON = 1_795_608_000_000
CLOCK = Clock(now_ms=lambda: NOON)
WAITING = WaitingRow(
    uid="u",
    conversation_id=1,
    title="Maya",
    text="one\ntwo",
    files=(WaitingFile("a.pdf", 4_200_000), WaitingFile("b.txt", None)),
    since_ms=NOON - 60_000,
    why=Why.OFFLINE,
)


@dataclass
class Scene:
    """Anna's outbox; nobody listens until `server.restore()`."""

    server: FakeServer
    session: Session
    panel: OutboxPanel
    talk: int
    disk: MemoryOutboxFile

    def row(self, text: str) -> OutboxRow:
        return next(row for row in self.panel.rows.values() if row.row.text == text)

    def stored(self) -> list[str | None]:
        return [message.content for message in self.server.conversations[self.talk].messages]


@asynccontextmanager
async def offline(*texts: str, age_ms: int = 0, tried: bool = False) -> AsyncIterator[Scene]:
    """A panel over texts that have waited for so long, and may have been sent or not."""
    theme.install("light")
    fonts.install()
    server, disk = FakeServer(), MemoryOutboxFile()
    anna, maya = server.add_user("anna"), server.add_user("maya")
    talk = server.open_direct(anna.user_id, maya.user_id)
    for place, text in enumerate(texts, 1):
        uid, created_ms = new_uid(), server.now_ms - age_ms
        disk.entries[uid] = OutboxEntry(uid, talk, place, text, created_ms=created_ms, tried=tried)
    session = server.session(anna, disk)
    server.cut()
    await session.start()
    await until(lambda: session.connection.value.line is Line.OFFLINE)
    panel = OutboxPanel(session, clock=Clock(now_ms=lambda: server.now_ms))
    panel.open()
    try:
        yield Scene(server, session, panel, talk, disk)
    finally:
        if isValid(panel):
            panel.reject()
        await session.close()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (WAITING, "No connection. It is sent as soon as the server answers."),
        (
            replace(WAITING, tried_at_ms=NOON, problem="Nobody listens."),
            "No connection. Last tried at 12:00:00. It is sent as soon as the server answers.",
        ),
        (replace(WAITING, why=Why.UPLOADING, progress=0.404), "Uploading, 40 %"),
        (replace(WAITING, why=Why.FAILED, problem="Too long. Shorten it."), "Not sent: Too long. Shorten it."),
        (
            replace(WAITING, why=Why.LIMITED, problem="Slower.", until_ms=NOON + 3000),
            "Slower. It is sent by itself at 12:00:03.",
        ),
        (replace(WAITING, why=Why.BEHIND), "Waits for the earlier messages of this conversation."),
        (
            replace(WAITING, why=Why.NO_ANSWER, tried_at_ms=NOON, problem="No answer."),
            "Tried at 12:00:00: No answer. It is tried again.",
        ),
    ],
)
def test_every_reason_has_its_words(row: WaitingRow, words: str) -> None:
    assert outbox_words.why_words(row, CLOCK) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "send"}, "one two"),
        ({"kind": "forward"}, "Forward: one two"),
        ({"kind": "edit"}, "Edit: one two"),
        ({"kind": "delete", "about": "old\ntext"}, "Delete: old text"),
        ({"kind": "delete"}, "Delete: a message"),
        ({"kind": "react", "about": "old", "emoji": "👍"}, "React with 👍 to: old"),
        ({"kind": "react", "about": "old", "emoji": "👍", "on": False}, "Take back 👍 from: old"),
    ],
)
def test_every_kind_says_what_is_to_be_done(change: dict[str, Any], words: str) -> None:
    assert outbox_words.first_line(replace(WAITING, **change)) == words


def test_a_refused_deletion_can_be_tried_or_left_but_not_edited(qloop: QLoop) -> None:
    async def story() -> None:
        async with offline() as s:
            mine = s.server.post(1, s.talk, "to be deleted")
            s.server.restore()
            await until(lambda: s.session.find(mine.uid))
            s.server.refuse_next("delete_message", Refused(ErrorCode.FORBIDDEN, "Not any more."))
            await s.session.changing.delete(s.talk, mine.uid)
            await until(lambda: s.panel.rows and next(iter(s.panel.rows.values())).row.why is Why.FAILED)
            (row,) = s.panel.rows.values()
            assert row.why.text() == "Not done: Not any more."
            assert "Delete: to be deleted" in row.accessibleName()
            assert (row.edit.isHidden(), row.retry.isHidden(), row.cancel.isHidden()) == (True, False, False)
            QTest.mouseClick(row.cancel, Qt.MouseButton.LeftButton)
            await until(lambda: not s.panel.rows)
            assert s.stored() == ["to be deleted"]

    qloop(story())


def test_no_reason_is_without_words() -> None:
    for why in Why:
        row = replace(WAITING, why=why, problem="P.", until_ms=NOON, tried_at_ms=NOON, progress=0.5)
        assert outbox_words.why_words(row, CLOCK).endswith((".", "%"))


@pytest.mark.parametrize(
    ("since_ms", "words"),
    [
        (NOON - 60_000, "since 11:59"),
        (NOON - DAY_MS, "since Yesterday, 12:00"),
        (NOON + DAY_MS, "since 12:00"),
    ],
)
def test_since_when(since_ms: int, words: str) -> None:
    assert outbox_words.since_words(since_ms, CLOCK) == words


def test_the_line_says_what_it_does_next() -> None:
    said = outbox_words.line_words(Connection(Line.OFFLINE, reason="Nobody listens.", retry_at_ms=NOON), CLOCK)
    assert said == "Nobody listens. The next try is at 12:00:00."
    assert outbox_words.line_words(Connection(Line.CONNECTED), CLOCK).startswith("Connected")


def test_what_waits_goes_away_by_itself_and_leaves_the_empty_state(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("one", "two") as s:
            assert [row.row.text for row in s.panel.rows.values()] == ["one", "two"]
            assert "next try" in s.panel.state.text()
            assert s.row("two").why.text() == "Waits for the earlier messages of this conversation."
            s.server.restore()
            await until(lambda: not s.panel.rows)
            assert s.stored() == ["one", "two"]
            assert s.panel.places.currentWidget() is s.panel.notice
            assert not s.panel.retry_all.isVisible()

    qloop(play())


def test_a_text_is_changed_with_the_keyboard_alone(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("wrnog", "after") as s:
            row = s.row("wrnog")
            await until(lambda: row.row.fixed is None and row.row.why is not Why.SENDING)
            row.edit.setFocus()
            QTest.keyClick(row.edit, Qt.Key.Key_Space)
            assert row.is_edited
            s.server.restore()
            await until(lambda: s.session.connection.value.line is Line.CONNECTED)
            await asyncio.sleep(0.1)
            assert s.stored() == []
            QTest.keyClicks(row.field, "right")
            QTest.keyClick(row.field, Qt.Key.Key_Return)
            await until(lambda: s.stored() == ["right", "after"])

    qloop(play())


def test_esc_leaves_the_text_as_it_was_and_the_panel_open(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("one") as s:
            row = s.row("one")
            await until(lambda: row.row.fixed is None and row.row.why is not Why.SENDING)
            row.edit.click()
            QTest.keyClicks(row.field, "other")
            QTest.keyClick(row.field, Qt.Key.Key_Escape)
            assert not row.is_edited
            assert s.panel.isVisible()
            s.server.restore()
            await until(lambda: s.stored() == ["one"])

    qloop(play())


def test_closing_lets_go_what_was_being_changed(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("one") as s:
            row = s.row("one")
            await until(lambda: row.row.fixed is None and row.row.why is not Why.SENDING)
            row.edit.click()
            s.panel.reject()
            s.server.restore()
            await until(lambda: s.stored() == ["one"])

    qloop(play())


def test_what_may_have_been_sent_says_why_it_cannot_change(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("one", tried=True) as s:
            row = s.row("one")
            await until(lambda: row.row.why is not Why.SENDING)
            row.edit.click()
            assert not row.is_edited
            assert "may have reached the server" in row.outcome.text()
            s.server.restore()
            await until(lambda: s.stored() == ["one"])

    qloop(play())


def test_a_refused_message_is_told_and_tried_and_thrown_away(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("one", "two") as s:
            refusal = Refused(ErrorCode.CONTENT_TOO_LONG, "Too long. Shorten it.")
            s.server.refuse_next("send_message", refusal, refusal)
            s.server.refuse_next("send", refusal, refusal)
            s.server.restore()
            await until(lambda: s.panel.rows and s.row("one").row.why is Why.FAILED)
            await until(lambda: s.row("two").row.why is Why.FAILED)
            s.server.refusals.clear()
            assert s.row("one").why.text() == "Not sent: Too long. Shorten it."
            s.row("two").cancel.click()
            await until(lambda: len(s.panel.rows) == 1)
            s.row("one").retry.click()
            await until(lambda: s.stored() == ["one"] and not s.panel.rows)

    qloop(play())


def test_after_a_day_the_panel_asks(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("old", age_ms=DAY_MS + 1000) as s:
            row = s.row("old")
            assert row.question.isVisible()
            assert row.keep.isVisible()
            assert s.session.connection.value.overdue == 1
            row.keep.click()
            await until(lambda: not row.question.isVisible())
            assert s.session.connection.value.overdue == 0

    qloop(play())


def test_the_keyboard_stays_near_when_its_row_goes(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("one", "two") as s:
            s.row("one").cancel.setFocus()
            s.row("one").cancel.click()
            await until(lambda: len(s.panel.rows) == 1)
            assert s.panel.focusWidget() in s.row("two").findChildren(QAbstractButton)

    qloop(play())


def test_everything_has_a_name_and_fits(qloop: QLoop) -> None:
    async def play() -> None:
        async with offline("x" * 4000, "شكرا جزيلا", "<b>not bold</b>", *(str(number) for number in range(30))) as s:
            for choice in ("light", "dark"):
                theme.source().choose(choice)
                for width in (400, 800, 1400):
                    s.panel.resize(width, 700)
                    await asyncio.sleep(0.02)
                    for row in s.panel.rows.values():
                        assert row.width() <= width
                        assert row.accessibleName().startswith("To ")
                        for button in row.findChildren(QAbstractButton):
                            assert button.accessibleName()
            theme.source().choose("light")
            s.row("<b>not bold</b>").go.click()
            assert not s.panel.isVisible()

    qloop(play())


def test_only_so_many_are_drawn_and_the_rest_is_counted(qloop: QLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.ui.outbox_panel.SHOWN_MOST", 3)

    async def play() -> None:
        async with offline(*(str(number) for number in range(5))) as s:
            assert len(s.panel.rows) == 3
            assert s.panel.more.text() == "2 messages more wait behind these."
            s.row("0").cancel.click()
            s.row("1").cancel.click()
            await until(lambda: [row.row.text for row in s.panel.rows.values()] == ["2", "3", "4"])
            assert not s.panel.more.isVisible()

    qloop(play())


def test_the_doors_to_the_panel(qapp: QApplication) -> None:
    asked: list[str] = []
    indicator, bar, line = ConnectionIndicator("hearth.example"), ConnectionBar(patience_ms=0), OutboxLine()
    for name, door in (("indicator", indicator), ("bar", bar)):
        door.outbox_requested.connect(lambda name=name: asked.append(f"{name} outbox"))
        door.retry_requested.connect(lambda name=name: asked.append(f"{name} retry"))
    for connection in (Connection(Line.OFFLINE), Connection(Line.OFFLINE, waiting=3)):
        indicator.show_connection(connection)
        bar.show_connection(connection)
        indicator.click()
        bar.click()
    assert asked == ["indicator retry", "bar retry", "indicator outbox", "bar outbox"]
    line.show_connection(Connection(Line.OFFLINE, waiting=3))
    assert line.words() == ""
    line.show_connection(Connection(Line.CONNECTED, waiting=3, overdue=2, failed=1))
    assert line.words() == "1 message not sent, 2 messages waiting for over a day"
    for widget in (indicator, bar, line):
        widget.deleteLater()
