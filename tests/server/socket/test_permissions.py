"""The permission matrix over the socket: every event, as a member, as a stranger, with a forged name, as nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.commands import COMMANDS
from tests.server.socket.people import Pair, Person

ABOUT_A_CONVERSATION = [
    "join_conversation",
    "leave_conversation",
    "send_message",
    "typing",
    "mark_read",
    "mark_as_read",
    "edit_message",
    "delete_message",
    "react",
]
ABOUT_ONESELF = ["join_user_room", "set_presence", "sync", "digest"]


def payload(pair: Pair, event: str, message_id: int) -> dict[str, Any]:
    """What a member would send with this event."""
    about = {"conversation_id": pair.conversation_id}
    more: dict[str, dict[str, Any]] = {
        "send_message": {"content": "hello"},
        "mark_read": {"position": 1},
        "mark_as_read": {"message_id": message_id},
        "edit_message": {"message_id": message_id, "content": "changed"},
        "delete_message": {"message_id": message_id},
        "react": {"message_id": message_id, "emoji": "👍", "on": True},
        "join_user_room": {"user_id": pair.ada.user_id},
        "set_presence": {"status": "active"},
        "digest": {"epoch": "x", "count": 0, "sum": 0},
    }
    return {**(about if event in ABOUT_A_CONVERSATION else {}), **more.get(event, {})}


@pytest.fixture(scope="module")
def message_id(pair: Pair) -> int:
    """A message from Bob to Ada."""
    with pair.bob.line() as line:
        answer = line.call("send_message", {"conversation_id": pair.conversation_id, "content": "first"})
    number: int = answer["message"]["message_id"]
    return number


def own_payload(pair: Pair, event: str, person: Person, message_id: int) -> dict[str, Any]:
    """What this member would send with it: only one's own messages can be changed."""
    if event in ("edit_message", "delete_message"):
        sent = person.request("POST", f"/api/messages/{pair.conversation_id}", json={"content": "mine"})
        message_id = sent.json()["message_id"]
    return payload(pair, event, message_id)


def test_the_matrix_names_every_event_of_the_catalogue() -> None:
    assert sorted(ABOUT_A_CONVERSATION + ABOUT_ONESELF) == sorted(COMMANDS)


@pytest.mark.parametrize("event", sorted(COMMANDS))
def test_a_member_may(pair: Pair, event: str, message_id: int) -> None:
    with pair.ada.line() as line:
        assert line.call(event, own_payload(pair, event, pair.ada, message_id))["ok"] is True


@pytest.mark.parametrize("event", ABOUT_A_CONVERSATION)
def test_a_stranger_gets_what_they_would_of_something_that_is_not_there(
    pair: Pair, event: str, message_id: int
) -> None:
    with pair.ada.line() as member, pair.eve.line() as line:
        seen = payload(pair, event, message_id)
        nothing = {**seen, "conversation_id": 4_000_000, **({"message_id": 4_000_000} if "message_id" in seen else {})}
        refused, missing = line.call(event, seen), line.call(event, nothing)
        assert refused["error"]["code"] == "not_found"
        assert refused == missing
        assert member.hears(0.3) == []


@pytest.mark.parametrize("event", ABOUT_A_CONVERSATION)
@pytest.mark.parametrize("field", ["user_id", "userId", "sender_id", "senderId"])
def test_a_forged_name_is_refused(pair: Pair, event: str, field: str, message_id: int) -> None:
    nameless = dict.fromkeys(("mark_as_read", "edit_message", "delete_message", "react"), "")
    known = {"send_message": "sender", **nameless}.get(event, "user")
    with pair.bob.line() as line:
        answer = line.call(event, {**own_payload(pair, event, pair.bob, message_id), field: pair.ada.user_id})
    if known and field.startswith(known):
        assert answer["error"]["code"] == "not_yourself"
    else:
        assert answer["ok"] is True, "a key that is none of the event's has no effect"


