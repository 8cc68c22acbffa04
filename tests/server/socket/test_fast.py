"""The short way in: what it takes is what the long way would have made of it, and everything else goes the long way."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import camel, decode, loads
from protocol.commands import SendMessage
from protocol.errors import Refused
from server.socket.fast import Event, read_event

UID = "01890000-0000-7000-8000-000000000001"
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "conversation_id": st.sampled_from([7, "7", 0, -1, 2**63, 7.5, True, None]),
    "content": st.text(max_size=8) | st.sampled_from([None, 5, "\ud800", "\u202e"]),
    "sender_id": st.sampled_from([1, "1", None, "x"]),
    "receiver_id": st.sampled_from([2, "2", None]),
    "uid": st.sampled_from([UID, UID.upper(), "no uid", None]),
    "reply_to_uid": st.sampled_from([UID, None, 5]),
    "type": st.sampled_from(["text", "file", "shout", None]),
    "attachments": st.sampled_from([[], [{"file_url": "/x", "fileName": "x"}], [{}], None]),
    "mentions": st.sampled_from([[], [1, "2"], [1, 2], "1"]),
    "file_url": st.sampled_from(["/api/files/x/y", None]),
    "unknown": st.sampled_from([1, {"deep": [[[]]]}]),
}


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Any]:
    """What somebody may send, in either spelling."""
    names = [*draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True)), "conversation_id"]
    spell = camel if draw(st.integers(0, 2)) == 0 else str
    return {spell(name): draw(FIELDS[name]) for name in names}


def long_way(event: Event) -> dict[str, Any] | str:
    """The command as fields, or the code of its refusal."""
    try:
        return msgspec.structs.asdict(event.command or decode(SendMessage, event.given))
    except Refused as refusal:
        return refusal.code


@settings(max_examples=200)
@given(payload=payloads(), escaped=st.booleans())
def test_the_short_way_makes_what_the_long_way_makes(payload: dict[str, Any], escaped: bool) -> None:
    said = json.dumps(["send_message", payload], ensure_ascii=escaped, separators=(",", ":"))
    if not escaped and "\\ud800" not in said:
        said = said.encode(errors="ignore").decode()
    event = read_event(f"25{said}")
    assert event is not None
    assert (event.number, event.name) == (5, "send_message")
    assert long_way(event) == long_way(Event(5, "send_message", loads(said)[1]))


def test_our_own_spelling_goes_the_short_way() -> None:
    command = {"conversation_id": 7, "content": "x", "sender_id": 1, "uid": UID, "mentions": [2]}
    short = read_event("212" + json.dumps(["send_message", command], separators=(",", ":")))
    assert short is not None
    assert (short.number, short.given) == (12, None)
    assert short.command is not None
    assert (short.command.conversation_id, short.command.uid) == (7, UID)


@pytest.mark.parametrize(
    "said",
    [
        '["send_message",{"conversationId":7}]',
        '["send_message",{"conversation_id":"7"}]',
        '["send_message",{"conversation_id":7},"more"]',
        '["send_message",{"conversation_id":7,"x":1}]',
        '["send_message",{"conversation_id":7,"attachments":[{"file_url":"/a","fileName":"b"}]}]',
        '[ "send_message",{"conversation_id":7}]',
    ],
)
def test_any_other_spelling_goes_the_long_way(said: str) -> None:
    event = read_event("2" + said)
    assert event is not None
    assert (event.number, event.command) == (None, None)
    assert event.given == json.loads(said)[1]


@pytest.mark.parametrize(
    "text",
    ["", "2", "2{}", "0{}", "1", "3[1]", "2/admin,[1]", "2/,[1]", "2x[1]", "2²[1]", "2" + "9" * 20 + "[1]", "51-[]"],
)
def test_what_is_no_plain_event_is_left_to_the_library(text: str) -> None:
    assert read_event(text) is None


@pytest.mark.parametrize(
    "said", ["[", '["x"', "[" * 100_000, '["x",NaN]', '["x"]]', '["x",' + "[" * 20 + "]" * 20 + "]"]
)
def test_json_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(Refused, match=r"JSON|nested"):
        read_event("2" + said)


@pytest.mark.parametrize(("said", "name"), [("[]", None), ("[5]", 5), ('["sync"]', "sync")])
def test_an_event_may_have_no_payload_or_no_name(said: str, name: object) -> None:
    assert read_event("2" + said) == Event(None, name, None)
