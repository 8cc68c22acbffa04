"""Halves of surrogate pairs, which stock clients write as escapes: left out where they come in, never an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import loads

ANY_TEXT = st.text(
    st.characters(codec=None) | st.sampled_from(["\ud800", "\udbff", "\udc00", "\udfff", "\\", '"', "u"])
)


@given(ANY_TEXT)
def test_whatever_a_stock_client_escapes_comes_in_without_halves(text: str) -> None:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    assert loads(json.dumps(text)) == whole
    assert loads(json.dumps({"key": [text]}).encode()) == {"key": [whole]}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r'"a\ud800b"', "ab"),
        (r'"\ud83d\ude00\ud83d"', "😀"),
        (r'"\\ud800 \ud800"', r"\ud800 "),
        (r'"\ud800\ud83d\ude00"', "😀"),
    ],
)
def test_pairs_and_written_backslashes_stay(sent: str, read: str) -> None:
    assert loads(sent) == read
