"""Who is there, who looks, who types: told to those who share a conversation, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from server.services.house import House
from server.services.ports import Actor, Announcement
from server.socket.connections import Connection
from server.socket.presence import GRACE_S, Presences
from server.socket.publisher import Publisher
from server.socket.typists import Typists
from server.socket.viewers import Viewers
from tests.server.services.setting import Setting
from tests.server.socket.later import Later
from tests.server.socket.people import Pair


class Scene:
    """Ada and Ben share a conversation, Eve is a stranger; real services, and everything that was told."""

    def __init__(self, folder: Path) -> None:
        self.setting = Setting(folder)
        self.ada, self.ben, self.eve = (self.setting.person(name) for name in ("ada", "ben", "eve"))
        self.conversation_id = self.setting.direct(self.ada, self.ben)
        self.later = Later()
        self.told: list[Announcement] = []
        house, publisher = cast("House", self.setting), cast("Publisher", self)
        self.presences = Presences(later=self.later)
        self.presences.serve(house, publisher)
        self.viewers = Viewers(house, publisher, self.presences.is_hidden)
        self.typists = Typists(house, publisher, clock=self.later.clock)

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Hear what is told."""
        self.told += announcements

    def taken(self) -> list[tuple[str, tuple[int, ...], dict[str, Any]]]:
        """What was told since the last time: the event, to whom, and the facts without times."""
        taken = [(one.event, one.user_ids, facts(one.payload)) for one in self.told]
        self.told.clear()
        return taken


def facts(payload: Any) -> dict[str, Any]:
    """A payload's fields."""
    return {name: getattr(payload, name) for name in payload.__struct_fields__ if name != "last_seen_at"}


def socket_of(actor: Actor, sid: str) -> Connection:
    """A socket of theirs."""
    return Connection(sid=sid, engine_sid=f"line of {sid}", actor=actor)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The three, with nobody there yet."""
    made = Scene(tmp_path)
    yield made
    made.setting.database.close()


def presence(scene: Scene, status: str) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    """Ada's presence as Ben, and only he, is told it."""
    return ("presence", (scene.ben.user_id,), {"user_id": scene.ada.user_id, "status": status})


def test_coming_and_going_is_told_once(scene: Scene) -> None:
    one, two = socket_of(scene.ada, "1"), socket_of(scene.ada, "2")
    scene.presences.arrived(one)
    scene.presences.arrived(two)
    assert scene.taken() == [presence(scene, "active")]
    scene.presences.left(one)
    scene.presences.left(two)
    scene.later.passes(GRACE_S - 0.1)
    assert scene.taken() == []
    assert scene.presences.status(scene.ada.user_id) == "active"
    scene.later.passes(0.2)
    assert scene.taken() == [presence(scene, "offline")]
    gone = scene.presences.of([scene.ada.user_id])[0]
    assert gone.status == "offline"
    assert gone.last_seen_at is not None


def test_a_reconnect_within_the_grace_is_not_seen(scene: Scene) -> None:
    scene.presences.arrived(socket_of(scene.ada, "1"))
    scene.taken()
    scene.presences.left(socket_of(scene.ada, "1"))
    scene.later.passes(GRACE_S / 2)
    scene.presences.arrived(socket_of(scene.ada, "2"))
    scene.later.passes(GRACE_S)
    assert scene.taken() == []


def test_a_second_departure_has_its_own_grace(scene: Scene) -> None:
    scene.presences.arrived(socket_of(scene.ada, "1"))
    scene.presences.left(socket_of(scene.ada, "1"))
    scene.later.passes(GRACE_S - 1)
    scene.presences.arrived(socket_of(scene.ada, "2"))
    scene.presences.left(socket_of(scene.ada, "2"))
    scene.taken()
    scene.later.passes(2)
    assert scene.taken() == []
    scene.later.passes(GRACE_S)
    assert scene.taken() == [presence(scene, "offline")]


