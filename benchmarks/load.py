"""A load of chatting pairs on raw WebSockets: small enough that the server is measured and not the load."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field

import aiohttp


@dataclass(frozen=True)
class Person:
    """One end of a pair: what it connects with and who it is."""

    user_id: int
    token: str | int


@dataclass(frozen=True)
class Pair:
    """Two people and their conversation; the first writes."""

    conversation_id: int
    writer: Person
    reader: Person


@dataclass
class Tally:
    """What one round counted: acknowledged and delivered messages, and the seconds each acknowledgement took."""

    acked: int = 0
    delivered: int = 0
    refused: int = 0
    waits_s: list[float] = field(default_factory=list)


class Line:
    """One Socket.IO connection over a WebSocket of its own (Engine.IO 4, no polling first)."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._next_id = 0
        self._sent_at: dict[int, float] = {}

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, address: str, person: Person) -> Line:
        """Connect and authenticate as a person.

        Raises:
            RuntimeError: the server refused the connection.
        """
        socket = await session.ws_connect(f"{address}/socket.io/?EIO=4&transport=websocket", max_msg_size=0)
        await socket.receive_str()
        await socket.send_str("40" + json.dumps({"token": person.token}))
        answer = await socket.receive_str()
        if not answer.startswith("40"):
            raise RuntimeError(f"the server refused the connection: {answer}")
        return cls(socket)

    async def close(self) -> None:
        """Hang up as a client does that has nothing more to say."""
        await self._socket.close()

    async def send_message(self, pair: Pair) -> None:
        """Send one message of the pair's writer; its acknowledgement is counted by `follow`."""
        payload = {
            "conversation_id": pair.conversation_id,
            "sender_id": pair.writer.user_id,
            "content": "Shall we meet at six by the fire?",
            "uid": str(uuid.uuid4()),
        }
        self._sent_at[self._next_id] = time.perf_counter()
        await self._socket.send_str(f"42{self._next_id}" + json.dumps(["send_message", payload]))
        self._next_id += 1

    async def follow(self, tally: Tally, pair: Pair | None = None) -> None:
        """Count what arrives until the line is closed; a writer (who gives its pair) answers each ack with the next."""
        async for frame in self._socket:
            text = str(frame.data)
            if text == "2":
                await self._socket.send_str("3")
            elif text.startswith("43"):
                self._count_ack(text, tally)
                if pair:
                    await self.send_message(pair)
            elif text.startswith('42["new_message"') and pair is None:
                tally.delivered += 1

    def _count_ack(self, text: str, tally: Tally) -> None:
        """One acknowledgement: `43<id>[{"ok": …}]`."""
        number, _, answer = text[2:].partition("[")
        tally.waits_s.append(time.perf_counter() - self._sent_at.pop(int(number)))
        if '"ok":true' in answer.replace(" ", "")[:40]:
            tally.acked += 1
        else:
            tally.refused += 1


async def measure(address: str, pairs: list[Pair], outstanding: int, seconds: float) -> Tally:
    """Let all pairs chat, each with so many messages under way; count for so many seconds after one of warming up."""
    async with aiohttp.ClientSession() as session:
        writers = [await Line.open(session, address, pair.writer) for pair in pairs]
        readers = [await Line.open(session, address, pair.reader) for pair in pairs]
        running = Tally()
        tasks = [asyncio.create_task(line.follow(running)) for line in readers]
        tasks += [asyncio.create_task(line.follow(running, pair)) for line, pair in zip(writers, pairs, strict=True)]
        for line, pair in zip(writers, pairs, strict=True):
            for _ in range(outstanding):
                await line.send_message(pair)
        await asyncio.sleep(1)
        before = (running.acked, running.delivered, len(running.waits_s))
        await asyncio.sleep(seconds)
        counted = Tally(
            running.acked - before[0], running.delivered - before[1], running.refused, running.waits_s[before[2] :]
        )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(line.close() for line in [*writers, *readers]))
    return counted
