"""Announcements out: in order, encoded once a spelling, coalesced by key without a gap, and never to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from protocol.signals import MessagesRead, UserTyping
from server.services.ports import Actor, Announcement
from server.socket.connections import Connection, Connections
from server.socket.publisher import Publisher


class Emitted:
    """Stands for python-socketio: what was emitted, and to which rooms."""

    def __init__(self) -> None:
        self.emits: list[tuple[str, Any, Any]] = []
        self.fails = False

    def emit(self, event: str, payload: Any, *, to: Any) -> None:
        if self.fails:
            raise OSError("no line")
        self.emits.append((event, payload, to))

    def taken(self) -> list[tuple[str, Any, Any]]:
        """What was emitted since the last time."""
        taken, self.emits = self.emits, []
        return taken


@pytest.fixture
def emitted() -> Emitted:
    return Emitted()


@pytest.fixture
def connections() -> Connections:
    """User 1 has a plain socket, user 2 one that wants both spellings, user 3 one of each; user 4 has none."""
    made = Connections()
    for user_id, both in ((1, False), (2, True), (3, False), (3, True)):
        sid = f"{user_id}-{both}"
        actor = Actor(user_id=user_id, session_id=user_id)
        made.add(Connection(sid=sid, engine_sid=f"line of {sid}", actor=actor, both_spellings=both))
    return made


@pytest.fixture
def closed() -> list[str]:
    return []


@pytest.fixture
def publisher(emitted: Emitted, connections: Connections, closed: list[str]) -> Iterator[Publisher]:
    made = Publisher(coalesce_s=0.05)
    made.serve(emitted, connections, lambda connection: closed.append(connection.sid))
    yield made
    gevent.sleep(0.11)


def read(version: int, *, key: str | None = "read") -> Announcement:
    """Somebody's cursor moved."""
    moved = MessagesRead(conversation_id=7, user_id=1, read_position=version, read_at="now", version=version)
    return Announcement(event="messages_read", payload=moved, user_ids=(1,), coalesce=key)


def test_each_spelling_is_emitted_where_somebody_asked_for_it(publisher: Publisher, emitted: Emitted) -> None:
    typing = UserTyping(conversation_id=7, user_id=9, is_typing=True)
    publisher.announce([Announcement(event="user_typing", payload=typing, user_ids=(1, 2, 3, 4))])
    plain, both = emitted.taken()
    assert plain == ("user_typing", typing, ["user:1", "user:3"])
    assert both[1]["isTyping"] is both[1]["is_typing"] is True
    assert both[2] == ["user-both:2", "user-both:3"]
    publisher.announce([Announcement(event="user_typing", payload=typing, user_ids=(1,))])
    assert len(emitted.taken()) == 1


def test_nothing_is_emitted_where_nobody_listens(publisher: Publisher, emitted: Emitted) -> None:
    publisher.announce([Announcement(event="x", payload=None, user_ids=user_ids) for user_ids in ((4,), ())])
    assert emitted.taken() == []


def test_moves_within_the_window_are_one_and_leave_no_gap(publisher: Publisher, emitted: Emitted) -> None:
    publisher.announce([read(version) for version in (5, 6, 7, 8)])
    assert [payload.version for _, payload, _ in emitted.taken()] == [5]
    gevent.sleep(0.07)
    held = emitted.taken()
    assert [(event, payload.version) for event, payload, _ in held] == [
        ("advance", 6),
        ("advance", 7),
        ("messages_read", 8),
    ]
    gevent.sleep(0.07)
    publisher.announce([read(9)])
    assert [payload.version for _, payload, _ in emitted.taken()] == [9]


def test_moves_of_others_are_not_held_back(publisher: Publisher, emitted: Emitted) -> None:
    publisher.announce([read(5), read(6, key="other"), read(7, key=None)])
    assert [payload.version for _, payload, _ in emitted.taken()] == [5, 6, 7]


def test_revoked_sessions_are_told_and_closed(publisher: Publisher, emitted: Emitted, closed: list[str]) -> None:
    publisher.revoke([3, 3, 4], "signed out")
    assert [(event, payload.reason, to) for event, payload, to in emitted.taken()] == [
        ("session_revoked", "signed out", "session:3")
    ]
    gevent.sleep(0)
    assert sorted(closed) == ["3-False", "3-True"]


def test_a_failure_stops_nothing(publisher: Publisher, emitted: Emitted, expected_logs: Any) -> None:
    expected_logs("could not send messages_read")
    emitted.fails = True
    publisher.announce([read(1, key=None)])
    emitted.fails = False
    publisher.announce([read(2, key=None)])
    assert [payload.version for _, payload, _ in emitted.taken()] == [2]
