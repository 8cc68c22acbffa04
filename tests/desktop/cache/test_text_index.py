"""The index of the texts on this computer: it finds what stands there, and never what stood there."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.cache import message_cache, text_index
from desktop.cache.cache_form import FORMS, begin, put
from desktop.cache.message_cache import FILE_NAME, MessageCache
from desktop.core.ports import Reached
from desktop.core.search_words import Asked
from desktop.core.updates import Update
from protocol.shapes import Attachment
from tests.desktop.cache.messages import ANNA, BEN, ME, NOON_MS, TALK, message, saved

INDEX_FORM = 2
"""The place of the index's form among the forms."""


def disk(forms: int = len(FORMS)) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for form in FORMS[:forms]:
        form(connection)
    return connection


def tell(connection: sqlite3.Connection, *told: Any) -> None:
    put(connection, *saved(*told))


def found(connection: sqlite3.Connection, *terms: str, **asked: Any) -> list[int]:
    return [one.position for one in text_index.find(connection, Asked(terms, **asked))]


def check(connection: sqlite3.Connection) -> None:
    """FTS5's own comparison of index and content; raises where they differ."""
    connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")


def test_words_parts_numbers_phrases_and_other_scripts() -> None:
    d = disk()
    texts = ["Invoice 20417 for Maya", "the second invoice", "Счёт за июнь", "GRÜẞE aus Köln", 'say "yes" * OR NEAR(']
    tell(d, *(message(place, text=text) for place, text in enumerate(texts, start=1)))
    assert found(d, "invoice") == [2, 1]
    assert found(d, "voic", "0417") == [1]
    assert found(d, "second invoice") == [2]
    assert found(d, "СЧЁТ") == [3]
    assert found(d, "köln") == [4]
    assert found(d, '"yes" *') == [5]
    assert found(d, "NEAR(") == [5]
    assert found(d, "nothing") == []


def test_short_words_are_looked_for_inside_a_conversation_and_beside_longer_ones() -> None:
    d = disk()
    tell(d, message(1, text="ok, invoice"), message(2, text="Ок"), message(3, text="OK"), message(4, text="invoice"))
    assert found(d, "ok", conversation_id=TALK) == [3, 1]
    assert found(d, "ок", conversation_id=TALK) == [2]
    assert found(d, "ok", "invoice") == [1]
    assert found(d, "ok", conversation_id=TALK + 1) == []


def test_who_when_where_and_what_narrow() -> None:
    d = disk()
    picture = Attachment(attachment_id=1, file_url="/u", file_name="a.png", file_type="image/png", file_size=3)
    paper = Attachment(attachment_id=2, file_url="/v", file_name="a.pdf", file_type="application/pdf", file_size=3)
    tell(
        d,
        message(1, text="red car", sender=ANNA),
        message(2, text="red bus https://example.org", type="image", attachments=[picture]),
        message(3, text="red boat", type="file", attachments=[paper]),
    )
    assert found(d, "red", sender_ids=frozenset({ANNA.user_id})) == [1]
    assert found(d, "red", after_ms=NOON_MS + 2, before_ms=NOON_MS + 3) == [2]
    assert found(d, "red", has="image") == found(d, has="link") == [2]
    assert found(d, has="file", conversation_id=TALK) == [3, 2]
    assert found(d, has="video") == []
    assert found(d, message_ids=frozenset({1, 3}), conversation_id=TALK) == [3, 1]
    assert found(d, "red", limit=2) == [3, 2]


def test_what_is_edited_or_deleted_is_found_no_more() -> None:
    d = disk()
    tell(d, message(1, text="first thought"), message(2, text="secret"))
    tell(d, message(1, version=3, text="better wording"), message(2, version=4, deleted_at="2026-11-22T12:00:00.000Z"))
    d.execute("UPDATE messages SET text=NULL WHERE position=2")
    assert found(d, "thought") == found(d, "secret") == []
    assert found(d, "wording") == [1]
    put(d, Update(gone=(TALK,)), Reached())
    assert found(d, "wording") == []
    check(d)


