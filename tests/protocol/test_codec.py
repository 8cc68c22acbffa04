"""What comes in, in either spelling, and what goes out, in one or both."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.commands import COMMANDS, MarkRead, Page, PatchMessage, SendMessage, SentFile, Sync, Typing
from protocol.errors import ErrorCode, Refused
from protocol.ids import MAX_ID
from protocol.shapes import Attachment, Conversation, Member, Message, User
from protocol.signals import SIGNALS, ViewerJoined

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_FIELDS = sorted({name for event in COMMANDS.values() for name in event.payload.__struct_fields__})
_KEYS = st.sampled_from([*_FIELDS, *map(codec.camel, _FIELDS)]) | st.text(max_size=4)

USER = User(user_id=1, username="ada", display_name="Ada")
MESSAGE = Message(
    message_id=7,
    uid="01931d2f-0000-7000-8000-000000000000",
    conversation_id=3,
    position=2,
    version=5,
    sender_id=1,
    sender=USER,
    content="hello",
    attachments=[
        Attachment(
            attachment_id=4, file_url="/api/files/k/n", file_name="n", file_type="text/plain", file_size=1, message_id=7
        )
    ],
    created_at="2026-11-22T09:41:07.120Z",
)


def test_both_spellings_and_numbers_as_text_come_in_alike() -> None:
    snake = {
        "conversation_id": 3,
        "content": "x",
        "sender_id": 1,
        "attachments": [{"file_url": "/u", "file_name": "n"}],
    }
    camel = {
        "conversationId": "3",
        "content": "x",
        "senderId": "1",
        "attachments": [{"fileUrl": "/u", "fileName": "n"}],
    }
    expected = SendMessage(
        conversation_id=3, content="x", sender_id=1, attachments=[SentFile(file_url="/u", file_name="n")]
    )
    assert codec.decode(SendMessage, snake) == codec.decode(SendMessage, camel) == expected
    assert codec.decode(SendMessage, {**snake, **camel}) == expected, "both, saying the same"


def _refusal(act: Callable[[], object]) -> Refused | None:
    """The refusal of an act, or None where it succeeds."""
    try:
        act()
    except Refused as refusal:
        return refusal
    return None


def test_two_spellings_that_disagree_are_an_error() -> None:
    with pytest.raises(Refused) as caught:
        codec.decode(MarkRead, {"conversation_id": 1, "conversationId": 2})
    assert (caught.value.code, caught.value.details) == (ErrorCode.INVALID_REQUEST, {"field": "conversation_id"})


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "conversation_id"),
        ({"conversation_id": 0}, "conversation_id"),
        ({"conversation_id": MAX_ID + 1}, "conversation_id"),
        ({"conversation_id": "1.5"}, "conversation_id"),
        ({"conversation_id": "²"}, "conversation_id"),
        ({"conversation_id": True}, "conversation_id"),
        ({"conversation_id": 1, "uid": "not-a-uid"}, "uid"),
        ({"conversation_id": 1, "type": "poem"}, "type"),
        ({"conversation_id": 1, "content": 5}, "content"),
        ({"conversation_id": 1, "attachments": [{}]}, "file_url"),
    ],
)
def test_a_wrong_field_is_named(value: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as caught:
        codec.decode(SendMessage, value)
    assert caught.value.code == ErrorCode.INVALID_REQUEST
    assert caught.value.details is not None
    assert field in caught.value.details["field"]
    assert caught.value.message.endswith("send again.")


def test_forms_say_booleans_in_words_and_leave_fields_empty() -> None:
    form = {"conversationId": "3", "content": "12", "receiverId": "", "fileUrl": "", "uid": ""}
    assert codec.decode(SendMessage, form, form=True) == SendMessage(conversation_id=3, content="12")
    for text, value in {"true": True, "false": False, "1": True, "0": False}.items():
        assert codec.decode(PatchMessage, {"isRead": text}, form=True).is_read is value
    assert codec.decode(Page, {"limit": "5", "before": ""}, form=True) == Page(limit=5)


@pytest.mark.parametrize("value", [{}, {"mentions": [1]}, {"is_read": True, "content": "x"}])
def test_a_patch_says_one_thing(value: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        codec.decode(PatchMessage, value)
    assert caught.value.code == ErrorCode.INVALID_REQUEST
    assert "either `is_read` or `content`" in caught.value.message


def test_content_of_digits_stays_text() -> None:
    assert codec.decode(SendMessage, {"conversation_id": "1", "content": "42"}).content == "42"


def test_a_bare_value_stands_for_its_field() -> None:
    assert codec.decode(COMMANDS["join_conversation"].payload, "5", bare="conversation_id") == codec.decode(
        COMMANDS["join_conversation"].payload, {"conversationId": 5}
    )
    assert codec.decode(COMMANDS["join_user_room"].payload, 5, bare="user_id").user_id == 5  # type: ignore[attr-defined]


@given(st.sampled_from(sorted(COMMANDS)), _JSON | st.dictionaries(_KEYS, _JSON, max_size=6), st.booleans())
def test_whatever_comes_in_is_a_struct_or_a_refusal(event: str, value: Any, form: bool) -> None:
    command = COMMANDS[event]
    refusal = _refusal(lambda: codec.decode(command.payload, value, bare=command.bare, form=form))
    if refusal is not None:
        assert refusal.code == ErrorCode.INVALID_REQUEST
        assert json.loads(codec.dumps(refusal.body()))
    else:
        decoded = codec.decode(command.payload, value, bare=command.bare, form=form)
        assert isinstance(decoded, command.payload)
        assert codec.decode(command.payload, codec.plain(decoded)) == decoded


@given(st.dictionaries(st.text().filter(lambda key: key not in ("user_id", "userId")), _JSON, max_size=5))
def test_unknown_keys_have_no_effect(unknown: dict[str, Any]) -> None:
    known = {"conversation_id": 4, "is_typing": False}
    extra = {key: value for key, value in unknown.items() if key not in ("conversationId", "isTyping")}
    assert codec.decode(Typing, {**extra, **known}) == Typing(conversation_id=4, is_typing=False)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_loads_reads_or_refuses(data: bytes | str) -> None:
    refusal = _refusal(lambda: codec.loads(data))
    if refusal is not None:
        assert refusal.code == ErrorCode.BAD_JSON
    else:
        value = codec.loads(data)
        assert codec.loads(codec.dumps(value)) == value


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"NaN", b"[Infinity]", b"{} {}", b"\xff", b"'x'", b"[" * 17 + b"]" * 17, b"[" * 100_000],
)
def test_what_is_no_plain_json_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        codec.loads(data)
    assert caught.value.code == ErrorCode.BAD_JSON


def test_out_is_snake_case_and_reads_back() -> None:
    sent = codec.dumps(MESSAGE)
    assert codec.read(Message, sent) == MESSAGE
    assert codec.from_plain(Message, json.loads(sent)) == MESSAGE
    assert not any(key != key.lower() for key in json.loads(sent))


def test_both_spellings_carry_every_key_twice_and_id() -> None:
    out = codec.both_spellings(MESSAGE)
    assert out["id"] == out["message_id"] == out["messageId"] == 7
    assert out["sender"]["id"] == out["sender"]["userId"] == 1
    assert out["attachments"][0]["id"] == out["attachments"][0]["attachmentId"] == 4
    assert out["attachments"][0]["fileUrl"] == "/api/files/k/n"
    assert (out["isRead"], out["read"], out["readAt"]) == (False, False, None)
    snake = {key: out[key] for key in codec.plain(MESSAGE)}
    assert all(codec.camel(key) in out for key in snake)


def test_document_a_reads_its_own_names() -> None:
    conversation = Conversation(
        conversation_id=3,
        kind="direct",
        user1_id=1,
        user2_id=2,
        created_at="c",
        updated_at="u",
        last_message_at="l",
        version=1,
        head=3,
        member_count=2,
        members=[Member(user=USER, joined_at="j", version=2)],
    )
    out = codec.both_spellings([conversation])[0]
    assert {key: out[key] for key in ("id", "user1Id", "user2Id", "lastMessageAt")} == {
        "id": 3,
        "user1Id": 1,
        "user2Id": 2,
        "lastMessageAt": "l",
    }
    assert "own" not in out
    assert "unreadCount" not in out, "broadcasts leave out what is the viewer's"
    assert out["members"][0]["readPosition"] == 0


def test_active_users_is_spelt_as_document_b_does() -> None:
    joined = ViewerJoined(user_id=1, conversation_id=3, active_users=[1, 2])
    assert codec.plain(joined)["activeUsers"] == [1, 2]
    assert codec.both_spellings(joined)["activeUsers"] == [1, 2]


def test_every_signal_and_command_has_a_schema() -> None:
    shapes = [event.payload for event in SIGNALS.values()] + [event.payload for event in COMMANDS.values()]
    _, components = msgspec.json.schema_components(shapes)
    assert {"Message", "SendMessage", "Sync"} <= components.keys()


def test_sync_takes_versions_by_number_as_text() -> None:
    assert codec.decode(Sync, {"userVersion": "4", "versions": {"7": 12}}) == Sync(user_version=4, versions={"7": 12})
