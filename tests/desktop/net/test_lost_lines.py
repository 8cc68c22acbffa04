"""A line that is lost lets go of its connection, at whatever moment that happens: nothing is left for the collector."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import re
import socket
import struct
import warnings
from collections.abc import Coroutine
from typing import Any

import pytest

from desktop.core.ports import Broken, Unreachable
from desktop.net.addresses import parse_address
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.tokens import LongLivedToken
from tests.desktop.net.accounts import sign_up
from tests.proof.relay import Relay, Weather
from tests.proof.stage import chance
from tests.running import RunningServer

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""


async def left_open(scene: Coroutine[Any, Any, None]) -> list[str]:
    """Play the scene; what asyncio has to tell of afterwards, with everything that is not held any more collected."""
    loop, told = asyncio.get_running_loop(), list[str]()
    # Debugging makes aiohttp tell of what it otherwise clears up without a word. How long things take is not asked.
    loop.set_debug(True)
    loop.slow_callback_duration = 60.0
    loop.set_exception_handler(lambda _loop, context: told.append(str(context)))
    await scene
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
        await asyncio.sleep(0)
    return told


@pytest.mark.parametrize("way", ["end", "reset", "nonsense", "silence"])
def test_a_server_that_never_greets_leaves_nothing_open(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.net.live.CONNECT_WITHIN_S", 0.5)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", await reader.readuntil(b"\r\n\r\n"), re.IGNORECASE)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + _MAGIC.encode()).digest()).decode()  # noqa: S324 - the RFC's
        head = f"HTTP/1.1 101 Go on\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {accept}"
        writer.write(head.encode() + b"\r\n\r\n" + (b"\x81\x011" if way == "nonsense" else b""))
        await writer.drain()
        if way == "silence":
            await reader.read()
        if way == "reset":
            # Until the client has taken the upgrade in: a reset may overtake it.
            await asyncio.sleep(0.05)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address = parse_address(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        rest = Rest(address)
        live = SocketLive(address, LongLivedToken("x"), rest)
        for _ in range(3):
            with pytest.raises(Unreachable):
                await live.open()
        rest.close()
        server.close()

    assert asyncio.run(left_open(scene())) == []


def test_a_line_that_breaks_leaves_nothing_open(server: RunningServer) -> None:
    async def scene() -> None:
        person = await asyncio.to_thread(sign_up, server)
        relay = Relay(server.port, Weather(), chance(1))
        await relay.open()
        live = SocketLive(parse_address(relay.url), person.keeper, person.rest)
        for _ in range(3):
            await live.open()
            relay.cut()
            while not isinstance(await live.next(), Broken):
                pass
        await live.close()
        await relay.close()
        await person.close()

    assert asyncio.run(left_open(scene())) == []
