"""The relay sees Socket.IO's packets as they are, and leaves everything else alone."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.proof.relay import Frames, Relay, Weather, is_packet
from tests.proof.stage import chance

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def frame(payload: bytes, *, masked: bool = False) -> bytes:
    """A whole text frame."""
    size = len(payload)
    wide = b"" if size < 126 else size.to_bytes(2) if size < 65_536 else size.to_bytes(8)
    length = size if size < 126 else 126 if size < 65_536 else 127
    mask = os.urandom(4) if masked else b""
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if masked else payload
    return bytes([0x81, length | (0x80 if masked else 0)]) + wide + mask + body


PAYLOADS = [b"42" + b'["new_message",{}]', b"430" + b"x" * 300, b"2", b"42" + b"y" * 70_000, b"40"]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1_000, 200_000])
def test_frames_come_out_whole_however_they_come_in(size: int, *, masked: bool) -> None:
    frames = [frame(payload, masked=masked) for payload in PAYLOADS]
    stream, reader = HEAD + b"".join(frames), Frames()
    parts = [part for at in range(0, len(stream), size) for part in reader.feed(stream[at : at + size])]
    assert parts == [HEAD, *frames]
    assert [is_packet(part) for part in parts[1:]] == [True, True, False, True, False]


def test_what_is_no_websocket_passes_as_it_is() -> None:
    frames = Frames()
    sent = [b"POST /api HTTP/1.1\r\nContent-", b"Length: 4\r\n\r\n", b"42", b"[]"]
    parts = [part for piece in sent for part in frames.feed(piece)]
    assert b"".join(parts) == b"".join(sent)
    assert parts[1:] == [b"42", b"[]"]


async def _through(weather: Weather, sent: list[bytes]) -> bytes:
    """What comes out of a relay when these packets are sent by a client who then hangs up."""
    got = bytearray()
    over = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            got.extend(data)
        writer.close()
        over.set()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    relay = Relay(server.sockets[0].getsockname()[1], weather, chance(1))
    await relay.open()
    _, writer = await asyncio.open_connection("127.0.0.1", int(relay.url.rpartition(":")[2]))
    writer.write(HEAD + b"".join(sent))
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.write_eof()
    await asyncio.wait_for(over.wait(), 10)
    writer.close()
    await relay.close()
    server.close()
    return bytes(got)


def test_weather_is_what_befalls_packets() -> None:
    packet, ping = frame(b"42[]", masked=True), frame(b"2", masked=True)
    assert asyncio.run(_through(Weather(), [packet, ping])) == HEAD + packet + ping
    assert asyncio.run(_through(Weather(drop=1), [packet, ping])) == HEAD + ping
    assert asyncio.run(_through(Weather(double=1), [packet, ping])) == HEAD + packet + packet + ping
    assert asyncio.run(_through(Weather(late=1, late_s=0.05), [packet, ping])) == HEAD + ping + packet


def test_a_line_that_breaks_is_not_written_to() -> None:
    async def scene() -> None:
        server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        relay = Relay(server.sockets[0].getsockname()[1], Weather(latency_s=0.1), chance(1))
        await relay.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(relay.url.rpartition(":")[2]))
        writer.write(HEAD + frame(b"42[]", masked=True) * 20)
        await asyncio.sleep(0.05)
        relay.cut()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await asyncio.sleep(0.15)
        writer.close()
        await relay.close()
        server.close()

    # asyncio warns of writes to a line that is gone, and a warning fails a test.
    asyncio.run(scene())
