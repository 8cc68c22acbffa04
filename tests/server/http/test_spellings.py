"""Both documents' clients read and write what their document says (contract, ground rules)."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest

from protocol.codec import camel
from protocol.routes import ROUTES, Route
from tests.server.files import media
from tests.server.http.scene import BY_NAME, Scene

_OF_A = [route for route in ROUTES if "A" in route.documents]
_NOT_OF_A = [
    route for route in ROUTES if "A" not in route.documents and route.name not in ("openapi", "events", "ready")
]


def _objects(value: Any) -> list[dict[str, Any]]:
    """Every object inside."""
    if isinstance(value, list):
        return [found for item in value for found in _objects(item)]
    return [value, *_objects(list(value.values()))] if isinstance(value, dict) else []


@pytest.mark.parametrize("route", _OF_A, ids=lambda route: route.name)
def test_paths_of_a_answer_in_both_spellings(stage: Scene, route: Route) -> None:
    found = _objects(stage.ask(route).json())
    assert found
    for each in found:
        for key, value in each.items():
            assert each[camel(key)] == value


@pytest.mark.parametrize("route", _NOT_OF_A, ids=lambda route: route.name)
def test_other_paths_answer_in_snake_case_alone(stage: Scene, route: Route) -> None:
    answer = stage.ask(route)
    if answer.headers.get("Content-Type") == "application/json":
        keys = {key for each in _objects(answer.json()) for key in each}
        assert {key for key in keys if key != key.lower()} == set()
        assert "id" not in keys


def test_everything_has_the_id_that_a_calls_so(scene: Scene) -> None:
    listed = scene.ask(BY_NAME["conversations_of_a"]).json()
    [conversation] = [one for one in listed if one["kind"] == "direct"]
    assert conversation["id"] == conversation["conversationId"] == scene.conversation_id
    assert conversation["lastMessage"]["id"] == scene.message["message_id"]
    [message] = scene.ask(BY_NAME["messages_of_a"]).json()
    expected = {"conversationId", "senderId", "receiverId", "content", "type", "fileUrl", "fileName", "fileSize"}
    assert expected | {"fileType", "read", "readAt", "createdAt"} <= set(message)
    assert message["sender"]["id"] == scene.bob["user_id"]
    assert message["fileUrl"] == message["attachments"][0]["fileUrl"] == scene.file["file_url"]


@pytest.mark.parametrize(
    "how",
    [
        {
            "data": {
                "conversationId": "{c}",
                "senderId": "{a}",
                "receiverId": "{b}",
                "content": "x",
                "type": "text",
                "fileUrl": "",
            }
        },
        {"data": {"conversation_id": "{c}", "sender_id": "{a}", "content": "x"}},
        {"json": {"conversationId": "{c}", "senderId": "{a}", "content": "x"}},
        {"json": {"conversation_id": "{c}", "content": "x", "unknown": {"deep": [1]}}},
        {"files": {"conversationId": (None, "{c}"), "senderId": (None, "{a}"), "content": (None, "x")}},
    ],
)
def test_a_send_may_be_a_form_or_json_in_either_spelling(stage: Scene, how: dict[str, dict[str, Any]]) -> None:
    numbers = {"{c}": stage.conversation_id, "{a}": stage.ada["user_id"], "{b}": stage.bob["user_id"]}

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return (value[0], str(numbers.get(value[1], value[1])))
        return str(numbers[value]) if isinstance(value, str) and value in numbers else value

    [(kind, fields)] = how.items()
    body = {kind: {key: filled(value) for key, value in fields.items()}}
    answer = stage.server.request("POST", "/api/messages", stage.ada_token, **body)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["content"], answer.json()["senderId"]) == ("x", stage.ada["user_id"])


def test_a_form_may_carry_the_file_itself(scene: Scene) -> None:
    form = {"conversationId": scene.conversation_id, "senderId": scene.ada["user_id"], "type": "image"}
    picture = {"file": ("../../cat.png", media.picture(size=(20, 10)), "text/html")}
    answer = scene.server.request("POST", "/api/messages", scene.ada_token, data=form, files=picture)
    assert answer.status_code == 201, answer.text
    message = answer.json()
    assert (message["type"], message["content"], message["fileName"]) == ("image", None, "cat.png")
    assert message["fileType"] == "image/png"
    stored = scene.server.request("GET", message["fileUrl"], scene.bob_token)
    assert stored.content == media.picture(size=(20, 10))


def test_a_stranger_cannot_leave_a_file_behind(scene: Scene) -> None:
    form = {"conversationId": scene.conversation_id, "content": "x"}
    for _ in range(25):
        file = {"file": ("cat.png", media.picture(size=(20, 10)), "image/png")}
        answer = scene.server.request("POST", "/api/messages", scene.eve_token, data=form, files=file)
        assert answer.status_code == 404
    assert list((scene.server.data_dir / "blobs").rglob("*.part")) == []


@pytest.mark.parametrize(
    ("odd", "status"),
    [
        ({"receiverId": 10**9}, 422),
        ({"type": "video"}, 422),
        ({"fileUrl": "https://elsewhere.example/cat.png", "attachments": ""}, 201),
        ({"uid": "{taken}"}, 409),
        ({"content": "x" * 16_001}, 422),
    ],
)
def test_a_refused_send_leaves_no_file_behind(scene: Scene, odd: dict[str, Any], status: int) -> None:
    """The file came with the refused message and can be sent with no other: nothing waits for it for a day."""
    form = {"conversationId": scene.conversation_id, "content": "x", **odd}
    if odd.get("uid"):
        form["uid"] = scene.message["uid"]
    data = f"only in this test {odd}".encode()
    answer = scene.server.request("POST", "/api/messages", scene.ada_token, data=form, files={"file": ("a.txt", data)})
    assert answer.status_code == status, answer.text
    kept = status == 201
    assert _waiting(scene, data) is kept
    for _ in range(18):
        assert scene.server.request("POST", "/api/upload", scene.ada_token, files={"file": ("b", b"b")}).ok


def _waiting(scene: Scene, data: bytes) -> bool:
    """Whether the server keeps a file of these bytes."""
    return any((scene.server.data_dir / "blobs").rglob(hashlib.sha256(data).hexdigest()))


def test_a_repeated_form_keeps_the_file_of_the_first(scene: Scene) -> None:
    form = {"conversationId": scene.conversation_id, "uid": str(uuid.uuid4())}
    answers = []
    for _ in range(25):
        file = {"file": ("once.txt", b"sent once")}
        answers.append(scene.server.request("POST", "/api/messages", scene.ada_token, data=form, files=file))
    assert [answer.status_code for answer in answers] == [201] + [200] * 24
    assert {answer.json()["fileUrl"] for answer in answers} == {answers[0].json()["fileUrl"]}
    assert scene.server.request("GET", answers[0].json()["fileUrl"], scene.bob_token).content == b"sent once"


def _with_empty_input(form: dict[str, Any]) -> dict[str, Any]:
    """The form as a browser sends it with a file input left empty (HTML, multipart/form-data encoding)."""
    fields = "".join(f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in form.items())
    head = 'Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream'
    body = f"{fields}--x\r\n{head}\r\n\r\n\r\n--x--\r\n"
    return {"data": body.encode(), "headers": {"Content-Type": "multipart/form-data; boundary=x"}}


def test_an_empty_field_for_a_file_is_no_file(scene: Scene) -> None:
    """Browsers send a file input that nobody filled in as an empty file without a name."""
    form = {"conversationId": scene.conversation_id, "content": "just words"}
    answer = scene.server.request("POST", "/api/messages", scene.ada_token, **_with_empty_input(form))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["type"], answer.json()["attachments"]) == ("text", [])
    answer = scene.server.request("POST", "/api/upload", scene.ada_token, **_with_empty_input({}))
    assert (answer.status_code, answer.json()["error"]["details"]) == (400, {"field": "file"})


def test_reading_all_takes_json_and_forms(scene: Scene) -> None:
    for how in ("json", "data"):
        body = {how: {"conversationId": str(scene.conversation_id), "userId": str(scene.ada["user_id"])}}
        answer = scene.server.request("PUT", "/api/messages", scene.ada_token, **body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["readPosition"] == 1


def test_two_spellings_that_disagree_are_an_error(scene: Scene) -> None:
    body = {"content": "x", "senderId": scene.ada["user_id"], "sender_id": scene.bob["user_id"]}
    answer = scene.server.request("POST", f"/api/messages/{scene.conversation_id}", scene.ada_token, json=body)
    assert (answer.status_code, answer.json()["error"]["details"]) == (400, {"field": "sender_id"})


def test_the_body_may_not_contradict_the_path(scene: Scene) -> None:
    path = f"/api/messages/{scene.conversation_id}"
    for key in ("conversation_id", "conversationId"):
        answer = scene.server.request("POST", path, scene.ada_token, json={"content": "x", key: 999_999})
        assert answer.status_code == 400, answer.text
        same = {"content": "x", key: str(scene.conversation_id)}
        assert scene.server.request("POST", path, scene.ada_token, json=same).status_code == 201


def test_the_same_uid_is_answered_again_with_200(scene: Scene) -> None:
    body = {"content": "once", "uid": "01890A5D-AC96-774B-BCCE-B302099A8057"[:-4] + f"{scene.ada['user_id']:04d}"}
    path = f"/api/messages/{scene.conversation_id}"
    first = scene.server.request("POST", path, scene.ada_token, json=body)
    again = scene.server.request("POST", path, scene.ada_token, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_pages_are_linked_and_the_head_is_told(scene: Scene) -> None:
    path = f"/api/messages/{scene.conversation_id}"
    for number in range(6):
        scene.server.request("POST", path, scene.ada_token, json={"content": str(number)})
    seen: list[int] = []
    address: str | None = f"{path}?limit=3"
    while address:
        answer = scene.server.request("GET", address, scene.ada_token)
        assert int(answer.headers["X-Conversation-Head"]) >= 10
        page = [message["position"] for message in answer.json()]
        assert page == sorted(page)
        seen = page + seen
        address = answer.links.get("prev", {}).get("url")
    assert seen == list(range(1, 8))
    answer = scene.server.request(
        "GET",
        "/api/messages",
        scene.ada_token,
        params={"conversationId": scene.conversation_id, "limit": 2, "after": 2},
    )
    assert [message["position"] for message in answer.json()] == [3, 4]
    following = scene.server.request("GET", answer.links["next"]["url"], scene.ada_token).json()
    assert [message["position"] for message in following] == [5, 6]
