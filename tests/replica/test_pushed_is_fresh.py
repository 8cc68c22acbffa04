"""For every command of the real services: a desktop that merged the pushes equals one that synced anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.accounts import ProfileChange
from protocol.commands import MarkAsRead, Page, PatchConversation, PatchMember, PatchMessage, PutDraft
from protocol.errors import Refused
from protocol.limits import Limits
from protocol.shapes import MemberRole, Message
from protocol.times import now_ms, to_wire
from server.services.names import Names
from server.services.ports import Actor, Announcement
from server.services.profiles import Profiles
from tests.replica.replica import Replica
from tests.server.services.setting import Setting

NUMBERS = count()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """One house for all examples; each has people of its own."""
    made = Setting(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


class Scene:
    """Three people; two of them share a conversation with something in it."""

    def __init__(self, house: Setting) -> None:
        self.house = house
        tag = next(NUMBERS)
        self.people = [house.person(f"{name}-{tag}") for name in ("ada", "ben", "eve")]
        self.shared = house.direct(self.people[0], self.people[1])
        self.say(self.people[0])
        self.say(self.people[1])
        self.group = house.group(self.people[0], self.people[1], title="Tea")
        self.since = len(house.announced)

    def say(self, actor: Actor) -> Message:
        """A message into the shared conversation."""
        return self.house.say(actor, self.shared, "words")

    def some(self, actor: Actor, place: int) -> Message:
        """A message of the shared conversation."""
        messages = self.house.messages.page(actor, self.shared, Page()).messages
        return messages[place % len(messages)]

    def pushes(self, actor: Actor) -> list[Announcement]:
        """What this person's sockets were told since the scene began."""
        return [one for one in self.house.announced[self.since :] if actor.user_id in one.user_ids]


def open_direct(scene: Scene, actor: Actor, place: int) -> None:
    others = [person for person in scene.people if person is not actor]
    scene.house.direct(actor, others[place % 2])


def send(scene: Scene, actor: Actor, _place: int) -> None:
    scene.say(actor)


def send_again(scene: Scene, actor: Actor, place: int) -> None:
    mine = scene.say(actor)
    scene.house.say(actor, scene.shared, "words", uid=mine.uid)
    scene.some(actor, place)


def reply(scene: Scene, actor: Actor, place: int) -> None:
    scene.house.say(actor, scene.shared, "answer", reply_to_uid=scene.some(actor, place).uid)


def send_file(scene: Scene, actor: Actor, _place: int) -> None:
    scene.house.say(actor, scene.shared, None, file_url=scene.house.upload(actor).file_url)


def read_all(scene: Scene, actor: Actor, _place: int) -> None:
    scene.house.read(actor, scene.shared)


def read_up_to(scene: Scene, actor: Actor, place: int) -> None:
    scene.house.read(actor, scene.shared, place)


def read_message(scene: Scene, actor: Actor, place: int) -> None:
    scene.house.cursors.mark_as_read(actor, MarkAsRead(message_id=scene.some(actor, place).message_id))


def patch_read(scene: Scene, actor: Actor, place: int) -> None:
    scene.house.cursors.patch(actor, scene.some(actor, place).message_id, PatchMessage(is_read=True))


def patch_unread(scene: Scene, actor: Actor, place: int) -> None:
    scene.house.cursors.patch(actor, scene.some(actor, place).message_id, PatchMessage(is_read=False))


def rename(scene: Scene, actor: Actor, place: int) -> None:
    profiles = Profiles(scene.house.database, scene.house.access, Names(Limits()))
    profiles.change(actor, ProfileChange(display_name=f"Name {place}"))


def mention(scene: Scene, actor: Actor, _place: int) -> None:
    scene.house.say(actor, scene.shared, "you", mentions=[person.user_id for person in scene.people])


def edit(scene: Scene, actor: Actor, place: int) -> None:
    mine = scene.say(actor)
    scene.house.say(actor, scene.shared, "answer", reply_to_uid=mine.uid)
    scene.house.edit(actor, mine, f"edited {place}")


def delete(scene: Scene, actor: Actor, place: int) -> None:
    chosen = scene.some(actor, place)
    with suppress(Refused):
        scene.house.delete(actor, chosen)


def react(scene: Scene, actor: Actor, place: int) -> None:
    with suppress(Refused):
        scene.house.react(actor, scene.some(actor, place), on=place % 3 != 0)


def forward(scene: Scene, actor: Actor, place: int) -> None:
    with suppress(Refused):
        scene.house.say(actor, scene.shared, None, forward_of=scene.some(actor, place).message_id)


def pin(scene: Scene, actor: Actor, place: int) -> None:
    with suppress(Refused):
        scene.house.pins.pin(actor, scene.some(actor, place).message_id, on=place % 3 != 0)


def star(scene: Scene, actor: Actor, place: int) -> None:
    with suppress(Refused):
        scene.house.pins.star(actor, scene.some(actor, place).message_id, on=place % 3 != 0)


def make_group(scene: Scene, actor: Actor, place: int) -> None:
    scene.house.group(actor, *[person for person in scene.people if person is not actor], title=f"Title {place}")


def rename_group(scene: Scene, actor: Actor, place: int) -> None:
    with suppress(Refused):
        scene.house.groups.rename(actor, scene.group, PatchConversation(title=f"Title {place}"))


