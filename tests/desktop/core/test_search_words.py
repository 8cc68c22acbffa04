"""What is typed into a search, taken apart."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.finder import SNIPPET_MOST, snippet
from desktop.core.search_words import Typed, marks, offered, understood

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", Typed()),
        ("lunch noon", Typed(("lunch", "noon"))),
        ('"lunch at noon" maya', Typed(("lunch at noon", "maya"))),
        ('"not closed', Typed(("not closed",))),
        ("from:maya invoice", Typed(("invoice",), sender="maya")),
        ('FROM:"Maya Okafor" in:trip', Typed(sender="Maya Okafor", place="trip")),
        ("after:2026-11-01 before:2026-12-01", Typed(after="2026-11-01", before="2026-12-01")),
        ("has:Image", Typed(has="image")),
        ("has:teeth before:monday from:", Typed(("has:teeth", "before:monday", "from:"))),
        ("http://example.org a:b", Typed(("http://example.org", "a:b"))),
        ("twice twice", Typed(("twice",))),
    ],
)
def test_words_phrases_and_operators(text: str, typed: Typed) -> None:
    assert understood(text) == typed


@given(st.text(max_size=200))
def test_nothing_typed_is_too_strange(text: str) -> None:
    typed = understood(text)
    assert all(term.strip() == term != "" for term in typed.terms)
    shown, places = snippet(text, typed.terms)
    assert len(shown) <= SNIPPET_MOST + 1
    assert all(0 <= start < start + length <= len(shown) for start, length in places)
    offered(text, ["maya"], ["Trip"], TODAY)


def test_operators_and_their_values_are_offered() -> None:
    people, places = ["maya", "tomas"], ["Trip to Lisbon"]
    assert offered("lunch f", people, places, TODAY) == ["lunch from:"]
    assert offered("b", people, places, TODAY) == ["before:"]
    assert offered("from:m", people, places, TODAY) == ["from:me ", "from:maya "]
    assert offered("x in:tr", people, places, TODAY) == ['x in:"Trip to Lisbon" ']
    assert offered('in:"trip to', people, places, TODAY) == ['in:"Trip to Lisbon" ']
    assert offered("has:", people, places, TODAY) == ["has:file ", "has:image ", "has:video ", "has:link "]
    assert offered("after:", people, places, TODAY) == ["after:2026-11-22 "]
    assert offered("lunch ", people, places, TODAY) == []


def test_marks_ignore_case_and_never_overlap() -> None:
    assert marks("Ünal said ünal", ["ünal", "al"]) == [(0, 4), (10, 4)]
    assert marks("nothing", []) == []


def test_a_long_text_is_cut_around_what_was_found() -> None:
    shown, places = snippet("word " * 100 + "needle " + "word " * 100, ["needle"])
    assert shown.startswith("…")
    start, length = places[0]
    assert shown[start : start + length] == "needle"
    assert snippet("two\nlines", ["lines"]) == ("two lines", ((4, 5),))
