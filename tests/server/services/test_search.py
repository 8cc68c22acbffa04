"""Search: what is found, by whom, in which order, and that what was changed or deleted is found no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import and_, text

from protocol.commands import SearchQuery
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Message
from protocol.times import to_wire
from server.services.ports import Actor
from server.storage import search, trigrams
from tests.server.databases import POSTGRES, Cluster, on_both
from tests.server.services.setting import Setting

_DAY_MS = 24 * 60 * 60 * 1000


def _found(setting: Setting, actor: Actor, q: str = "", **more: object) -> list[str | None]:
    """What the messages say that are found."""
    return [message.content for message in setting.search.find(actor, SearchQuery(q=q, **more)).messages]  # type: ignore[arg-type]


def _index_all(setting: Setting) -> None:
    """Until the index has everything; the first look only learns how far the messages have come."""
    setting.search.index()
    while setting.search.index() < 1:
        pass


def _by_both_ways(setting: Setting, check: Callable[[], None]) -> None:
    """From what is walked because no index has it yet, and from the index."""
    check()
    _index_all(setting)
    check()


@on_both
def test_part_of_a_word_a_number_and_a_phrase(setting: Setting, ada: Actor, direct: int) -> None:
    for content in (
        "The unmistakable Harvest",
        "harvest the moon 40721",
        "moon harvest",
        'say "cheese" 100% a_b [x]*?',
    ):
        setting.say(ada, direct, content)

    def check() -> None:
        assert _found(setting, ada, "HARV") == ["moon harvest", "harvest the moon 40721", "The unmistakable Harvest"]
        assert _found(setting, ada, "moon harv") == ["moon harvest", "harvest the moon 40721"]
        assert _found(setting, ada, '"the moon"') == ["harvest the moon 40721"]
        assert _found(setting, ada, '"moon harvest') == ["moon harvest"]
        assert _found(setting, ada, "4072") == ["harvest the moon 40721"]
        assert _found(setting, ada, "harvest OR cheese") == []
        for literal in ("100%", "a_b", "[x]*?", "*?", "00% a"):
            assert _found(setting, ada, f'"{literal}"') == ['say "cheese" 100% a_b [x]*?']
        for nothing in ("ax_b", "10_%", "h*t", "harvest NEAR moon2", "harv'; DROP", "%%%", "___"):
            assert _found(setting, ada, f'"{nothing}"') == []

    _by_both_ways(setting, check)


@on_both
def test_letters_of_every_script_in_every_case(setting: Setting, ada: Actor, direct: int) -> None:
    said = ["Привет МИР", "Große Straße", "ΣΊΣΥΦΟΣ", "日本語のテスト", "été", "🎉 party 🎉🎉🎉", "مرحبا بالعالم"]
    for content in said:
        setting.say(ada, direct, content)

    def check() -> None:
        for typed, content in zip(
            ("привет мир", "GROßE straß", "σίσυφος", "本語の", "ÉTÉ", "🎉🎉🎉", "بالعالم"), said, strict=True
        ):
            assert _found(setting, ada, typed) == [content]

    _by_both_ways(setting, check)


@on_both
def test_one_and_two_letters_are_found_in_what_is_newest(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    room = setting.group(ada, ben)
    setting.say(ada, direct, "ok then")
    setting.say(ben, room, "OK, 東京")
    assert _found(setting, ada, "ok") == ["OK, 東京", "ok then"]
    assert _found(setting, ada, "京") == ["OK, 東京"]
    assert _found(setting, ada, "ok", in_=direct) == ["ok then"]
    assert _found(setting, ada, "k 京") == ["OK, 東京"]


@on_both
def test_only_what_one_may_see(setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int) -> None:
    room = setting.group(ada, eve)
    setting.say(ada, direct, "secret plans")
    setting.say(ada, room, "secret garden")

    def check() -> None:
        assert _found(setting, ben, "secret") == ["secret plans"]
        assert _found(setting, eve, "secret") == ["secret garden"]
        assert _found(setting, ada, "secret") == ["secret garden", "secret plans"]
        assert _found(setting, setting.person(f"zoe{len(setting.announced)}x{room}"), "secret") == []

    check()
    _index_all(setting)
    assert _found(setting, ben, "secret") == ["secret plans"]
    setting.groups.remove(ada, room, eve.user_id)
    assert _found(setting, eve, "secret") == []
    with pytest.raises(Refused) as caught:
        _found(setting, eve, "secret", in_=room)
    assert caught.value.code == ErrorCode.NOT_FOUND
    setting.seat(ada, room, eve)
    assert _found(setting, eve, "secret") == ["secret garden"]
    assert _found(setting, ada, "created the group") == [], "what the system says is not searched"


@on_both
def test_edits_and_deletions_are_seen_at_once(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    indexed = setting.say(ada, direct, "the early bird")
    gone = setting.say(ada, direct, "the early worm")
    _index_all(setting)
    newer = setting.say(ada, direct, "the early cat")
    for message in (indexed, newer):
        setting.edit(ada, message, f"something else {message.position}")
    setting.delete(ada, gone)
    assert _found(setting, ben, "early") == []
    assert _found(setting, ben, "something") == ["something else 3", "something else 1"]
    _index_all(setting)
    setting.edit(ada, indexed, "the early bird again")
    assert _found(setting, ben, "early") == ["the early bird again"]
    setting.delete(ada, indexed)
    setting.delete(ada, newer)
    assert _found(setting, ben, "early") == _found(setting, ben, "something") == []
    if setting.database._backend.reading.dialect.name == "sqlite":  # noqa: SLF001 - the index's own word for it
        with setting.database._backend.writing.connect() as connection, connection.begin():  # noqa: SLF001 - as above
            connection.exec_driver_sql("INSERT INTO message_search(message_search) VALUES ('integrity-check')")
            words = connection.exec_driver_sql("SELECT count(*) FROM message_search WHERE message_search MATCH 'early'")
            assert words.scalar_one() == 0


@on_both
def test_captions_that_come_and_go_are_followed(setting: Setting, ada: Actor, direct: int) -> None:
    bare = setting.say(ada, direct, None, file_url=setting.upload(ada).file_url)
    _index_all(setting)
    for content, found in (("the river bank", ["the river bank"]), ("", []), ("river again", ["river again"])):
        setting.edit(ada, bare, content)
        assert _found(setting, ada, "river") == found


@on_both
def test_operators_narrow(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    clock, now = setting.database.clock, setting.database.clock()
    for days, who, content in (
        (30, ada, "tea"),
        (20, ben, "tea"),
        (10, ada, "tea at https://example.org"),
        (0, ben, "te"),
    ):
        setting.database.clock = lambda days=days: now - days * _DAY_MS  # type: ignore[misc]
        setting.say(who, direct, content)
    setting.database.clock = clock
    setting.say(ada, direct, "tea list", file_url=setting.upload(ada).file_url)

    def day(days: int) -> str:
        return to_wire(now - days * _DAY_MS)[:10]

    def check() -> None:
        assert _found(setting, ada, "tea", from_="ADA") == ["tea list", "tea at https://example.org", "tea"]
        assert _found(setting, ada, from_="ben") == ["te", "tea"]
        assert _found(setting, ada, "tea", from_="nobody") == []
        assert _found(setting, ada, "tea", has="link") == ["tea at https://example.org"]
        assert _found(setting, ada, has="file") == ["tea list"]
        assert _found(setting, ada, has="image") == []
        assert _found(setting, ada, "te", before=day(10)) == ["tea", "tea"]
        assert _found(setting, ada, "tea", before=day(10)) == ["tea", "tea"]
        assert _found(setting, ada, "tea", after=day(10), before=day(0)) == ["tea at https://example.org"]
        assert _found(setting, ada, before=day(20)) == ["tea"]
        assert _found(setting, ada, after=day(0)) == ["tea list", "te"]

    _by_both_ways(setting, check)


@on_both
def test_newest_first_as_many_as_asked_and_whether_that_is_all(setting: Setting, ada: Actor, direct: int) -> None:
    for number in range(5):
        setting.say(ada, direct, f"number {number}")

    def check() -> None:
        for q in ("number", "nu"):
            found = setting.search.find(ada, SearchQuery(q=q, limit=2))
            assert ([message.content for message in found.messages], found.complete) == (
                ["number 4", "number 3"],
                False,
            )
            assert setting.search.find(ada, SearchQuery(q=q, limit=5)).complete is True

    _by_both_ways(setting, check)


@on_both
def test_a_common_word_costs_no_more_than_a_bound(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is one's own is found behind any number of others' messages, as far as it is looked for."""
    others = setting.direct(ben, eve)
    setting.say(ada, direct, "common ground")
    for _ in range(8):
        setting.say(ben, others, "common sense")
    _index_all(setting)
    monkeypatch.setattr(search, "LOOKED_AT_MAX", 5)
    found = setting.search.find(ada, SearchQuery(q="common"))
    assert [message.content for message in found.messages] == ["common ground"]
    assert found.complete is True
    for number in range(6):
        setting.say(ada, direct, f"no such word {number}")
    assert setting.search.find(ada, SearchQuery(q="mm")).complete is False


