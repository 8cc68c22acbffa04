"""The list's pane on a real session: what it shows in each state, and how conversations are chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem, QToolTip

from desktop.core.bubble import Connection, Line
from desktop.core.listops import Insert, Move
from desktop.core.ports import Clock
from desktop.core.session import Session
from desktop.core.updates import Update
from desktop.models.conversation_model import ConversationFilter, ConversationModel
from desktop.models.roles import Role
from desktop.ui import fonts, theme
from desktop.ui.connection_indicator import ConnectionIndicator, aside_of, words_of
from desktop.ui.conversation_delegate import ConversationDelegate, badge_words, lay_out
from desktop.ui.conversation_list import ConversationList
from desktop.ui.conversation_view import ConversationView
from desktop.ui.pictures import Pictures
from desktop.ui.plain_text import tool_tip
from desktop.ui.skeleton import SkeletonRows
from protocol.shapes import User
from tests.desktop.conversation_rows import Rows, row
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_line import FakeApi
from tests.desktop.loop import QLoop

CONNECTED = Connection(Line.CONNECTED, latency_ms=12)


@dataclass
class Scene:
    """One account's list on a fake server."""

    server: FakeServer
    me: User
    session: Session
    pane: ConversationList

    def add(self, name: str, text: str | None = None) -> int:
        """Somebody, with a conversation and perhaps a message in it."""
        user = self.server.add_user(name.lower().replace(" ", "_"), name)
        conversation_id = self.server.open_direct(self.me.user_id, user.user_id)
        if text is not None:
            self.server.post(user.user_id, conversation_id, text)
        return conversation_id

    async def start(self) -> None:
        """Go on line and wait for the first sync."""
        await self.session.start()
        await until(lambda: self.session.connection.value.line is Line.CONNECTED)

    def titles(self) -> list[str]:
        """The names shown, from the top."""
        return [self.pane.shown.index(row, 0).data() for row in range(self.pane.shown.rowCount())]

    def shows(self) -> object:
        """The part that stands where the rows stand."""
        return self.pane.places.currentWidget()


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    """A pane of the mock's size, on a session that is not started yet."""
    theme.install("light")
    fonts.install()
    server = FakeServer()
    me = server.add_user("anna", "Anna Novak")
    session = server.session(me)
    pictures = Pictures(session.api)
    clock = Clock(lambda: server.now_ms)
    pane = ConversationList(session, pictures, clock, "https://hearth.example:8443")
    pane.resize(311, 780)
    pane.show()
    try:
        yield Scene(server, me, session, pane)
    finally:
        await session.close()
        pane.detach()
        pictures.close()
        pane.deleteLater()


def test_rows_stand_as_the_core_has_them_and_a_message_moves_one_up(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            first = s.add("Maya Okafor", "Good morning")
            s.add("Sofia Berg", "Hello")
            await s.start()
            assert s.titles() == ["Sofia Berg", "Maya Okafor"]
            assert s.shows() is s.pane.view
            s.server.post(2, first, "Are you there?")
            await until(lambda: s.titles() == ["Maya Okafor", "Sofia Berg"])
            row = s.pane.shown.index(0, 0).data(Role.ROW)
            assert (row.preview.text, row.unread) == ("Are you there?", 2)
            assert s.pane.unread_chip.text() == "Unread 3"

    qloop(play())


def test_clicks_and_keys_choose(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            maya, sofia, tomas = s.add("Maya", "1"), s.add("Sofia", "2"), s.add("Tomás", "3")
            await s.start()
            chosen: list[int] = []
            s.pane.chosen.connect(chosen.append)
            view = s.pane.view
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 64 + 32))
            assert chosen.pop() == sofia
            view.mark_open(sofia)
            view.choose_beside(1)
            view.choose_beside(-1)
            assert chosen == [maya, tomas]
            chosen.clear()
            s.pane.focus_search()
            QTest.keyClicks(s.pane.search, "tomas")
            assert s.shows() is s.pane.results
            QTest.keyClick(s.pane.search, Qt.Key.Key_Return)
            assert chosen.pop() == tomas
            QTest.keyClick(s.pane.search, Qt.Key.Key_Escape)
            assert s.shows() is s.pane.view
            assert s.titles() == ["Tomás", "Sofia", "Maya"]
            QTest.keyClick(s.pane.search, Qt.Key.Key_Down)
            QTest.keyClick(view, Qt.Key.Key_Down)
            QTest.keyClick(view, Qt.Key.Key_Return)
            assert len(chosen) == 1

    qloop(play())


