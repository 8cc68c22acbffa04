"""Emoji-only messages and towers of marks in other people's texts."""

from __future__ import annotations

import pytest

from desktop.ui.message_text import drawn, emoji_only, units


def test_a_length_counts_as_qt_counts() -> None:
    assert units("a😀") == 3


@pytest.mark.parametrize("text", ["😀", "👍🏽🎉", " ❤️ ", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣"])
def test_few_emoji_are_large(text: str) -> None:
    assert emoji_only(text)


@pytest.mark.parametrize("text", ["", "a", "😀 a", "12", "😀😀😀😀", "—", "©x", "😀" * 500])
def test_everything_else_is_text(text: str) -> None:
    assert not emoji_only(text)


def test_towers_of_marks_are_cut_and_real_accents_kept() -> None:
    assert drawn("e" + "\u0301" * 50) == "e" + "\u0301" * 4
    assert drawn("Việt, Ångström, क्षि") == "Việt, Ångström, क्षि"
