"""What hostile clients send (reliability 5.1, threats T1, T14 to T16): each attack fails, and nobody else notices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from websockets.exceptions import ConnectionClosed

from protocol.ids import new_uid
from tests.running import RunningServer
from tests.server.socket.lines import PATH, Line, Wire, frame
from tests.server.socket.outside import REFUSED, most_memory_mib, only_refusing, open_files, settles
from tests.server.socket.people import Pair, ServerFactory, make_pair


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose only complaints are about whom it refused."""
    yield from only_refusing(RunningServer(tmp_path_factory.mktemp("server")))


def answers(pair: Pair) -> None:
    """The server serves its honest people."""
    with pair.ada.line() as line:
        message = {"conversation_id": pair.conversation_id, "content": "still here"}
        assert line.call("send_message", message)["ok"] is True


@pytest.mark.parametrize("name", ["connect", "disconnect", "connect_error", "newListener"])
@pytest.mark.parametrize("ack", [None, 7])
def test_a_reserved_event_name_closes_the_line(pair: Pair, name: str, ack: int | None) -> None:
    with pair.bob.line() as other, pair.eve.line() as line:
        line.emit(name, {"token": pair.ada.token}, ack=ack)
        line.ends_within(5)
        assert not line.acks
        assert "presence" not in other.hears(0.3)
    answers(pair)


@pytest.mark.parametrize(
    "packet",
    [
        '451-["send_message",{"_placeholder":true,"num":0}]',
        '4510000000000-["x"]',
        "46[]",
        "43[1]",
        "44{}",
        "42",
        "42{}",
        "42[]",
        "42[5]",
        '42["send_message"',
        '42/admin,["send_message",{}]',
        "4",
        '4{"a":1}',
        "49",
        '4²["x"]',
        "42" + "[" * 100_000,
        "42" + "9" * 101 + '["sync",{}]',
        "",
        "z",
        "0",
        "2",
        "2probe",
        "5",
        "6",
        "b4AAAA",
    ],
)
def test_a_malformed_packet_closes_the_line(pair: Pair, packet: str) -> None:
    with pair.eve.line() as line:
        line.say(packet)
        line.ends_within(5)
    answers(pair)


def test_a_binary_message_closes_the_line(pair: Pair) -> None:
    with pair.eve.line() as line:
        line.say(b"\x04anything")
        assert line.ends_within(5)[0] == 1003


def test_an_unknown_event_is_refused_and_the_line_lives(pair: Pair) -> None:
    with pair.ada.line() as line:
        assert line.call("from_the_future", {})["error"]["code"] == "unknown_event"
        assert line.call("digest", {"epoch": "x", "count": 0, "sum": 0})["ok"] is True


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (frame(0x81, b"4\xff\xfe"), 1007),
        (frame(0x81, b"42[]", masked=False), 1002),
        (frame(0xC1, b"42[]"), 1002),
        (frame(0x83, b"42[]"), 1002),
        (frame(0x89, b"x" * 126), 1002),
        (frame(0x80, b"rest of nothing"), 1002),
        (frame(0x01, b"4") + frame(0x81, b"2"), 1002),
        (frame(0x09, b"split ping"), 1002),
        (frame(0x88, b"\x03"), 1002),
        (frame(0x81, b"", announced=500_000_000), 1009),
        (frame(0x01, b"4" * 200_000) + frame(0x80, b"4" * 200_000), 1009),
    ],
)
def test_a_broken_frame_is_answered_with_its_close_code(server: RunningServer, bad: bytes, code: int) -> None:
    with Wire(server) as wire:
        wire.socket.sendall(bad)
        assert wire.close_code() == code


def test_a_message_in_fragments_cut_inside_a_character_arrives(pair: Pair) -> None:
    content = "ä😀" * 50
    data = json_text(pair.conversation_id, content).encode()
    with pair.bob.line() as other, Wire(pair.ada.server) as wire:
        wire.say("40" + json.dumps({"token": pair.ada.token}))
        heads = [0x01, *[0x00] * (len(data) - 2), 0x80]
        for head, byte in zip(heads, data, strict=True):
            wire.socket.sendall(frame(head, bytes([byte])) + frame(0x89, b"in between"))
        assert other.next("new_message")["content"] == content


