"""The live socket against a real server: greeting, order, refusals, and what a broken line does."""

from __future__ import annotations

import asyncio
import time

import pytest

from desktop.core.ports import Arrived, Broken, Unreachable
from desktop.net.addresses import parse_address
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.tokens import LongLivedToken
from protocol.commands import SendMessage, Sync
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Message
from tests.desktop.loop import QLoop
from tests.desktop.net.accounts import Account, befriend, hang_up, sign_up
from tests.running import RunningServer, free_port


async def next_messages(person: Account, count: int) -> list[Message]:
    """The next `count` messages that arrive."""
    found: list[Message] = []
    while len(found) < count:
        thing = await person.live.next()
        assert isinstance(thing, Arrived), thing
        if thing.event == "new_message":
            found.append(thing.payload)
    return found


def test_the_greeting_names_us(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        greeting = await ada.live.open()
        assert greeting.user_id == ada.user_id
        assert greeting.epoch
        answer = await ada.live.call("sync", Sync())
        assert answer["ok"] is True
        assert ada.live.latency_ms is not None
        await hang_up(ada)
        assert await ada.live.next() == Broken("closed")

    qloop(scene())


def test_what_arrives_keeps_its_order(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        conversation_id = await befriend(ada, ben)
        await asyncio.gather(ada.live.open(), ben.live.open())
        heard = asyncio.create_task(next_messages(ben, 60))
        for number in range(60):
            command = SendMessage(conversation_id=conversation_id, content=f"number {number}")
            await ada.live.call("send_message", command)
        messages = await heard
        assert [message.content for message in messages] == [f"number {number}" for number in range(60)]
        assert [message.position for message in messages] == sorted(message.position for message in messages)
        await hang_up(ada, ben)

    qloop(scene())


def test_a_refusal_carries_the_contracts_error(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        await ada.live.open()
        with pytest.raises(Refused) as refused:
            await ada.live.call("send_message", SendMessage(conversation_id=999_999, content="hello"))
        assert refused.value.code == ErrorCode.NOT_FOUND
        assert not refused.value.retryable
        await hang_up(ada)

    qloop(scene())


def test_an_unknown_token_is_refused_not_unreachable(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        address = parse_address(server.url)
        rest = Rest(address)
        with pytest.raises(Refused) as refused:
            await SocketLive(address, LongLivedToken("hearth_nobody"), rest).open()
        assert refused.value.status == 401
        rest.close()

    qloop(scene())


def test_nobody_at_the_address_is_unreachable(qloop: QLoop) -> None:
    async def scene() -> None:
        address = parse_address(f"127.0.0.1:{free_port()}")
        rest = Rest(address)
        live = SocketLive(address, LongLivedToken("x"), rest)
        with pytest.raises(Unreachable, match="cannot be reached"):
            await live.open()
        with pytest.raises(Unreachable):
            await live.call("sync", Sync())
        rest.close()

    qloop(scene())


def test_calls_fail_at_once_when_the_server_dies(qloop: QLoop, tmp_path_factory: pytest.TempPathFactory) -> None:
    async def scene(server: RunningServer) -> None:
        ada = sign_up(server)
        await ada.live.open()
        calls = [asyncio.create_task(ada.live.call("sync", Sync())) for _ in range(5)]
        began = time.monotonic()
        await asyncio.to_thread(server.kill)
        ended = await asyncio.gather(*calls, return_exceptions=True)
        # Ten seconds is a call's own patience: a broken line must not be waited out.
        assert time.monotonic() - began < 5
        assert all(isinstance(one, dict | Unreachable) for one in ended), ended
        while not isinstance(await ada.live.next(), Broken):
            pass
        await asyncio.to_thread(server.start)
        assert (await ada.live.open()).user_id == ada.user_id
        assert (await ada.live.call("sync", Sync()))["ok"] is True
        await hang_up(ada)

    with RunningServer(tmp_path_factory.mktemp("dying")) as server:
        qloop(scene(server))


def test_lines_never_mix(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        conversation_id = await befriend(ada, ben)
        await ben.live.open()
        await ada.api.send(SendMessage(conversation_id=conversation_id, content="before", uid=None))
        await ben.live.open()
        await ada.api.send(SendMessage(conversation_id=conversation_id, content="after", uid=None))
        (message,) = await next_messages(ben, 1)
        assert message.content == "after"
        await hang_up(ada, ben)

    qloop(scene())


def test_an_ended_session_is_told_and_the_line_broken(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        await ada.live.open()
        await ada.api.logout()
        events: list[str] = []
        while isinstance(thing := await ada.live.next(), Arrived):
            events.append(thing.event)
        assert "session_revoked" in events
        with pytest.raises(Refused) as refused:
            await ada.live.open()
        assert refused.value.status == 401
        await hang_up(ada)

    qloop(scene())
