"""Limits that several processes keep together, and what the bus keeps while it is away."""

from __future__ import annotations

import msgspec
import pytest

from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from server.bus.parcels import Parcel, Waiting, decode, encode
from server.bus.peers import SILENT_S, Arrival, Peers
from server.services.attempts import Attempts
from server.services.limits import SendingLimit
from tests.server.cluster.wire import wires


class Clock:
    """Monotonic seconds, as the test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _takes(limit: SendingLimit, user_id: int) -> int:
    """How many messages a user may send now; at most 100."""
    for taken in range(100):
        try:
            limit.take(user_id)
        except Refused:
            return taken
    return 100


def test_a_user_has_one_allowance_in_all_processes() -> None:
    here, there = wires()
    clock, limits = Clock(), Limits(messages_per_minute=60, message_burst=20)
    one, two = (SendingLimit(limits, bus=bus, clock=clock) for bus in (here, there))
    for _ in range(12):
        one.take(7)
    assert len(here.waiting) == 1
    here.carry()
    assert _takes(two, 7) == 8
    assert _takes(two, 8) == 20
    there.carry()
    assert _takes(one, 7) == 0
    clock.now += 5
    assert _takes(one, 7) == 5


def test_with_the_bus_away_each_limits_by_itself_and_the_debt_has_an_end() -> None:
    here, there = wires()
    clock, limits = Clock(), Limits(messages_per_minute=60, message_burst=20)
    one, two = (SendingLimit(limits, bus=bus, clock=clock) for bus in (here, there))
    for _ in range(3):
        assert _takes(one, 7) == 20
        clock.now += 20
    assert _takes(two, 7) == 20
    here.carry()
    assert _takes(two, 7) == 0
    clock.now += 20
    assert _takes(two, 7) == 0
    clock.now += 20
    assert _takes(two, 7) == 20


def test_what_is_collected_for_a_dropped_item_is_told_anew() -> None:
    here, there = wires()
    here.waiting = Waiting(items_max=1)
    limits = Limits(messages_per_minute=60, message_burst=20)
    one, two = (SendingLimit(limits, bus=bus, clock=Clock()) for bus in (here, there))
    one.take(7)
    here.waiting.put("sent", here.waiting.take()[0].body and b"\x91\x80")
    one.take(7)
    one.take(7)
    here.carry()
    assert _takes(two, 7) == 18


def test_tries_are_counted_in_all_processes() -> None:
    here, there = wires()
    clock = Clock()
    one, two = (Attempts(5, enabled=True, bus=bus, clock=clock) for bus in (here, there))
    for _ in range(3):
        one.admit("10.0.0.1", "ada")
    here.carry()
    two.admit("10.0.0.9", "ada")
    two.admit("10.0.0.9", "ada")
    with pytest.raises(Refused) as refused:
        two.admit("10.0.0.1", "ada")
    assert refused.value.code is ErrorCode.RATE_LIMITED
    there.carry()
    with pytest.raises(Refused):
        one.admit("10.0.0.1", "ada")
    one.admit("10.0.1.1", "ada")
    clock.now += 20
    one.admit("10.0.0.1", "ada")
    one.forget("10.0.0.1", "ada")
    here.carry()
    for _ in range(5):
        two.admit("10.0.0.1", "ada")


def test_what_waits_is_bounded_and_a_loss_is_remembered_once() -> None:
    waiting = Waiting(items_max=3, bytes_max=10)
    for number in range(5):
        waiting.put("n", msgspec.msgpack.encode(number))
    assert (len(waiting), waiting.dropped, waiting.take_loss(), waiting.take_loss()) == (3, 2, True, False)
    waiting.put("n", b"123456789")
    assert waiting.dropped == 4
    assert [bytes(item.body) for item in waiting.take()] == [b"\x04", b"123456789"]
    assert waiting.take() == []
    waiting.put("n", b"x" * 9)
    waiting.put("n", b"y" * 9)
    assert waiting.take_loss()


def test_a_parcel_reads_as_it_was_written() -> None:
    waiting = Waiting()
    waiting.put("a", msgspec.msgpack.encode([1, "é"]))
    waiting.put("b", lambda: {"late": True}, whole=True)
    parcel = decode(encode(Parcel("w1-x", 3, waiting.take())))
    assert (parcel.sender, parcel.number) == ("w1-x", 3)
    read = [(item.topic, item.whole, msgspec.msgpack.decode(item.body)) for item in parcel.items]
    assert read == [("a", False, [1, "é"]), ("b", True, {"late": True})]


def test_numbers_tell_what_came_twice_and_what_did_not_come() -> None:
    peers = Peers()
    assert peers.hear("w1-a", 1, 0.0) is Arrival.FIRST
    assert peers.hear("w1-a", 2, 1.0) is Arrival.NEXT
    assert peers.hear("w1-a", 2, 2.0) is Arrival.OLD
    assert peers.hear("w1-a", 4, 3.0) is Arrival.GAP
    assert peers.hear("w1-a", 5, 4.0) is Arrival.NEXT
    assert peers.hear("w2-b", 9, 4.0) is Arrival.GAP
    assert peers.silent(4.0 + SILENT_S - 0.1) == []
    peers.hear("w2-b", 10, 5.0)
    assert peers.silent(4.0 + SILENT_S) == ["w1-a"]
    peers.spare(4.0 + SILENT_S)
    assert peers.silent(4.0 + SILENT_S) == []
    assert peers.replaced_by("w1-c") == ["w1-a"]
    assert peers.forget("w1-a")
    assert not peers.forget("w1-a")
    assert len(peers) == 1
