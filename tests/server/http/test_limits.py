"""Every limit is the operator's to set: told by `GET /api/server`, and kept (contract, Limits)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from protocol.limits import Limits
from tests.running import RunningServer
from tests.server.conftest import watched
from tests.server.files import media

_SET = Limits(
    content_chars=5,
    event_bytes=4_096,
    attachments_per_message=1,
    file_bytes=3_000,
    image_bytes=2_000,
    image_pixels=100,
    messages_per_minute=1,
    message_burst=1,
    logins_per_minute=1,
    sockets_per_user=1,
    authenticate_within_s=1,
    open_uploads_per_user=1,
    username_chars=8,
    display_name_chars=6,
    password_min_chars=12,
    password_max_chars=40,
)
_GOOD = "correct horse"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose every limit is another than the default's."""
    env = {f"HEARTH_LIMITS_{name.upper()}": str(getattr(_SET, name)) for name in Limits.__struct_fields__}
    with watched(RunningServer(tmp_path_factory.mktemp("limits"), env=env)) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: RunningServer) -> str:
    """Somebody's access token."""
    body = {"username": "ada", "password": _GOOD, "display_name": "Ada"}
    text: str = server.request("POST", "/api/auth/register", json=body).json()["access_token"]
    return text


@pytest.fixture(scope="module")
def path(server: RunningServer, token: str) -> str:
    """Where they can send to."""
    body = {"username": "bob", "password": _GOOD, "display_name": "Bob"}
    bob = server.request("POST", "/api/auth/register", json=body).json()["user"]["user_id"]
    me = server.request("GET", "/api/me", token).json()["user_id"]
    return f"/api/messages/{server.open_direct(token, me, bob)['conversation_id']}"


def test_clients_are_told_what_holds(server: RunningServer) -> None:
    default = Limits()
    told = server.request("GET", "/api/server").json()["limits"]
    for name in Limits.__struct_fields__:
        assert told[name] == getattr(_SET, name) != getattr(default, name)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "12345"}, ""),
        ({"content": "123456"}, "content_too_long"),
        ({"content": "x", "unknown": "x" * 4_000}, ""),
        ({"content": "x", "unknown": "x" * 4_096}, "payload_too_large"),
        ({"content": "x", "attachments": [{"file_url": "/a"}, {"file_url": "/b"}]}, "too_many_attachments"),
    ],
)
def test_of_messages(server: RunningServer, token: str, path: str, body: dict[str, Any], code: str) -> None:
    assert server.request("POST", path, token, json=body).json().get("error", {}).get("code", "") == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "ninechars"}, "invalid_name"),
        ({"display_name": "seven77"}, "invalid_name"),
        ({"password": "eleven char"}, "weak_password"),
        ({"password": "correct horse battery staple and so on and on"}, "weak_password"),
    ],
)
def test_of_accounts(server: RunningServer, change: dict[str, str], code: str) -> None:
    body = {"username": "new", "password": _GOOD, "display_name": "New", **change}
    answer = server.request("POST", "/api/auth/register", json=body)
    assert answer.json()["error"]["code"] == code
    assert any(str(getattr(_SET, name)) in answer.json()["error"]["message"] for name in Limits.__struct_fields__)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (media.picture(size=(10, 10)), ""),
        (media.picture(size=(11, 10)), "image_too_large"),
        (media.picture(size=(4, 4)) + b"\0" * 2_000, "image_too_large"),
        (b"x" * 3_001, "file_too_large"),
    ],
)
def test_of_files(server: RunningServer, token: str, path: str, data: bytes, code: str) -> None:
    answer = server.request("POST", "/api/upload", token, files={"file": ("a.png", data)})
    assert answer.json().get("error", {}).get("code", "") == code
    if not code:
        more = server.request("POST", "/api/upload", token, files={"file": ("a.png", data)})
        assert (more.status_code, more.json()["error"]["code"]) == (429, "too_many_uploads")
        assert int(more.headers["Retry-After"]) >= 1
        sent = server.request("POST", path, token, json={"attachments": [{"fileUrl": answer.json()["file_url"]}]})
        assert sent.status_code == 201


def test_switched_off_nothing_is_counted(server: RunningServer, token: str, path: str) -> None:
    """`HEARTH_RATE_LIMITS=off`, which every server of the tests has unless it says otherwise."""
    assert {server.request("POST", path, token, json={"content": "x"}).status_code for _ in range(6)} == {201}
    wrong = {"username": "ada", "password": "a wrong one"}
    assert {server.request("POST", "/api/auth/login", json=wrong).status_code for _ in range(6)} == {401}