def test_what_is_no_query_is_refused(setting: Setting, ada: Actor, direct: int) -> None:
    for query in (
        SearchQuery(),
        SearchQuery(q='  "" '),
        SearchQuery(q="x" * 501),
        SearchQuery(q=" ".join(map(str, range(17)))),
        SearchQuery(q="x", before="yesterday"),
        SearchQuery(q="x", after="2026-02-30"),
        SearchQuery(q="x", after="20260101"),
    ):
        with pytest.raises(Refused) as caught:
            setting.search.find(ada, query)
        assert caught.value.code == ErrorCode.INVALID_REQUEST
    assert _found(setting, ada, "\0 x\0y") == []
    assert setting.search.find(ada, SearchQuery(q="x", in_=direct, limit=1_000)).complete


def test_the_index_waits_while_messages_come_but_not_for_ever(
    setting: Setting, ada: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.search._PATIENCE", 3)
    setting.say(ada, direct, "one fish")
    assert setting.search.index() == 1.0, "a message has just come"
    assert setting.search.index() < 1, "a quiet time"
    assert setting.search.index() == 1.0, "nothing waits"
    for _ in range(4):
        setting.say(ada, direct, "two fish")
    setting.search.index()
    with setting.database.read() as snapshot:
        assert search.indexed_to(snapshot) == (5, 5)


_LETTERS = st.text(alphabet="abAB ßẞσςΣпП*?[]%_\"'\\-^", min_size=1, max_size=6)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """One house for all examples; each has people of its own."""
    made = Setting(Path(tmp_path_factory.mktemp("house")))
    yield made
    made.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(contents=st.lists(_LETTERS, min_size=1, max_size=4), q=_LETTERS)
def test_the_index_finds_exactly_what_walking_finds(house: Setting, contents: list[str], q: str) -> None:
    mark = len(house.announced)
    ada, ben = house.person(f"ada{mark}"), house.person(f"ben{mark}")
    direct = house.direct(ada, ben)
    for content in contents:
        house.say(ada, direct, f"[{content}]")
    query = SearchQuery(q=f'"{q}"'.replace('""', '"x"'), in_=direct)

    def found() -> list[Message]:
        return house.search.find(ada, query).messages

    try:
        before = found()
    except Refused:
        return
    _index_all(house)
    assert found() == before


def test_without_the_extension_search_walks_until_it_is_there(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_logs: Callable[[str], None]
) -> None:
    url = cluster.address()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP TABLE message_search; DROP FUNCTION message_search_follow() CASCADE")
        connection.execute("DELETE FROM message_search_progress")
    expected_logs("search sees only the newest messages")
    with monkeypatch.context() as missing:
        missing.setattr(trigrams, "_EXTENSION", "CREATE EXTENSION no_such_extension")
        setting = Setting(tmp_path / "one", url)
        ada, ben = setting.person("ada"), setting.person("ben")
        setting.edit(ada, setting.say(ada, setting.direct(ada, ben), "the way"), "the long way round")
        assert setting.search.index() == 1.0
        assert _found(setting, ben, "long way") == ["the long way round"]
        setting.close()
    again = Setting(tmp_path / "two", url)
    with again.database.read() as snapshot:
        assert search.indexed_to(snapshot) == (1, 1)
    assert _found(again, ben, "long way") == ["the long way round"]
    again.close()
    cluster.drop(url)


@pytest.mark.parametrize("setting", [POSTGRES], indirect=True)
def test_a_search_that_takes_too_long_walks(
    setting: Setting, ada: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.say(ada, direct, "found by walking")
    _index_all(setting)
    contains, dawdles = search._ilike, text("CAST(pg_sleep(0.2) AS text) = ''")  # noqa: SLF001 - what is to take its time
    monkeypatch.setattr(search, "_ilike", lambda *given: and_(contains(*given), dawdles))
    monkeypatch.setattr(search, "_TIME_MAX_MS", 50)
    assert _found(setting, ada, "walking") == ["found by walking"]


def test_a_search_made_to_take_long_ends_on_a_file_as_well(
    setting: Setting, ada: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        setting.say(ada, direct, "a" * 16_000)
    monkeypatch.setattr(search, "_TIME_MAX_MS", 100)
    answer = setting.search.find(ada, SearchQuery(q=f'"{"a" * 400}b"'))
    assert (answer.messages, answer.complete) == ([], False), "not said to be all: nobody has looked to the end"
    monkeypatch.undo()
    assert len(_found(setting, ada, "aaa")) == 20, "the connection answers the next one"


def test_what_was_written_before_there_was_an_index_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        upgrade = command.upgrade
        before.setattr(command, "upgrade", lambda config, _head: upgrade(config, "0004"))
        old = Setting(tmp_path)
        ada, ben = old.person("ada"), old.person("ben")
        direct = old.direct(ada, ben)
        with old.database._backend.writing.connect() as connection, connection.begin():  # noqa: SLF001 - as it was then
            for place, content in enumerate(("the old oak", None), start=1):
                values = (f"uid {place}", direct, place, place, ada.user_id, content)
                connection.exec_driver_sql(_WRITTEN, values)
            connection.exec_driver_sql("UPDATE conversations SET last_position = 2")
        old.close()
    setting = Setting(tmp_path)
    with setting.database.read() as snapshot:
        assert search.indexed_to(snapshot) == (2, 2)
    assert _found(setting, ben, "old oak") == ["the old oak"]
    setting.close()


_WRITTEN = """
INSERT INTO messages (uid, conversation_id, position, version, sender_id, type, content, content_hash, created_at)
VALUES (?, ?, ?, ?, ?, 'text', ?, '', 1)
"""