def json_text(conversation_id: int, content: str) -> str:
    """A send as a packet, with its characters as they are."""
    command = json.dumps({"conversation_id": conversation_id, "content": content}, ensure_ascii=False)
    return f'421["send_message",{command}]'


def test_an_announced_giant_costs_no_memory(pair: Pair) -> None:
    server = pair.ada.server
    before = most_memory_mib(server)
    for _ in range(5):
        with Wire(server) as wire:
            wire.socket.sendall(frame(0x81, b"4" * 100_000, announced=40 * 1024 * 1024))
            assert wire.close_code() == 1009
    assert most_memory_mib(server) - before < 5
    answers(pair)


def test_compression_is_declined(server: RunningServer) -> None:
    with Wire(server, headers="Sec-WebSocket-Extensions: permessage-deflate\r\n") as wire:
        assert wire.head.startswith(b"HTTP/1.1 101 ")
        assert b"permessage-deflate" not in wire.head
        assert wire.socket.recv(2)


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "short", "Sec-WebSocket-Version": "13"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "A" * 24, "Sec-WebSocket-Version": "8"},
        {"Upgrade": "h2c", "Connection": "Upgrade"},
        {},
    ],
)
def test_a_bad_handshake_is_a_bad_request(server: RunningServer, headers: dict[str, str]) -> None:
    assert requests.get(server.url + PATH, headers=headers, timeout=10).status_code == 400


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", b"400"), ("https://good.example", b"101")])
def test_only_the_origins_that_were_named_may_connect(named: RunningServer, origin: str, status: bytes) -> None:
    with Wire(named, headers=f"Origin: {origin}\r\n") as wire:
        assert wire.head.split()[1] == status


