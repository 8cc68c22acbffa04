"""Doors that are closed, and doors behind which somebody hangs up: what each says about what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from desktop.core.ports import Unreachable
from desktop.net.addresses import parse_address
from desktop.net.busy import wait_named
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.tokens import LongLivedToken
from protocol.commands import Sync
from protocol.errors import ErrorCode, Refused
from tests.desktop.loop import QLoop
from tests.running import free_port

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """An address where every request gets these bytes, and then the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("status", "header", "code", "wait_s"),
    [
        ("503 Service Unavailable", b"Retry-After: 7\r\n", ErrorCode.UNAVAILABLE, 7.0),
        ("429 Too Many Requests", b"Retry-After: 120\r\n", ErrorCode.RATE_LIMITED, 120.0),
        ("503 Service Unavailable", b"", ErrorCode.UNAVAILABLE, 5.0),
    ],
)
def test_a_proxy_that_is_too_busy_names_its_time(
    qloop: QLoop, status: str, header: bytes, code: ErrorCode, wait_s: float
) -> None:
    async def scene() -> None:
        answer = f"HTTP/1.1 {status}\r\n".encode() + header + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        async with answering(answer) as place:
            address = parse_address(place)
            rest = Rest(address)
            live = SocketLive(address, LongLivedToken("x"), rest)
            with pytest.raises(Refused) as refused:
                await live.open()
            assert (refused.value.code, refused.value.retry_after_s) == (code, wait_s)
            assert refused.value.retryable
            with pytest.raises(Unreachable) as no_line:
                await live.call("sync", Sync())
            assert not no_line.value.may_have_arrived
            rest.close()

    qloop(scene())


@pytest.mark.parametrize("listens", [False, True])
def test_only_who_was_connected_may_have_been_heard(qloop: QLoop, listens: bool) -> None:
    async def scene() -> None:
        async with answering(b"") as place:
            rest = Rest(parse_address(place if listens else f"127.0.0.1:{free_port()}"))
            with pytest.raises(Unreachable) as unreachable:
                await rest.work(lambda: rest.send("GET", "/api/server"))
            assert unreachable.value.may_have_arrived is listens
            rest.close()

    qloop(scene())


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("0", 0.0),
        ("30", 30.0),
        ("999999", 600.0),
        ("Wed, 25 Nov 2026 12:00:20 GMT", 20.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", 5.0),
        ("-4", 5.0),
    ],
)
def test_retry_after_in_both_its_forms(header: str, wait_s: float) -> None:
    assert wait_named(header, NOW) == wait_s
