"""Whatever a client sends: never a 500, always the contract's error, and a message that says what to do."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import ErrorCode
from protocol.routes import ROUTES, Route
from tests.server.http.scene import Scene

_JSON = {"Content-Type": "application/json"}
_HUGE = 2**63
_WORDS = ["", "\0", "\ud83d", "a" * 20_000, "' OR 1=1 --", "../../etc/passwd", "%00", "{{7*7}}", "\u202e", "٣"]
_NUMBERS = [0, -1, 1.5, 10**30, _HUGE, 2**53, True, 1e308]
_ODD: list[Any] = [*_WORDS, *_NUMBERS, None, [], {}, [[]], [None], {"a": 1}, ["x"] * 500]
_BODIES = [
    b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b'{"a":NaN}', b"[" * 50_000, b'{"content":"\\ud800"}',
    b'{"a":1,"a":2}', b"\xef\xbb\xbf{}", b"{}" * 2, b" " * 300_000, b'{"x":' + b"9" * 5_000 + b"}",
]  # fmt: skip
_ALWAYS_WRONG: dict[str, dict[str, Any]] = {
    "register": {"json": {}},
    "login": {"json": {}},
    "refresh": {"json": {}},
    "change_password": {"json": {"current_password": "wrong", "new_password": "wrong"}},
}
"""Where a good request would cost hashing, or change the password."""
_KINDS = [
    "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "",
]  # fmt: skip
_IDS = ["0", "-1", "1.5", "x", "99999999999999999999999", str(_HUGE), str(2**53), "%00", "..", "٣", "1e5", " ", "None"]


def _well_answered(answer: requests.Response) -> None:
    """No failure of ours; an error in the one form, that says what to do next."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return
    assert answer.headers["Content-Type"] == "application/json", answer.text
    error = answer.json()["error"]
    assert error["code"] in set(ErrorCode)
    assert isinstance(error["retryable"], bool)
    assert len(error["message"]) > 20
    assert error["message"].rstrip()[-1] in ".…", error["message"]


def _fields(route: Route) -> list[str]:
    """Every field the route takes."""
    structs = [struct for struct in (route.takes, route.query) if struct is not None]
    return [name for struct in structs for name in struct.__struct_fields__]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body != "none"], ids=lambda route: route.name)
def test_bodies_that_are_none(stage: Scene, route: Route) -> None:
    token = stage.login()["access_token"]
    for body, kind in itertools.product(_BODIES, _KINDS):
        answer = stage.server.request(route.method, stage.path(route), token, data=body, headers={"Content-Type": kind})
        _well_answered(answer)


@pytest.mark.parametrize("route", [route for route in ROUTES if _fields(route)], ids=lambda route: route.name)
def test_fields_of_every_wrong_kind(stage: Scene, route: Route) -> None:
    token = stage.login()["access_token"]
    for name, value in itertools.product(_fields(route), _ODD):
        options = _ALWAYS_WRONG.get(route.name) or stage.options(route)
        kind = next(iter(options), "json")
        if kind in ("params", "data") and not isinstance(value, str | int | float):
            continue
        if kind != "json" and isinstance(value, str) and "\ud83d" in value:
            continue
        changed = {**options.get(kind, {}), name: value}
        if kind == "json":
            text = json.dumps(changed).encode()
            options = {"data": text, "headers": _JSON}
        else:
            options = {kind: changed}
        _well_answered(stage.server.request(route.method, stage.path(route), token, **options))


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route.path], ids=lambda route: route.name)
def test_paths_of_every_wrong_kind(stage: Scene, route: Route) -> None:
    for odd in _IDS:
        names = dict.fromkeys(
            ("user_id", "conversation_id", "message_id", "attachment_id", "device_id", "key", "name", "emoji"), odd
        )
        path = route.path.format(**names)
        _well_answered(stage.server.request(route.method, path, stage.ada_token, **stage.options(route)))


