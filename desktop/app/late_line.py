"""The line of a session that is older than the network's modules: whoever needs it waits until they are loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from desktop.core.ports import Api, Arrived, Broken
from protocol.signals import Connected

if TYPE_CHECKING:
    from desktop.app.network import Line


class LateLine:
    """Owns the one place where a session's `live` and `api` become real: `arrive`."""

    def __init__(self) -> None:
        self._there = asyncio.Event()
        self._line: Line | None = None
        self.live = LateLive(self)
        # One forwarder for every coroutine of the port, instead of as many copies of its signatures.
        self.api = cast("Api", LateApi(self))

    @property
    def line(self) -> Line | None:
        """The line, once it is there."""
        return self._line

    def arrive(self, line: Line) -> None:
        """From now on everything goes by this line; what has waited for it goes first."""
        self._line = line
        self._there.set()

    async def arrived(self) -> Line:
        """The line, as soon as it is there."""
        await self._there.wait()
        if self._line is None:
            raise RuntimeError("there is no line where one has arrived")
        return self._line


class LateLive:
    """`core.ports.Live` by a line that may still be on its way."""

    def __init__(self, late: LateLine) -> None:
        self._late = late

    async def open(self) -> Connected:
        """Wait for the line, then connect. Raises Refused or Unreachable."""
        return await (await self._late.arrived()).live.open()

    async def call(self, event: str, payload: Struct | Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """Emit and wait for the acknowledgement. Raises Refused or Unreachable."""
        return await (await self._late.arrived()).live.call(event, payload, timeout_s)

    async def next(self) -> Arrived | Broken:
        """The next thing that happens on the line."""
        return await (await self._late.arrived()).live.next()

    async def close(self) -> None:
        """Disconnect; nothing is connected before the line is there."""
        if self._late.line is not None:
            await self._late.line.live.close()

    @property
    def latency_ms(self) -> int | None:
        """The last measured round trip, or None."""
        return None if self._late.line is None else self._late.line.live.latency_ms


class LateApi:
    """`core.ports.Api` by a line that may still be on its way: each of its coroutines waits for the line first."""

    def __init__(self, late: LateLine) -> None:
        self._late = late

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*arguments: object, **named: object) -> object:
            """The same question, asked by the line."""
            line = await self._late.arrived()
            return await getattr(line.api, name)(*arguments, **named)

        return ask
