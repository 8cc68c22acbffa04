"""The WebSocket handshake: the usual one is answered by hand, as the library would."""

from __future__ import annotations

from typing import Any

import pytest

from server.socket.transport import _accepted

_USUAL = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "PATH_INFO": "/socket.io/",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
}


def _fields(answer: bytes | None) -> set[bytes]:
    """The lines of an answer, without its date."""
    return {line for line in (answer or b"").split(b"\r\n") if not line.startswith(b"Date:")}


def test_the_usual_handshake_is_answered_as_the_rfc_has_it_and_the_library() -> None:
    answer = _accepted(dict(_USUAL))
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in _fields(answer)
    # What is written in another way goes to the library.
    assert _fields(answer) == _fields(_accepted({**_USUAL, "HTTP_UPGRADE": "WebSocket"}))


@pytest.mark.parametrize(
    "changed",
    [
        {"REQUEST_METHOD": "POST"},
        {"HTTP_UPGRADE": "h2c"},
        {"HTTP_CONNECTION": "keep-alive"},
        {"HTTP_SEC_WEBSOCKET_VERSION": "12"},
        {"HTTP_SEC_WEBSOCKET_KEY": "c2hvcnQ="},
        {"HTTP_SEC_WEBSOCKET_KEY": "no base64, of any kind!!"},
    ],
)
def test_what_is_no_handshake_is_not_accepted(changed: dict[str, Any]) -> None:
    assert _accepted({**_USUAL, **changed}) is None
