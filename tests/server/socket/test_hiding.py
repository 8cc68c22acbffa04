"""Who types, looks and is there, told to those alone who may know: not to the blocked, nor to who has left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.commands import AddMembers, OpenGroup, PatchOwn, Sync
from protocol.limits import Limits
from server.services.groups import Groups
from server.services.names import Names
from server.services.own_facts import OwnFacts
from server.services.ports import Actor
from server.services.sync import SyncDesk
from server.socket import presence
from tests.server.socket.test_presence import Scene, socket_of


class Company(Scene):
    """The same three, with services that tell the presences, and a group of Ada and Ben."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        database, access = self.setting.database, self.setting.access
        self.groups = Groups(database, access, self.presences, Names(Limits()))
        self.own_facts = OwnFacts(database, access, self.presences)
        self.sync = SyncDesk(database, self.presences)
        self.presences.when_parted(self.viewers.parted, self.typists.parted)
        self.group_id = self.setting.group(self.ada, self.ben)

    def block(self, *, blocked: bool) -> None:
        """Ada blocks Ben, or does so no more."""
        self.own_facts.patch(self.ada, self.conversation_id, PatchOwn(blocked=blocked))

    def statuses(self) -> list[tuple[int, tuple[int, ...], str]]:
        """Of whom, to whom, and how, as it was told since the last time."""
        return [(told["user_id"], to, told["status"]) for event, to, told in self.taken() if event == "presence"]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """All three are there."""
    made = Company(tmp_path)
    for actor in (made.ada, made.ben, made.eve):
        made.presences.arrived(socket_of(actor, f"{actor.user_id}"))
    made.taken()
    yield made
    made.setting.database.close()


def _ids(*actors: Actor) -> tuple[int, ...]:
    return tuple(actor.user_id for actor in actors)


def test_the_blocked_is_told_nothing_of_the_blocker(company: Company) -> None:
    ada, ben, eve = company.ada, company.ben, company.eve
    company.setting.direct(ada, eve)
    company.block(blocked=True)
    assert company.statuses() == [
        (ada.user_id, (ben.user_id,), "offline"),
        (ben.user_id, (ada.user_id,), "active"),
    ]
    company.presences.choose(socket_of(ada, "1"), "busy")
    assert company.statuses() == [(ada.user_id, (eve.user_id,), "busy")]
    known = {one.user_id: one for one in company.sync.sync(ben, Sync()).presence}
    assert (known[ada.user_id].status, known[ada.user_id].last_seen_at) == ("offline", None)
    assert {one.user_id: one.status for one in company.sync.sync(ada, Sync()).presence}[ben.user_id] == "active"
    for room in (company.conversation_id, company.group_id):
        company.typists.typing(socket_of(ada, "1"), room)
        company.typists.typing(socket_of(ben, "2"), room)
        assert [(to, told["user_id"]) for event, to, told in company.taken() if to] == [((ada.user_id,), ben.user_id)]
        company.viewers.join(socket_of(ada, "1"), room)
        joined = company.viewers.join(socket_of(ben, "2"), room)
        assert joined == [ben.user_id], "whoever has blocked him does not look"
        told = [(event, to, told["user_id"], told["active_users"]) for event, to, told in company.taken()]
        assert told == [
            ("user_joined", (ada.user_id,), ada.user_id, [ada.user_id]),
            ("user_joined", (ada.user_id,), ben.user_id, [ada.user_id, ben.user_id]),
            ("user_joined", (ben.user_id,), ben.user_id, [ben.user_id]),
        ]
    company.block(blocked=False)
    assert (ada.user_id, (ben.user_id,), "busy") in company.statuses()


def test_who_hides_their_typing_types_unseen_in_that_conversation_alone(company: Company) -> None:
    company.setting.choose(company.ada, company.group_id, hides_typing=True)
    line = socket_of(company.ada, "1")
    company.typists.typing(line, company.group_id)
    company.typists.stopped(line, company.group_id)
    assert [to for _, to, _ in company.taken() if to] == []
    company.typists.typing(line, company.conversation_id)
    assert [to for _, to, _ in company.taken()] == [(company.ben.user_id,)]


def test_a_new_member_and_the_others_come_to_know_each_other(company: Company) -> None:
    ada, ben, eve = company.ada, company.ben, company.eve
    company.groups.add(ada, company.group_id, AddMembers(user_ids=[eve.user_id]))
    assert sorted(company.statuses()) == [
        (ada.user_id, (eve.user_id,), "active"),
        (ben.user_id, (eve.user_id,), "active"),
        (eve.user_id, _ids(ada, ben), "active"),
    ]
    dan = company.setting.person("dan")
    company.groups.make(eve, OpenGroup(kind="group", title="Tea", member_ids=[dan.user_id]))
    assert sorted(company.statuses()) == [
        (eve.user_id, (dan.user_id,), "active"),
        (dan.user_id, (eve.user_id,), "offline"),
    ]


def test_in_a_crowd_only_those_who_are_there_are_told_of(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "CROWD", 2)
    dan = company.setting.person("dan")
    company.groups.add(company.ada, company.group_id, AddMembers(user_ids=[dan.user_id, company.eve.user_id]))
    assert dan.user_id not in {user_id for user_id, _, _ in company.statuses()}


def test_whoever_is_removed_looks_and_types_no_more(company: Company) -> None:
    ada, ben = company.ada, company.ben
    line = socket_of(ben, "2")
    company.viewers.join(line, company.group_id)
    company.typists.typing(line, company.group_id)
    company.taken()
    company.groups.remove(ada, company.group_id, ben.user_id)
    told = [(event, to, told.get("is_typing")) for event, to, told in company.taken()]
    assert told == [("user_left", (ada.user_id,), None), ("user_typing", (ada.user_id,), False)]
    assert line.viewing == set()
    company.groups.add(ada, company.group_id, AddMembers(user_ids=[ben.user_id]))
    assert company.viewers.join(socket_of(ada, "1"), company.group_id) == [ada.user_id]
