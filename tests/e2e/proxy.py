"""A line that can be cut: a TCP proxy on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Proxy:
    """Carries bytes between its own port and the server's, until it is cut. Runs on the test's loop."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._port = 0
        self.swallows_answers = False
        """While it is set, what the server says does not come through: acknowledgements get lost."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where the line begins."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def target_url(self) -> str:
        """Where it leads."""
        return f"http://127.0.0.1:{self._target_port}"

    async def open(self) -> None:
        """Listen, at the same port as before where there was one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection at once and accept no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """The same, for good."""
        await self.cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to carry one connection."""
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions until one of them ends."""
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        await asyncio.gather(_pump(reader, back, lambda: False), _pump(there, writer, lambda: self.swallows_answers))
        self._writers -= {writer, back}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, swallows: Callable[[], bool]) -> None:
    """Carry one direction, or swallow what comes, then close it."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            if not swallows():
                writer.write(data)
                await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
