"""Links, emoji-only messages and towers of marks in other people's texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.message_text import drawn, emoji_only, links, openable, units


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/a.", ["https://example.org/a"]),
        ("(http://x.example/a_(b))", ["http://x.example/a_(b)"]),
        ("HTTPS://EXAMPLE.ORG, and http://b.example!", ["HTTPS://EXAMPLE.ORG", "http://b.example"]),
        ("no link: ftp://a.example mailto:a@b.example javascript:alert(1) file:/etc/passwd", []),
        ("https:// http://", []),
        ("xhttps://example.org", []),
        ("http://a.example)))]]", ["http://a.example"]),
        ("https://exa\u202emple.org", []),
        ("https://example.org:99999999999/", []),
    ],
)
def test_only_http_addresses_are_links(text: str, found: list[str]) -> None:
    assert [link.url for link in links(text)] == found


def test_a_links_place_counts_as_qt_counts() -> None:
    link = next(links("😀😀 https://example.org"))
    assert (link.start, link.length) == (5, 19)
    assert units("a😀") == 3


@given(st.text())
def test_every_link_stands_where_it_says(text: str) -> None:
    wide = text.encode("utf-16-le", "surrogatepass")
    for link in links(text):
        cut = wide[2 * link.start : 2 * (link.start + link.length)].decode("utf-16-le", "surrogatepass")
        assert cut == link.url
        assert openable(link.url)


@pytest.mark.parametrize("text", ["😀", "👍🏽🎉", " ❤️ ", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣"])
def test_few_emoji_are_large(text: str) -> None:
    assert emoji_only(text)


@pytest.mark.parametrize("text", ["", "a", "😀 a", "12", "😀😀😀😀", "—", "©x", "😀" * 500])
def test_everything_else_is_text(text: str) -> None:
    assert not emoji_only(text)


def test_towers_of_marks_are_cut_and_real_accents_kept() -> None:
    assert drawn("e" + "\u0301" * 50) == "e" + "\u0301" * 4
    assert drawn("Việt, Ångström, क्षि") == "Việt, Ångström, क्षि"
