"""Who may what over REST: every route, asked by a stranger, without a token, after the session, in another's name.

The socket's half is in tests/server/socket.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from protocol.routes import ROUTES, Route
from tests.running import RunningServer
from tests.server.files import media
from tests.server.http.scene import BY_NAME, Scene

_WITH_TOKEN = [route for route in ROUTES if route.token]
_OF_A_CONVERSATION = [
    "messages_of",
    "messages_of_a",
    "change_conversation",
    "members_of",
    "add_members",
    "change_member",
    "remove_member",
    "change_own",
    "put_draft",
    "send",
    "send_a",
    "patch_message",
    "delete_message",
    "add_reaction",
    "remove_reaction",
    "edits",
    "readers",
    "pin",
    "unpin",
    "star",
    "unstar",
    "remove_preview",
    "read_all",
    "file",
    "thumbnail",
]
_ONES_OWN = ["upload_state", "end_device", "upload_progress", "append_upload", "abandon_upload"]
_HARMLESS = {
    "logout", "me", "change_me", "change_password", "change_avatar", "devices", "users", "upload", "begin_upload",
    "sync", "digest", "verify", "search",
}  # fmt: skip
_NAMING_SOMEBODY = ["conversations_of", "conversations_of_a", "open_conversation"]


def _code(answer: Any) -> tuple[int, str]:
    """An answer's status and error code."""
    return answer.status_code, answer.json()["error"]["code"]


def _by_eve(scene: Scene, name: str) -> dict[str, Any]:
    """The route's good options, in Eve's own name."""
    options = scene.options(BY_NAME[name])
    for kind in ("json", "data", "params"):
        for key in ("sender_id", "senderId", "userId"):
            if key in options.get(kind, {}):
                options[kind][key] = scene.eve["user_id"]
    return options


def test_the_matrix_has_a_row_for_every_route() -> None:
    rows = {*_OF_A_CONVERSATION, *_ONES_OWN, *_HARMLESS, *_NAMING_SOMEBODY}
    assert rows == {route.name for route in _WITH_TOKEN}


