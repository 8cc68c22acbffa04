"""Groups and what is one's own: whoever heard the pushes, in any order or in part, comes to know what `sync` tells."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.commands import PatchConversation, PatchMember, PutDraft
from protocol.errors import Refused
from protocol.times import now_ms, to_wire
from server.services.ports import Actor
from tests.server.services.reference import Reference
from tests.server.services.setting import Setting
from tests.server.services.test_pushed_is_fresh import synced

_COMMANDS = ("say", "read", "add", "remove", "leave", "rename", "admin", "member", "owner", "archive", "mute", "hide",
             "show", "draft", "block", "make")  # fmt: skip
_STEPS = st.lists(st.tuples(st.sampled_from(_COMMANDS), st.integers(0, 3), st.integers(0, 3)), max_size=16)
_UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_TAGS = count()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """One house for all examples; each has people of its own."""
    made = Setting(Path(tmp_path_factory.mktemp("house")))
    yield made
    made.close()


class Scene:
    """A group of Ada, who never leaves, Ben, and later others."""

    def __init__(self, house: Setting) -> None:
        self.house = house
        tag = next(_TAGS)
        self.people = [house.person(f"{name}-{tag}") for name in ("ada", "ben", "eve", "dan")]
        self.since = len(house.announced)
        self.room = house.group(self.people[0], self.people[1])
        house.direct(self.people[0], self.people[1])

    def run(self, command: str, who: int, whom: int) -> None:
        """One command of one person about another, unless it is refused."""
        if not (command in ("leave", "remove") and (whom if command == "remove" else who) == 0):
            with suppress(Refused):
                self._run(command, self.people[who], self.people[whom])

    def _run(self, command: str, actor: Actor, other: Actor) -> None:
        """One command, refused where it makes no sense."""
        house, room, mark = self.house, self.room, len(self.house.announced)
        draft = PutDraft(content=f"Dear {mark}", written_at=to_wire(now_ms()))
        acts: dict[str, Callable[[], object]] = {
            "say": lambda: house.say(actor, room),
            "read": lambda: house.read(actor, room),
            "add": lambda: house.seat(actor, room, other),
            "remove": lambda: house.groups.remove(actor, room, other.user_id),
            "leave": lambda: house.groups.remove(actor, room, actor.user_id),
            "rename": lambda: house.groups.rename(actor, room, PatchConversation(title=f"Title {mark}")),
            "archive": lambda: house.choose(actor, room, archived=True),
            "mute": lambda: house.choose(actor, room, muted_until="2100-01-01T00:00:00.000Z"),
            "hide": lambda: house.choose(actor, room, hides_receipts=True),
            "show": lambda: house.choose(actor, room, hides_receipts=False),
            "draft": lambda: house.drafts.put(actor, room, draft),
            "block": lambda: house.choose(actor, house.direct(actor, other), blocked=True),
            "make": lambda: house.group(actor, other),
        }
        for role in ("member", "admin", "owner"):
            acts[role] = partial(house.groups.set_role, actor, room, other.user_id, PatchMember(role=role))
        acts[command]()

    def pushes(self, actor: Actor) -> list[int]:
        """Where in what was announced this person is told something."""
        return [at for at, one in enumerate(self.house.announced) if at >= self.since and actor.user_id in one.user_ids]

    def heard(self, actor: Actor, places: list[int]) -> Reference:
        """A store that merged the announcements at these places."""
        store = Reference(actor.user_id)
        for place in places:
            store.hear(self.house.announced[place])
        return store


@settings(max_examples=30, suppress_health_check=_UNHURRIED)
@given(steps=_STEPS, shuffle=st.randoms(use_true_random=False))
def test_who_stays_knows_everything_from_pushes_in_any_order(
    house: Setting, steps: list[tuple[str, int, int]], shuffle: random.Random
) -> None:
    scene = Scene(house)
    for step in steps:
        scene.run(*step)
    ada = scene.people[0]
    places = scene.pushes(ada)
    places += shuffle.choices(places, k=3)
    shuffle.shuffle(places)
    mine, fresh = scene.heard(ada, places).state(), synced(house, ada, Reference(ada.user_id)).state()
    undecided = {"users": 0, "unread_from": 0}
    assert {**mine, **undecided} == {**fresh, **undecided}


@settings(max_examples=30, suppress_health_check=_UNHURRIED)
@given(steps=_STEPS, chance=st.randoms(use_true_random=False))
def test_who_comes_and_goes_or_misses_some_is_mended_by_sync(
    house: Setting, steps: list[tuple[str, int, int]], chance: random.Random
) -> None:
    scene = Scene(house)
    for step in steps:
        scene.run(*step)
    for actor in scene.people:
        places = [place for place in scene.pushes(actor) if chance.random() < 0.6]
        mended = synced(house, actor, scene.heard(actor, places))
        fresh = synced(house, actor, Reference(actor.user_id))
        undecided = {"users": 0, "unread_from": 0}
        assert {**mended.state(), **undecided} == {**fresh.state(), **undecided}
        for number, own in fresh.own.items():
            assert fresh.unread(number) == own.unread_count
        for message in fresh.messages.values():
            assert message.is_read == fresh.is_read(message)
