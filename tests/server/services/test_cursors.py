"""Read cursors: they only grow, ticks and counts follow from them, and marking unread stays private."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from protocol.commands import MarkAsRead, MarkRead, PatchMessage, Sync
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Message, Own
from server.services.ports import Actor
from server.storage import members
from server.storage.tables import members as seats
from server.storage.tables import messages
from server.storage.unit import Unit
from tests.server.databases import on_both
from tests.server.services.setting import Setting


def _own(setting: Setting, actor: Actor) -> Own:
    """The actor's own facts of their first conversation."""
    own = setting.conversations.list_for(actor, actor.user_id)[0].own
    assert isinstance(own, Own)
    return own


def _talk(setting: Setting, ada: Actor, ben: Actor, direct: int) -> list[Message]:
    """Six messages, by turns."""
    return [setting.say((ada, ben)[number % 2], direct, str(number)) for number in range(6)]


@on_both
def test_unread_counts_are_of_others_messages_past_the_cursor(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    _talk(setting, ada, ben, direct)
    assert (_own(setting, ada).unread_count, _own(setting, ben).unread_count) == (3, 3)
    assert setting.read(ada, direct, 2) == 2
    assert _own(setting, ada).unread_count == 2
    listed = setting.conversations.list_for(ada, ada.user_id)[0]
    assert listed.unread_count == 2
    assert setting.read(ada, direct) == 6
    assert (_own(setting, ada).unread_count, _own(setting, ben).unread_count) == (0, 3)


@on_both
def test_unread_counts_are_exact_beside_own_and_deleted_messages(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    chance = random.Random(7)  # noqa: S311 - a story, the same each time
    said = [setting.say(chance.choice((ada, ben)), direct, str(number)) for number in range(30)]
    deleted = {message.message_id for message in chance.sample(said, 8)}
    tombstones = update(messages).where(messages.c.message_id.in_(deleted)).values(deleted_at=1, content=None)
    setting.database.write(lambda unit: unit.connection.execute(tombstones).rowcount)
    seen = set()
    for cursor in range(31):
        for mark in (None, 1, 5, 17, 30):
            _place(setting, ben, direct, cursor, mark)
            start = cursor if mark is None else min(cursor, mark - 1)
            unread = [one for one in said[start:] if one.sender_id != ben.user_id and one.message_id not in deleted]
            assert _own(setting, ben).unread_count == len(unread), (cursor, mark)
            seen.add(len(unread))
    assert len(seen) > 8


def _place(setting: Setting, actor: Actor, conversation_id: int, cursor: int, mark: int | None) -> None:
    """Put a cursor and a mark where they are wanted, past all rules."""
    seat = (seats.c.conversation_id == conversation_id, seats.c.user_id == actor.user_id)
    placed = update(seats).where(*seat).values(read_position=cursor, unread_from=mark)
    setting.database.write(lambda unit: unit.connection.execute(placed).rowcount)


@on_both
def test_a_move_is_told_to_both_with_its_number_and_its_messages(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    sent = _talk(setting, ada, ben, direct)
    setting.read(ben, direct, 3)
    (moved,) = setting.told("messages_read", ada)
    assert (moved.user_id, moved.read_position, moved.version) == (ben.user_id, 3, sent[-1].version + 1)
    echoes = setting.told("message_read", ada)
    assert [echo.position for echo in echoes] == [1, 3]
    assert all(echo.is_read and echo.read and echo.read_at == moved.read_at for echo in echoes)
    assert setting.messages.get(ada, sent[0].message_id) == echoes[0]
    assert setting.told("own_updated", ada) == []
    assert [one.own.unread_count for one in setting.told("own_updated", ben)] == [1]


@on_both
def test_a_cursor_that_does_not_move_says_nothing(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    _talk(setting, ada, ben, direct)
    setting.read(ben, direct, 4)
    told = len(setting.announced)
    assert setting.read(ben, direct, 4) == 4
    assert setting.read(ben, direct, 0) == 4
    assert len(setting.announced) == told


@on_both
def test_a_position_beyond_the_last_is_clamped(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    _talk(setting, ada, ben, direct)
    assert setting.read(ben, direct, 999) == 6
    later = setting.say(ada, direct, "later")
    assert not setting.messages.get(ada, later.message_id).is_read


@on_both
def test_the_first_mark_says_when_it_was_read(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    sent = _talk(setting, ada, ben, direct)
    setting.read(ben, direct, 1)
    first = setting.messages.get(ada, sent[0].message_id).read_at
    setting.read(ben, direct)
    assert setting.messages.get(ada, sent[0].message_id).read_at == first
    assert setting.messages.get(ada, sent[2].message_id).is_read


@on_both
def test_read_echoes_are_at_most_a_hundred(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    for number in range(105):
        setting.say(ada, direct, str(number))
    setting.read(ben, direct)
    assert [echo.position for echo in setting.told("message_read", ada)] == list(range(6, 106))


def _make_group(setting: Setting, conversation_id: int, size: int) -> None:
    """Turn the conversation of two into one of so many, as the groups of a later release will."""
    more = [setting.person(f"member{number}") for number in range(2, size)]

    def job(unit: Unit) -> None:
        statement = (
            "UPDATE conversations SET kind = 'group', user1_id = NULL, user2_id = NULL WHERE conversation_id = ?"
        )
        unit.connection.exec_driver_sql(statement, (conversation_id,))
        for one in more:
            number = unit.next_version(conversation_id)
            members.add(unit.connection, conversation_id, one.user_id, "member", number, unit.now_ms)

    setting.database.write(job)


@pytest.mark.parametrize(("size", "told"), [(50, 1), (51, 0)])
def test_moves_are_told_to_fifty_members_and_to_more_by_sync(
    setting: Setting, ada: Actor, ben: Actor, direct: int, size: int, told: int
) -> None:
    setting.say(ada, direct, "to everybody")
    _make_group(setting, direct, size)
    before = setting.conversations.get(ada, direct).head
    setting.read(ben, direct)
    assert len(setting.told("messages_read", ada)) == told
    assert setting.told("message_read", ada) == [], "echoes are for direct conversations"
    assert setting.told("own_updated", ben)[-1].own.unread_count == 0, "one's own devices know in any case"
    [news] = setting.sync.sync(ada, Sync(versions={str(direct): before})).conversations
    assert [(member.user.user_id, member.read_position) for member in news.members] == [(ben.user_id, 1)]


@on_both
def test_marked_unread_is_counted_from_there_and_private(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    sent = _talk(setting, ada, ben, direct)
    setting.read(ben, direct)
    told_ada = len([one for one in setting.announced if ada.user_id in one.user_ids])
    answer = setting.cursors.patch(ben, sent[2].message_id, PatchMessage(is_read=False))
    assert (answer.is_read, answer.read, answer.read_at) == (False, False, None)
    assert setting.messages.get(ada, sent[2].message_id).is_read, "the sender's tick stays"
    assert len([one for one in setting.announced if ada.user_id in one.user_ids]) == told_ada
    own = _own(setting, ben)
    assert (own.unread_from, own.unread_count) == (3, 2)
    last = setting.told("own_updated", ben)[-1]
    assert (last.own, last.user_version) == (own, setting.sync.greeting(ben).user_version)
    setting.read(ben, direct, 2)
    assert _own(setting, ben).unread_from == 3, "read up to before it"
    setting.read(ben, direct, 3)
    own = _own(setting, ben)
    assert (own.unread_from, own.unread_count) == (None, 0)


@on_both
def test_patching_reads_up_to_here_and_ones_own_changes_nothing(
    setting: Setting, ada: Actor, ben: Actor, direct: int
) -> None:
    sent = _talk(setting, ada, ben, direct)
    assert setting.cursors.patch(ben, sent[2].message_id, PatchMessage(is_read=True)).is_read
    assert setting.messages.get(ada, sent[0].message_id).is_read
    told = len(setting.announced)
    for is_read in (True, False):
        assert setting.cursors.patch(ben, sent[5].message_id, PatchMessage(is_read=is_read)).is_read is False
    assert len(setting.announced) == told


@on_both
def test_mark_as_read_needs_the_right_conversation(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    sent = _talk(setting, ada, ben, direct)
    assert setting.cursors.mark_as_read(ben, MarkAsRead(message_id=sent[2].message_id, conversation_id=direct)) == 3
    other = setting.direct(ben, eve)
    asks = [
        lambda: setting.cursors.mark_as_read(ben, MarkAsRead(message_id=sent[4].message_id, conversation_id=other)),
        lambda: setting.cursors.mark_as_read(eve, MarkAsRead(message_id=sent[4].message_id)),
        lambda: setting.cursors.mark_as_read(ben, MarkAsRead(message_id=999_999)),
        lambda: setting.cursors.patch(eve, sent[4].message_id, PatchMessage(is_read=True)),
        lambda: setting.read(eve, direct),
    ]
    for ask in asks:
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == ErrorCode.NOT_FOUND
    assert _own(setting, ben).unread_count == 0 or setting.read(ben, direct, 0) == 3


@on_both
def test_nobody_reads_for_somebody_else(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    with pytest.raises(Refused) as caught:
        setting.cursors.mark_read(ada, MarkRead(conversation_id=direct, user_id=ben.user_id))
    assert caught.value.code == ErrorCode.NOT_YOURSELF


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """One house for all examples."""
    made = Setting(Path(tmp_path_factory.mktemp("house")))
    yield made
    made.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    moves=st.lists(st.integers(0, 9), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
    again=st.booleans(),
)
def test_any_order_and_repetition_of_moves_ends_the_same(
    house: Setting, moves: list[int], order: random.Random, again: bool
) -> None:
    tag = len(house.announced)
    ada, ben = house.person(f"ada-{tag}"), house.person(f"ben-{tag}")
    direct = house.direct(ada, ben)
    sent = [house.say(ada, direct, str(number)) for number in range(5)]
    order.shuffle(moves)
    reached = 0
    for position in moves * (2 if again else 1):
        reached = max(reached, min(position, 5))
        assert house.read(ben, direct, position) == reached
    assert [house.messages.get(ada, one.message_id).is_read for one in sent] == [
        one.position <= min(max(moves), 5) for one in sent
    ]
    positions = [one.read_position for one in house.told("messages_read", ada)]
    assert positions == sorted(set(positions))
