"""Presence, viewers and typing of one team whose sockets are in two processes: each tells its own sockets the same."""

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
from tests.server.cluster.wire import Wire, wires
from tests.server.services.setting import Setting
from tests.server.socket.later import Later


class Process:
    """One worker: what it knows of its own sockets and of the other's, and what it tells its own."""

    def __init__(self, setting: Setting, bus: Wire, time: Later) -> None:
        self.bus = bus
        self.told: list[Announcement] = []
        house, publisher = cast("House", setting), cast("Publisher", self)
        self.presences = Presences(bus=bus, later=time)
        self.viewers = Viewers(house, publisher, self.presences.is_hidden, bus)
        self.typists = Typists(house, publisher, bus=bus, clock=time.clock)
        self.presences.serve(house, publisher)
        self.presences.when_turned(self.viewers.turned)

    def announce(self, announcements: Sequence[Announcement]) -> None:
        self.told += announcements

    def heard(self) -> list[tuple[str, int, Any]]:
        """What its sockets were told since the last time: the event, of whom, and what."""
        told, self.told = self.told, []
        return [(one.event, one.payload.user_id, _fact(one.payload)) for one in told if one.user_ids]


def _fact(payload: Any) -> Any:
    """The changing part of a payload."""
    for name in ("status", "active_users", "is_typing"):
        if hasattr(payload, name):
            return getattr(payload, name)
    return None


class Team:
    """Ada and Ben share a conversation; their sockets may be in either of two processes."""

    def __init__(self, folder: Path) -> None:
        self.setting = Setting(folder)
        self.ada, self.ben = self.setting.person("ada"), self.setting.person("ben")
        self.conversation_id = self.setting.direct(self.ada, self.ben)
        self.time = Later()
        self.one, self.two = (Process(self.setting, bus, self.time) for bus in wires())

    def carry(self) -> None:
        """Everything that waits on either bus arrives."""
        for process in (self.one, self.two):
            process.bus.carry()


def socket_of(actor: Actor, sid: str) -> Connection:
    """A socket of theirs."""
    return Connection(sid=sid, engine_sid=f"line of {sid}", actor=actor)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """The two, with nobody there yet."""
    made = Team(tmp_path)
    yield made
    made.setting.database.close()


def test_who_comes_in_one_process_is_there_in_both(team: Team) -> None:
    team.one.presences.arrived(socket_of(team.ada, "a"))
    team.carry()
    expected = [("presence", team.ada.user_id, "active")]
    assert (team.one.heard(), team.two.heard()) == (expected, expected)
    assert team.two.presences.status(team.ada.user_id) == "active"
    assert team.two.presences.sockets_elsewhere(team.ada.user_id) == 1
    assert team.one.presences.sockets_elsewhere(team.ada.user_id) == 0


def test_moving_from_one_process_to_the_other_is_not_seen(team: Team) -> None:
    team.one.presences.arrived(socket_of(team.ada, "a"))
    team.carry()
    team.one.heard(), team.two.heard()
    team.one.presences.left(socket_of(team.ada, "a"))
    team.carry()
    team.time.passes(GRACE_S / 2)
    team.two.presences.arrived(socket_of(team.ada, "b"))
    team.carry()
    team.time.passes(GRACE_S)
    assert (team.one.heard(), team.two.heard()) == ([], [])
    team.two.presences.left(socket_of(team.ada, "b"))
    team.carry()
    team.time.passes(GRACE_S)
    expected = [("presence", team.ada.user_id, "offline")]
    assert (team.one.heard(), team.two.heard()) == (expected, expected)
    gone = team.one.presences.of([team.ada.user_id])[0]
    assert gone.last_seen_at is not None


def test_a_process_that_dies_takes_its_people_along_after_the_grace(team: Team) -> None:
    team.one.presences.arrived(socket_of(team.ada, "a"))
    team.one.viewers.join(socket_of(team.ada, "a"), team.conversation_id)
    team.carry()
    team.two.heard()
    team.one.bus.die()
    assert team.two.heard() == [("user_left", team.ada.user_id, [])]
    team.time.passes(GRACE_S)
    assert team.two.heard() == [("presence", team.ada.user_id, "offline")]
    assert team.two.presences.of([team.ada.user_id])[0].last_seen_at is not None


