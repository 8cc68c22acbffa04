"""Text made safe for storage."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.text import BIDI_CONTROLS, clean_content, clean_name, isolate

_ANY = st.text(st.characters(), max_size=80) | st.text("\ud800\udfff\x00\n\t\r \u200b\u202ea\u0301", max_size=40)


@given(_ANY)
def test_cleaning_content_is_done_once_and_storable(text: str) -> None:
    cleaned = clean_content(text)
    assert clean_content(cleaned) == cleaned
    assert cleaned == unicodedata.normalize("NFC", cleaned)
    cleaned.encode()
    assert not [letter for letter in cleaned if unicodedata.category(letter) == "Cc" and letter not in "\n\t"]
    assert cleaned == cleaned.rstrip()
    assert not cleaned or cleaned.split("\n")[0].strip()


@given(_ANY)
def test_cleaning_a_name_is_done_once_and_one_line(text: str) -> None:
    cleaned = clean_name(text)
    assert clean_name(cleaned) == cleaned
    cleaned.encode()
    assert cleaned == " ".join(cleaned.split())
    assert not BIDI_CONTROLS.search(cleaned)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("hello", "hello"),
        ("\n\n \n    code\n      more\n\n", "    code\n      more"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("e\u0301", "é"),
        ("a\u0000b\u0007c\u009fd", "abcd"),
        ("a\tb\n\nc", "a\tb\n\nc"),
        ("\ud83d lone", " lone"),
        ("  \t\n ", ""),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("\u202eright to left stays in messages", "\u202eright to left stays in messages"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
    ],
)
def test_content(written: str, stored: str) -> None:
    assert clean_content(written) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("ad\u200ba", "ada"),
        ("\u2067\u2069", ""),
    ],
)
def test_names(written: str, stored: str) -> None:
    assert clean_name(written) == stored


def test_isolated_text_is_wrapped() -> None:
    assert isolate("x") == "\u2068x\u2069"
