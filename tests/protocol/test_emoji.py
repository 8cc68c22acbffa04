"""One emoji is one picture, however many code points draw it; nothing else is one."""

from __future__ import annotations

import pytest

from protocol.emoji import EMOJI_CHARS_MAX, one_emoji


@pytest.mark.parametrize(
    "text",
    [
        "👍", "👍🏽", "😀", "🫡", "🩷", "👨‍👩‍👧‍👦", "🧑‍🚀", "👩🏽‍❤️‍💋‍👨🏿", "❤️‍🔥", "⛹🏽‍♀️", "🏳️‍🌈", "🏴‍☠️", "🇩🇪",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1️⃣", "#️⃣", "☺️", "©️", "⌚", "⭐",
    ],
)  # fmt: skip
def test_what_is_one_stays_as_it_is(text: str) -> None:
    assert one_emoji(text) == text


@pytest.mark.parametrize(
    ("text", "spelled"), [("❤", "❤️"), ("☺", "☺️"), ("😀\ufe0f", "😀"), ("⌚\ufe0f", "⌚"), ("1\u20e3", "1️⃣")]
)
def test_two_spellings_of_a_picture_are_one(text: str, spelled: str) -> None:
    assert one_emoji(text) == one_emoji(spelled) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a", "á", "中", "1", "#", "::", "👍👍", "👍 ", " 👍", "👍a", "👍\n", "🇩", "🇩🇪🇫",
        "\u200d", "\ufe0f", "👍\u200d", "\u200d👍", "❤\ufe0f\ufe0f", "🏽👍", "<b>", "\u202e", "\0", "👍\0", "\u200b",
        "👍\u20e3", "👨\u200d" * 40 + "👨",
    ],
)  # fmt: skip
def test_what_is_none_or_several_is_refused(text: str) -> None:
    assert one_emoji(text) is None


def test_a_picture_of_any_length_costs_little() -> None:
    assert one_emoji("👍" * 10_000_000) is None
    assert one_emoji("\u200d".join("👨" * (EMOJI_CHARS_MAX // 2))) is not None
