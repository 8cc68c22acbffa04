"""What travels between processes: numbered parcels, and what waits to be put into one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

ITEMS_MAX = 10_000
BYTES_MAX = 32 * 1024 * 1024
"""What may wait while the bus is away; beyond it the oldest is dropped, and the receivers learn that it was."""
_PARCEL_BYTES = 1024 * 1024

_encode = msgspec.msgpack.encode


class Item(Struct, frozen=True, array_like=True):
    """One thing told: its topic, and whether it is all there is of it rather than a change."""

    topic: str
    whole: bool
    body: Raw


class Parcel(Struct, frozen=True, array_like=True):
    """What a process tells at once, numbered from 1. A number that is left out was lost. Empty: it only lives."""

    sender: str
    number: int
    items: list[Item]


class Waiting:
    """What is to be told, oldest first; bounded. Bodies that are made late stand as what makes them."""

    def __init__(self, *, items_max: int = ITEMS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._items: deque[tuple[str, bool, bytes | Callable[[], object]]] = deque()
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self.dropped = 0
        self._lost = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, topic: str, body: bytes | Callable[[], object], *, whole: bool = False) -> None:
        """Line one up; where there is no room, the oldest make way."""
        self._items.append((topic, whole, body))
        self._bytes += _size(body)
        while len(self._items) > self._items_max or self._bytes > self._bytes_max:
            _, _, oldest = self._items.popleft()
            self._bytes -= _size(oldest)
            self.dropped += 1
            self._lost = True
            if callable(oldest):
                # Whoever collects for it begins anew.
                oldest()

    def take(self) -> list[Item]:
        """Up to about 1 MiB of what waits; empty when nothing does."""
        taken: list[Item] = []
        size = 0
        while self._items and size < _PARCEL_BYTES:
            topic, whole, body = self._items.popleft()
            self._bytes -= _size(body)
            raw = _encode(body()) if callable(body) else body
            size += len(raw)
            taken.append(Item(topic, whole, Raw(raw)))
        return taken

    def take_loss(self) -> bool:
        """Whether anything was dropped since this was last asked."""
        lost, self._lost = self._lost, False
        return lost


def _size(body: bytes | Callable[[], object]) -> int:
    """The bytes that wait; what is made late has none yet."""
    return len(body) if isinstance(body, bytes) else 0


def encode(parcel: Parcel) -> bytes:
    """A parcel as it travels."""
    return _encode(parcel)


def decode(data: bytes) -> Parcel:
    """A parcel off the bus. Raises msgspec.ValidationError or DecodeError."""
    return msgspec.msgpack.decode(data, type=Parcel)
