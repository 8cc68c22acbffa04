"""What goes out on one WebSocket: gathered while the loop turns, written without ever waiting, within bounds.

All that one turn of the loop has for a socket (an acknowledgement, its echo, the news of a batch) leaves in one write.
A socket that takes no more is watched, and nobody waits for it.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

from gevent.hub import Hub, get_hub

from server.socket.backlog import BYTES_MAX, PACKETS_MAX
from server.socket.frames import text_frame

_WRITE_BYTES = 65_536
"""Frames are joined up to this size; a larger one goes by itself."""
_WRITABLE = 2
"""libev's sign for waiting until a socket takes more."""

_log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.lines")
_quiet.setLevel(logging.ERROR)


class Flushing:
    """The outlets with something to send at the end of this turn of the loop."""

    def __init__(self) -> None:
        self.hub: Hub = get_hub()
        self._waiting: list[Outlet] = []

    def add(self, outlet: Outlet) -> None:
        """Flush it at the end of the turn."""
        if not self._waiting:
            self.hub.loop.run_callback(self._flush)
        self._waiting.append(outlet)

    def _flush(self) -> None:
        """In the hub: write, and wait for nobody."""
        waiting, self._waiting = self._waiting, []
        for outlet in waiting:
            try:
                outlet.flush()
            except Exception:  # noqa: BLE001 - the other lines want to hear
                _log.exception("a line could not be written to")


class Outlet(ABC):
    """The writing half of a line, in the form python-engineio asks of its queues.

    push() ──► waiting ──── end of the turn ────► written
                  ▲  │ more than the bounds         │ the socket takes no more
                  │  └──► overflowed (closed)       ▼
                  └──────── writable again ─────── watched

    What is pushed and the answers to a socket's own commands are counted apart, as in `Backlog`.
    """

    __slots__ = ("_chunk", "_flushing", "_muted", "_socket", "_waiting", "_watcher", "answered", "overflowed", "pushed")

    def __init__(self, flushing: Flushing) -> None:
        self._flushing = flushing
        self._socket: Any = None
        self._waiting: list[tuple[bytes, bool]] | None = None
        self._chunk: memoryview | None = None
        self._watcher: Any = None
        self._muted = False
        self.pushed = 0
        self.answered = 0
        self.overflowed = False

    def put(self, packet: Any) -> None:  # noqa: ANN401 - python-engineio's packet, or None for "no more"
        """Send one of python-engineio's packets."""
        if packet is None:
            self.farewell()
        else:
            encoded = packet.encode()
            data = packet.data
            self.push(text_frame(encoded.encode()), is_answer=isinstance(data, str) and data.startswith("3"))

    def push(self, frame: bytes, *, is_answer: bool = False) -> None:
        """Line a frame up; dropped once the reader is too far behind, or the line is ending."""
        if self._muted or self.overflowed:
            return
        if is_answer:
            self.answered += len(frame)
        elif self._is_too_much():
            self.overflowed = True
            return
        else:
            self.pushed += len(frame)
        if self._waiting is None:
            self._waiting = []
            if self._watcher is None:
                self._flushing.add(self)
        self._waiting.append((frame, is_answer))

    @property
    def _has_room(self) -> bool:
        """Whether one more may wait."""
        return self._waiting is None or (len(self._waiting) < PACKETS_MAX and self.pushed <= BYTES_MAX)

    def _is_too_much(self) -> bool:
        """Whether as much waits as may, though the socket was given what it takes."""
        if self._has_room:
            return False
        if self._watcher is None:
            self.flush()
        return not self._has_room

    def flush(self) -> None:
        """Write what waits, as far as the socket takes it now."""
        try:
            while (chunk := self._chunk or self._gather()) is not None:
                try:
                    sent = self._socket.send(chunk)
                except BlockingIOError:
                    sent = 0
                self._chunk = chunk[sent:] if sent < len(chunk) else None
                if not sent:
                    self._watch()
                    return
        except (OSError, ValueError) as error:
            _quiet.info("gone while it was written to: %s", error)
            self.broke()
            return
        self._unwatch()
        self.drained()

    def _gather(self) -> memoryview | None:
        """The next write: as many frames as make a good one."""
        if self._waiting is None:
            return None
        size = 0
        frames: list[bytes] = []
        for frame, is_answer in self._waiting:
            if frames and size + len(frame) > _WRITE_BYTES:
                break
            frames.append(frame)
            size += len(frame)
            if is_answer:
                self.answered -= len(frame)
            else:
                self.pushed -= len(frame)
        self._waiting = self._waiting[len(frames) :] or None
        return memoryview(frames[0] if len(frames) == 1 else b"".join(frames))

    @property
    def is_drained(self) -> bool:
        """Whether everything is written."""
        return self._chunk is None and self._waiting is None

    def mute(self) -> None:
        """Take nothing more."""
        self._muted = True

    def drop(self) -> None:
        """Forget what waits: it will not be written."""
        self.mute()
        self._waiting = self._chunk = None
        self._unwatch()

    def _watch(self) -> None:
        """Go on when the socket takes more."""
        if self._watcher is None:
            self._watcher = self._flushing.hub.loop.io(self._socket.fileno(), _WRITABLE)
            self._watcher.start(self.flush)

    def _unwatch(self) -> None:
        """There is nothing to wait for."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None

    @abstractmethod
    def farewell(self) -> None:
        """Nothing more will be put: say goodbye after what waits. Neither waits nor raises."""

    @abstractmethod
    def broke(self) -> None:
        """The socket is gone. Called in the hub as well: neither waits nor raises."""

    @abstractmethod
    def drained(self) -> None:
        """Everything is written. Called in the hub as well: neither waits nor raises."""