def test_the_ends_of_the_list_hold(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            s.pane.view.choose_beside(1)
            maya, sofia = s.add("Maya", "1"), s.add("Sofia", "2")
            await s.start()
            chosen: list[int] = []
            s.pane.chosen.connect(chosen.append)
            s.pane.view.choose_beside(-1)
            s.pane.view.mark_open(maya)
            s.pane.view.choose_beside(1)
            s.pane.view.mark_open(sofia)
            s.pane.view.choose_beside(-1)
            assert chosen == [maya]

    qloop(play())


def test_nothing_flickers_before_the_first_rows(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            s.session.connection.value = Connection(Line.UPDATING)
            assert not isinstance(s.shows(), SkeletonRows)
            assert s.shows() is not s.pane.notice
            await until(lambda: isinstance(s.shows(), SkeletonRows))
            assert s.pane.grab().toImage().pixelColor(30, 150) == theme.current().line
            s.session.connection.value = CONNECTED
            assert s.pane.notice.title() == "No conversations yet"

    qloop(play())


def test_each_kind_of_nothing_is_told_and_leads_on(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            asked: list[str] = []
            s.pane.new_conversation_requested.connect(lambda: asked.append("new"))
            s.pane.log_in_requested.connect(lambda: asked.append("log in"))
            s.session.connection.value = CONNECTED
            s.pane.notice.button.click()
            s.session.connection.value = Connection(Line.SIGNED_OUT)
            assert s.pane.notice.title() == "Signed out"
            s.pane.notice.button.click()
            s.session.connection.value = Connection(Line.OFFLINE, reason="The name hearth.example is not known.")
            assert s.pane.notice.title() == "No connection"
            assert "not known" in s.pane.notice.accessibleName()
            assert asked == ["new", "log in"]
            s.add("Maya", "1")
            await s.start()
            s.pane.search.setText("nobody")
            await until(lambda: s.pane.notice.title() == "Nothing found")
            s.pane.search.clear()
            conversation_id = s.pane.model.row(0).conversation_id
            s.session.mark_read(conversation_id, 1)
            s.pane.unread_chip.click()
            await until(lambda: s.shows() is s.pane.notice)
            assert s.pane.notice.title() == "All read"
            s.pane.notice.button.click()
            assert s.titles() == ["Maya"]

    qloop(play())


def test_what_only_a_person_can_mend_is_told_beside_the_rows(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            s.add("Maya", "1")
            await s.start()
            for line in (Line.TOO_OLD, Line.SIGNED_OUT):
                s.session.connection.value = Connection(line, reason="Do something about it.")
                assert s.pane.reason.isVisible()
                assert s.pane.reason.text() == "Do something about it."
            for passing in (CONNECTED, Connection(Line.OFFLINE, reason="Nobody answers.")):
                s.session.connection.value = passing
                assert not s.pane.reason.isVisible()

    qloop(play())


def test_a_cut_name_is_told_whole_under_the_pointer(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    # The offscreen platform complains of each tooltip that is really shown.
    monkeypatch.setattr(QToolTip, "showText", lambda _place, words, _view: told.append(words))
    fonts.install()
    long_name = "Anna-Katharina Wilhelmina von Hohenstein-Ehrenfels <b>"
    model = ConversationModel(Rows(row(1, title="Maya"), row(2, title=long_name)), Clock(lambda: 0))
    view = ConversationView(ConversationFilter(model), lambda _url, _size: None)
    view.resize(311, 600)
    view.show()
    for number in range(2):
        place = view.visualRect(view.model().index(number, 0)).center()
        ask = QHelpEvent(QEvent.Type.ToolTip, place, view.viewport().mapToGlobal(place))
        QApplication.sendEvent(view.viewport(), ask)
    view.close()
    assert told == ["", tool_tip(long_name)]


@pytest.mark.parametrize(
    ("connection", "words", "aside"),
    [
        (CONNECTED, "Connected", "hearth.example · 12 ms"),
        (Connection(Line.CONNECTED), "Connected", "hearth.example"),
        (Connection(Line.CONNECTED, 9, waiting=2), "Connected, sending 2", "hearth.example · 9 ms"),
        (Connection(Line.CONNECTING), "Connecting…", "hearth.example"),
        (Connection(Line.UPDATING), "Updating…", "hearth.example"),
        (Connection(Line.OFFLINE), "Offline", "Try again"),
        (Connection(Line.OFFLINE, waiting=3), "Offline: 3 waiting", "Show"),
        (Connection(Line.OFFLINE, waiting=3, overdue=1), "Offline: 3 waiting · 1 needs you", "Show"),
        (Connection(Line.CONNECTED, failed=2), "Connected · 2 need you", "Show"),
        (Connection(Line.SIGNED_OUT), "Signed out", "Log in again"),
        (Connection(Line.TOO_OLD, reason="Update Hearth."), "Update needed", "Try again"),
    ],
)
def test_the_line_in_words(qapp: QApplication, connection: Connection, words: str, aside: str) -> None:
    assert (words_of(connection), aside_of(connection, "hearth.example")) == (words, aside)
    indicator = ConnectionIndicator("hearth.example")
    indicator.show_connection(connection)
    assert indicator.accessibleName() == f"{words}, {aside}"
    indicator.resize(311, 37)
    assert not indicator.grab().isNull()


def test_a_click_on_the_line_tries_at_once(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            await s.start()
            s.server.cut()
            await until(lambda: s.pane.indicator.words().startswith(("Offline", "Connecting")))
            s.server.restore()
            QTest.mouseClick(s.pane.indicator, Qt.MouseButton.LeftButton)
            await until(lambda: s.pane.indicator.words() == "Connected")

    qloop(play())


def test_a_row_is_laid_out_as_in_the_mock(qapp: QApplication) -> None:
    fonts.install()
    laid = lay_out(QRect(64, 126, 311, 64), "now", row(1, unread=5))
    assert laid.card == QRect(70, 126, 299, 64)
    assert laid.avatar == QRect(82, 136, 44, 44)
    assert (laid.name.topLeft(), laid.preview.topLeft()) == (QPoint(138, 136), QPoint(138, 156))
    assert laid.badge == QRect(337, 156, 20, 20)
    assert laid.time.right() + 1 == laid.badge.right() + 1 == 357
    assert laid.name.right() < laid.time.left()
    assert laid.preview.right() < laid.badge.left()


def test_a_mirrored_row_is_the_same_from_the_other_side(qapp: QApplication) -> None:
    box = QRect(0, 0, 311, 64)
    busy = row(1, unread=120, mentions=1, muted=True)
    plain, mirrored = lay_out(box, "09:41", busy), lay_out(box, "09:41", busy, mirrored=True)
    assert plain.badge is not None
    assert mirrored.badge is not None
    for one, other in ((plain.avatar, mirrored.avatar), (plain.badge, mirrored.badge), (plain.time, mirrored.time)):
        assert one.left() == 311 - other.right() - 1
        assert one.size() == other.size()


@pytest.mark.parametrize(("unread", "words"), [(1, "1"), (99, "99"), (100, "99+"), (12_345, "99+")])
def test_a_badge_is_never_wider_than_three_signs(unread: int, words: str) -> None:
    assert badge_words(unread) == words


def test_ten_thousand_rows_are_not_measured_one_by_one(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    honest = ConversationDelegate.sizeHint

    def counted(delegate: ConversationDelegate, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        nonlocal asked
        asked += 1
        return honest(delegate, option, index)

    monkeypatch.setattr(ConversationDelegate, "sizeHint", counted)
    source = Rows(*(row(number) for number in range(10_000)))
    model = ConversationModel(source, Clock(lambda: 0))
    view = ConversationView(ConversationFilter(model), lambda _url, _size: None)
    view.resize(311, 600)
    view.grab()
    asked = 0
    source.do(Move(9_000, 0), Insert(0, (row(20_000),)))
    view.grab()
    assert asked < 50


def test_a_picture_takes_the_place_of_initials_when_it_has_come(qloop: QLoop, tmp_path: Path) -> None:
    async def play() -> None:
        async with scene() as s:
            conversation_id = s.add("Maya", "1")
            blue = QImage(88, 88, QImage.Format.Format_RGB32)
            blue.fill(QColor("#123456"))
            assert blue.save(str(tmp_path / "maya.png"))
            api = s.session.api
            assert isinstance(api, FakeApi)
            api.pictures["/api/files/k/maya.png"] = (tmp_path / "maya.png").read_bytes()
            maya = structs.replace(s.server.users[2], avatar_url="/api/files/k/maya.png", version=2)
            await s.start()
            s.session.ingest(Update(users=(maya,)))
            assert s.pane.model.row(0).conversation_id == conversation_id
            middle = QPoint(40, 14)
            await until(lambda: s.pane.view.grab().toImage().pixelColor(middle) == QColor("#123456"))

    qloop(play())


def test_the_open_row_is_marked_in_both_themes(qloop: QLoop) -> None:
    async def play() -> None:
        async with scene() as s:
            conversation_id = s.add("Maya", "1")
            await s.start()
            s.pane.view.mark_open(conversation_id)
            for choice in ("light", "dark"):
                theme.source().choose(choice)
                await asyncio.sleep(0)
                image = s.pane.view.grab().toImage()
                assert image.pixelColor(12, 32) == QColor(theme.current().accent_soft)
            theme.source().choose("light")

    qloop(play())
