"""Lines that must end do: silent peers, slow readers, who never logs in, revoked sessions, a server that stops."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import socketio

from protocol.limits import PROTOCOL_HEADER, PROTOCOL_MAX
from server.storage.locks import FileLock
from tests.running import RunningServer
from tests.server.socket.lines import PATH, Line, Wire, frame
from tests.server.socket.outside import most_memory_mib, only_refusing, open_files, settles
from tests.server.socket.people import Pair, Person, ServerFactory, join, leave, make_pair, play

QUESTION = ("digest", {"epoch": "x", "count": 0, "sum": 0})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose only complaints are about whom it refused."""
    yield from only_refusing(RunningServer(tmp_path_factory.mktemp("server")))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The same with little patience: pings each second, two seconds to log in, few sockets a user."""
    env = {
        "HEARTH_LIMITS_AUTHENTICATE_WITHIN_S": "2",
        "HEARTH_LIMITS_SOCKETS_PER_USER": "5",
        "HEARTH_PING_INTERVAL_S": "1",
        "HEARTH_PING_TIMEOUT_S": "3",
    }
    yield from only_refusing(RunningServer(tmp_path_factory.mktemp("hasty"), env=env))


def polling(server: RunningServer) -> str:
    """The address of a new polling session."""
    opened = requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=10)
    return f"{server.url}/socket.io/?EIO=4&transport=polling&sid={json.loads(opened.text[1:])['sid']}"


def test_who_does_not_log_in_in_time_is_closed(hasty: RunningServer) -> None:
    with join(hasty, "patient").line() as stays, Line(hasty) as silent, Line(hasty) as refused:
        assert refused.refusal({"token": "wrong"})["data"]["code"] == "unauthenticated"
        address = polling(hasty)
        silent.ends_within(20)
        refused.ends_within(20)
        assert settles(lambda: requests.get(address, timeout=10).status_code == 400)
        assert stays.call(*QUESTION)["ok"] is True


def test_an_upgrade_that_does_not_come_about_is_closed(hasty: RunningServer) -> None:
    address = polling(hasty)
    with Wire(hasty, f"{PATH}&sid={address.rpartition('=')[2]}") as half:
        requests.post(address, data="40" + json.dumps({"token": join(hasty, "halfway").token}), timeout=10)
        assert half.close_code() is None
    heard = ""
    while "connected" not in heard:
        heard += requests.get(address, timeout=10).text


def test_silent_peers_are_gone_after_the_pings_and_leave_nothing(hasty: RunningServer) -> None:
    person = join(hasty, "silent")
    with person.line() as honest:
        before = open_files(hasty)
        wires = [Wire(hasty) for _ in range(4)]
        for wire in wires:
            wire.say("40" + json.dumps({"token": person.token}))
        assert open_files(hasty) >= before + len(wires)
        # The test's own time limit ends this where they stay.
        while open_files(hasty) > before:
            honest.hears(0.5)
        assert honest.call(*QUESTION)["ok"] is True
        for wire in wires:
            wire.socket.close()


def test_an_idle_client_that_answers_pings_stays(hasty: RunningServer) -> None:
    with join(hasty, "idle").line() as line:
        line.hears(6)
        assert line.packets.count("2") >= 2
        assert line.call(*QUESTION)["ok"] is True


def test_who_waits_for_the_database_is_not_taken_for_gone(tmp_path: Path) -> None:
    """Its pongs lie unread behind the command that waits, for longer than a silent peer is given."""
    server = RunningServer(tmp_path, env={"HEARTH_PING_INTERVAL_S": "1", "HEARTH_PING_TIMEOUT_S": "1"})
    with server:
        pair = make_pair(server)
        lock = FileLock(server.data_dir / "hearth.db.writing")
        with pair.ada.line() as line:
            lock.take(wait=True)
            read = {"conversation_id": pair.conversation_id, "position": 1}
            assert line.call("mark_read", read)["error"]["code"] == "unavailable"
            lock.close()
            line.hears(2)
            assert line.call(*QUESTION)["ok"] is True
        assert all("the database refused a transaction" in complaint for complaint in server.complaints())


def test_one_socket_more_than_a_user_may_have_is_refused(hasty: RunningServer) -> None:
    person, other = join(hasty, "many"), join(hasty, "few")
    lines = [person.line() for _ in range(5)]
    with Line(hasty) as one_more:
        refused = one_more.refusal({"token": person.token})["data"]
    assert refused["code"] == "too_many_sockets"
    assert refused["retry_after_s"] > 0
    other.line().close()
    lines.pop().close()
    assert settles(lambda: is_let_in(person))
    for line in lines:
        line.close()


def is_let_in(person: Person) -> bool:
    """Whether a new socket of theirs is accepted."""
    with Line(person.server) as line:
        line.say("40" + json.dumps({"token": person.token}))
        return "connected" in line.hears(0.5)


def slow_reader(person: Person) -> Wire:
    """A socket of theirs that is logged in, and then reads nothing, through a small window."""
    wire = Wire(person.server)
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.say("40" + json.dumps({"token": person.token}))
    while b'"connected"' not in wire.socket.recv(4096):
        pass
    return wire


def test_a_reader_that_does_not_read_is_closed_while_others_are_served(new_pair: Pair) -> None:
    server = new_pair.ada.server
    message = {"conversation_id": new_pair.conversation_id, "content": "x" * 16_000}
    with slow_reader(new_pair.bob) as slow, new_pair.ada.line() as line, new_pair.bob.line() as other:
        before = open_files(server)
        while "slow_consumer" not in server.log:
            assert line.call("send_message", message)["ok"] is True
            other.next("new_message")
            line.events.clear()
            other.events.clear()
        assert settles(lambda: open_files(server) == before - 1)
        slow.socket.close()
        assert other.call(*QUESTION)["ok"] is True


def test_six_megabytes_reach_a_reader_that_is_only_slow(new_pair: Pair) -> None:
    content, times = "y" * 15_000, 400
    with new_pair.ada.line() as line:
        for _ in range(times):
            line.call("send_message", {"conversation_id": new_pair.conversation_id, "content": content})
            line.events.clear()
    with Wire(new_pair.ada.server) as slow, new_pair.ada.line() as other:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        slow.say("40" + json.dumps({"token": new_pair.bob.token}))
        slow.say('420["sync",{}]')
        heard = b""
        while heard.count(content.encode()) < times:
            heard += slow.socket.recv(262_144)
            if len(heard) < 500_000:
                assert other.call(*QUESTION)["ok"] is True
    asks_without_reading(new_pair)


def asks_without_reading(pair: Pair) -> None:
    """Forty times six megabytes, asked for by somebody who reads none of them, are not made."""
    server = pair.ada.server
    before = most_memory_mib(server)
    with slow_reader(pair.bob) as slow, pair.ada.line() as other:
        for _ in range(40):
            slow.say('420["sync",{}]')
        for _ in range(20):
            other.hears(0.1)
            assert other.call(*QUESTION)["ok"] is True
    assert most_memory_mib(server) - before < 60


def test_a_session_that_is_ended_hears_of_it_and_is_closed_at_once(new_pair: Pair) -> None:
    with new_pair.bob.line() as line, new_pair.ada.line() as other:
        assert new_pair.bob.request("POST", "/api/auth/logout").status_code == 204
        # Told, not found out: the look-up of every 5 s may be nearly as far away as this allows.
        assert line.next("session_revoked", 4)["reason"]
        other.call("send_message", {"conversation_id": new_pair.conversation_id, "content": "unheard"})
        line.ends_within(4)
        assert "new_message" not in [name for name, _ in line.events]
    with Line(new_pair.bob.server) as again:
        assert again.refusal({"token": new_pair.bob.token})["data"]["code"] == "session_revoked"


def test_a_session_that_the_operator_ends_is_closed_within_the_look_up(new_pair: Pair) -> None:
    name = new_pair.bob.request("GET", "/api/me").json()["username"]
    with new_pair.bob.line() as line:
        done = new_pair.bob.server.command("reset-password", name, stdin="another correct horse\n")
        assert done.returncode == 0, done.stderr
        line.next("session_revoked")
        line.ends_within(5)


def test_a_server_that_stops_says_so(start_server: ServerFactory) -> None:
    own = start_server(env={"HEARTH_RESTART_SPREAD_MS": "1234"})
    pair = make_pair(own)
    with pair.ada.line() as plain, pair.bob.line() as both:
        both.call("join_user_room", pair.bob.user_id)
        assert own.process is not None
        own.process.terminate()
        assert plain.next("server_restarting") == {"spread_ms": 1234}
        assert both.next("server_restarting")["spread_ms"] == 1234
        plain.ends_within(10)
        both.ends_within(10)
        assert own.process.wait(20) == 0


@pytest.mark.parametrize("packet", ["1", "41"])
def test_who_leaves_is_gone_at_once(new_pair: Pair, packet: str) -> None:
    with new_pair.bob.line() as other, new_pair.ada.line() as line:
        other.call("join_conversation", new_pair.conversation_id)
        line.call("join_conversation", new_pair.conversation_id)
        other.next("user_joined")
        other.next("user_joined")
        line.say(packet)
        assert other.next("user_left")["activeUsers"] == [new_pair.bob.user_id]


def test_a_message_just_before_the_goodbye_is_kept(new_pair: Pair) -> None:
    with new_pair.bob.line() as other, Wire(new_pair.ada.server) as wire:
        wire.say("40" + json.dumps({"token": new_pair.ada.token}))
        command = json.dumps({"conversation_id": new_pair.conversation_id, "content": "last words"})
        last = frame(0x81, f'42["send_message",{command}]'.encode())
        wire.socket.sendall(last + frame(0x81, b"41") + frame(0x88, b"\x03\xe8"))
        assert other.next("new_message")["content"] == "last words"
        assert wire.close_code() == 1000


def test_a_herd_is_let_in_by_and_by_and_everybody_is_told_when(start_server: ServerFactory) -> None:
    """300 sockets at once where 10 a second may log in: the log-in room is never crowded, and nobody comes in vain."""
    env = {"HEARTH_RATE_LIMITS": "on", "HEARTH_CONNECTS_PER_S": "10", "HEARTH_LIMITS_SOCKETS_PER_USER": "1000"}
    own = start_server(env=env)
    login = "40" + json.dumps({"token": join(own, "herd").token})
    with ExitStack() as opened:
        ours = f"{PROTOCOL_HEADER}: {PROTOCOL_MAX}\r\n"
        wires = [opened.enter_context(Wire(own, headers=ours)) for _ in range(300)]
        for wire in wires:
            wire.say(login)
        waits = [told_to_wait(wire) for wire in wires]
        turned_away = [wait for wait in waits if wait]
        assert 20 <= len(turned_away) <= 279
        assert len(set(turned_away)) > len(turned_away) * 0.9
        assert max(turned_away) < 280 / 10 + 1
        first = waits.index(min(turned_away))
        time.sleep(waits[first])
        wires[first].say(login)
        assert told_to_wait(wires[first]) == 0


def test_stock_clients_of_a_herd_wait_for_their_turn_or_come_again(start_server: ServerFactory) -> None:
    own = start_server(env={"HEARTH_RATE_LIMITS": "on", "HEARTH_CONNECTS_PER_S": "2"})
    person = join(own, "herd")

    async def scene() -> None:
        clients = [socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=1) for _ in range(10)]
        greeted = [asyncio.Event() for _ in clients]
        for client, event in zip(clients, greeted, strict=True):
            client.on("connected", lambda _payload, event=event: event.set())
        connecting = (
            client.connect(own.url, auth={"token": person.token}, transports=["websocket"], wait_timeout=20)
            for client in clients
        )
        await asyncio.gather(*connecting)
        await asyncio.gather(*(asyncio.wait_for(event.wait(), 20) for event in greeted))
        await asyncio.gather(*(leave(client) for client in clients))

    play(scene)


def test_who_would_wait_too_long_is_turned_away_without_a_refusal(start_server: ServerFactory) -> None:
    own = start_server(env={"HEARTH_RATE_LIMITS": "on", "HEARTH_CONNECTS_PER_S": "1"})
    login = "40" + json.dumps({"token": join(own, "herd").token})
    with ExitStack() as opened:
        wires = [opened.enter_context(Wire(own)) for _ in range(16)]
        for wire in wires:
            wire.say(login)
        time.sleep(1.0)
        said = [wire.socket.recv(65_536) for wire in wires]
    turned_away = [words for words in said if words.endswith(b"\x88\x02\x03\xe8")]
    assert turned_away
    assert b"rate_limited" not in b"".join(said)


def told_to_wait(wire: Wire) -> float:
    """The answer to a log-in: 0 when it is let in, else the seconds to wait."""
    heard = b""
    while b'40{"sid"' not in heard and b"}}" not in heard:
        heard += wire.socket.recv(4096)
    if b'40{"sid"' in heard:
        return 0.0
    error = json.loads(heard[heard.index(b"44{") + 2 :])["data"]
    assert error["code"] == "rate_limited"
    return float(error["retry_after_s"])