def test_away_is_a_devices_and_busy_is_a_users(scene: Scene) -> None:
    one, two = socket_of(scene.ada, "1"), socket_of(scene.ada, "2")
    scene.presences.arrived(one)
    scene.presences.arrived(two)
    scene.taken()
    scene.presences.choose(one, "away")
    assert scene.taken() == []
    scene.presences.choose(two, "away")
    assert scene.taken() == [presence(scene, "away")]
    scene.presences.choose(one, "busy")
    assert scene.taken() == [presence(scene, "busy")]
    scene.presences.choose(two, "active")
    assert scene.taken() == [presence(scene, "active")]


def test_invisible_is_told_as_offline_and_kept_over_a_reconnect(scene: Scene) -> None:
    one = socket_of(scene.ada, "1")
    scene.presences.arrived(one)
    scene.taken()
    scene.presences.choose(one, "invisible")
    assert scene.taken() == [presence(scene, "offline")]
    seen = scene.presences.of([scene.ada.user_id])[0]
    assert (seen.status, seen.last_seen_at is None) == ("offline", False)
    scene.presences.left(one)
    scene.later.passes(GRACE_S + 1)
    scene.presences.arrived(socket_of(scene.ada, "2"))
    assert scene.taken() == []
    assert scene.presences.of([scene.ada.user_id])[0] == seen


def test_a_server_that_stops_remembers_who_was_there(scene: Scene) -> None:
    scene.presences.arrived(socket_of(scene.ada, "1"))
    scene.presences.close()
    anew = Presences(later=scene.later)
    anew.serve(cast("House", scene.setting), cast("Publisher", scene))
    assert anew.of([scene.ada.user_id])[0].last_seen_at is not None
    assert anew.of([scene.eve.user_id])[0].last_seen_at is None


def test_viewers_are_counted_by_people_and_told_to_members(scene: Scene) -> None:
    members = (scene.ada.user_id, scene.ben.user_id)
    one, two = socket_of(scene.ada, "1"), socket_of(scene.ada, "2")
    assert scene.viewers.join(one, scene.conversation_id) == [scene.ada.user_id]
    assert scene.viewers.join(two, scene.conversation_id) == [scene.ada.user_id]
    told = {"user_id": scene.ada.user_id, "conversation_id": scene.conversation_id}
    assert scene.taken() == [("user_joined", members, {**told, "active_users": [scene.ada.user_id]})]
    scene.viewers.left(one)
    assert scene.taken() == []
    assert scene.viewers.leave(two, scene.conversation_id) == []
    assert scene.taken() == [("user_left", members, {**told, "active_users": []})]
    assert scene.viewers.leave(two, scene.conversation_id) == []
    assert scene.taken() == []


def test_an_invisible_viewer_is_not_seen_looking(scene: Scene) -> None:
    one = socket_of(scene.ada, "1")
    scene.presences.arrived(one)
    scene.presences.choose(one, "invisible")
    scene.taken()
    assert scene.viewers.join(one, scene.conversation_id) == []
    assert scene.taken() == []
    scene.presences.choose(one, "active")
    scene.viewers.show(scene.ada.user_id)
    assert [event for event, _, _ in scene.taken()] == ["presence", "user_joined"]
    scene.presences.choose(one, "invisible")
    scene.viewers.hide(scene.ada.user_id)
    left = scene.taken()[-1]
    assert (left[0], left[2]["active_users"]) == ("user_left", [])


def test_somebody_removed_is_no_viewer_any_more(scene: Scene) -> None:
    scene.viewers.join(socket_of(scene.ada, "1"), scene.conversation_id)
    scene.setting.remove(scene.ada, scene.conversation_id)
    scene.taken()
    assert scene.viewers.join(socket_of(scene.ben, "2"), scene.conversation_id) == [scene.ben.user_id]
    assert [user_ids for _, user_ids, _ in scene.taken()] == [(scene.ben.user_id,)]


