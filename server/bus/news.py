"""Announcements and revocations for the sockets of every process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from protocol.codec import dumps
from protocol.signals import SIGNALS
from server.services.ports import Announcement, Announcer, Bus


class Told(Struct, frozen=True, array_like=True):
    """An announcement on its way; its payload is JSON, to be read as `protocol.signals.SIGNALS` says."""

    event: str
    user_ids: tuple[int, ...]
    coalesce: str | None
    payload: bytes


class Ended(Struct, frozen=True, array_like=True):
    """Sessions that were revoked."""

    session_ids: list[int]
    reason: str


class SharedNews:
    """Implements `services.ports.Announcer`: the sockets of this process first, then those of the others."""

    def __init__(self, local: Announcer, bus: Bus) -> None:
        """`local` tells the sockets of this process."""
        self._local = local
        self._bus = bus
        self._decoders = {event: msgspec.json.Decoder(signal.payload) for event, signal in SIGNALS.items()}
        bus.hear("news", Told, self._heard)
        bus.hear("revoked", Ended, lambda ended: local.revoke(ended.session_ids, ended.reason))

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Send these, in order, to the sockets of the users they name, whichever process they are in."""
        self._local.announce(announcements)
        for one in announcements:
            self._bus.tell("news", Told(one.event, one.user_ids, one.coalesce, dumps(one.payload)))

    def revoke(self, session_ids: Sequence[int], reason: str) -> None:
        """Tell and close every socket of these sessions."""
        self._local.revoke(session_ids, reason)
        self._bus.tell("revoked", Ended(list(session_ids), reason))

    def _heard(self, told: Told) -> None:
        """Another process has announced something."""
        decoder = self._decoders.get(told.event)
        payload: Any = msgspec.json.decode(told.payload) if decoder is None else decoder.decode(told.payload)
        one = Announcement(event=told.event, payload=payload, user_ids=told.user_ids, coalesce=told.coalesce)
        self._local.announce([one])
