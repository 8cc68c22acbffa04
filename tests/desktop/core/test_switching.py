"""Fuzzy matching of names for the switcher."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.search_words import folded
from desktop.core.switching import ranked, score

NAMES = ["Maya Okafor", "Tomás Hale", "Anna-Maria Novak", "Trip to Lisbon", "Mark Tomlin"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("maya", "Maya Okafor"),
        ("okaf", "Maya Okafor"),
        ("mo", "Maya Okafor"),
        ("tom", "Tomás Hale"),
        ("hale tom", "Tomás Hale"),
        ("lsb", "Trip to Lisbon"),
        ("lisbno", "Trip to Lisbon"),
        ("libson", "Trip to Lisbon"),
        ("maria", "Anna-Maria Novak"),
        ("ttl", "Trip to Lisbon"),
    ],
)
def test_a_few_letters_lead_to_the_name_that_is_meant(typed: str, first: str) -> None:
    assert ranked(folded(typed).split(), NAMES, str)[0] == first


def test_what_does_not_fit_is_left_out() -> None:
    assert ranked(["zebra"], NAMES, str) == []
    assert ranked(["maya", "zebra"], NAMES, str) == []


@given(st.text(min_size=1, max_size=20), st.text(max_size=30))
def test_nothing_typed_is_too_strange(typed: str, name: str) -> None:
    words = folded(typed).split()
    assert score(words, folded(name)) >= 0
    if folded(name).split():
        assert score(folded(name).split(), folded(name)) > 0
