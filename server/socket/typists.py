"""Who is typing where: relayed sparingly, forgotten by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.limits import TYPING_EXPIRES_S, TYPING_REPEAT_S
from protocol.signals import UserTyping
from server.services.ports import Announcement

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.connections import Connection
    from server.socket.publisher import Publisher


@dataclass
class _Typing:
    """One person typing in one conversation, on one socket: when that was last relayed and last said (monotonic s)."""

    sid: str
    relayed_at: float
    said_at: float


class Typists:
    """(user, conversation) → typing. Each sign of life is relayed to the other members at most every 3 s.

    (nothing) ── typing ──► typing ── typing, 3 s after the last relay ──► typing (relayed again)
        ▲                     │
        └── stop, gone, 6 s ──┘  relayed at once
    """

    def __init__(self, house: House, publisher: Publisher, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._publisher = publisher
        self._clock = clock
        self._typing: dict[tuple[int, int], _Typing] = {}

    def typing(self, connection: Connection, conversation_id: int) -> None:
        """Somebody types. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        key, now = (connection.actor.user_id, conversation_id), self._clock()
        typing = self._typing.get(key)
        if typing is None or now - typing.relayed_at >= TYPING_REPEAT_S:
            self._typing[key] = _Typing(connection.sid, now, now)
            self._relay(key, is_typing=True)
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

    def expire(self) -> None:
        """Forget those who have not been heard of for 6 s; called every second."""
        oldest = self._clock() - TYPING_EXPIRES_S
        for key in [key for key, typing in self._typing.items() if typing.said_at <= oldest]:
            self._stop(key)

    def _stop(self, key: tuple[int, int]) -> None:
        """Relay the end, once."""
        if self._typing.pop(key, None) is not None:
            self._relay(key, is_typing=False)

    def _relay(self, key: tuple[int, int], *, is_typing: bool) -> None:
        """Tell the other members of this moment."""
        user_id, conversation_id = key
        others = [member for member in self._house.access.member_ids(conversation_id) if member != user_id]
        payload = UserTyping(conversation_id=conversation_id, user_id=user_id, is_typing=is_typing)
        self._publisher.announce([Announcement(event="user_typing", payload=payload, user_ids=tuple(others))])
