"""What a page says of itself, in whatever shape."""

from __future__ import annotations

import pytest

from server.fetch.page import facts

URL = "https://shop.example/deep/page?x=1"


def said(html: str | bytes, charset: str | None = "utf-8") -> dict[str, str]:
    """What a page says; nothing where it has no title."""
    return facts(URL, charset, html.encode() if isinstance(html, str) else html) or {}


def test_open_graph_is_believed_before_the_rest() -> None:
    page = """<html><head><title>Plain</title><meta name="description" content="Plainly">
    <meta property="og:title" content="A &amp; B"><meta property="og:site_name" content="Shop">
    <meta property="og:description" content="What it is"><meta property="og:image" content="../cat.png"></head>"""
    assert said(page) == {
        "title": "A & B", "site": "Shop", "description": "What it is", "picture": "https://shop.example/cat.png",
    }  # fmt: skip


def test_twitters_cards_and_plain_pages_are_read_too() -> None:
    page = '<meta name="twitter:title" content="T"><meta name="twitter:image" content="https://cdn.example/a.png">'
    assert (said(page)["title"], said(page)["picture"]) == ("T", "https://cdn.example/a.png")
    plain = said("<TITLE>\n  Just   a\ttitle </TITLE><p>x")
    assert plain == {"title": "Just a title", "site": "shop.example", "description": "", "picture": ""}


@pytest.mark.parametrize(
    "page",
    ["", "<p>words", "<title> </title>", "<body><title>late</title>", "</head><title>no</title>", "<meta name=title>"],
)  # fmt: skip
def test_a_page_without_a_title_says_nothing(page: str) -> None:
    assert said(page) == {}


def test_a_charset_is_what_was_told_or_what_the_page_says() -> None:
    page = "<meta charset='iso-8859-2'><title>Řeřicha</title>".encode("iso-8859-2")
    assert said(page, None)["title"] == said(page, "iso-8859-2")["title"] == "Řeřicha"
    for none in ("nonsense", "zlib", "rot13", "a\0b", "unicode_escape_" * 9):
        assert said("<title>Ärger</title>", none)["title"] == "Ärger"
    assert said(b"<title>\xff\xfe broken</title>")["title"].endswith("broken")


def test_nothing_said_hides_reorders_or_goes_on_for_ever() -> None:
    assert said("<title>a\u202eb\u0000c\u200bd\ne</title>")["title"] == "a b c d e"
    long = said(f"<title>{'t' * 999}</title><meta name=description content='{'d ' * 999}'>")
    assert (len(long["title"]), long["title"][-1]) == (200, "…")
    assert len(long["description"]) <= 400


@pytest.mark.parametrize(
    "page", ["<title>x</title>" + "<" * 100_000, "<title>x</title><!--" + "-" * 100_000, "<title>x"]
)
def test_what_is_broken_is_read_as_far_as_it_goes(page: str) -> None:
    assert said(page)["title"] == "x"
