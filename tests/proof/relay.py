"""A bad line: a TCP proxy that is slow, stalls, breaks, falls silent, and mixes up Socket.IO's packets."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

PIECE = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset, as when a computer dies with bytes that nobody has read."""
_TEXT = 1
_SIZE_16, _SIZE_64 = 126, 127


@dataclass(slots=True)
class Weather:
    """What befalls a line. Shares are chances from 0 to 1; each may be changed while lines are up.

    Of a WebSocket's text frames that carry events or acknowledgements, `drop`, `double` and `late` are the shares that
    never come, come twice, and come up to `late_s` after those behind them. Pings are left alone.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    stall: float = 0.0
    """Chance of each piece to wait for `stall_s` more: what the loss of a packet is to those above TCP."""
    stall_s: float = 0.3
    reset: float = 0.0
    """Chance of each piece to be the line's last."""
    slice_bytes: int = PIECE
    silent: bool = False
    """Nothing comes through, and nobody is told: the half-open line. Lines that come after it is over are good."""
    unread: bool = False
    """Nothing is read from the server: the slow consumer."""
    drop: float = 0.0
    double: float = 0.0
    late: float = 0.0
    late_s: float = 0.2
    dropped: int = 0
    doubled: int = 0
    delayed: int = 0
    resets: int = 0

    @property
    def mixes(self) -> bool:
        """Whether packets have to be looked at."""
        return bool(self.drop or self.double or self.late)


class Frames:
    """Cuts one direction of a line into what it is made of: bytes before the WebSocket begins, then whole frames."""

    def __init__(self) -> None:
        self._held = b""
        self._upgraded = False
        self._plain = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Parts that may be left out, repeated or exchanged, in order."""
        if self._plain:
            yield data
            return
        self._held += data
        if not self._upgraded:
            head, end, rest = self._held.partition(b"\r\n\r\n")
            if not end:
                return
            if b"upgrade: websocket" not in head.lower():
                self._plain = True
                yield self._held
                return
            self._upgraded, self._held = True, rest
            yield head + end
        while (size := _frame_size(self._held)) is not None and size <= len(self._held):
            frame, self._held = self._held[:size], self._held[size:]
            yield frame


def _head(frame: bytes) -> tuple[int, int] | None:
    """Where a frame's payload begins and how long it is, or None where that is not all there yet."""
    if len(frame) < 2:
        return None
    size, masks = frame[1] & 0x7F, 4 * (frame[1] >> 7)
    wide = {_SIZE_16: 2, _SIZE_64: 8}.get(size, 0)
    if len(frame) < 2 + wide:
        return None
    return 2 + wide + masks, int.from_bytes(frame[2 : 2 + wide]) if wide else size


def _frame_size(frame: bytes) -> int | None:
    """The bytes of the first frame, or None where its head is not all there yet."""
    head = _head(frame)
    return None if head is None else head[0] + head[1]


def is_packet(frame: bytes) -> bool:
    """Whether a frame is a whole Socket.IO event or acknowledgement."""
    head = _head(frame)
    if head is None or frame[0] != 0x80 | _TEXT or len(frame) < head[0] + 2:
        return False
    begins = frame[head[0] : head[0] + 2]
    if frame[1] & 0x80:
        mask = frame[head[0] - 4 : head[0]]
        begins = bytes(byte ^ key for byte, key in zip(begins, mask, strict=False))
    return begins in {b"42", b"43"}


@dataclass(eq=False, slots=True)
class _Link:
    """One connection through the relay: both ends."""

    ends: list[asyncio.StreamWriter] = field(default_factory=list)
    is_dead: bool = False

    def abort(self) -> None:
        """End it at both ends."""
        for end in self.ends:
            end.transport.abort()

    def reset(self) -> None:
        """Break it: both ends get a reset."""
        for end in self.ends:
            if not end.transport.is_closing():
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.abort()


class Relay:
    """Owns a port before a server's, and the lines through it, which all have the same weather."""

    def __init__(self, target_port: int, weather: Weather, rng: random.Random) -> None:
        self.weather = weather
        self._target_port = target_port
        self._rng = rng
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where the line begins."""
        return f"http://127.0.0.1:{self._port}"

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Break every line and listen no more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every line there is."""
        for link in tuple(self._links):
            link.reset()

    def go_silent(self) -> None:
        """From now on nothing comes through the lines that are up, and none of their ends is told."""
        for link in self._links:
            link.is_dead = True

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to carry a line."""
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions until one of them ends."""
        link = _Link([writer])
        self._links.add(link)
        try:
            with socket.socket() as plain:
                plain.setblocking(False)
                # So that a reader who does not read is felt by the server after some KiB, as behind a slow line.
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
                await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self._target_port))
                there, back = await asyncio.open_connection(sock=plain.dup(), limit=PIECE)
            link.ends.append(back)
            await asyncio.gather(self._pump(link, reader, back, up=True), self._pump(link, there, writer, up=False))
        except OSError:
            pass
        finally:
            link.abort()
            self._links.discard(link)

    async def _pump(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        """Carry one direction."""
        frames = Frames()
        with suppress(OSError):
            while data := await self._read(reader, up=up):
                await self._delay()
                if link.is_dead or self.weather.silent:
                    link.is_dead = True
                    continue
                if self._rng.random() < self.weather.reset:
                    self.weather.resets += 1
                    link.reset()
                    return
                for part in frames.feed(data):
                    # A reset of one direction ends the other too, which may still have read a great deal.
                    if writer.transport.is_closing():
                        return
                    self._pass_on(part, writer)
                await writer.drain()
        if not link.is_dead and not writer.is_closing():
            with suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _read(self, reader: asyncio.StreamReader, *, up: bool) -> bytes:
        """The next bytes; none are taken off a server whose reader is slow."""
        while not up and self.weather.unread:  # noqa: ASYNC110 - the weather is plain numbers that anybody changes
            await asyncio.sleep(0.05)
        return await reader.read(self.weather.slice_bytes)

    async def _delay(self) -> None:
        """The way takes its time."""
        weather = self.weather
        wait_s = weather.latency_s + weather.jitter_s * self._rng.random()
        if self._rng.random() < weather.stall:
            wait_s += weather.stall_s
        if wait_s:
            await asyncio.sleep(wait_s)

    def _pass_on(self, part: bytes, writer: asyncio.StreamWriter) -> None:
        """Write a part: once, twice, later, or not at all."""
        weather, chance = self.weather, self._rng.random()
        if not weather.mixes or not is_packet(part):
            writer.write(part)
            return
        if chance < weather.drop:
            weather.dropped += 1
        elif chance < weather.drop + weather.double:
            weather.doubled += 1
            writer.write(part + part)
        elif chance < weather.drop + weather.double + weather.late:
            weather.delayed += 1
            asyncio.get_running_loop().call_later(self._rng.random() * weather.late_s, _write_late, writer, part)
        else:
            writer.write(part)


def _write_late(writer: asyncio.StreamWriter, part: bytes) -> None:
    """Write what was held back, if anybody still listens."""
    with suppress(OSError, RuntimeError):
        if not writer.is_closing() and not writer.transport.is_closing():
            writer.write(part)
