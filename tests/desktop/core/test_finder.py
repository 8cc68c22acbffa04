"""Search as one types: this computer's answer at once, the server's merged into it, and neither in the other's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from desktop.cache.message_cache import MessageCache
from desktop.core import finder
from desktop.core.bubble import Line
from desktop.core.finder import Results, Scope, Search
from desktop.core.session import Session
from protocol.commands import DeleteMessage, SearchQuery
from protocol.errors import ErrorCode, Refused
from protocol.shapes import User
from tests.desktop.doubles import FakeServer, until
from tests.desktop.fake_changes import change
from tests.desktop.fake_own import open_group


@dataclass
class Scene:
    """Anna's session with what she has heard of on disk."""

    server: FakeServer
    anna: User
    maya: User
    tomas: User
    talk: int
    group: int
    session: Session

    def search(self, within: int | None = None) -> Search:
        return self.session.finder.search(self.anna.user_id, within)

    async def answer(self, search: Search, text: str, open_id: int | None = None) -> Results:
        """The whole answer."""
        search.ask(text, open_id)
        await until(lambda: search.results.value.scope in {Scope.EVERYWHERE, Scope.DEVICE_ALONE})
        return search.results.value

    def asked(self) -> list[SearchQuery]:
        return [payload for _, payload in self.server.calls if isinstance(payload, SearchQuery)]


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    server = FakeServer()
    anna, maya = server.add_user("anna", "Anna Novak"), server.add_user("maya", "Maya Okafor")
    tomas = server.add_user("tomas", "Tomás Hale")
    talk = server.open_direct(anna.user_id, maya.user_id)
    group = open_group(server, anna.user_id, "Trip to Lisbon", maya.user_id, tomas.user_id)
    server.post(maya.user_id, talk, "The invoice 20417 is here")
    server.post(anna.user_id, talk, "ok")
    server.post(tomas.user_id, group, "Which hotel invoice?")
    session = server.session(anna, cache=MessageCache(folder, anna.user_id))
    await session.start()
    await until(lambda: session.connection.value.line is Line.CONNECTED)
    try:
        yield Scene(server, anna, maya, tomas, talk, group, session)
    finally:
        await session.close()


Story = Callable[[Scene], Coroutine[Any, Any, None]]


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    monkeypatch.setattr(finder, "PAUSE_S", 0.02)

    async def whole(story: Story) -> None:
        async with scene(tmp_path) as s:
            await story(s)

    return lambda story: asyncio.run(asyncio.wait_for(whole(story), 20))


def texts(results: Results) -> list[str]:
    return [hit.text for hit in results.hits]


def test_people_conversations_and_messages_in_groups(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        search = s.search()
        results = await s.answer(search, "invoice")
        assert texts(results) == ["Which hotel invoice?", "The invoice 20417 is here"]
        assert [hit.title for hit in results.hits] == ["Trip to Lisbon", "Maya Okafor"]
        assert results.hits[1].marks == ((4, 7),)
        results = await s.answer(search, "tomas")
        assert [user.user_id for user in results.people] == [s.tomas.user_id]
        assert results.hits == ()
        results = await s.answer(search, "lisb")
        assert [row.conversation_id for row in results.conversations] == [s.group]
        search.clear()
        assert search.results.value == Results()
        search.close()

    tell(story)


def test_operators_mean_the_same_here_and_there(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        search = s.search()
        for text, expected in (
            ("invoice from:tomas", ["Which hotel invoice?"]),
            ('invoice from:"maya okafor"', ["The invoice 20417 is here"]),
            ('in:"Trip to Lisbon" invoice', ["Which hotel invoice?"]),
            ("from:me in:maya", ["ok"]),
            ("invoice before:2020-01-01", []),
            ("invoice after:2020-01-01", ["Which hotel invoice?", "The invoice 20417 is here"]),
            ("invoice from:nobody", []),
            ("0417", ["The invoice 20417 is here"]),
            ('"hotel invoice"', ["Which hotel invoice?"]),
        ):
            assert texts(await s.answer(search, text)) == expected, text
            s.server.cut()
            assert texts(await s.answer(search, text)) == expected, text
            s.server.restore()
        search.close()

    tell(story)


def test_without_the_line_this_computer_answers_and_says_so(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        s.server.cut()
        search = s.search()
        results = await s.answer(search, "invoice")
        assert (len(results.hits), results.scope, bool(results.reason)) == (2, Scope.DEVICE_ALONE, True)
        s.server.restore()
        s.server.refuse_next("search", Refused(ErrorCode.INVALID_REQUEST, "Leave some words out."))
        assert (await s.answer(search, "invoices")).reason == "Leave some words out."
        search.close()

    tell(story)


def test_this_computers_answer_is_shown_before_the_servers(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        search = s.search()
        seen: list[tuple[Scope, int]] = []
        search.results.subscribe(lambda results: seen.append((results.scope, len(results.hits))))
        await s.answer(search, "invoice")
        assert (Scope.DEVICE, 2) in seen
        assert seen[-1] == (Scope.EVERYWHERE, 2)
        search.close()

    tell(story)


def test_a_later_question_takes_the_place_of_an_earlier_one(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        search = s.search()
        for text in ("i", "in", "inv", "invo"):
            search.ask(text)
        results = await s.answer(search, "hotel")
        assert texts(results) == ["Which hotel invoice?"]
        assert [query.q for query in s.asked()] == ["hotel"]
        search.close()

    tell(story)


def test_short_words_are_looked_for_in_the_open_conversation(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        search = s.search()
        assert texts(await s.answer(search, "ok")) == []
        assert texts(await s.answer(search, "ok", open_id=s.talk)) == ["ok"]
        assert s.asked() == []
        inside = s.search(within=s.talk)
        assert texts(await s.answer(inside, "ok")) == ["ok"]
        assert texts(await s.answer(inside, "hotel")) == []
        search.close()
        inside.close()

    tell(story)


def test_what_was_deleted_is_not_found(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        message = s.server.conversations[s.talk].messages[0]
        change(s.server, s.maya.user_id, DeleteMessage(message_id=message.message_id))
        search = s.search()
        await until(lambda: s.session.held(s.talk).messages[1].deleted_at is not None)
        s.server.cut()
        assert texts(await s.answer(search, "20417")) == []
        s.server.restore()
        search.close()

    tell(story)


def test_older_ones_are_asked_for_page_by_page(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        for day in range(4):
            s.server.now_ms += 24 * 3600 * 1000
            for number in range(30):
                s.server.post(s.maya.user_id, s.talk, f"plenty {day} {number}")
        search = s.search()
        await s.answer(search, "plenty")
        for _ in range(4):
            if search.results.value.has_more:
                before = search.results.value
                search.more()
                await until(partial(_differs, search, before))
        assert len(search.results.value.hits) == 120
        search.close()

    tell(story)


def test_what_an_info_panel_lists(tell: Callable[[Story], None]) -> None:
    async def story(s: Scene) -> None:
        ids = [message.message_id for message in s.server.conversations[s.talk].messages]
        assert [hit.text for hit in await s.session.finder.starred(s.talk, ids[:1])] == ["The invoice 20417 is here"]
        assert await s.session.finder.starred(s.talk, []) == []
        assert [hit.text for hit in await s.session.finder.at(s.group, [2])] == ["Which hotel invoice?"]
        assert await s.session.finder.shared(s.talk, media=True) == []

    tell(story)


def _differs(search: Search, before: Results) -> bool:
    return search.results.value is not before
