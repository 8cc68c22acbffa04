"""What is one's own in a conversation: chosen, told to oneself alone, and hidden from others where one wants it so."""

from __future__ import annotations

import pytest

from protocol.commands import Page, PutDraft, Sync
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.shapes import Draft, Own
from protocol.times import now_ms, to_wire
from server.services.ports import Actor
from tests.server.databases import on_both
from tests.server.services.setting import Setting

_LATER = "2100-01-01T00:00:00.000Z"
_EARLIER = "2001-01-01T00:00:00.000Z"


def _ago(seconds: int) -> str:
    """So many seconds before now."""
    return to_wire(now_ms() - seconds * 1000)


def _draft(setting: Setting, actor: Actor, room: int, content: str, at: str, reply: str | None = None) -> Own:
    return setting.drafts.put(actor, room, PutDraft(content=content, written_at=at, reply_to_uid=reply))


@on_both
def test_what_one_chooses_is_told_to_oneself_alone_and_by_sync(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    before = setting.sync.sync(ada, Sync())
    head = setting.conversations.get(ada, direct).head
    setting.announced.clear()
    own = setting.choose(ada, direct, pinned=True, muted_until=_LATER, notify="mentions")
    assert (own.pinned, own.muted_until, own.notify, own.archived) == (True, _LATER, "mentions", False)
    (told,) = setting.announced
    assert (told.event, told.user_ids, told.payload.own) == ("own_updated", (ada.user_id,), own)
    assert setting.choose(ada, direct, pinned=True) == own
    assert len(setting.announced) == 1, "what is so already is not told"
    assert setting.conversations.get(ada, direct).head == head
    versions = {str(direct): head}
    answer = setting.sync.sync(ada, Sync(versions=versions, user_version=before.user_version))
    assert (answer.own, answer.user_version) == ({str(direct): own}, told.payload.user_version)
    assert setting.sync.sync(ada, Sync(versions=versions, user_version=answer.user_version)).own == {}
    assert setting.own(ben, direct) == Own()
    assert setting.choose(ada, direct, muted_until=None).muted_until is None


def test_nonsense_is_refused_and_changes_nothing(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    room = setting.group(ada, ben)
    for conversation_id, choice in (
        (direct, {"muted_until": "tomorrow"}),
        (direct, {"pinned": True, "muted_until": "2026-01-01T00:00:00"}),
        (room, {"blocked": True}),
    ):
        with pytest.raises(Refused) as caught:
            setting.choose(ada, conversation_id, **choice)
        assert caught.value.code == ErrorCode.INVALID_REQUEST
    assert setting.own(ada, direct) == Own()
    assert setting.choose(ada, direct, muted_until="9999-12-31T23:59:59.999Z").muted_until == "9999-12-31T23:59:59.000Z"


@on_both
def test_an_archived_conversation_comes_back_with_a_message_unless_muted(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    room = setting.group(ben, ada)

    def files(conversation_id: int) -> None:
        setting.say(ben, conversation_id, None, file_url=setting.upload(ben).file_url)

    for conversation_id in (direct, room):
        for act in (lambda: setting.say(ben, conversation_id), lambda: files(conversation_id)):  # noqa: B023 - run at once
            setting.choose(ada, conversation_id, archived=True, muted_until=_LATER)
            act()
            assert setting.own(ada, conversation_id).archived is True
            setting.choose(ada, conversation_id, muted_until=_EARLIER)
            setting.announced.clear()
            act()
            assert setting.own(ada, conversation_id).archived is False
            assert [one.event for one in setting.announced] == ["new_message", "own_updated"]
            assert setting.told("own_updated", ada)[0].own == setting.own(ada, conversation_id)
    setting.choose(ada, room, archived=True)
    setting.seat(ben, room, setting.person("eve"))
    assert setting.own(ada, room).archived is False


@on_both
def test_a_hidden_cursor_counts_for_oneself_and_is_told_to_nobody(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    for _ in range(4):
        setting.say(ben, direct)
    setting.read(ada, direct, 1)
    setting.choose(ada, direct, hides_receipts=True)
    head = setting.conversations.get(ada, direct).head
    setting.announced.clear()
    assert setting.read(ada, direct, 3) == 3
    assert [(one.event, one.user_ids) for one in setting.announced] == [("own_updated", (ada.user_id,))]
    own = setting.own(ada, direct)
    assert (own.unread_count, own.read_position) == (1, 3)
    assert setting.conversations.get(ben, direct).head == head
    listed = setting.messages.page(ben, direct, Page())
    assert [message.is_read for message in listed.messages] == [True, False, False, False]
    setting.choose(ada, direct, hides_receipts=False)
    assert setting.read(ada, direct, 3) == 3
    assert [one.read_position for one in setting.conversations.get(ben, direct).members] == [1, 0]
    assert setting.read(ada, direct) == 4
    assert setting.conversations.get(ben, direct).members[0].read_position == 4


@on_both
def test_whom_one_has_blocked_cannot_write_and_is_not_told_by_whom(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    said = setting.say(ben, direct)
    setting.choose(ada, direct, blocked=True)
    setting.announced.clear()
    for act in (
        lambda: setting.say(ben, direct),
        lambda: setting.say(ben, direct, None, file_url=setting.upload(ben).file_url),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == ErrorCode.FORBIDDEN
        assert "ada" not in caught.value.message.lower()
    assert setting.announced == []
    assert setting.own(ben, direct).blocked is False
    assert setting.say(ada, direct, "I may").position == said.position + 1
    room = setting.group(ada, ben)
    setting.say(ben, room, "where others are")
    setting.choose(ada, direct, blocked=False)
    setting.say(ben, direct)


@on_both
def test_of_two_drafts_the_later_stays(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    reply = new_uid()
    kept = _draft(setting, ada, direct, "  Dear Ben,\n", first := _ago(50), reply.upper())
    assert kept.draft == Draft(content="  Dear Ben,\n", reply_to_uid=reply, written_at=first)
    setting.announced.clear()
    assert _draft(setting, ada, direct, "an older one", _ago(60)) == kept
    assert setting.announced == []
    later = _draft(setting, ada, direct, "Dear Ben, how", second := _ago(40))
    assert later.draft == Draft(content="Dear Ben, how", written_at=second)
    assert [one.own for one in setting.told("own_updated", ada)] == [later]
    assert setting.told("own_updated", ben) == []
    assert setting.sync.sync(ada, Sync()).own[str(direct)].draft == later.draft
    assert setting.own(ben, direct).draft is None


@on_both
def test_a_forgotten_draft_does_not_come_back(setting: Setting, ada: Actor, direct: int) -> None:
    _draft(setting, ada, direct, "never mind", _ago(50))
    assert _draft(setting, ada, direct, " \n", _ago(40)).draft is None
    assert _draft(setting, ada, direct, "late from another device", _ago(45)).draft is None
    future = _draft(setting, ada, direct, "a clock that is ahead", _LATER).draft
    assert future is not None
    assert future.written_at < _LATER
    assert _draft(setting, ada, direct, "the right time", to_wire(now_ms() + 5)).draft is not None


def test_a_draft_is_made_safe_and_bounded(setting: Setting, ada: Actor, direct: int) -> None:
    kept = _draft(setting, ada, direct, "a\x00b\r\nc\ud800 ", _ago(5)).draft
    assert kept is not None
    assert kept.content == "ab\nc "
    for content, at, code in (
        ("x" * 16_001, _ago(4), ErrorCode.CONTENT_TOO_LONG),
        ("x", "yesterday", ErrorCode.INVALID_REQUEST),
    ):
        with pytest.raises(Refused) as caught:
            _draft(setting, ada, direct, content, at)
        assert caught.value.code == code