def test_what_was_there_before_the_index_is_taken_in_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_index, "FILLED_AT_ONCE", 3)
    d = disk(INDEX_FORM)
    tell(d, *(message(place, text=f"old word {place}") for place in range(1, 9)))
    for form in FORMS[INDEX_FORM:]:
        form(d)
    tell(d, message(9, text="new word"), message(2, version=10, text="edited meanwhile"))
    assert found(d, "word") == [9]
    assert text_index.fill(d)
    assert found(d, "word") == [9, 8, 7, 6]
    while text_index.fill(d):
        pass
    assert found(d, "word") == [9, 8, 7, 6, 5, 4, 3, 1]
    assert not text_index.fill(d)
    check(d)


def test_another_history_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_index, "FILLED_AT_ONCE", 3)
    d = disk()
    tell(d, message(1, text="of the first history"))
    begin(d, "second")
    assert found(d, "history") == []
    tell(d, message(1, text="of another history"))
    assert found(d, "history") == [1]
    check(d)


WORDS = st.sampled_from(["alpha", "alphabet", "Beta", "gamma ray", "ray", "Ünal"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 6), WORDS),
        st.tuples(st.just("delete"), st.integers(1, 6), st.just("")),
        st.tuples(st.sampled_from(["leave", "fill", "begin"]), st.just(0), st.just("")),
    ),
    max_size=25,
)


def do(d: sqlite3.Connection, kind: str, position: int, word: str, *, indexed: bool) -> None:
    """One step of the story; each is newer than what was before it."""
    (version,) = d.execute("SELECT coalesce(max(version), 0) + 1 FROM messages").fetchone()
    if kind == "put":
        tell(d, message(position, version=version, text=word))
    elif kind == "delete":
        d.execute("UPDATE messages SET text=NULL, deleted=1 WHERE position=?", (position,))
    elif kind == "leave":
        put(d, Update(gone=(TALK,)), Reached())
    elif kind == "fill" and indexed:
        text_index.fill(d)
    elif kind == "begin" and indexed:
        begin(d, "another")


@settings(max_examples=80, deadline=None)
@given(STEPS, STEPS)
def test_the_index_agrees_with_the_texts_whatever_happens(
    before: list[tuple[str, int, str]], after: list[tuple[str, int, str]]
) -> None:
    d = disk(INDEX_FORM)
    for step in before:
        do(d, *step, indexed=False)
    for form in FORMS[INDEX_FORM:]:
        form(d)
    for step in after:
        do(d, *step, indexed=True)
    while text_index.fill(d):
        pass
    check(d)
    texts = dict(d.execute("SELECT position, text FROM messages WHERE deleted=0"))
    for word in ("alpha", "ray", "ünal"):
        expected = {position for position, text in texts.items() if text and word in text.casefold()}
        assert set(found(d, word)) == expected


def test_an_older_file_is_indexed_once_the_start_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_cache, "INDEX_AFTER_S", 0.01)
    monkeypatch.setattr(message_cache, "INDEX_REST_S", 0.0)
    monkeypatch.setattr(text_index, "FILLED_AT_ONCE", 2)
    older = sqlite3.connect(tmp_path / FILE_NAME)
    for form in FORMS[:INDEX_FORM]:
        form(older)
    tell(older, *(message(place, text=f"kept since {place}") for place in range(1, 8)))
    older.execute(f"PRAGMA user_version={INDEX_FORM}")
    older.commit()
    older.close()

    async def story() -> None:
        cache = MessageCache(tmp_path, ME)
        await cache.load()
        for _ in range(500):
            if len(await cache.find(Asked(("kept",)))) == 7:
                break
            await asyncio.sleep(0.01)
        cache.save(*saved(message(8, text="kept now", sender=BEN)))
        assert [one.position for one in await cache.find(Asked(("kept",), limit=1))] == [8]
        await cache.close()

    asyncio.run(asyncio.wait_for(story(), 20))
