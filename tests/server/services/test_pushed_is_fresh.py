"""For every command: a store that merged the pushes equals one that synced anew, also after losses and repetition."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.commands import MarkAsRead, Page, PatchMessage
from protocol.errors import Refused
from protocol.shapes import Message
from server.services.ports import Actor
from tests.server.services.reference import Reference
from tests.server.services.setting import Setting

_COMMANDS = (
    "say", "reply", "file", "mention", "forward", "read_all", "read_to", "mark_as_read", "patch_read", "patch_unread",
    "edit", "delete", "react", "react_not", "pin", "unpin", "star", "unstar", "open",
)  # fmt: skip
_STEPS = st.lists(st.tuples(st.sampled_from(_COMMANDS), st.integers(0, 2), st.integers(0, 30)), max_size=14)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """One house for all examples; each has people of its own."""
    made = Setting(Path(tmp_path_factory.mktemp("house")))
    yield made
    made.close()


class Scene:
    """Three people, and commands that they give."""

    def __init__(self, house: Setting, tag: int) -> None:
        self.house = house
        self.people = [house.person(f"{name}-{tag}") for name in ("ada", "ben", "eve")]
        self.since = len(house.announced)
        self.rooms = [house.direct(self.people[0], self.people[1])]

    def run(self, command: str, who: int, place: int) -> None:
        """One command of one person, as far as it makes sense for them."""
        actor = self.people[who]
        if command == "open":
            self.rooms.append(self.house.direct(actor, self.people[(who + 1) % 3]))
            return
        mine = [room for room in self.rooms if room in self.house.access.conversation_ids(actor.user_id)]
        if mine:
            self._inside(command, actor, mine[place % len(mine)], place)

    def _inside(self, command: str, actor: Actor, room: int, place: int) -> None:
        """A command inside one conversation."""
        page = self.house.messages.page(actor, room, Page()).messages
        chosen: Message | None = page[place % len(page)] if page else None
        if command == "say" or chosen is None:
            self.house.say(actor, room, f"words {place}")
        elif command == "reply":
            self.house.say(actor, room, "answer", reply_to_uid=chosen.uid)
        elif command == "file":
            self.house.say(actor, room, None, file_url=self.house.upload(actor).file_url)
        elif command == "mention":
            self.house.say(actor, room, "you", mentions=[one.user_id for one in self.people])
        elif command == "read_all":
            self.house.read(actor, room)
        elif command == "read_to":
            self.house.read(actor, room, place)
        elif command == "mark_as_read":
            self.house.cursors.mark_as_read(actor, MarkAsRead(message_id=chosen.message_id))
        elif command.startswith("patch"):
            command_of = PatchMessage(is_read=command == "patch_read")
            self.house.cursors.patch(actor, chosen.message_id, command_of)
        else:
            with suppress(Refused):
                self._change(command, actor, room, chosen)

    def _change(self, command: str, actor: Actor, room: int, chosen: Message) -> None:
        """A command that changes a message, or what is kept of it; refused where it makes no sense."""
        match command:
            case "edit":
                self.house.edit(actor, chosen, f"edited {chosen.version}", mentions=[self.people[1].user_id])
            case "delete":
                self.house.delete(actor, chosen)
            case "react" | "react_not":
                self.house.react(actor, chosen, on=command == "react")
            case "pin" | "unpin":
                self.house.pins.pin(actor, chosen.message_id, on=command == "pin")
            case "star" | "unstar":
                self.house.pins.star(actor, chosen.message_id, on=command == "star")
            case _:
                self.house.say(actor, room, None, forward_of=chosen.message_id)

    def stores(self, delivered: list[int]) -> Iterator[tuple[Reference, Reference]]:
        """For each person: a store that merged the pushes at these places, and one that synced anew."""
        for actor in self.people:
            pushes = [one for one in self.house.announced[self.since :] if actor.user_id in one.user_ids]
            followed = Reference(actor.user_id)
            for place in delivered:
                if place < len(pushes):
                    followed.hear(pushes[place])
            yield followed, synced(self.house, actor, Reference(actor.user_id))


def synced(house: Setting, actor: Actor, store: Reference) -> Reference:
    """The store after asking until the answer is complete."""
    complete = False
    while not complete:
        answer = house.sync.sync(actor, store.question())
        complete = answer.complete
        store.take(answer)
    return store


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_STEPS, shuffle=st.randoms(use_true_random=False))
def test_pushed_in_any_order_and_twice_is_fresh(
    house: Setting, steps: list[tuple[str, int, int]], shuffle: random.Random
) -> None:
    scene = Scene(house, len(house.announced))
    for step in steps:
        scene.run(*step)
    order = [*range(500), 7, 3, 0]
    shuffle.shuffle(order)
    for followed, fresh in scene.stores(order):
        mine, anew = followed.state(), fresh.state()
        assert {**mine, "users": 0} == {**anew, "users": 0}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_STEPS, delivered=st.lists(st.integers(0, 60), max_size=40))
def test_after_any_losses_a_sync_makes_it_fresh(
    house: Setting, steps: list[tuple[str, int, int]], delivered: list[int]
) -> None:
    scene = Scene(house, len(house.announced))
    for step in steps:
        scene.run(*step)
    for (followed, fresh), actor in zip(scene.stores(delivered), scene.people, strict=True):
        mended = synced(house, actor, followed)
        assert mended.state() == fresh.state()
        for number, own in fresh.own.items():
            assert (fresh.unread(number), fresh.named(number)) == (own.unread_count, own.mentions)
        for message in fresh.messages.values():
            assert (message.is_read, message.read, message.read_at is not None) == (fresh.is_read(message),) * 3