def test_no_other_origin_may_connect_by_default(server: RunningServer) -> None:
    with Wire(server, headers="Origin: https://good.example\r\n") as wire:
        assert wire.head.split()[1] == b"400"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that lets one web page in."""
    env = {"HEARTH_CORS_ORIGINS": "https://good.example"}
    yield from only_refusing(RunningServer(tmp_path_factory.mktemp("named"), env=env))


def test_malformed_lines_leave_nothing_behind(pair: Pair) -> None:
    server = pair.ada.server
    before = open_files(server)
    for number in range(20):
        with Wire(server) as wire:
            wire.say(["", "z", "9", "4nothing"][number % 4])
            wire.close_code()
    assert settles(lambda: open_files(server) <= before, 10), (before, open_files(server))


def test_an_event_before_the_log_in_closes_the_line(pair: Pair) -> None:
    with Line(pair.ada.server) as line:
        line.emit("send_message", {"conversation_id": pair.conversation_id, "content": "x"}, ack=1)
        line.ends_within(5)
        assert not line.acks
    answers(pair)


def test_nothing_is_heard_before_the_log_in(pair: Pair) -> None:
    with Line(pair.ada.server) as silent, Line(pair.ada.server) as refused, pair.ada.line() as line:
        assert refused.refusal({"token": "no token"})["data"]["code"] == "unauthenticated"
        for number in range(10):
            line.call("send_message", {"conversation_id": pair.conversation_id, "content": str(number)})
        assert silent.hears(0.5) == []
        assert refused.hears(0.1) == []


@pytest.mark.parametrize("auth", [None, {}, {"token": None}, {"token": 5}, {"token": ["x"]}, {"token": "x" * 100_000}])
def test_a_log_in_that_is_none_is_told_what_to_do(server: RunningServer, auth: object) -> None:
    with Line(server) as line:
        refused = line.refusal(auth)
    assert refused["data"]["code"] == "unauthenticated"
    assert refused["message"] == refused["data"]["message"]


def test_a_log_in_that_is_no_object_closes_the_line(server: RunningServer) -> None:
    with Line(server) as line:
        line.say('40["token"]')
        line.ends_within(5)


def test_another_namespace_is_refused(pair: Pair) -> None:
    with Line(pair.ada.server) as line:
        line.say('40/admin,{"token":"x"}')
        line.hears(0.5)
        assert any(packet.startswith("44/admin,") and "not_found" in packet for packet in line.packets)


def test_a_second_log_in_on_one_line_is_refused(pair: Pair) -> None:
    with pair.ada.line() as line:
        line.say("40" + json.dumps({"token": pair.bob.token}))
        line.hears(0.3)
        assert any(packet.startswith("44") for packet in line.packets)
        assert line.call("join_user_room", pair.ada.user_id)["ok"] is True


def polled(server: RunningServer) -> str:
    """The session of a new polling client."""
    opened = requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=10)
    session: str = json.loads(opened.text[1:])["sid"]
    return session


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"",
        b"z",
        b"2probe",
        b"bAAAA",
        b"d=4%7B%7D",
        b"\x1e".join([b"3"] * 257),
        b"4" * 300_000,
        b'42["send_message",{}]\x1ezzz',
    ],
)
def test_a_bad_poll_body_ends_the_session(server: RunningServer, body: bytes) -> None:
    address = f"{server.url}/socket.io/?EIO=4&transport=polling&sid={polled(server)}"
    answer = requests.post(address, data=body, timeout=10)
    assert answer.status_code in {400, 413}
    assert "error" in answer.json()
    assert settles(lambda: requests.get(address, timeout=10).status_code == 400, 5)


def test_jsonp_is_not_spoken(server: RunningServer) -> None:
    assert requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling&j=0", timeout=10).status_code == 400


@pytest.mark.parametrize("packet", ["", "z", '42["sync",{}]', "5"])
def test_a_bad_upgrade_leaves_the_polling_session(pair: Pair, packet: str) -> None:
    server = pair.ada.server
    session = polled(server)
    address = f"{server.url}/socket.io/?EIO=4&transport=polling&sid={session}"
    with Wire(server, f"{PATH}&sid={session}") as wire:
        wire.say(packet)
        wire.close_code()
    requests.post(address, data="40" + json.dumps({"token": pair.ada.token}), timeout=10)
    heard = requests.get(address, timeout=10).text
    assert heard.startswith("40") or "connected" in heard, heard


def test_one_offender_is_one_line_of_the_log(start_server: ServerFactory) -> None:
    own = start_server(expected=[REFUSED])
    for _ in range(50):
        with Wire(own) as wire:
            wire.say("z")
            wire.close_code()
    assert own.log.count(REFUSED) == 1


def test_a_message_among_too_many_events_is_refused_by_its_uid(start_server: ServerFactory) -> None:
    """A client written from document A asks for no acknowledgement: it hears of each of its messages by an event."""
    pair = make_pair(start_server(env={"HEARTH_RATE_LIMITS": "on"}))
    uid = new_uid()
    with pair.ada.line() as line:
        line.call("join_user_room", pair.ada.user_id)
        for _ in range(150):
            line.emit("nothing")
        answer = line.call("send_message", {"conversationId": pair.conversation_id, "content": "x", "uid": uid})
        refused = line.next("message_error")
    assert refused == {"uid": uid, "error": answer["error"]}
    assert refused["error"]["code"] == "rate_limited"
    assert refused["error"]["retryAfterS"] == refused["error"]["retry_after_s"] > 0


def test_a_flood_is_refused_then_closed(start_server: ServerFactory) -> None:
    own = start_server(env={"HEARTH_RATE_LIMITS": "on"}, expected=[REFUSED])
    pair = make_pair(own)
    with pair.ada.line() as line, pair.bob.line() as other:
        for number in range(100):
            line.emit("typing", {"conversation_id": pair.conversation_id}, ack=number)
        answer = other.call("digest", {"epoch": "x", "count": 0, "sum": 0})
        assert answer["ok"] is True
        line.hears(1)
        refused = [ack["error"] for ack in line.acks.values() if not ack["ok"]]
        assert refused
        assert {error["code"] for error in refused} == {"rate_limited"}
        assert all(error["retry_after_s"] > 0 for error in refused)
        with suppress(ConnectionClosed):
            for _ in range(1000):
                line.emit("typing", {"conversation_id": pair.conversation_id})
        line.ends_within(5)
