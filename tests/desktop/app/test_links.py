"""What links lead to."""

from __future__ import annotations

import pytest

from desktop.app.links import LeadsNowhere, MessageLink, ServerLink, read_link, server_of


@pytest.mark.parametrize(
    ("text", "leads_to"),
    [
        ("hearth://conversation/7", MessageLink(7)),
        ("hearth://conversation/7/message/01890a5d-ac96-774b", MessageLink(7, "01890a5d-ac96-774b")),
        ("hearth://server/chat.example.org", ServerLink("chat.example.org")),
        ("hearth://server/chat.example.org:8443", ServerLink("chat.example.org:8443")),
        ("hearth://chat.example.org/invite/CODE", ServerLink("hearth://chat.example.org/invite/CODE")),
        ("hearth://server/invite/CODE", ServerLink("hearth://server/invite/CODE")),
        ("chat.example.org", ServerLink("chat.example.org")),
    ],
)
def test_a_link_leads_somewhere(text: str, leads_to: MessageLink | ServerLink) -> None:
    assert read_link(text) == leads_to


@pytest.mark.parametrize(
    "text",
    [
        "hearth://conversation/",
        "hearth://conversation/x",
        "hearth://conversation/7/file/3",
        "hearth://server/",
        "hearth://server/a/b",
        "hearth://[",
    ],
)
def test_a_link_that_leads_nowhere_says_so(text: str) -> None:
    with pytest.raises(LeadsNowhere, match="link"):
        read_link(text)
    assert server_of(text, "") == ""


def test_only_another_server_is_a_reason_to_log_in() -> None:
    known = "https://chat.example.org"
    assert server_of("hearth://server/chat.example.org", known) == ""
    assert server_of("hearth://conversation/7", "") == ""
    assert server_of("", "") == ""
    assert server_of("hearth://server/other.example.org", known) == "other.example.org"