def test_somebody_elses_room_is_refused(pair: Pair) -> None:
    with pair.eve.line() as line:
        assert line.call("join_user_room", pair.ada.user_id)["error"]["code"] == "not_yourself"
        with pair.bob.line() as sender:
            sender.call("send_message", {"conversation_id": pair.conversation_id, "content": "not for Eve"})
        assert line.hears(0.3) == []


def test_nobody_hears_a_conversation_that_is_not_theirs(pair: Pair, message_id: int) -> None:
    with pair.ada.line() as ada, pair.bob.line() as bob, pair.eve.line() as eve:
        for event in ("join_conversation", "typing", "mark_read"):
            eve.call(event, {"conversation_id": pair.conversation_id})
        for event in sorted(COMMANDS):
            bob.call(event, {**own_payload(pair, event, pair.bob, message_id), "user_id": pair.bob.user_id})
        bob.call("send_message", {"conversation_id": pair.conversation_id, "content": "the last"})
        while ada.next("new_message")["content"] != "the last":
            pass
        assert eve.hears(0.5) == []


def test_unknown_keys_have_no_effect(pair: Pair) -> None:
    """What a message or cursor is, the server decides."""
    odd = {"message_id": 1, "position": 1, "version": 1, "is_read": True, "readAt": "1999", "sender": {"user_id": 1}}
    with pair.bob.line() as line:
        send = {"conversation_id": pair.conversation_id, "content": "x"}
        plain = line.call("send_message", send)["message"]
        message = line.call("send_message", {**send, **odd, "created_at": "1999", "deletedAt": "1999"})["message"]
        own = ("message_id", "uid", "position", "version", "created_at")
        assert {**message, **{key: plain[key] for key in own}} == plain
        assert (message["position"], message["version"]) == (plain["position"] + 1, plain["version"] + 1)
        ack = line.call("set_presence", {"status": "active", "user_id": pair.bob.user_id, "last_seen_at": "1999"})
        assert ack == {"ok": True, "user_id": pair.bob.user_id}


@pytest.mark.parametrize("form", [int, str])
@pytest.mark.parametrize("key", ["", "conversation_id", "conversationId"])
@pytest.mark.parametrize("event", ["join_conversation", "leave_conversation"])
def test_an_id_comes_bare_or_in_an_object_as_number_or_text(
    pair: Pair, event: str, key: str, form: type[int | str]
) -> None:
    number = form(pair.conversation_id)
    with pair.ada.line() as line:
        answer = line.call(event, {key: number, "user_id": form(pair.ada.user_id)} if key else number)
    assert (answer["ok"], answer["conversation_id"]) == (True, pair.conversation_id)
    assert event == "leave_conversation" or pair.ada.user_id in answer["activeUsers"]


def test_a_refused_message_is_told_with_its_uid(pair: Pair) -> None:
    uid = "01890000-0000-7000-8000-000000000001"
    with pair.eve.line() as line:
        answer = line.call("send_message", {"conversation_id": pair.conversation_id, "content": "x", "uid": uid})
        assert line.next("message_error") == {"uid": uid, "error": answer["error"]}


@pytest.mark.parametrize("event", sorted(COMMANDS))
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (None,),
        ([],),
        ("",),
        (-1,),
        (0,),
        (2**63,),
        (1.5,),
        (True,),
        ({},),
        ({"conversation_id": "x", "user_id": [], "message_id": {}, "versions": 5, "epoch": 1},),
        ({"conversation_id": None, "conversationId": 5},),
        ({"conversation_id": 1, "conversationId": 2, "user_id": 1, "userId": 2, "status": "x"},),
        ({"versions": {"x": 1}, "epoch": "\u0000", "count": -1, "sum": 2**60, "content": "x" * 20_000},),
    ],
)
def test_nonsense_is_answered_and_never_a_server_error(pair: Pair, event: str, arguments: tuple[Any, ...]) -> None:
    with pair.eve.line() as line:
        answer = line.call(event, *arguments)
    assert answer["ok"] is True or answer["error"]["code"] in {"invalid_request", "not_found", "not_yourself"}
    assert answer["ok"] is True or answer["error"]["message"]
