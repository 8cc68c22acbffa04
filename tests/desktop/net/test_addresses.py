"""What people type as a server's address, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.sign_in import Unusable
from desktop.net.addresses import parse_address


@pytest.mark.parametrize(
    ("typed", "url", "invite"),
    [
        ("chat.example.org", "https://chat.example.org", ""),
        ("  https://chat.example.org/ ", "https://chat.example.org", ""),
        ("chat.example.org:8443", "https://chat.example.org:8443", ""),
        ("https://chat.example.org:443", "https://chat.example.org", ""),
        ("https://example.org/hearth/", "https://example.org/hearth", ""),
        ("hearth://chat.example.org/invite/k7Qx-2", "https://chat.example.org", "k7Qx-2"),
        ("https://example.org/hearth/invite/ABC", "https://example.org/hearth", "ABC"),
        ("localhost:8765", "http://localhost:8765", ""),
        ("127.0.0.1:8765", "http://127.0.0.1:8765", ""),
        ("http://[::1]:8765", "http://[::1]:8765", ""),
        ("hearth://127.0.0.1:8765/invite/X", "http://127.0.0.1:8765", "X"),
        ("https://localhost:8443", "https://localhost:8443", ""),
    ],
)
def test_an_address_is_understood(typed: str, url: str, invite: str) -> None:
    address = parse_address(typed)
    assert (address.url, address.invite) == (url, invite)
    assert parse_address(address.url).url == url


@pytest.mark.parametrize(
    ("typed", "problem", "words"),
    [
        ("http://chat.example.org", "plain_http", "https://chat.example.org"),
        ("http://10.0.0.5:8765", "plain_http", "readable"),
        ("ftp://chat.example.org", "address", "ftp://"),
        ("javascript://x", "address", "javascript://"),
        ("", "address", "for example"),
        ("https://", "address", "for example"),
        ("chat.example.org:99999", "address", "65535"),
        ("chat.example.org:port", "address", "65535"),
        ("what is this", "address", "for example"),
        ("http://[::1", "address", "for example"),
    ],
)
def test_what_cannot_work_is_said(typed: str, problem: str, words: str) -> None:
    with pytest.raises(Unusable, match=words) as refused:
        parse_address(typed)
    assert refused.value.problem == problem


@given(st.text(max_size=60))
def test_anything_typed_is_an_address_or_is_explained(typed: str) -> None:
    try:
        understood = parse_address(typed).url
    except Unusable as unusable:
        understood = unusable.message
    assert understood
