"""Catching up: pages of rows, too far behind, what is gone; digest and verify; the greeting."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from protocol.commands import Digest, PatchMessage, Sync, Verify, digest_sum
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from server.services.ports import Actor
from server.storage import conversations, members, messages
from server.storage.unit import Snapshot, Unit
from tests.server.databases import on_both
from tests.server.services.reference import Reference
from tests.server.services.setting import Setting
from tests.server.services.test_pushed_is_fresh import synced


def _fill(setting: Setting, actor: Actor, conversation_id: int, count: int) -> None:
    """Many messages in one transaction, at the next places as `post` would put them."""

    def job(unit: Unit) -> None:
        seat = setting.access.seat(actor, conversation_id, unit.connection)
        for number in range(count):
            new = messages.NewMessage(
                uid=new_uid(),
                conversation_id=conversation_id,
                sender_id=actor.user_id,
                type="text",
                content=f"filled {number}",
                content_hash="",
                reply_to_uid=None,
                mentions=None,
            )
            place = conversations.take_place(unit.connection, conversation_id, unit.now_ms)
            messages.add(unit.connection, new, seat, place, unit.now_ms)

    setting.database.write(job)


@on_both
def test_nothing_new_is_an_empty_complete_answer(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    setting.say(ada, direct)
    store = synced(setting, ben, Reference(ben.user_id))
    answer = setting.sync.sync(ben, store.question())
    assert (answer.complete, answer.conversations, answer.own, answer.gone) == (True, [], {}, [])
    assert {user.username for user in answer.users} == {"ada", "ben"}
    assert [one.user_id for one in answer.presence] == [ada.user_id]


@on_both
def test_the_readers_of_many_messages_are_asked_once_in_each_conversation(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [setting.group(ada, ben, eve) for _ in range(2)]
    few = setting.say(ben, setting.direct(ada, ben))
    setting.read(ada, few.conversation_id)
    for room in rooms:
        _fill(setting, ada, room, 30)
        for reader, position in ((ben, 12), (eve, 20), (ben, 25)):
            setting.read(reader, room, position)
    one_by_one: list[int] = []
    look = members.first_reads

    def noting(on: Snapshot, message_ids: Sequence[int]) -> dict[int, int]:
        one_by_one.extend(message_ids)
        return look(on, message_ids)

    monkeypatch.setattr(members, "first_reads", noting)
    answer = setting.sync.sync(ada, Sync())
    assert len(one_by_one) == 1 + len(answer.conversations), "the lone one, and the last of each conversation"
    told = [message for one in answer.conversations for message in one.messages]
    assert len(told) == 1 + 2 * 31
    assert told == [setting.messages.get(ada, message.message_id) for message in told]


@on_both
def test_only_rows_above_the_version_come(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    first = setting.say(ada, direct, "old")
    new = setting.say(ada, direct, "new")
    setting.read(ben, direct, 1)
    answer = setting.sync.sync(ada, Sync(versions={str(direct): first.version}))
    (one,) = answer.conversations
    assert (one.since, one.head, one.fresh, one.conversation) == (first.version, new.version + 1, False, None)
    assert [message.message_id for message in one.messages] == [new.message_id]
    assert [(seat.user.username, seat.read_position) for seat in one.members] == [("ben", 1)]
    assert answer.own[str(direct)].unread_count == 0


@on_both
def test_five_hundred_rows_a_conversation_then_ask_again(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    _fill(setting, ada, direct, 1_100)
    asked, pages = Reference(ben.user_id), []
    complete = False
    while not complete:
        answer = setting.sync.sync(ben, asked.question())
        complete = answer.complete
        (one,) = answer.conversations
        pages.append((one.since, one.head, len(one.messages) + len(one.members) + (one.conversation is not None)))
        asked.take(answer)
    assert pages == [(0, 500, 500), (500, 1_000, 500), (1_000, 1_103, 103)]
    assert len(asked.messages) == 1_100


@on_both
def test_two_thousand_rows_in_all_then_ask_again(setting: Setting, ada: Actor) -> None:
    rooms = [setting.direct(ada, setting.person(f"friend{number}")) for number in range(5)]
    for room in rooms:
        _fill(setting, ada, room, 597)
    answer = setting.sync.sync(ada, Sync())
    assert not answer.complete
    sizes = [len(one.messages) + len(one.members) + 1 for one in answer.conversations]
    assert sizes == [500, 500, 500, 500]
    assert (answer.users, answer.presence) == ([], [])
    store = synced(setting, ada, Reference(ada.user_id))
    assert len(store.messages) == 5 * 597
    assert {store.followed(room) for room in rooms} == {600}


@on_both
def test_further_behind_than_two_thousand_rows_brings_the_newest_page(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    _fill(setting, ada, direct, 2_010)
    (near,) = setting.sync.sync(ben, Sync(versions={str(direct): 13})).conversations
    assert not near.fresh
    (far,) = setting.sync.sync(ben, Sync(versions={str(direct): 12})).conversations
    assert (far.fresh, far.head) == (True, 2_013)
    assert [message.position for message in far.messages] == list(range(1_961, 2_011))
    assert len(far.members) == 2
    assert far.conversation is not None


@on_both
def test_many_numbers_of_few_rows_are_not_far_behind(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    _fill(setting, ada, direct, 5)
    setting.database.write(
        lambda unit: unit.connection.exec_driver_sql("UPDATE conversations SET head = head + 5000").rowcount
    )
    (one,) = setting.sync.sync(ben, Sync(versions={str(direct): 3})).conversations
    assert (one.fresh, one.head, len(one.messages)) == (False, 5_008, 5)


@on_both
def test_another_epoch_or_a_version_from_the_future_starts_anew(setting: Setting, ada: Actor, direct: int) -> None:
    setting.say(ada, direct)
    versions = {str(direct): 4}
    other = setting.sync.sync(ada, Sync(epoch="another", user_version=99, versions=versions))
    assert [(one.since, len(one.messages)) for one in other.conversations] == [(0, 1)]
    same = setting.sync.sync(ada, Sync(epoch=other.epoch, versions=versions))
    assert same.conversations == []
    (beyond,) = setting.sync.sync(ada, Sync(versions={str(direct): 77})).conversations
    assert beyond.fresh


@on_both
def test_what_is_no_longer_ones_own_is_gone(setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int) -> None:
    hidden = setting.direct(ada, eve)
    setting.remove(ben, direct)
    answer = setting.sync.sync(ben, Sync(versions={str(direct): 3, str(hidden): 0, "999": 1}))
    assert (answer.conversations, answer.gone) == ([], sorted([direct, hidden, 999]))


@on_both
def test_ones_own_facts_come_by_their_own_counter(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    message = setting.say(ada, direct)
    setting.read(ben, direct)
    before = setting.sync.sync(ben, Sync())
    setting.cursors.patch(ben, message.message_id, PatchMessage(is_read=False))
    versions = {str(direct): before.conversations[0].head}
    after = setting.sync.sync(ben, Sync(user_version=before.user_version, versions=versions))
    assert after.conversations == []
    assert after.own[str(direct)].unread_from == 1
    assert after.user_version == before.user_version + 1


@on_both
def test_keys_that_are_no_numbers_are_refused(setting: Setting, ada: Actor) -> None:
    for key in ("", "x", "-1", "1.5", "²", "9" * 30):
        with pytest.raises(Refused) as caught:
            setting.sync.sync(ada, Sync(versions={key: 1}))
        assert caught.value.code == ErrorCode.INVALID_REQUEST


@on_both
def test_the_digest_tells_whether_anything_is_stale(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    setting.say(ada, direct)
    epoch = setting.sync.greeting(ben).epoch
    heads = {direct: 4}
    same = setting.sync.digest(ben, Digest(epoch=epoch, count=1, sum=digest_sum(heads)))
    assert (same.ok, same.user_version) == (True, setting.sync.greeting(ben).user_version)
    for epoch_told, count, total in (
        (epoch, 1, digest_sum({direct: 3})),
        (epoch, 2, digest_sum(heads)),
        ("x", 1, digest_sum(heads)),
    ):
        answer = setting.sync.digest(ben, Digest(epoch=epoch_told, count=count, sum=total))
        assert (answer.ok, answer.stale) == (False, [direct])


@on_both
def test_verify_knows_only_ones_own(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    mine, theirs, lost = setting.say(ada, direct).uid, setting.say(ben, direct).uid, new_uid()
    asked = [lost.upper(), mine.upper(), theirs]
    assert setting.sync.verify(ada, Verify(uids=asked)).missing == [lost.upper(), theirs]
    with pytest.raises(Refused) as caught:
        setting.sync.verify(ada, Verify(uids=[mine] * 10_001))
    assert caught.value.code == ErrorCode.INVALID_REQUEST


@on_both
def test_the_greeting_names_the_history(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    greeting = setting.sync.greeting(ada)
    assert (greeting.user_id, greeting.user_version) == (ada.user_id, 0)
    assert greeting.epoch == setting.sync.greeting(ben).epoch == setting.sync.sync(ada, Sync()).epoch