@pytest.mark.parametrize("route", _WITH_TOKEN, ids=lambda route: route.name)
@pytest.mark.parametrize("token", [None, "", "nonsense", "Bearer"])
def test_without_a_token_nothing_is_told(stage: Scene, route: Route, token: str | None) -> None:
    options = stage.options(route)
    signed = {} if token is None else {"Authorization": f"Bearer {token}"}
    options["headers"] = {**options.get("headers", {}), **signed}
    answer = stage.server.request(route.method, stage.path(route), **options)
    assert _code(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("route", _WITH_TOKEN, ids=lambda route: route.name)
def test_an_ended_session_is_out_of_every_room(stage: Scene, route: Route) -> None:
    token = stage.login()["access_token"]
    assert stage.server.request("POST", "/api/auth/logout", token).status_code == 204
    answer = stage.server.request(route.method, stage.path(route), token, **stage.options(route))
    assert _code(answer) == (401, "session_revoked")


@pytest.mark.parametrize("name", [*_OF_A_CONVERSATION, *_ONES_OWN])
def test_to_a_stranger_it_does_not_exist(stage: Scene, name: str) -> None:
    """The same answer as for numbers that nobody has, word for word."""
    route = BY_NAME[name]
    path, options = stage.path(route), _by_eve(stage, name)
    answer = stage.server.request(route.method, path, stage.eve_token, **options)
    assert _code(answer) == (404, "not_found")
    nowhere = re.sub(r"(?<=/)[0-9a-f]{32}\b", "0" * 32, path)
    parts = [str(10**9) if part.isdecimal() else part for part in nowhere.split("/")]
    for kind in ("json", "data", "params"):
        for key in ("conversationId", "conversation_id"):
            if key in options.get(kind, {}):
                options[kind][key] = 10**9
    nothing = stage.server.request(route.method, "/".join(parts), stage.eve_token, **options)
    assert (nothing.status_code, nothing.json()) == (answer.status_code, answer.json())


@pytest.mark.parametrize("name", _OF_A_CONVERSATION)
def test_a_member_may(stage: Scene, name: str) -> None:
    assert stage.ask(BY_NAME[name]).ok


@pytest.mark.parametrize("name", ["conversations_of", "conversations_of_a"])
def test_anothers_conversations_are_forbidden(stage: Scene, name: str) -> None:
    route = BY_NAME[name]
    for token in (stage.eve_token, stage.bob_token):
        answer = stage.server.request(route.method, stage.path(route), token, **stage.options(route))
        assert _code(answer) == (403, "not_yourself")


def test_nobody_opens_a_conversation_of_others(stage: Scene) -> None:
    ada, bob, eve = stage.ada["user_id"], stage.bob["user_id"], stage.eve["user_id"]
    for one, other in ((ada, bob), (bob, ada)):
        body = {"participant1_id": one, "participant2_id": other}
        assert stage.server.request("POST", "/api/conversations", stage.eve_token, json=body).status_code == 403
    body = {"participant1_id": eve, "participant2_id": 10**9}
    assert _code(stage.server.request("POST", "/api/conversations", stage.eve_token, json=body)) == (404, "not_found")


@pytest.mark.parametrize("spelling", ["sender_id", "senderId"])
@pytest.mark.parametrize("how", ["json", "data", "files", "b"])
def test_nobody_sends_in_anothers_name(stage: Scene, spelling: str, how: str) -> None:
    fields: dict[str, Any] = {
        "conversationId": stage.conversation_id,
        "content": "I did it",
        spelling: stage.bob["user_id"],
    }
    if how == "b":
        answer = stage.server.request("POST", f"/api/messages/{stage.conversation_id}", stage.ada_token, json=fields)
    elif how == "files":
        file = {"file": ("a.png", media.picture(), "image/png")}
        answer = stage.server.request("POST", "/api/messages", stage.ada_token, data=fields, files=file)
    else:
        answer = stage.server.request("POST", "/api/messages", stage.ada_token, **{how: fields})
    assert _code(answer) == (403, "not_yourself")


@pytest.mark.parametrize("spelling", ["user_id", "userId"])
@pytest.mark.parametrize("how", ["json", "data"])
def test_nobody_reads_in_anothers_name(stage: Scene, spelling: str, how: str) -> None:
    body: dict[str, Any] = {how: {"conversationId": stage.conversation_id, spelling: stage.bob["user_id"]}}
    assert _code(stage.server.request("PUT", "/api/messages", stage.ada_token, **body)) == (403, "not_yourself")


def test_a_receiver_must_be_the_other_member(stage: Scene) -> None:
    body = {"content": "x", "receiver_id": stage.eve["user_id"]}
    answer = stage.server.request("POST", f"/api/messages/{stage.conversation_id}", stage.ada_token, json=body)
    assert _code(answer) == (422, "wrong_receiver")


def test_a_uid_cannot_be_hijacked(scene: Scene) -> None:
    """Whoever sends with another's uid learns nothing, not even whether they could see that message."""
    talk = scene.server.open_direct(scene.eve_token, scene.eve["user_id"], scene.bob["user_id"])
    body = {"content": "a cat", "uid": scene.message["uid"]}
    by_stranger = scene.server.request("POST", f"/api/messages/{talk['conversation_id']}", scene.eve_token, json=body)
    by_member = scene.server.request("POST", f"/api/messages/{scene.conversation_id}", scene.ada_token, json=body)
    assert _code(by_stranger) == _code(by_member) == (409, "idempotency_conflict")
    assert by_stranger.json() == by_member.json()


def test_a_foreign_file_cannot_be_sent(scene: Scene) -> None:
    talk = scene.server.open_direct(scene.eve_token, scene.eve["user_id"], scene.bob["user_id"])
    path = f"/api/messages/{talk['conversation_id']}"
    for url in (
        scene.file["file_url"],
        scene.upload["file_url"],
        "/api/files/x/y",
        "https://elsewhere.example/cat.png",
    ):
        for body in ({"attachments": [{"file_url": url}]}, {"fileUrl": url}):
            answer = scene.server.request("POST", path, scene.eve_token, json={"content": "x", **body})
            assert _code(answer) == (422, "file_not_uploaded")
    assert scene.server.request("GET", path, scene.eve_token).json() == []


def test_unknown_keys_have_no_effect(scene: Scene) -> None:
    body = {"content": "x", "message_id": 1, "position": 99, "version": 99, "created_at": "1999-01-01T00:00:00.000Z"}
    more = {
        "is_read": True,
        "read": True,
        "sender": scene.bob,
        "role": "admin",
        "deleted_at": "1999-01-01T00:00:00.000Z",
    }
    path = f"/api/messages/{scene.conversation_id}"
    message = scene.server.request("POST", path, scene.ada_token, json={**body, **more}).json()
    assert (message["position"], message["is_read"], message["deleted_at"]) == (2, False, None)
    assert message["sender"]["user_id"] == scene.ada["user_id"]
    assert message["created_at"].startswith("20")
    change = {"role": "admin", "user_id": 1, "username": "root", "is_bot": True, "status_text": "tea"}
    me = scene.server.request("PATCH", "/api/me", scene.ada_token, json=change).json()
    assert (me["role"], me["username"], me["is_bot"]) == ("member", scene.ada["username"], False)
    new = {
        "username": scene.ada["username"] + "x",
        "password": "correct horse battery",
        "display_name": "X",
        "role": "admin",
    }
    assert scene.server.request("POST", "/api/auth/register", json=new).json()["user"]["role"] == "member"


def test_a_token_is_taken_from_the_header_alone(server: RunningServer, stage: Scene) -> None:
    for path in (f"/api/me?token={stage.ada_token}", f"/api/me?access_token={stage.ada_token}"):
        assert server.request("GET", path).status_code == 401
    cookies = {"token": stage.ada_token, "access_token": stage.ada_token}
    assert server.request("GET", "/api/me", cookies=cookies).status_code == 401
