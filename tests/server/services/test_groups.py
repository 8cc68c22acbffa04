"""Groups: who may what, who is told what, and what those find who come later or come back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.commands import AddMembers, OpenGroup, PatchConversation, PatchMember, Sync
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.shapes import Conversation, Member
from server.services import groups
from server.services.ports import Actor
from tests.server.databases import on_both
from tests.server.services.reference import Reference
from tests.server.services.setting import Setting
from tests.server.services.statements import statements
from tests.server.services.test_pushed_is_fresh import synced


def _roles(setting: Setting, actor: Actor, conversation_id: int) -> dict[str, str]:
    """Who has a seat, and which role."""
    return {one.user.username: one.role for one in setting.groups.members(actor, conversation_id)}


def _rename(setting: Setting, actor: Actor, conversation_id: int, title: str) -> Conversation:
    return setting.groups.rename(actor, conversation_id, PatchConversation(title=title))


def _promote(setting: Setting, actor: Actor, conversation_id: int, other: Actor, role: str = "admin") -> Member:
    return setting.groups.set_role(actor, conversation_id, other.user_id, PatchMember(role=role))  # type: ignore[arg-type]


def _lines(setting: Setting, actor: Actor, conversation_id: int) -> list[str | None]:
    """What the group tells of itself."""
    synced = setting.sync.sync(actor, Sync())
    (one,) = [one for one in synced.conversations if one.conversation_id == conversation_id]
    return [message.content for message in one.messages if message.type == "system"]


@on_both
def test_a_group_is_made_with_its_owner_members_and_first_line(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor
) -> None:
    command = OpenGroup(kind="group", title="  Tea \u202eparty ", member_ids=[ben.user_id, ada.user_id, eve.user_id])
    made, created = setting.groups.make(ada, command)
    assert created
    assert (made.kind, made.title, made.member_count, made.first_position) == ("group", "Tea party", 3, 1)
    assert [(one.user.username, one.role, one.version) for one in made.members] == [
        ("ada", "owner", 2), ("ben", "member", 3), ("eve", "member", 4),
    ]  # fmt: skip
    line = made.last_message
    assert line is not None
    assert (line.type, line.position, line.sender_id, line.receiver_id) == ("system", 1, ada.user_id, None)
    assert line.content == "Ada created the group “Tea party”"
    assert line.happening is not None
    assert (line.happening.kind, line.happening.user_ids) == ("created", [ben.user_id, eve.user_id])
    for actor, role in ((ada, "owner"), (ben, "member"), (eve, "member")):
        assert setting.own(actor, made.conversation_id).role == role
        events = [one.event for one in setting.announced if actor.user_id in one.user_ids]
        own = ["own_updated"] if actor is ada else []
        assert events == ["conversation_updated", *["member_updated"] * 3, *own, "new_message"]


@on_both
def test_the_same_uid_makes_one_group(setting: Setting, ada: Actor, ben: Actor) -> None:
    command = OpenGroup(kind="group", title="Tea", member_ids=[ben.user_id], uid=new_uid())
    made, created = setting.groups.make(ada, command)
    again, created_again = setting.groups.make(ada, command)
    assert (created, created_again) == (True, False)
    assert again == made
    for actor, other in (
        (ben, OpenGroup(kind="group", title="Tea", member_ids=[ben.user_id], uid=command.uid)),
        (ada, OpenGroup(kind="group", title="Coffee", member_ids=[ben.user_id], uid=command.uid)),
    ):
        with pytest.raises(Refused) as caught:
            setting.groups.make(actor, other)
        assert caught.value.code == ErrorCode.IDEMPOTENCY_CONFLICT


@on_both
def test_roles_decide_who_may_what(setting: Setting, ada: Actor, ben: Actor, eve: Actor) -> None:
    dan, fay = setting.person("dan"), setting.person("fay")
    room = setting.group(ada, ben, eve, dan)
    _promote(setting, ada, room, ben)
    told = len(setting.announced)
    forbidden: list[Callable[[], object]] = [
        lambda: _rename(setting, eve, room, "Mine"),
        lambda: setting.seat(eve, room, fay),
        lambda: setting.groups.remove(eve, room, dan.user_id),
        lambda: setting.groups.remove(ben, room, ada.user_id),
        lambda: setting.groups.remove(eve, room, ben.user_id),
        lambda: _promote(setting, ben, room, eve),
        lambda: _promote(setting, ada, room, ada, "member"),
        lambda: setting.groups.remove(ben, setting.direct(ben, eve), eve.user_id),
    ]
    for act in forbidden:
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == ErrorCode.FORBIDDEN
        assert str(caught.value.message).endswith(".")
    stranger: list[Callable[[], object]] = [
        lambda: _rename(setting, fay, room, "Mine"),
        lambda: setting.groups.members(fay, room),
        lambda: setting.seat(fay, room, fay),
        lambda: setting.groups.remove(fay, room, fay.user_id),
        lambda: setting.groups.remove(ada, room, fay.user_id),
        lambda: setting.groups.add(ada, room, AddMembers(user_ids=[99_999])),
        lambda: setting.groups.make(ada, OpenGroup(kind="group", title="x", member_ids=[99_999])),
    ]
    for act in stranger:
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == ErrorCode.NOT_FOUND
    assert [one.event for one in setting.announced[told:]] == [
        "conversation_updated",
        "member_updated",
        "member_updated",
    ]
    assert _rename(setting, ben, room, "Ours").title == "Ours"
    setting.seat(ben, room, fay)
    setting.groups.remove(ben, room, dan.user_id)
    assert _roles(setting, ada, room) == {"ada": "owner", "ben": "admin", "eve": "member", "fay": "member"}
    assert _lines(setting, ada, room)[1:] == [
        "Ada made Ben an admin", "Ben renamed the group to “Ours”", "Ben added Fay", "Ben removed Dan",
    ]  # fmt: skip


@on_both
def test_what_is_so_already_takes_no_number(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.group(ada, ben)
    head = setting.conversations.get(ada, room).head
    _rename(setting, ada, room, "Friends")
    setting.seat(ada, room, ben, ada)
    _promote(setting, ada, room, ben, "member")
    assert setting.conversations.get(ada, room).head == head


@on_both
def test_who_joins_later_reads_everything_and_nothing_is_unread(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.group(ada)
    said = setting.say(ada, room, "before")
    setting.seat(ada, room, ben)
    own = setting.own(ben, room)
    assert (own.unread_count, own.read_position) == (1, said.position)
    (told,) = setting.told("own_updated", ben)
    assert (told.own.unread_count, told.own.read_position) == (0, said.position)
    assert setting.messages.get(ben, said.message_id).is_read is False
    setting.say(ada, room, "after")
    assert setting.own(ben, room).unread_count == 2
    assert setting.read(ben, room) == said.position + 2
    assert setting.own(ben, room).unread_count == 0
    assert setting.messages.get(ada, said.message_id).is_read is True


@on_both
def test_a_removed_member_is_told_and_sees_nothing_more_until_seated_again(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor
) -> None:
    room = setting.group(ada, ben, eve)
    file = setting.say(ada, room, None, file_url=setting.upload(ada).file_url).attachments[0]
    setting.choose(ben, room, pinned=True, archived=True, hides_typing=True)
    setting.read(ben, room)
    known = setting.sync.sync(ben, Sync())
    versions = {str(one.conversation_id): one.head for one in known.conversations}
    setting.announced.clear()
    seat = setting.groups.remove(ada, room, ben.user_id)
    assert (seat.left_at is not None, seat.read_position) == (True, 2)
    assert [one.event for one in setting.announced if ben.user_id in one.user_ids] == ["conversation_removed"]
    (member,) = [told.member for told in setting.told("member_updated", eve)]
    assert member == seat
    assert setting.told("conversation_updated", eve)[0].member_count == 2
    setting.say(ada, room, "without him")
    answer = setting.sync.sync(ben, Sync(epoch=known.epoch, versions=versions, user_version=known.user_version))
    assert (answer.gone, answer.conversations) == ([room], [])
    for act in (
        lambda: setting.say(ben, room),
        lambda: setting.read(ben, room),
        lambda: setting.choose(ben, room, pinned=True),
        lambda: setting.access.attachment(ben, file.file_url.split("/")[3]),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == ErrorCode.NOT_FOUND
    setting.seat(ada, room, ben)
    own = setting.own(ben, room)
    assert (own.pinned, own.archived, own.hides_typing, own.unread_count, own.role) == (
        False,
        False,
        False,
        1,
        "member",
    )
    assert setting.groups.members(ada, room)[-1].read_position == 2
    assert setting.access.attachment(ben, file.file_url.split("/")[3]).file_name == "notes.txt"


@on_both
def test_the_owner_who_leaves_is_followed_by_the_oldest_admin_or_member(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor
) -> None:
    room = setting.group(ada, ben, eve)
    _promote(setting, ada, room, eve)
    assert setting.groups.remove(ada, room, ada.user_id).left_at is not None
    assert _roles(setting, ben, room) == {"eve": "owner", "ben": "member"}
    assert setting.own(eve, room).role == "owner"
    setting.groups.remove(eve, room, eve.user_id)
    assert _roles(setting, ben, room) == {"ben": "owner"}
    assert _lines(setting, ben, room)[-4:] == [
        "Ada left the group", "Ada made Eve the owner", "Eve left the group", "Eve made Ben the owner",
    ]  # fmt: skip
    setting.groups.remove(ben, room, ben.user_id)
    assert setting.conversations.list_for(ben, ben.user_id) == []


@on_both
def test_an_owner_hands_over(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.group(ada, ben)
    assert _promote(setting, ada, room, ben, "owner").role == "owner"
    assert _roles(setting, ada, room) == {"ada": "admin", "ben": "owner"}
    assert (setting.own(ada, room).role, setting.own(ben, room).role) == ("admin", "owner")


def test_titles_and_sizes_have_bounds(setting: Setting, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for title in ("", " \u202e ", "x" * 129, "a\u0301\u0301\u0301\u0301"):
        with pytest.raises(Refused) as caught:
            setting.group(ada, title=title)
        assert caught.value.code == ErrorCode.INVALID_NAME
    assert setting.group(ada, title="x" * 128)
    monkeypatch.setattr(groups, "MEMBERS_MAX", 2)
    ben, eve = setting.person("ben"), setting.person("eve")
    room = setting.group(ada, ben)
    for act in (lambda: setting.seat(ada, room, eve), lambda: setting.group(ada, ben, eve)):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == ErrorCode.INVALID_REQUEST


def test_many_seats_at_once_are_told_by_sync(setting: Setting, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "TOLD_SEATS_MAX", 8)
    others = [setting.person(f"friend{number}") for number in range(3)]
    room = setting.group(ada, *others)
    follower = Reference(ada.user_id)
    for announcement in setting.announced:
        assert announcement.event != "member_updated"
        follower.hear(announcement)
    assert follower.followed(room) == 1
    mended, fresh = synced(setting, ada, follower).state(), synced(setting, ada, Reference(ada.user_id)).state()
    assert {**mended, "users": 0} == {**fresh, "users": 0}


@on_both
def test_five_hundred_people_take_a_bounded_number_of_statements_each(setting: Setting, ada: Actor) -> None:
    others = [setting.person(f"friend{number}") for number in range(60)]
    with statements() as few:
        setting.group(ada, *others[:20])
    with statements() as many:
        setting.group(ada, *others)
    assert len(many) - len(few) <= 2 * 40, "a number and a seat for each"


def test_more_names_than_anybody_can_mean_cost_nothing(setting: Setting, ada: Actor, ben: Actor) -> None:
    room = setting.group(ada, ben)
    with statements() as asked, pytest.raises(Refused) as caught:
        setting.groups.add(ada, room, AddMembers(user_ids=list(range(1, 100_000))))
    assert caught.value.code == ErrorCode.INVALID_REQUEST
    assert asked == []
