"""Opening direct conversations, and a person's list of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import UNSET

from protocol.commands import OpenConversation
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Own
from server.services.ports import Actor
from tests.server.databases import on_both
from tests.server.services.setting import Setting


def _open(actor: Actor, *pair: Actor) -> OpenConversation:
    """The command to open the conversation of two people."""
    return OpenConversation(participant1_id=pair[0].user_id, participant2_id=pair[1].user_id)


@on_both
def test_the_first_opening_makes_it_and_every_other_finds_it(setting: Setting, ada: Actor, ben: Actor) -> None:
    made, created = setting.conversations.open_direct(ben, _open(ben, ben, ada))
    assert created
    assert (made.user1_id, made.user2_id, made.kind, made.version, made.head) == (1, 2, "direct", 1, 3)
    assert [(member.user.username, member.version) for member in made.members] == [("ada", 2), ("ben", 3)]
    assert made.own == Own()
    found, created = setting.conversations.open_direct(ada, _open(ada, ada, ben))
    assert not created
    assert found == made


@on_both
def test_both_are_told_each_number_without_private_facts(setting: Setting, ada: Actor, ben: Actor) -> None:
    setting.direct(ada, ben)
    assert [one.event for one in setting.announced] == ["conversation_updated", "member_updated", "member_updated"]
    for actor in (ada, ben):
        (told,) = setting.told("conversation_updated", actor)
        assert told.own is UNSET
        assert told.unread_count is UNSET
        assert [one.member.version for one in setting.told("member_updated", actor)] == [2, 3]


@on_both
def test_many_who_open_at_once_get_one_conversation(setting: Setting, ada: Actor, ben: Actor) -> None:
    with ThreadPoolExecutor(8) as pool:
        pairs = [(ada, ben), (ben, ada)] * 4
        opened = list(pool.map(lambda pair: setting.conversations.open_direct(pair[0], _open(pair[0], *pair)), pairs))
    assert {conversation.conversation_id for conversation, _ in opened} == {opened[0][0].conversation_id}
    assert sum(created for _, created in opened) == 1


@on_both
def test_only_ones_own_and_only_with_somebody(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    nobody = Actor(user_id=999, session_id=1)
    refused = {
        ErrorCode.FORBIDDEN: (eve, _open(eve, ada, ben)),
        ErrorCode.INVALID_REQUEST: (ada, _open(ada, ada, ada)),
        ErrorCode.NOT_FOUND: (ada, _open(ada, ada, nobody)),
    }
    for code, (actor, command) in refused.items():
        with pytest.raises(Refused) as caught:
            setting.conversations.open_direct(actor, command)
        assert caught.value.code == code
    assert setting.announced == []
    assert setting.conversations.list_for(ada, ada.user_id) == []


@on_both
def test_the_list_is_the_newest_first_with_the_last_message_and_ones_own_only(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor
) -> None:
    first, second = setting.direct(ada, ben), setting.direct(ada, eve)
    setting.direct(ben, eve)
    said = setting.say(ben, first, "latest")
    listed = setting.conversations.list_for(ada, ada.user_id)
    assert [one.conversation_id for one in listed] == [first, second]
    assert listed[0].last_message == said
    assert (listed[0].last_message_at, listed[0].updated_at) == (said.created_at, said.created_at)
    assert (listed[0].last_position, listed[0].unread_count) == (1, 1)
    assert (listed[1].last_message, listed[1].last_position, listed[1].unread_count) == (None, 0, 0)
    with pytest.raises(Refused) as caught:
        setting.conversations.list_for(ada, ben.user_id)
    assert caught.value.code == ErrorCode.NOT_YOURSELF


@on_both
def test_whoever_lost_the_seat_sees_hears_and_does_nothing(setting: Setting, ada: Actor, ben: Actor) -> None:
    direct = setting.direct(ada, ben)
    file = setting.say(ada, direct, None, file_url=setting.upload(ada).file_url).attachments[0]
    setting.remove(ben, direct)
    told = len([one for one in setting.announced if ben.user_id in one.user_ids])
    setting.say(ada, direct, "between us")
    assert len([one for one in setting.announced if ben.user_id in one.user_ids]) == told
    assert setting.conversations.list_for(ben, ben.user_id) == []
    assert setting.access.conversation_ids(ben.user_id) == set()
    assert setting.access.contacts(ben.user_id) == setting.access.contacts(ada.user_id) == set()
    assert setting.access.member_ids(direct) == (ada.user_id,)
    for ask in (
        lambda: setting.conversations.get(ben, direct),
        lambda: setting.say(ben, direct),
        lambda: setting.read(ben, direct),
        lambda: setting.access.attachment(ben, file.file_url.split("/")[3]),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == ErrorCode.NOT_FOUND
