"""Who is there: a socket makes a user active, choices away, busy or invisible, ten seconds without one gone.

The life of one user:

    first socket ─► there (active | away | busy | invisible) ── last socket drops ──► lingering ── 10 s ──► offline
                       ▲                                                                │
                       └───────────────────────── a socket comes back ──────────────────┘
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gevent

from protocol.shapes import Presence, PresenceStatus
from protocol.times import now_ms, to_wire
from server.services.last_seen import LastSeen
from server.services.ports import Announcement
from server.socket.connections import Connection

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.publisher import Publisher

GRACE_S = 10.0
"""A reconnect within this time is not seen by others (reliability 2.9)."""

_log = logging.getLogger(__name__)


class _There:
    """One user who is there: their sockets, which of them idle, what they chose, and what was last told of them."""

    def __init__(self) -> None:
        self.sids: set[str] = set()
        self.idle: set[str] = set()
        self.told: PresenceStatus = "offline"
        self.departures = 0

    def status(self, choice: str | None) -> PresenceStatus:
        """As others may see it; without sockets, as it was while the grace lasts."""
        if choice == "invisible":
            return "offline"
        if choice == "busy":
            return "busy"
        return "away" if self.sids and self.sids == self.idle else "active"


class Presences:
    """Implements `services.ports.PresenceBook`, and tells those who share a conversation of every change.

    `busy` and `invisible` are a user's choice on all devices, kept until they choose anew; `away` is one device's.
    """

    def __init__(self, *, grace_s: float = GRACE_S, later: Callable[..., Any] = gevent.spawn_later) -> None:
        self._grace_s = grace_s
        self._later = later
        self._there: dict[int, _There] = {}
        self._choices: dict[int, str] = {}
        self._house: House | None = None
        self._seen: LastSeen | None = None
        self._publisher: Publisher | None = None

    def serve(self, house: House, publisher: Publisher) -> None:
        """From here on, look up contacts and last times in this house and tell through this publisher."""
        self._house, self._publisher, self._seen = house, publisher, LastSeen(house.database)

    def of(self, user_ids: Sequence[int]) -> list[Presence]:
        """The presence of each of these users as others may see it (invisible is offline)."""
        seen = self._last_seen([user_id for user_id in user_ids if self.status(user_id) == "offline"])
        return [self._presence(user_id, seen.get(user_id)) for user_id in user_ids]

    def introduce(self, user_ids: Sequence[int]) -> None:
        """Tell each of these how the others are; until now they had nobody to be told of."""
        if self._publisher is not None:
            known = self.of(user_ids)
            self._publisher.announce(
                [
                    Announcement(event="presence", payload=one, user_ids=(user_id,))
                    for user_id in user_ids
                    for one in known
                    if one.user_id != user_id
                ]
            )

    def status(self, user_id: int) -> PresenceStatus:
        """One user's status as others may see it."""
        there = self._there.get(user_id)
        return "offline" if there is None else there.status(self._choices.get(user_id))

    def is_hidden(self, user_id: int) -> bool:
        """Whether this user chose to be invisible."""
        return self._choices.get(user_id) == "invisible"

    def _presence(self, user_id: int, seen_ms: int | None) -> Presence:
        """The wire's form; the last time is told of those who are gone."""
        last_seen_at = None if seen_ms is None else to_wire(seen_ms)
        return Presence(user_id=user_id, status=self.status(user_id), last_seen_at=last_seen_at)

    def arrived(self, connection: Connection) -> None:
        """A socket has authenticated."""
        user_id = connection.actor.user_id
        self._there.setdefault(user_id, _There()).sids.add(connection.sid)
        self._tell_if_changed(user_id)

    def choose(self, connection: Connection, status: str) -> None:
        """A socket says how its user wants to be seen."""
        user_id = connection.actor.user_id
        there = self._there.setdefault(user_id, _There())
        if status == "invisible" and not self.is_hidden(user_id):
            self._store_last_seen({user_id: now_ms()})
        if status in ("busy", "invisible"):
            self._choices[user_id] = status
        elif status == "active":
            self._choices.pop(user_id, None)
        (there.idle.add if status == "away" else there.idle.discard)(connection.sid)
        self._tell_if_changed(user_id)

    def left(self, connection: Connection) -> None:
        """A socket is gone; its user stays for the grace."""
        user_id = connection.actor.user_id
        there = self._there.get(user_id)
        if there is None:
            return
        there.sids.discard(connection.sid)
        there.idle.discard(connection.sid)
        if there.sids:
            self._tell_if_changed(user_id)
        else:
            there.departures += 1
            self._later(self._grace_s, self._gone, user_id, there.departures, now_ms())

    def _gone(self, user_id: int, departure: int, left_ms: int) -> None:
        """The grace is over: unless a socket came back, the user was last seen when the last one dropped."""
        there = self._there.get(user_id)
        if there is None or there.sids or there.departures != departure:
            return
        del self._there[user_id]
        if not self.is_hidden(user_id):
            self._store_last_seen({user_id: left_ms})
        if there.told != "offline":
            self._tell(user_id, self._presence(user_id, left_ms))

    def close(self) -> None:
        """The server stops: store when everybody present was last there."""
        seen = dict.fromkeys((user_id for user_id in self._there if not self.is_hidden(user_id)), now_ms())
        self._there.clear()
        if seen:
            self._store_last_seen(seen)

    def _tell_if_changed(self, user_id: int) -> None:
        """Tell the contacts a status they have not been told yet."""
        there = self._there[user_id]
        status = there.status(self._choices.get(user_id))
        if status != there.told:
            there.told = status
            self._tell(user_id, self.of([user_id])[0])

    def _tell(self, user_id: int, presence: Presence) -> None:
        """Send to the people who share a conversation with this user."""
        if self._house is not None and self._publisher is not None:
            contacts = sorted(set(self._house.access.contacts(user_id)) - {user_id})
            announcement = Announcement(event="presence", payload=presence, user_ids=tuple(contacts))
            self._publisher.announce([announcement])

    def _last_seen(self, user_ids: Sequence[int]) -> dict[int, int]:
        """When each of these was last there, of those ever seen."""
        return {} if self._seen is None or not user_ids else self._seen.of(user_ids)

    def _store_last_seen(self, seen: dict[int, int]) -> None:
        """Store when these were last there, in milliseconds."""
        if self._seen is not None:
            self._seen.store(seen)
