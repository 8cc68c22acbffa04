"""Stock Socket.IO clients: each transport, sixteen thousand emoji, order, and both spellings."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.server.certificates import make_certificate
from tests.server.socket.lines import Line
from tests.server.socket.people import Pair, Person, ServerFactory, leave, play

TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]]


class Stock:
    """python-socketio's client for one person, with what it hears."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.client = socketio.AsyncClient(reconnection=False)
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.client.on("*", lambda event, payload=None: self.heard.put_nowait((event, payload)))

    async def connect(self, transports: list[str]) -> None:
        """Connect and wait for the greeting."""
        await self.client.connect(
            self.person.server.url, auth={"token": self.person.token}, transports=transports, wait_timeout=20
        )
        assert (await self.next("connected"))["user_id"] == self.person.user_id

    async def next(self, event: str) -> Any:
        """The payload of the next event of a name; those before it are dropped."""
        while True:
            name, payload = await asyncio.wait_for(self.heard.get(), 20)
            if name == event:
                return payload


@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
def test_two_people_talk(pair: Pair, transports: list[str]) -> None:
    async def scene() -> None:
        ada, bob = Stock(pair.ada), Stock(pair.bob)
        await ada.connect(transports)
        await bob.connect(transports)
        emoji = "🦔" * 16_000
        command = {"conversation_id": pair.conversation_id, "content": emoji, "sender_id": pair.ada.user_id}
        answer = await ada.client.call("send_message", command, timeout=20)
        assert answer["message"]["content"] == emoji
        assert (await bob.next("new_message"))["content"] == emoji
        for number in range(60):
            await ada.client.emit("send_message", {**command, "content": str(number)})
        contents = [(await bob.next("new_message"))["content"] for _ in range(60)]
        assert contents == [str(number) for number in range(60)]
        assert ada.client.transport() == transports[-1]
        await leave(ada.client)
        await leave(bob.client)

    play(scene)


def test_half_a_character_is_left_out(pair: Pair) -> None:
    with pair.ada.line() as line:
        line.say(f'420["send_message",{{"conversation_id":{pair.conversation_id},"content":"half \\ud83d of it"}}]')
        assert line.next("new_message")["content"] == "half  of it"


def test_over_tls_with_each_transport(start_server: ServerFactory, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    own = start_server(arguments=["--tls-cert", str(cert), "--tls-key", str(key)])
    token = own.command("create-user", "ada").stdout and own.command("token", "create", "ada").stdout.split()[-1]

    async def scene() -> None:
        for transports in TRANSPORTS:
            client = socketio.AsyncClient(reconnection=False, ssl_verify=False)
            greeted = asyncio.Event()
            client.on("connected", lambda _payload, greeted=greeted: greeted.set())
            await client.connect(own.url, auth={"token": token}, transports=transports, wait_timeout=20)
            await asyncio.wait_for(greeted.wait(), 20)
            assert (await client.call("sync", {}, timeout=20))["synced"]["complete"] is True
            await leave(client)

    play(scene)


def test_one_emoji_too_many_is_refused_in_words(pair: Pair) -> None:
    with pair.ada.line() as line:
        command = {"conversation_id": pair.conversation_id, "content": "🦔" * 16_001}
        refused = line.call("send_message", command)["error"]
    assert refused["code"] == "content_too_long"
    assert "16,000" in refused["message"]


def test_two_hundred_events_without_a_pause_keep_their_order(pair: Pair) -> None:
    with pair.ada.line() as line, pair.bob.line() as other:
        for number in range(200):
            line.emit(
                "send_message", {"conversation_id": pair.conversation_id, "content": str(number)}, ack=1000 + number
            )
        contents = [other.next("new_message")["content"] for _ in range(200)]
        assert contents == [str(number) for number in range(200)]
        line.call("digest", {"epoch": "x", "count": 0, "sum": 0})
        positions = [line.acks[1000 + number]["message"]["position"] for number in range(200)]
        assert positions == sorted(positions)


def test_both_spellings_for_who_asked_and_one_for_others(pair: Pair) -> None:
    with pair.ada.line() as both, pair.bob.line() as plain:
        assert both.call("join_user_room", {"userId": str(pair.ada.user_id)})["userId"] == pair.ada.user_id
        answer = both.call("send_message", {"conversationId": str(pair.conversation_id), "content": "twice"})
        sent = both.next("message_sent")
        assert sent == answer["message"] == both.next("new_message")
        heard = plain.next("new_message")
        assert not [key for key in heard if key != key.lower() or key == "id"]
        assert {"id", "conversationId", "senderId", "receiverId", "fileUrl", "readAt", "createdAt"} < set(sent)
        assert {key: sent[key] for key in heard if key not in {"sender", "attachments"}} == {
            key: value for key, value in heard.items() if key not in {"sender", "attachments"}
        }
        assert sent["sender"]["displayName"] == heard["sender"]["display_name"]


def test_a_socket_that_asks_twice_hears_once(pair: Pair) -> None:
    with pair.ada.line() as both, pair.bob.line() as plain:
        both.call("join_user_room", pair.ada.user_id)
        both.call("join_user_room", pair.ada.user_id)
        plain.call("send_message", {"conversation_id": pair.conversation_id, "content": "once"})
        assert both.hears(0.5).count("new_message") == 1


def test_every_socket_of_every_member_hears(pair: Pair) -> None:
    lines: list[Line] = [pair.ada.line(), pair.ada.line(), pair.bob.line(), pair.bob.line()]
    answer = lines[0].call("send_message", {"conversation_id": pair.conversation_id, "content": "all"})
    for line in lines:
        assert line.next("new_message") == answer["message"]
        line.close()


def test_the_acknowledgement_comes_once_and_the_same_uid_is_the_same_message(pair: Pair) -> None:
    uid = "01890000-0000-7000-8000-00000000000a"
    command = {"conversation_id": pair.conversation_id, "content": "again", "uid": uid}
    with pair.ada.line() as line, pair.bob.line() as other:
        first, second = line.call("send_message", command), line.call("send_message", command)
        assert first == second
        assert other.hears(0.5).count("new_message") == 1


def test_a_line_over_tls_is_let_go_after_its_goodbye(start_server: ServerFactory, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    own = start_server(arguments=["--tls-cert", str(cert), "--tls-key", str(key)])
    trusting = ssl.create_default_context(cafile=str(cert))
    plain = socket.create_connection(("127.0.0.1", own.port), timeout=10)
    with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as line:
        line.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert line.recv(4096).startswith(b"HTTP/1.1 101")
        line.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        while line.recv(4096):
            """Its answers come first; without the end of the connection, the time runs out here."""
