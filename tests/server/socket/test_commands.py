"""What commands promise whatever happens: an acknowledgement always, and nothing to those who are members no more."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from server.services.house import House
from server.services.ports import Actor
from server.socket.commands import Commands
from server.socket.connections import Connection
from server.socket.fast import Event, Sending
from server.socket.frames import payload_of
from server.socket.presence import Presences
from server.socket.publisher import Publisher
from server.socket.typists import Typists
from server.socket.viewers import Viewers
from tests.server.socket.people import Pair


class Pushed:
    """Stands for the line of a socket: the frames that went to it."""

    def __init__(self) -> None:
        self.queue = self
        self.frames: list[bytes] = []

    def push(self, frame: bytes, *, is_answer: bool = False) -> None:
        self.frames.append(payload_of(frame))


def broken(*_arguments: Any) -> Any:
    """A service with a defect."""
    raise TypeError("a secret that is in no answer")


def test_a_defect_is_an_acknowledgement_and_one_traceback_in_the_log(expected_logs: Callable[[str], None]) -> None:
    expected_logs("send_message failed")
    pushed = Pushed()
    ada = Connection(sid="1", engine_sid="line of 1", actor=Actor(user_id=1, session_id=1), engine=pushed)
    house = cast("House", SimpleNamespace(sending=SimpleNamespace(take=broken)))
    commands = Commands(
        house,
        Publisher(),
        presences=cast("Presences", None),
        viewers=cast("Viewers", None),
        typists=cast("Typists", None),
    )
    sending = Sending(house, Publisher(), commands)
    sending.send(ada, Event(5, "send_message", {"conversation_id": 1, "content": "x"}))
    sending.send(ada, Event(6, "send_message", {"conversation_id": 1, "uid": "no uuid"}))
    assert ada.unanswered == 0
    defect, invalid = [json.loads(frame[frame.index(b"[") :])[0] for frame in pushed.frames if frame.startswith(b"43")]
    assert (defect["ok"], defect["error"]["code"], defect["error"]["retryable"]) == (False, "server_error", True)
    assert "secret" not in defect["error"]["message"]
    assert (invalid["ok"], invalid["error"]["code"]) == (False, "invalid_request")
    errors = [json.loads(frame[2:]) for frame in pushed.frames if frame.startswith(b"42")]
    assert [(event, payload["error"]["code"]) for event, payload in errors] == [
        ("message_error", "server_error"),
        ("message_error", "invalid_request"),
    ]


@pytest.mark.parametrize("both", [False, True])
def test_who_was_removed_hears_nothing_more(new_pair: Pair, both: bool) -> None:
    database = new_pair.bob.server.data_dir / "hearth.db"
    message = {"conversation_id": new_pair.conversation_id, "content": "among members"}
    with new_pair.bob.line() as removed, new_pair.ada.line() as member:
        removed.call("join_conversation", new_pair.conversation_id)
        if both:
            removed.call("join_user_room", new_pair.bob.user_id)
        member.call("send_message", message)
        removed.next("new_message")
        # Groups, where members are removed, come later: their row is what a removal leaves.
        with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
            connection.execute("UPDATE members SET left_at = 1 WHERE user_id = ?", (new_pair.bob.user_id,))
        removed.events.clear()
        member.call("send_message", message)
        member.call("typing", {"conversation_id": new_pair.conversation_id})
        member.call("join_conversation", new_pair.conversation_id)
        assert removed.hears(0.5) == []
        assert removed.call("send_message", message)["error"]["code"] == "not_found"