def test_an_id_in_other_digits_is_no_id(stage: Scene) -> None:
    other_digits = str(stage.conversation_id).translate({ord("0") + value: 0x0660 + value for value in range(10)})
    path = f"/api/messages/{other_digits}"
    answer = stage.server.request("GET", path, stage.ada_token, params={"limit": 1})
    assert answer.status_code == 404
    _well_answered(answer)


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bodies_nobody_thought_of(stage: Scene, data: st.DataObject) -> None:
    taking = [route for route in ROUTES if route.takes and route.name not in _ALWAYS_WRONG]
    route = data.draw(st.sampled_from(taking))
    fields = data.draw(st.dictionaries(st.sampled_from(_fields(route)), _plain, max_size=5))
    _well_answered(
        stage.server.request(
            route.method,
            stage.path(route),
            stage.ada_token,
            data=json.dumps(fields).encode(),
            headers=_JSON,
        )
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/api/nothing",
        "/api/server/",
        "/%2e%2e/etc",
        "/api/messages/%F0",
        "/api/" + "x" * 5_000,
    ],
)
def test_there_is_nothing_elsewhere(stage: Scene, path: str) -> None:
    answer = stage.server.request("GET", path, stage.ada_token)
    _well_answered(answer)
    assert answer.status_code in (404, 414)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_other_methods_are_refused_by_name(stage: Scene, route: Route) -> None:
    allowed = {each.method for each in ROUTES if each.path.format_map(_Blank()) == route.path.format_map(_Blank())}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        answer = stage.server.request(method, stage.path(route), stage.ada_token)
        _well_answered(answer)
        assert answer.status_code in (404, 405)
        if answer.status_code == 405:
            assert allowed <= set(answer.headers["Allow"].split(", "))
    for method in ("HEAD", "OPTIONS", "TRACE", "BREW"):
        _well_answered(stage.server.request(method, stage.path(route), stage.ada_token))


class _Blank(dict[str, str]):
    """Gives every variable of a path the same name, so that paths compare by their form."""

    def __missing__(self, key: str) -> str:
        return "…"


def test_a_body_too_large_is_refused_with_the_limit(stage: Scene) -> None:
    path = f"/api/messages/{stage.conversation_id}"
    for body in ({"json": {"content": "x" * 300_000}}, {"data": b"x" * 300_000}):
        answer = stage.server.request("POST", path, stage.ada_token, **body)
        _well_answered(answer)
        assert answer.status_code == 413
        assert answer.json()["error"]["details"] == {"limit": 262_144}


def test_16000_emoji_fit(stage: Scene) -> None:
    path = f"/api/messages/{stage.conversation_id}"
    for ascii_only in (True, False):
        text = json.dumps({"content": "😀" * 16_000}, ensure_ascii=ascii_only).encode()
        answer = stage.server.request("POST", path, stage.ada_token, data=text, headers=_JSON)
        assert answer.status_code == 201, answer.text
        assert answer.json()["content"] == "😀" * 16_000
    answer = stage.server.request("POST", path, stage.ada_token, json={"content": "x" * 16_001})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "content_too_long")


@pytest.mark.parametrize(
    "lines",
    [
        b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/me HTTP/1.1\r\nHost\r\n\r\n",
        b"POST /api/messages/1 HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/messages/1 HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)  # fmt: skip
def test_what_is_no_http_harms_nobody(stage: Scene, lines: bytes) -> None:
    answer = b""
    # The server may hang up before it has heard everything.
    with socket.create_connection(("127.0.0.1", stage.server.port), timeout=10) as line, contextlib.suppress(OSError):
        line.sendall(lines)
        line.shutdown(socket.SHUT_WR)
        while part := line.recv(65_536):
            answer += part
    assert b"error" in answer or not answer
    assert b" 500 " not in answer.split(b"\r\n", 1)[0]
    assert stage.server.request("GET", "/healthz").json() == {"status": "ok"}
