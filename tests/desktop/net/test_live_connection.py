"""The connection for scripts: what document B's composable does, and the example as it stands in the documentation."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from desktop.core.ports import Unreachable
from desktop.net.live_connection import LiveConnection
from protocol.errors import Refused
from tests.conftest import ExpectLog
from tests.desktop.waiting import until
from tests.running import RunningServer, free_port

ROOT = Path(__file__).parents[3]


def two_people(server: RunningServer, one: str, other: str) -> tuple[int, str, str]:
    """Their conversation and an access token for each."""
    (first, token), (second, other_token) = server.create_user(one), server.create_user(other)
    conversation = server.open_direct(token, first["user_id"], second["user_id"])
    return conversation["conversation_id"], token, other_token


def test_what_the_composable_does(server: RunningServer) -> None:
    conversation_id, one_token, other_token = two_people(server, "carol", "dan")

    async def scene() -> None:
        carol, dan = LiveConnection(server.url, one_token), LiveConnection(server.url, other_token)
        assert (carol.is_connected, carol.messages) == (False, [])
        await asyncio.gather(carol.init(), dan.init())
        assert [carol.is_connected, dan.is_connected] == [True, True]
        assert await carol.join_conversation(conversation_id) == [carol.user_id]
        assert sorted(await dan.join_conversation(conversation_id)) == sorted([carol.user_id, dan.user_id])
        read: list[int] = []
        carol.on("message_read", lambda message: read.append(message.message_id))
        sent = await carol.send_message(conversation_id, "Hello!")
        await until(lambda: dan.messages)
        assert [message.content for message in dan.messages] == ["Hello!"]
        await dan.mark_as_read(sent.message_id, conversation_id)
        await until(lambda: read == [sent.message_id])
        await dan.leave_conversation(conversation_id)
        with pytest.raises(Refused):
            await carol.send_message(999_999, "to nobody")
        await asyncio.gather(carol.disconnect(), dan.disconnect())
        assert [carol.is_connected, dan.is_connected] == [False, False]
        with pytest.raises(Unreachable):
            await carol.send_message(conversation_id, "too late")

    asyncio.run(scene())


def test_a_broken_line_is_opened_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def scene(server: RunningServer, conversation_id: int, tokens: tuple[str, str]) -> None:
        erin, finn = (LiveConnection(server.url, token) for token in tokens)
        await asyncio.gather(erin.init(), finn.init())
        await asyncio.to_thread(server.kill)
        await until(lambda: not erin.is_connected and not finn.is_connected)
        await asyncio.to_thread(server.start)
        await until(lambda: erin.is_connected and finn.is_connected, 40)
        await erin.send_message(conversation_id, "back again")
        await until(lambda: [message.content for message in finn.messages] == ["back again"])
        await asyncio.gather(erin.disconnect(), finn.disconnect())

    with RunningServer(tmp_path_factory.mktemp("broken")) as server:
        conversation_id, *tokens = two_people(server, "erin", "finn")
        asyncio.run(scene(server, conversation_id, (tokens[0], tokens[1])))


def test_a_listener_that_fails_ends_nobodys_line(server: RunningServer, expected_logs: ExpectLog) -> None:
    conversation_id, one_token, other_token = two_people(server, "gina", "hal")
    expected_logs("(?s)a watcher failed.*no_such_field")

    async def scene() -> None:
        gina, hal = LiveConnection(server.url, one_token), LiveConnection(server.url, other_token)
        await asyncio.gather(gina.init(), hal.init())
        hal.on("new_message", lambda message: message.no_such_field)
        for text in ("one", "two"):
            await gina.send_message(conversation_id, text)
        await until(lambda: len(hal.messages) == 2)
        await asyncio.gather(gina.disconnect(), hal.disconnect())

    asyncio.run(scene())


def test_a_revoked_token_ends_it_for_good(server: RunningServer, expected_logs: ExpectLog) -> None:
    _, token, _ = two_people(server, "kim", "lou")
    expected_logs("ended for good")

    async def scene() -> None:
        kim = LiveConnection(server.url, token)
        await kim.init()
        await kim.api.logout()
        await until(lambda: kim.has_ended)
        assert not kim.is_connected
        await kim.disconnect()

    asyncio.run(scene())


def test_the_documented_example_answers(server: RunningServer) -> None:
    conversation_id, _, person_token = two_people(server, "robot", "irma")
    robot_token = server.command("token", "create", "robot").stdout.strip()

    async def ping() -> list[str | None]:
        irma = LiveConnection(server.url, person_token)
        await irma.init()
        await irma.send_message(conversation_id, "ping")
        await until(lambda: len(irma.messages) == 2)
        await irma.disconnect()
        return [message.content for message in irma.messages]

    example = subprocess.Popen(
        [sys.executable, "docs/examples/live_connection.py", server.url, robot_token],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert example.stdout is not None
        assert example.stdout.readline() == "connected\n"
        assert asyncio.run(ping()) == ["ping", "pong"]
    finally:
        example.terminate()
        example.communicate()


def test_init_says_when_nobody_is_there() -> None:
    async def scene() -> None:
        connection = LiveConnection(f"127.0.0.1:{free_port()}", "hearth_x")
        with pytest.raises(Unreachable):
            await connection.init()
        await connection.disconnect()

    began = time.monotonic()
    asyncio.run(scene())
    assert time.monotonic() - began < 15
