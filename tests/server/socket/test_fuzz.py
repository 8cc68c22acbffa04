"""Events with whatever JSON holds: each gets one acknowledgement or the end of its line, and no defect shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from protocol.commands import COMMANDS
from tests.running import RunningServer
from tests.server.socket.fuzz import Seen, judge, play
from tests.server.socket.lines import Line, Wire, frame
from tests.server.socket.outside import only_refusing
from tests.server.socket.people import Pair, make_pair

FIELDS = sorted({field for command in COMMANDS.values() for field in command.payload.__struct_fields__})
NUMBERS = st.sampled_from([0, 1, 2, -1, 2**53, 2**63, 10**30, 0.5]) | st.booleans() | st.none()
WORDS = st.sampled_from(["", "1", "active", "01890000-0000-7000-8000-000000000001", "\u0000", "\u202e"]) | st.text()
JSON = st.recursive(
    NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=12,
)
RELAXED = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose only complaints are about whom it refused."""
    yield from only_refusing(RunningServer(tmp_path_factory.mktemp("server")))


@pytest.fixture(scope="module")
def line(pair: Pair) -> Iterator[Line]:
    """Ada's line, for all examples."""
    with pair.ada.line() as line:
        yield line


@RELAXED
@given(event=st.sampled_from(sorted(COMMANDS)), payload=JSON)
def test_any_payload_is_acknowledged(line: Line, event: str, payload: object) -> None:
    answer = line.call(event, payload)
    line.events.clear()
    line.packets.clear()
    assert answer["ok"] is True or answer["error"]["code"] not in {"server_error", "unavailable"}


@RELAXED
@given(event=st.sampled_from(sorted(COMMANDS)), place=st.integers(0, 60), put=st.text(max_size=3))
def test_a_spoilt_packet_is_acknowledged_or_ends_the_line(pair: Pair, event: str, place: int, put: str) -> None:
    packet = f'4299["{event}",{json.dumps({"conversation_id": pair.conversation_id, "content": "x"})}]'
    with Line(pair.ada.server, pair.ada.token) as own:
        try:
            own.say(packet[:place] + put + packet[place + 1 :])
            own.call("digest", {"epoch": "x", "count": 0, "sum": 0})
        except ConnectionClosed:
            return
    assert len(own.acks) <= 1


@settings(RELAXED, max_examples=60)
@given(data=st.binary(min_size=1, max_size=40), head=st.integers(0, 255))
def test_any_bytes_on_a_line_harm_nobody(server: RunningServer, line: Line, data: bytes, head: int) -> None:
    with Wire(server) as wire:
        wire.socket.sendall(frame(head, data) + data)
    assert line.call("digest", {"epoch": "x", "count": 0, "sum": 0})["ok"] is True


def test_random_frames_have_no_effect_and_leave_nothing_behind(server: RunningServer) -> None:
    """A small dose of `python -m tests.server.socket.fuzz --count 20000`."""
    pair = make_pair(server, "-fuzzed")
    play(server, pair.eve, 300, seed=1)
    before, begun = Seen.of(pair), time.monotonic()
    play(server, pair.eve, 1200, seed=2)
    judge(pair, before, time.monotonic() - begun + 60)
