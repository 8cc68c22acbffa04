"""Who is typing where: relayed sparingly, forgotten by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.limits import TYPING_EXPIRES_S, TYPING_REPEAT_S
from protocol.signals import UserTyping
from server.services.ports import ALONE, Announcement, Bus

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.connections import Connection
    from server.socket.publisher import Publisher


_ELSEWHERE = ""
_ELSEWHERE_EXPIRES_S = TYPING_EXPIRES_S + TYPING_REPEAT_S
"""The other process says when it is over; only if it has died is it for us to notice. It relays every 3 s."""


@dataclass
class _Typing:
    """One person typing in one conversation, on one socket: when that was last relayed and last said (monotonic s).

    `sid` is empty for a socket of another process.
    """

    sid: str
    relayed_at: float
    said_at: float


class Typists:
    """(user, conversation) → typing. Each sign of life is relayed to the other members at most every 3 s.

    (nothing) ── typing ──► typing ── typing, 3 s after the last relay ──► typing (relayed again)
        ▲                     │
        └── stop, gone, 6 s ──┘  relayed at once

    What is relayed is told to the other processes, and each of them tells its own sockets.
    """

    def __init__(
        self,
        house: House,
        publisher: Publisher,
        *,
        bus: Bus = ALONE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._house = house
        self._publisher = publisher
        self._bus = bus
        self._clock = clock
        self._typing: dict[tuple[int, int], _Typing] = {}
        bus.hear("typing", UserTyping, self._heard, patient=True)

    def typing(self, connection: Connection, conversation_id: int) -> None:
        """Somebody types. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        key, now = (connection.actor.user_id, conversation_id), self._clock()
        typing = self._typing.get(key)
        if typing is None or now - typing.relayed_at >= TYPING_REPEAT_S:
            self._typing[key] = _Typing(connection.sid, now, now)
            self._tell(key, is_typing=True)
        else:
            typing.sid, typing.said_at = connection.sid, now

    def stopped(self, connection: Connection, conversation_id: int) -> None:
        """Somebody has stopped. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        self._stop((connection.actor.user_id, conversation_id))

    def left(self, connection: Connection) -> None:
        """The socket is gone, and what was typed on it."""
        for key in [key for key, typing in self._typing.items() if typing.sid == connection.sid]:
            self._stop(key)

    def parted(self, conversation_id: int, user_id: int) -> None:
        """Somebody has lost their seat; every process is told of it by itself."""
        if self._typing.pop((user_id, conversation_id), None) is not None:
            self._relay((user_id, conversation_id), is_typing=False)

    def expire(self) -> None:
        """Forget those who have not been heard of for 6 s; called every second."""
        now = self._clock()
        for key in [key for key, typing in self._typing.items() if now - typing.said_at >= _lasts_s(typing)]:
            self._stop(key)

    def _stop(self, key: tuple[int, int]) -> None:
        """Relay the end, once."""
        if self._typing.pop(key, None) is not None:
            self._tell(key, is_typing=False)

    def _heard(self, told: UserTyping) -> None:
        """Somebody types, or has stopped, on a socket of another process."""
        key, now = (told.user_id, told.conversation_id), self._clock()
        if told.is_typing:
            self._typing[key] = _Typing(_ELSEWHERE, now, now)
            self._relay(key, is_typing=True)
        elif self._typing.pop(key, None) is not None:
            self._relay(key, is_typing=False)

    def _tell(self, key: tuple[int, int], *, is_typing: bool) -> None:
        """Relay here and in the other processes."""
        user_id, conversation_id = key
        payload = UserTyping(conversation_id=conversation_id, user_id=user_id, is_typing=is_typing)
        self._bus.tell("typing", payload)
        self._relay(key, is_typing=is_typing)

    def _relay(self, key: tuple[int, int], *, is_typing: bool) -> None:
        """Tell the other members of this moment, unless the user hides it from them."""
        user_id, conversation_id = key
        others = self._house.access.seen_typing_by(conversation_id, user_id)
        payload = UserTyping(conversation_id=conversation_id, user_id=user_id, is_typing=is_typing)
        self._publisher.announce([Announcement(event="user_typing", payload=payload, user_ids=tuple(others))])


def _lasts_s(typing: _Typing) -> float:
    """How long typing that is not heard of goes on."""
    return _ELSEWHERE_EXPIRES_S if typing.sid == _ELSEWHERE else TYPING_EXPIRES_S