def change_role(scene: Scene, actor: Actor, place: int) -> None:
    with suppress(Refused):
        role: MemberRole = ("admin", "member", "owner")[place % 3]
        scene.house.groups.set_role(actor, scene.group, scene.people[1].user_id, PatchMember(role=role))


def come_or_go(scene: Scene, actor: Actor, _place: int) -> None:
    third = scene.people[2]
    with suppress(Refused):
        if third.user_id in scene.house.access.member_ids(scene.group):
            scene.house.groups.remove(actor, scene.group, third.user_id)
        else:
            scene.house.seat(actor, scene.group, third)


def choose(scene: Scene, actor: Actor, place: int) -> None:
    choices: list[dict[str, object]] = [
        {"pinned": True}, {"archived": True}, {"muted_until": "2100-01-01T00:00:00.000Z"}, {"notify": "none"},
        {"hides_receipts": True}, {"hides_receipts": False}, {"hides_typing": True},
        {"pinned": False, "archived": False},
    ]  # fmt: skip
    scene.house.choose(actor, (scene.shared, scene.group)[place % 2], **choices[place % len(choices)])


def draft(scene: Scene, actor: Actor, place: int) -> None:
    put = PutDraft(content=f"Dear {place}" if place else "", written_at=to_wire(now_ms()))
    scene.house.drafts.put(actor, scene.shared, put)


Command = Callable[[Scene, Actor, int], None]
COMMANDS: list[Command] = [
    open_direct,
    send,
    send_again,
    reply,
    send_file,
    read_all,
    read_up_to,
    read_message,
    patch_read,
    patch_unread,
    rename,
    mention,
    edit,
    delete,
    react,
    forward,
    pin,
    star,
    make_group,
    rename_group,
    change_role,
    come_or_go,
    choose,
    draft,
]
steps = st.lists(st.tuples(st.sampled_from(COMMANDS), st.integers(0, 1), st.integers(0, 9)), min_size=1, max_size=12)
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
slow = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fresh(scene: Scene, actor: Actor) -> Replica:
    replica = Replica(actor)
    replica.sync(scene.house)
    return replica


def catch_up(follower: Replica, scene: Scene) -> None:
    """Who comes and goes has missed what came before: the numbers show a gap, and a desktop asks."""
    if follower.actor is scene.people[2]:
        follower.sync(scene.house)


@by_name
@pytest.mark.parametrize("who", [0, 1])
def test_each_command_is_pushed_as_it_is_synced(house: Setting, command: Command, who: int) -> None:
    scene = Scene(house)
    followers = [fresh(scene, person) for person in scene.people]
    command(scene, scene.people[who], 1)
    for follower in followers:
        for announcement in scene.pushes(follower.actor):
            follower.hear(announcement)
        catch_up(follower, scene)
        assert follower.state() == fresh(scene, follower.actor).state()


@slow
@given(steps, st.randoms(use_true_random=False))
def test_any_story_in_any_order_with_repetitions(
    house: Setting, story: list[tuple[Command, int, int]], chance: random.Random
) -> None:
    scene = Scene(house)
    followers = [fresh(scene, person) for person in scene.people]
    for command, who, place in story:
        command(scene, scene.people[who], place)
    for follower in followers:
        pushes = scene.pushes(follower.actor)
        pushes += chance.choices(pushes, k=3) if pushes else []
        chance.shuffle(pushes)
        for announcement in pushes:
            follower.hear(announcement)
        if follower.actor is not scene.people[2]:
            follower.look_back(house, scene.shared, Page(limit=5))
        catch_up(follower, scene)
        assert follower.state() == fresh(scene, follower.actor).state()


@slow
@given(steps, st.randoms(use_true_random=False))
def test_what_was_lost_is_synced_and_nothing_else_changes(
    house: Setting, story: list[tuple[Command, int, int]], chance: random.Random
) -> None:
    scene = Scene(house)
    followers = [fresh(scene, person) for person in scene.people]
    for command, who, place in story:
        command(scene, scene.people[who], place)
    for follower in followers:
        for announcement in scene.pushes(follower.actor):
            if chance.random() < 0.5:
                follower.hear(announcement)
        follower.sync(house)
        assert follower.state() == fresh(scene, follower.actor).state()


def test_a_desktop_that_was_far_behind_shows_the_newest_page_and_the_right_count(
    house: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.sync.FRESH_BEYOND", 60)
    monkeypatch.setattr("server.services.sync.SYNC_ROWS_PER_CONVERSATION", 60)
    scene = Scene(house)
    ada, ben = scene.people[:2]
    follower = fresh(scene, ben)
    assert follower.list.unread_total.value == 1 + 1, "the group's first line, and Ada's word"
    for _ in range(98):
        scene.say(ada)
    follower.sync(house)
    held = follower.store.of(scene.shared)
    assert held.has_all(51, 100)
    assert not held.has_all(1, 2)
    assert len(held.between(1, 2)) == 2
    assert follower.list.unread_total.value == 1 + 99
    follower.look_back(house, scene.shared, Page(limit=20, around=30))
    assert follower.list.unread_total.value == 1 + 99
    follower.look_back(house, scene.shared, Page(limit=200))
    assert held.has_all(1, 100)
    assert follower.list.unread_total.value == 1 + 99
