"""What is kept of messages: pins for all, stars of one's own, who is named, who has read."""

from __future__ import annotations

from functools import partial

import pytest

from protocol.commands import OpenGroup, PatchOwn
from protocol.errors import ErrorCode
from server.services import pins
from server.services.ports import Actor
from tests.server.databases import on_both
from tests.server.services.setting import Setting, refused


@on_both
def test_a_pin_is_the_conversations_and_a_line_in_it(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    message = setting.say(ada, direct)
    pinned = setting.pins.pin(ben, message.message_id, on=True)
    assert [(pin.message_id, pin.position, pin.user_id) for pin in pinned.pins] == [
        (message.message_id, message.position, ben.user_id)
    ]
    line = pinned.last_message
    assert line is not None
    assert (line.type, line.sender_id, line.content) == ("system", ben.user_id, "Ben pinned a message")
    assert line.happening is not None
    assert (line.happening.kind, line.happening.message_id) == ("pinned", message.message_id)
    assert setting.told("conversation_updated", ada)[-1].pins == pinned.pins
    assert setting.told("new_message", ada)[-1] == line
    assert setting.pins.pin(ada, message.message_id, on=True).pins == pinned.pins
    assert setting.pins.pin(ada, message.message_id, on=False).pins == []
    assert setting.told("conversation_updated", ben)[-1].pins == []
    assert setting.pins.pin(ada, message.message_id, on=False).head == pinned.head + 1


def test_pins_and_stars_have_an_end(
    setting: Setting, ada: Actor, eve: Actor, direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "PINS_MAX", 1)
    monkeypatch.setattr(pins, "STARS_MAX", 1)
    one, two = setting.say(ada, direct), setting.say(ada, direct)
    for act in (setting.pins.pin, setting.pins.star):
        act(ada, one.message_id, on=True)
        assert refused(partial(act, ada, two.message_id, on=True)) == ErrorCode.INVALID_REQUEST
        assert refused(partial(act, eve, two.message_id, on=True)) == ErrorCode.NOT_FOUND
    setting.delete(ada, two)
    for act in (setting.pins.pin, setting.pins.star):
        act(ada, one.message_id, on=False)
        assert refused(partial(act, ada, two.message_id, on=True)) == ErrorCode.INVALID_REQUEST


@on_both
def test_stars_are_ones_own(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    one, two = setting.say(ada, direct), setting.say(ada, direct)
    setting.pins.star(ben, two.message_id, on=True)
    own = setting.pins.star(ben, one.message_id, on=True)
    assert own.starred == [two.message_id, one.message_id]
    assert setting.pins.star(ben, one.message_id, on=True) == own
    told = setting.told("own_updated", ben)
    assert [(signal.own.starred, signal.user_version) for signal in told] == [
        ([two.message_id], 1),
        ([two.message_id, one.message_id], 2),
    ]
    assert setting.told("own_updated", ada) == []
    assert setting.pins.star(ben, two.message_id, on=False).starred == [one.message_id]
    setting.delete(ada, one)
    assert setting.told("own_updated", ben)[-1].own.starred == []


@on_both
def test_unread_mentions_are_counted(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    def count() -> int:
        own = setting.conversations.get(ben, direct).own
        assert own
        return own.mentions

    sent = [setting.say(ada, direct, str(n), mentions=[ben.user_id] if n % 2 else []) for n in range(6)]
    setting.say(ada, direct, None, file_url=setting.upload(ada).file_url, mentions=[ben.user_id])
    assert count() == 4
    setting.edit(ada, sent[1], "no more")
    setting.edit(ada, sent[2], "you", mentions=[ben.user_id])
    assert count() == 4
    setting.read(ben, direct, 1)
    for names in ([ben.user_id], []):
        setting.edit(ada, sent[4], "named later", mentions=names)
        assert setting.told("own_updated", ben)[-1].own.mentions == count() == 4 + len(names)
    setting.delete(ada, sent[5])
    assert count() == 3
    assert setting.told("own_updated", ben)[-1].own.mentions == 3
    setting.read(ben, direct, 3)
    assert count() == 2
    setting.read(ben, direct)
    assert count() == 0


@on_both
def test_unread_counts_follow_deletions_and_not_edits(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    def count() -> int:
        own = setting.conversations.get(ben, direct).own
        assert own
        return own.unread_count

    sent = [setting.say(ada, direct, str(n)) for n in range(4)]
    setting.edit(ada, sent[0], "other")
    setting.react(ben, sent[0])
    assert count() == 4
    setting.delete(ada, sent[3])
    assert count() == setting.told("own_updated", ben)[-1].own.unread_count == 3
    setting.read(ben, direct)
    before = len(setting.told("own_updated", ben))
    setting.delete(ada, sent[0])
    assert len(setting.told("own_updated", ben)) == before


@on_both
def test_readers_are_told_with_the_first_time(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    one = setting.say(ada, direct)
    assert setting.messages.readers(ada, one.message_id) == []
    setting.read(ben, direct)
    two = setting.say(ada, direct)
    first = setting.messages.readers(ada, one.message_id)
    assert [(reader.user.username, reader.read_at) for reader in first] == [
        ("ben", setting.latest(ada, direct)[0].read_at)
    ]
    setting.read(ben, direct)
    assert setting.messages.readers(ben, one.message_id) == first
    assert len(setting.messages.readers(ben, two.message_id)) == 1
    assert refused(lambda: setting.messages.readers(eve, one.message_id)) == ErrorCode.NOT_FOUND
    assert refused(lambda: setting.changes.history(eve, one.message_id)) == ErrorCode.NOT_FOUND


@on_both
def test_who_hides_receipts_is_no_reader(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    command = OpenGroup(kind="group", title="Team", member_ids=[ben.user_id, eve.user_id])
    room = setting.groups.make(ada, command)[0].conversation_id
    message = setting.say(ada, room)
    setting.own_facts.patch(ben, room, PatchOwn(hides_receipts=True))
    for actor in (ben, eve):
        setting.read(actor, room)
    readers = setting.messages.readers(ada, message.message_id)
    assert [reader.user.user_id for reader in readers] == [eve.user_id]
    setting.groups.remove(ada, room, eve.user_id)
    assert setting.messages.readers(ada, message.message_id) == []