def test_away_is_of_all_devices_and_a_choice_holds_everywhere(team: Team) -> None:
    one, two = socket_of(team.ada, "a"), socket_of(team.ada, "b")
    team.one.presences.arrived(one)
    team.two.presences.arrived(two)
    team.carry()
    team.one.presences.choose(one, "away")
    team.carry()
    assert team.two.presences.status(team.ada.user_id) == "active"
    team.two.presences.choose(two, "away")
    team.carry()
    assert [process.presences.status(team.ada.user_id) for process in (team.one, team.two)] == ["away", "away"]
    team.two.presences.choose(two, "busy")
    team.carry()
    assert [process.presences.status(team.ada.user_id) for process in (team.one, team.two)] == ["busy", "busy"]
    team.time.passes(1)
    assert team.one.heard()[-1] == ("presence", team.ada.user_id, "busy")


def test_who_looks_in_both_processes_is_one_viewer(team: Team) -> None:
    one, two = socket_of(team.ada, "a"), socket_of(team.ada, "b")
    members = [team.ada.user_id]
    assert team.one.viewers.join(one, team.conversation_id) == members
    team.carry()
    assert team.two.heard() == [("user_joined", team.ada.user_id, members)]
    assert team.two.viewers.join(two, team.conversation_id) == members
    team.carry()
    assert team.one.viewers.leave(one, team.conversation_id) == members
    team.carry()
    assert team.two.heard() == []
    assert team.two.viewers.leave(two, team.conversation_id) == []
    team.carry()
    assert team.one.heard()[-1] == ("user_left", team.ada.user_id, [])
    assert team.one.viewers.active(team.conversation_id, team.ada.user_id) == []


def test_becoming_invisible_is_looking_away_in_both(team: Team) -> None:
    one = socket_of(team.ada, "a")
    team.one.presences.arrived(one)
    team.one.viewers.join(one, team.conversation_id)
    team.carry()
    team.two.heard()
    team.one.presences.choose(one, "invisible")
    team.carry()
    assert team.two.heard() == [
        ("presence", team.ada.user_id, "offline"),
        ("user_left", team.ada.user_id, []),
    ]
    assert team.two.viewers.active(team.conversation_id, team.ada.user_id) == []


def test_what_was_lost_comes_with_the_whole(team: Team) -> None:
    one = socket_of(team.ada, "a")
    team.one.presences.arrived(one)
    team.carry()
    team.one.viewers.join(one, team.conversation_id)
    team.one.presences.choose(one, "busy")
    ben = socket_of(team.ben, "c")
    team.one.presences.arrived(ben)
    team.one.bus.lose()
    assert team.two.presences.status(team.ben.user_id) == "offline"
    team.one.bus.tell_whole()
    team.carry()
    assert team.two.viewers.active(team.conversation_id, team.ada.user_id) == [team.ada.user_id]
    assert team.two.presences.status(team.ada.user_id) == "busy"
    assert team.two.presences.status(team.ben.user_id) == "active"
    team.one.viewers.left(one)
    team.one.presences.left(ben)
    team.one.bus.lose()
    team.one.bus.tell_whole()
    team.carry()
    assert team.two.viewers.active(team.conversation_id, team.ada.user_id) == []
    assert team.two.presences.sockets_elsewhere(team.ben.user_id) == 0
    assert team.two.presences.sockets_elsewhere(team.ada.user_id) == 1


def test_typing_is_relayed_in_both_and_ends_by_itself_when_its_process_died(team: Team) -> None:
    one = socket_of(team.ada, "a")
    team.one.typists.typing(one, team.conversation_id)
    team.carry()
    assert team.two.heard() == [("user_typing", team.ada.user_id, True)]
    team.one.typists.stopped(one, team.conversation_id)
    team.carry()
    assert team.two.heard() == [("user_typing", team.ada.user_id, False)]
    team.one.typists.typing(one, team.conversation_id)
    team.carry()
    team.time.passes(6.5)
    team.two.typists.expire()
    assert team.two.heard() == [("user_typing", team.ada.user_id, True)]
    team.time.passes(3)
    team.two.typists.expire()
    assert team.two.heard() == [("user_typing", team.ada.user_id, False)]


def test_who_begin_to_share_a_conversation_are_introduced_in_both(team: Team) -> None:
    eve = team.setting.person("eve")
    team.one.presences.arrived(socket_of(team.ada, "a"))
    team.carry()
    team.two.heard()
    team.one.presences.introduce([team.ada.user_id, eve.user_id])
    team.carry()
    assert ("presence", team.ada.user_id, "active") in team.two.heard()
