"""What may wait for one socket, and what of the libraries' insides must be as we know it."""

from __future__ import annotations

from queue import Empty
from typing import Any

import pytest
import socketio
from engineio.packet import MESSAGE, Packet

from server.socket import selftest
from server.socket.backlog import BYTES_MAX, PACKETS_MAX, TURN_PACKETS, Backlog
from server.socket.wire import EventPacket, WireJson


def push(size: int = 10) -> Packet:
    """An event for the socket."""
    return Packet(MESSAGE, "2" + "x" * (size - 1))


def answer(size: int) -> Packet:
    """An acknowledgement for the socket."""
    return Packet(MESSAGE, "3" + "x" * (size - 1))


def test_too_many_packets_overflow_and_take_no_more_memory() -> None:
    backlog = Backlog()
    for _ in range(PACKETS_MAX):
        backlog.put(push())
    assert [backlog.overflowed] == [False]
    for _ in range(1000):
        backlog.put(push())
    assert backlog.overflowed is True
    assert backlog.pushed == PACKETS_MAX * 10


def test_too_many_bytes_overflow() -> None:
    backlog = Backlog()
    for _ in range(3):
        backlog.put(push(BYTES_MAX // 2 + 1))
    assert backlog.overflowed is True
    assert backlog.pushed == 2 * (BYTES_MAX // 2 + 1)


def test_one_large_answer_is_no_overflow_and_is_counted_until_it_is_taken() -> None:
    backlog = Backlog()
    backlog.put(answer(5 * BYTES_MAX))
    backlog.put(push())
    assert (backlog.answered, backlog.overflowed) == (5 * BYTES_MAX, False)
    backlog.get()
    assert (backlog.answered, backlog.pushed) == (0, 10)


def test_the_end_gets_through_when_nothing_else_does() -> None:
    backlog = Backlog()
    for _ in range(PACKETS_MAX + 1):
        backlog.put(push())
    backlog.put(None)
    taken: list[Any] = [backlog.get() for _ in range(PACKETS_MAX + 1)]
    assert taken[-1] is None


def test_a_turn_has_at_most_what_a_stock_client_takes_from_a_poll() -> None:
    backlog = Backlog()
    for _ in range(40):
        backlog.put(push())
    backlog.get(timeout=1)
    for _ in range(TURN_PACKETS - 1):
        backlog.get(block=False)
    with pytest.raises(Empty):
        backlog.get(block=False)
    assert backlog.get(timeout=1) is not None


def new_server() -> Any:
    """python-socketio's server as it is installed."""
    return socketio.Server(async_mode="gevent", serializer=EventPacket, json=WireJson, logger=False)


def test_the_installed_libraries_are_the_ones_we_know() -> None:
    selftest.check(new_server())


@pytest.mark.parametrize("moved", ["_handle_connect", "_handle_eio_connect", "_handle_disconnect"])
def test_a_library_that_moved_something_stops_the_start(moved: str) -> None:
    server = new_server()
    setattr(server, moved, lambda other: other)
    with pytest.raises(RuntimeError, match=moved):
        selftest.check(server)


def test_a_library_without_its_parts_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    server = new_server()
    monkeypatch.setattr(server.eio, "_async", {})
    with pytest.raises(RuntimeError, match="_async"):
        selftest.check(server)
