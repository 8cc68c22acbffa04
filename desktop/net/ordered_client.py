"""python-socketio's AsyncClient made to keep order and to tell when its line is gone.

The library runs every event in a task of its own and tells a loss only to those already connected (reliability L14,
L15). Both are mended here by overriding three of its methods; tests/desktop/net/test_live.py fails should an upgrade
move them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import engineio
import socketio
from engineio import packet

# Told as Broken to whom it concerns; as lines of a log they would only be said twice.
_QUIET = logging.getLogger("desktop.net.socketio")
_QUIET.setLevel(logging.CRITICAL)

_EVENT, _ACK = "2", "3"
"""First characters of Socket.IO packets that only call plain functions (socket.io-protocol 5)."""


class _OrderedEngine(engineio.AsyncClient):  # type: ignore[misc]  # engineio has no types
    """Handles events and acknowledgements in the reading task itself, one after the other."""

    async def _receive_packet(self, pkt: Any) -> None:  # noqa: ANN401 - engineio's packet
        """In place of a task for each message; the rest, which may wait for the reading task, as the library does."""
        text = pkt.data if pkt.packet_type == packet.MESSAGE and isinstance(pkt.data, str) else ""
        if text[:1] in {_EVENT, _ACK}:
            await self.handlers["message"](text)
        else:
            await super()._receive_packet(pkt)


class OrderedClient(socketio.AsyncClient):  # type: ignore[misc]  # socketio has no types
    """A client for one connection. `lost` is called once it is gone, for whatever reason, also before it was up."""

    def __init__(self, lost: Callable[[str], None]) -> None:
        self._lost = lost
        super().__init__(
            reconnection=False, handle_sigint=False, request_timeout=2, logger=_QUIET, engineio_logger=_QUIET
        )

    async def abandon(self) -> None:
        """End what a hasty disconnect leaves of the library's own tasks."""
        tasks = [task for task in (self.eio.read_loop_task, self.eio.write_loop_task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _engineio_client_class(self) -> type:
        """The engine that keeps order."""
        return _OrderedEngine

    async def _handle_eio_message(self, data: Any) -> None:  # noqa: ANN401 - text or bytes
        """A packet that cannot be read ends the line instead of the reading task: what follows it cannot be trusted."""
        try:
            await super()._handle_eio_message(data)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the library raises what its parsers happen to raise
            self._lost(f"a packet that cannot be read: {error!r}")

    async def _handle_eio_disconnect(self, reason: str) -> None:
        """Tell the loss."""
        await super()._handle_eio_disconnect(reason)
        self._lost(reason)
