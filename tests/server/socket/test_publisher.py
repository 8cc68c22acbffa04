"""Announcements out: in order, made once a spelling, coalesced by key without a gap, and never to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from protocol.signals import MessagesRead, ServerRestarting, UserTyping
from server.services.ports import Actor, Announcement
from server.socket.connections import Connection, Connections
from server.socket.frames import payload_of
from server.socket.publisher import Publisher


class Line:
    """Stands for a socket's line: the frames that were pushed to it."""

    def __init__(self) -> None:
        self.queue = self
        self.frames: list[bytes] = []
        self.fails = False

    def push(self, frame: bytes, *, is_answer: bool = False) -> None:
        if self.fails:
            raise OSError("no line")
        self.frames.append(frame)

    def heard(self) -> list[tuple[str, Any]]:
        """The events that were pushed since the last time."""
        frames, self.frames = self.frames, []
        heard = [json.loads(payload_of(frame)[2:]) for frame in frames]
        return [(event, payload) for event, payload in heard]

    def versions(self) -> list[int]:
        """The versions of the events since the last time."""
        return [payload["version"] for _, payload in self.heard()]


Lines = dict[str, Line]


@pytest.fixture
def lines() -> Lines:
    """User 1 has a plain socket, user 2 one that wants both spellings, user 3 one of each; user 4 has none."""
    return {name: Line() for name in ("1-False", "2-True", "3-False", "3-True")}


@pytest.fixture
def closed() -> list[str]:
    return []


@pytest.fixture
def publisher(lines: Lines, closed: list[str]) -> Iterator[Publisher]:
    connections = Connections()
    for sid, line in lines.items():
        user_id = int(sid[0])
        actor = Actor(user_id=user_id, session_id=user_id)
        both = sid.endswith("True")
        made = Connection(sid=sid, engine_sid=f"line of {sid}", actor=actor, both_spellings=both, engine=line)
        connections.add(made)
    publisher = Publisher(coalesce_s=0.05)
    publisher.serve(connections, lambda connection: closed.append(connection.sid))
    yield publisher
    gevent.sleep(0.11)


def read(version: int, *, key: str | None = "read") -> Announcement:
    """Somebody's cursor moved."""
    moved = MessagesRead(conversation_id=7, user_id=1, read_position=version, read_at="now", version=version)
    return Announcement(event="messages_read", payload=moved, user_ids=(1,), coalesce=key)


def test_each_spelling_is_made_once_and_is_the_same_bytes_for_all(publisher: Publisher, lines: Lines) -> None:
    typing = UserTyping(conversation_id=7, user_id=9, is_typing=True)
    publisher.announce([Announcement(event="user_typing", payload=typing, user_ids=(1, 2, 3, 4))])
    assert lines["1-False"].frames[0] is lines["3-False"].frames[0]
    assert lines["2-True"].frames[0] is lines["3-True"].frames[0]
    plain = {"conversation_id": 7, "user_id": 9, "is_typing": True}
    assert lines["1-False"].heard() == [("user_typing", plain)]
    assert lines["2-True"].heard() == [
        ("user_typing", {**plain, "conversationId": 7, "userId": 9, "isTyping": True}),
    ]


def test_only_those_who_are_named_hear(publisher: Publisher, lines: Lines) -> None:
    publisher.announce([Announcement(event="x", payload=None, user_ids=user_ids) for user_ids in ((4,), (), (2,))])
    assert [len(line.heard()) for line in lines.values()] == [0, 1, 0, 0]


def test_everybody_hears_what_is_for_everybody(publisher: Publisher, lines: Lines) -> None:
    publisher.tell_all("server_restarting", ServerRestarting(spread_ms=5))
    assert [line.heard()[0][1]["spread_ms"] for line in lines.values()] == [5, 5, 5, 5]


def test_moves_within_the_window_are_one_and_leave_no_gap(publisher: Publisher, lines: Lines) -> None:
    ada = lines["1-False"]
    publisher.announce([read(version) for version in (5, 6, 7, 8)])
    assert ada.versions() == [5]
    gevent.sleep(0.07)
    assert [(event, payload["version"]) for event, payload in ada.heard()] == [
        ("advance", 6),
        ("advance", 7),
        ("messages_read", 8),
    ]
    gevent.sleep(0.07)
    publisher.announce([read(9)])
    assert ada.versions() == [9]


def test_moves_of_others_are_not_held_back(publisher: Publisher, lines: Lines) -> None:
    publisher.announce([read(5), read(6, key="other"), read(7, key=None)])
    assert lines["1-False"].versions() == [5, 6, 7]


def test_revoked_sessions_are_told_and_closed(publisher: Publisher, lines: Lines, closed: list[str]) -> None:
    publisher.revoke([3, 3, 4], "signed out")
    told = {sid: line.heard() for sid, line in lines.items()}
    revoked = [("session_revoked", {"reason": "signed out"})]
    assert told == {"1-False": [], "2-True": [], "3-False": revoked, "3-True": revoked}
    gevent.sleep(0)
    assert sorted(closed) == ["3-False", "3-True"]


def test_a_failure_stops_nothing(publisher: Publisher, lines: Lines, expected_logs: Any) -> None:
    expected_logs("could not send messages_read")
    lines["1-False"].fails = True
    publisher.announce([read(1, key=None)])
    lines["1-False"].fails = False
    publisher.announce([read(2, key=None)])
    assert lines["1-False"].versions() == [2]
