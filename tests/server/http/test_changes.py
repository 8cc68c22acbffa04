"""Messages that change, over REST: the paths, what they answer, and how they refuse."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.server.http.scene import Scene


class Asking:
    """Ada, at a message of her own."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        sent = self("POST", f"/api/messages/{scene.conversation_id}", json={"content": "first"})
        self.path = f"/api/messages/{sent.json()['message_id']}"

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        return self.scene.server.request(method, path, self.scene.ada_token, **options)


@pytest.fixture
def ada(stage: Scene) -> Asking:
    """Ada with a message."""
    return Asking(stage)


def test_an_edit_is_a_patch_with_content(ada: Asking) -> None:
    bob = ada.scene.bob["user_id"]
    edited = ada("PATCH", ada.path, json={"content": " second ", "mentions": [bob]}).json()
    assert (edited["content"], edited["mentions"]) == (" second", [bob])
    assert [edit["content"] for edit in ada("GET", f"{ada.path}/edits").json()] == ["first"]
    for body in ({}, {"content": "x", "is_read": True}, {"content": 5}, {"content": None}):
        refused = ada("PATCH", ada.path, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request"), body
    others = ada("PATCH", f"/api/messages/{ada.scene.message['message_id']}", json={"content": "x"})
    assert (others.status_code, others.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("emoji", "stored"), [("👍", "👍"), ("❤", "❤\ufe0f"), ("#\ufe0f\u20e3", "#\ufe0f\u20e3"), ("👨‍👩‍👧", "👨‍👩‍👧")]
)
def test_a_reaction_is_a_path(ada: Asking, emoji: str, stored: str) -> None:
    where = f"{ada.path}/reactions/{quote(emoji)}"
    for _ in range(2):
        told = ada("PUT", where).json()["reactions"]
        assert told == [{"emoji": stored, "user_ids": [ada.scene.ada["user_id"]]}]
    for _ in range(2):
        assert ada("DELETE", where).json()["reactions"] == []


@pytest.mark.parametrize("text", ["a", "%20", "👍👍", "%00", "%ff", "%F0%9F", "👍%0a"])
def test_what_is_no_emoji_is_told_so(ada: Asking, text: str) -> None:
    refused = ada("PUT", f"{ada.path}/reactions/{text}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


def test_pins_stars_readers_and_tombstones(ada: Asking) -> None:
    number = int(ada.path.rsplit("/", 1)[1])
    conversation = ada("PUT", f"{ada.path}/pin").json()
    assert [pin["message_id"] for pin in conversation["pins"]] == [number]
    assert conversation["own"]["starred"] == []
    assert ada("PUT", f"{ada.path}/star").json()["starred"] == [number]
    assert ada("GET", f"{ada.path}/readers").json() == []
    grave = ada("DELETE", ada.path).json()
    assert (grave["content"], grave["deleted_at"] is None) == (None, False)
    assert ada("DELETE", ada.path).json() == grave
    assert ada("DELETE", f"{ada.path}/pin").json()["pins"] == []
    assert ada("DELETE", f"{ada.path}/star").json()["starred"] == []
    assert ada("PUT", f"{ada.path}/star").json()["error"]["code"] == "invalid_request"
