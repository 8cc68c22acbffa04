"""The other processes, as far as they have been heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

HEARTBEAT_S = 5.0
SILENT_S = 3 * HEARTBEAT_S
"""A process that is not heard for so long is not there any more."""


class Arrival(Enum):
    """What the number of a parcel says."""

    FIRST = "first"
    """The first there is of its process."""
    NEXT = "next"
    GAP = "gap"
    """Parcels before it were not heard."""
    OLD = "old"
    """It has been heard already: its sender did not learn so, and sent it again."""


@dataclass
class _Heard:
    """The last number of a process, and when that was (monotonic s)."""

    number: int
    at: float


class Peers:
    """Each process that is there with the last number it said. Names begin with the worker's number: `w2-…`."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}

    def __len__(self) -> int:
        return len(self._heard)

    def hear(self, name: str, number: int, now: float) -> Arrival:
        """Note a parcel; what its number says."""
        heard = self._heard.get(name)
        if heard is None:
            self._heard[name] = _Heard(number, now)
            return Arrival.FIRST if number == 1 else Arrival.GAP
        heard.at = now
        if number <= heard.number:
            return Arrival.OLD
        is_next = number == heard.number + 1
        heard.number = number
        return Arrival.NEXT if is_next else Arrival.GAP

    def forget(self, name: str) -> bool:
        """A process is gone; whether it was known."""
        return self._heard.pop(name, None) is not None

    def replaced_by(self, name: str) -> list[str]:
        """The processes whose worker's number another one now has: they have died."""
        worker = name.partition("-")[0]
        return [other for other in self._heard if other != name and other.partition("-")[0] == worker != "w0"]

    def silent(self, now: float) -> list[str]:
        """Those not heard for three heartbeats."""
        return [name for name, heard in self._heard.items() if now - heard.at >= SILENT_S]

    def spare(self, now: float) -> None:
        """Nobody could be heard until now: let each have its time anew."""
        for heard in self._heard.values():
            heard.at = now
