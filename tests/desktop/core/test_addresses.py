"""What becomes a link in other people's texts: web addresses, e-mail, telephone numbers, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.addresses import addresses, openable


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/a.", ["https://example.org/a"]),
        ("(http://x.example/a_(b))", ["http://x.example/a_(b)"]),
        ("HTTPS://EXAMPLE.ORG, and http://b.example!", ["HTTPS://EXAMPLE.ORG", "http://b.example"]),
        ("no link: ftp://a.example javascript:alert(1) file:/etc/passwd data:text/html,x", []),
        ("https:// http://", []),
        ("xhttps://example.org", []),
        ("http://a.example)))]]", ["http://a.example"]),
        ("https://exa\u202emple.org", []),
        ("https://example.org:99999999999/", []),
        ("write to maya@example.org.", ["mailto:maya@example.org"]),
        ("not@home and @maya and a@b", []),
        ("mail https://u@example.org/x", ["https://u@example.org/x"]),
        ("call +49 (30) 123-4567, please", ["tel:+49301234567"]),
        ("order 4930123456789, 01/02/2026, 1+1234567", []),
    ],
)
def test_what_can_be_clicked(text: str, found: list[str]) -> None:
    assert [address.url for address in addresses(text)] == found


@given(st.text(st.sampled_from("ab.@+:/-( )1https🎉\u202e_*"), max_size=200) | st.text(max_size=200))
def test_every_address_can_be_opened_and_stands_in_its_place(text: str) -> None:
    at = 0
    for address in addresses(text):
        assert at <= address.start < address.end <= len(text)
        assert openable(address.url)
        if address.url.startswith("http"):
            assert text[address.start : address.end] == address.url
        at = address.end


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "file:///etc/passwd", "mailto:a@b?attach=/etc/passwd", "tel:+1;phone-context=x",
     "http://", "https://a\nb", "tel:+١٢٣٤٥٦٧"],
)  # fmt: skip
def test_nothing_else_is_opened(url: str) -> None:
    assert not openable(url)