def test_typing_is_relayed_every_three_seconds_and_ends_by_itself(scene: Scene) -> None:
    one = socket_of(scene.ada, "1")

    def relayed() -> list[bool]:
        told = scene.taken()
        assert all((event, user_ids) == ("user_typing", (scene.ben.user_id,)) for event, user_ids, _ in told)
        return [facts["is_typing"] for _, _, facts in told]

    scene.typists.typing(one, scene.conversation_id)
    scene.later.passes(1)
    scene.typists.typing(one, scene.conversation_id)
    assert relayed() == [True]
    scene.later.passes(2)
    scene.typists.typing(one, scene.conversation_id)
    assert relayed() == [True]
    scene.later.passes(5.9)
    scene.typists.expire()
    assert relayed() == []
    scene.later.passes(0.2)
    scene.typists.expire()
    scene.typists.stopped(one, scene.conversation_id)
    assert relayed() == [False]
    scene.typists.typing(one, scene.conversation_id)
    scene.typists.stopped(one, scene.conversation_id)
    scene.typists.typing(one, scene.conversation_id)
    scene.typists.left(one)
    assert relayed() == [True, False, True, False]


def test_presence_over_the_wire(new_pair: Pair) -> None:
    with new_pair.bob.line() as bob, new_pair.eve.line() as eve:
        ada = new_pair.ada.line()
        assert bob.next("presence") == {"user_id": new_pair.ada.user_id, "status": "active", "last_seen_at": None}
        ada.call("set_presence", {"status": "busy"})
        assert bob.next("presence")["status"] == "busy"
        ada.call("join_conversation", new_pair.conversation_id)
        assert bob.next("user_joined")["activeUsers"] == [new_pair.ada.user_id]
        ada.call("set_presence", {"status": "invisible"})
        assert bob.next("presence")["status"] == "offline"
        assert bob.next("user_left") == {
            "user_id": new_pair.ada.user_id,
            "conversation_id": new_pair.conversation_id,
            "activeUsers": [],
        }
        ada.call("set_presence", {"status": "active"})
        assert bob.next("presence")["status"] == "active"
        ada.close()
        assert bob.next("user_left")["activeUsers"] == []
        gone = bob.next("presence")
        assert gone["status"] == "offline"
        assert gone["last_seen_at"].endswith("Z")
        assert eve.hears(0.1) == []


def test_who_begin_to_share_a_conversation_learn_of_each_other(new_pair: Pair) -> None:
    with new_pair.ada.line() as ada, new_pair.eve.line() as eve:
        ada.hears(0.1)
        new_pair.ada.server.open_direct(new_pair.eve.token, new_pair.eve.user_id, new_pair.ada.user_id)
        assert ada.next("presence") == {"user_id": new_pair.eve.user_id, "status": "active", "last_seen_at": None}
        assert eve.next("presence") == {"user_id": new_pair.ada.user_id, "status": "active", "last_seen_at": None}
        new_pair.ada.server.open_direct(new_pair.eve.token, new_pair.eve.user_id, new_pair.ada.user_id)
        assert "presence" not in eve.hears(0.1)


def test_typing_over_the_wire(new_pair: Pair) -> None:
    with new_pair.bob.line() as bob, new_pair.ada.line() as ada:
        for _ in range(5):
            ada.call("typing", {"conversationId": new_pair.conversation_id, "isTyping": True})
        ada.call("typing", {"conversationId": new_pair.conversation_id, "isTyping": False})
        heard = [bob.next("user_typing"), bob.next("user_typing")]
        assert [one["is_typing"] for one in heard] == [True, False]
        ada.call("typing", {"conversation_id": new_pair.conversation_id})
        assert bob.next("user_typing")["is_typing"] is True
        assert bob.next("user_typing")["is_typing"] is False
        assert "user_typing" not in ada.hears(0.1)
