"""Who is there: a socket makes a user active, choices away, busy or invisible, ten seconds without one gone.

The life of one user, whichever processes their sockets are in:

    first socket ─► there (active | away | busy | invisible) ── last socket drops ──► lingering ── 10 s ──► offline
                       ▲                                                                │
                       └───────────────────────── a socket comes back ──────────────────┘

Each process tells the others the sockets it has for a user, keeps what they tell, goes through this life by itself,
and tells its own sockets: so all processes come to say the same, also when one of them has died.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import gevent
from msgspec import Struct

from protocol.shapes import Presence, PresenceStatus
from protocol.times import now_ms, to_wire
from server.services.last_seen import LastSeen
from server.services.ports import ALONE, Announcement, Bus
from server.socket.connections import Connection

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.publisher import Publisher

GRACE_S = 10.0
"""A reconnect within this time is not seen by others (reliability 2.9)."""
CROWD = 50
"""When more people than this come to know each other at once, nobody is told of those who are not there."""
_KEPT = ("busy", "invisible")
"""Choices that are a user's rather than a device's."""

_log = logging.getLogger(__name__)


class Present(Struct, frozen=True, array_like=True):
    """The sockets that a process has for a user, which of them idle, and the user's choice with its time (ms)."""

    user_id: int
    sids: list[str]
    idle: list[str]
    choice: str = ""
    chosen_ms: int = 0


class Introduction(Struct, frozen=True, array_like=True):
    """These have just come to share a conversation, with those who were there before."""

    user_ids: list[int]
    known_ids: list[int] = []


class Parting(Struct, frozen=True, array_like=True):
    """Somebody has lost their seat in a conversation."""

    conversation_id: int
    user_id: int


class _There:
    """One user who is there: their sockets, which of them idle, and what was last told of them."""

    def __init__(self) -> None:
        self.sids: set[str] = set()
        self.idle: set[str] = set()
        self.told: PresenceStatus = "offline"
        self.departures = 0

    def status(self, choice: str) -> PresenceStatus:
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

    topic = "presence"
    kind = Present

    def __init__(
        self, *, bus: Bus = ALONE, grace_s: float = GRACE_S, later: Callable[..., Any] = gevent.spawn_later
    ) -> None:
        self._bus = bus
        self._grace_s = grace_s
        self._later = later
        self._there: dict[int, _There] = {}
        self._own: dict[int, set[str]] = {}
        self._choices: dict[int, tuple[str, int]] = {}
        self._peers: dict[str, dict[int, Present]] = {}
        self._turned: Callable[[int], object] = lambda _user_id: None
        self._parted: list[Callable[[int, int], object]] = []
        self._house: House | None = None
        self._seen: LastSeen | None = None
        self._publisher: Publisher | None = None

    def serve(self, house: House, publisher: Publisher) -> None:
        """From here on, look up contacts and last times in this house and tell through this publisher."""
        self._house, self._publisher, self._seen = house, publisher, LastSeen(house.database)
        self._bus.share(self)
        self._bus.hear(
            "introduction", Introduction, lambda told: self._introduce(told.user_ids, told.known_ids), patient=True
        )
        self._bus.hear("parting", Parting, lambda told: self._part(told.conversation_id, told.user_id), patient=True)

    def when_turned(self, listener: Callable[[int], object]) -> None:
        """Call this when another process tells that a user has become invisible, or visible again."""
        self._turned = listener

    def when_parted(self, *listeners: Callable[[int, int], object]) -> None:
        """Call these with a conversation and somebody who has lost their seat there, in whichever process."""
        self._parted += listeners

    def of(self, user_ids: Sequence[int]) -> list[Presence]:
        """The presence of each of these users as others may see it (invisible is offline)."""
        seen = self._last_seen([user_id for user_id in user_ids if self.status(user_id) == "offline"])
        return [self._presence(user_id, seen.get(user_id)) for user_id in user_ids]

    def introduce(self, user_ids: Sequence[int], known_ids: Sequence[int] = ()) -> None:
        """Tell each of these how all are, and `known_ids` how these are; until now they had nobody to be told of."""
        self._bus.tell("introduction", Introduction(list(user_ids), list(known_ids)))
        self._introduce(user_ids, known_ids)

    def _introduce(self, user_ids: Sequence[int], known_ids: Sequence[int]) -> None:
        """Tell the sockets of this process; in a crowd, only of those who are there."""
        if self._house is None or self._publisher is None:
            return
        everybody = (*user_ids, *known_ids)
        told = everybody if len(everybody) <= CROWD else [one for one in everybody if one in self._there]
        blocks = self._house.access.blocks_of(told)
        new = set(user_ids)
        for one in self.of(told):
            to = {*(everybody if one.user_id in new else user_ids)} - {one.user_id}
            blocked = {user_id for user_id in to if (one.user_id, user_id) in blocks}
            self._announce(one, to - blocked)
            self._announce(Presence(user_id=one.user_id, status="offline"), blocked)

    def _announce(self, presence: Presence, user_ids: set[int]) -> None:
        """Tell these people, if there are any."""
        if user_ids and self._publisher is not None:
            to = tuple(sorted(user_ids))
            self._publisher.announce([Announcement(event="presence", payload=presence, user_ids=to)])

    def parted(self, conversation_id: int, user_id: int) -> None:
        """Somebody has lost their seat: in every process they look and type there no more."""
        self._bus.tell("parting", Parting(conversation_id, user_id))
        self._part(conversation_id, user_id)

    def _part(self, conversation_id: int, user_id: int) -> None:
        """Have it forgotten in this process."""
        for listener in self._parted:
            listener(conversation_id, user_id)

    def status(self, user_id: int) -> PresenceStatus:
        """One user's status as others may see it."""
        there = self._there.get(user_id)
        return "offline" if there is None else there.status(self._choice(user_id))

    def is_hidden(self, user_id: int) -> bool:
        """Whether this user chose to be invisible."""
        return self._choice(user_id) == "invisible"

    def sockets_elsewhere(self, user_id: int) -> int:
        """How many sockets the other processes have for this user."""
        there = self._there.get(user_id)
        return 0 if there is None else len(there.sids - self._own.get(user_id, set()))

    def users_here(self) -> list[int]:
        """Who has a socket in this process."""
        return list(self._own)

    def measures(self) -> dict[str, float]:
        """How many sockets and people this process has, and how many people are there in all."""
        sockets = sum(map(len, self._own.values()))
        return {
            "hearth_sockets": float(sockets),
            "hearth_users_here": float(len(self._own)),
            "hearth_users_there": float(len(self._there)),
        }

    def _choice(self, user_id: int) -> str:
        """What the user chose, on whichever device; empty where they did not."""
        return self._choices.get(user_id, ("", 0))[0]

    def _presence(self, user_id: int, seen_ms: int | None) -> Presence:
        """The wire's form; the last time is told of those who are gone."""
        last_seen_at = None if seen_ms is None else to_wire(seen_ms)
        return Presence(user_id=user_id, status=self.status(user_id), last_seen_at=last_seen_at)

    def arrived(self, connection: Connection) -> None:
        """A socket has authenticated."""
        user_id = connection.actor.user_id
        self._own.setdefault(user_id, set()).add(connection.sid)
        self._there.setdefault(user_id, _There()).sids.add(connection.sid)
        self._share(user_id)
        self._tell_if_changed(user_id)

    def choose(self, connection: Connection, status: str) -> None:
        """A socket says how its user wants to be seen."""
        user_id = connection.actor.user_id
        there = self._there.setdefault(user_id, _There())
        if status == "invisible" and not self.is_hidden(user_id):
            self._store_last_seen({user_id: now_ms()})
        if status in _KEPT:
            self._choices[user_id] = (status, now_ms())
        elif status == "active" and self._choice(user_id):
            # Kept as a choice, so that another process does not take an older one for the newest.
            self._choices[user_id] = ("", now_ms())
        (there.idle.add if status == "away" else there.idle.discard)(connection.sid)
        self._share(user_id)
        self._tell_if_changed(user_id)

    def left(self, connection: Connection) -> None:
        """A socket is gone; its user stays for the grace."""
        user_id = connection.actor.user_id
        own = self._own.get(user_id, set())
        if connection.sid not in own:
            return
        own.discard(connection.sid)
        if not own:
            del self._own[user_id]
        self._share(user_id)
        self._drop(user_id, [connection.sid], is_own=True)

    def _drop(self, user_id: int, sids: Iterable[str], *, is_own: bool) -> None:
        """Forget sockets of a user; without any, the grace begins. `is_own`: this process notes when it was."""
        there = self._there.get(user_id)
        if there is None:
            return
        there.sids.difference_update(sids)
        there.idle.intersection_update(there.sids)
        if there.sids:
            self._tell_if_changed(user_id)
        else:
            there.departures += 1
            self._later(self._grace_s, self._gone, user_id, there.departures, now_ms(), is_own)

    def _gone(self, user_id: int, departure: int, left_ms: int, is_own: bool) -> None:
        """The grace is over: unless a socket came back, the user was last seen when the last one dropped."""
        there = self._there.get(user_id)
        if there is None or there.sids or there.departures != departure:
            return
        del self._there[user_id]
        if is_own and not self.is_hidden(user_id):
            self._store_last_seen({user_id: left_ms})
        if there.told != "offline":
            self._tell(user_id, self._presence(user_id, left_ms))

    def close(self) -> None:
        """The server stops: store when those who are here were last there."""
        seen = dict.fromkeys((user_id for user_id in self._own if not self.is_hidden(user_id)), now_ms())
        self._there.clear()
        self._own.clear()
        if seen:
            self._store_last_seen(seen)

    # What the processes tell each other (services.ports.Facts).

    def whole(self) -> list[Present]:
        """Everybody who is here, and every choice that is known."""
        return [self._present(user_id) for user_id in self._own.keys() | self._choices.keys()]

    def heard(self, peer: str, facts: Sequence[Present], *, whole: bool) -> None:
        """Who is there in another process."""
        known = self._peers.setdefault(peer, {})
        left = set(known) - {fact.user_id for fact in facts} if whole else set()
        for fact in [*facts, *(Present(user_id, [], []) for user_id in left)]:
            self._take(known, fact, is_own=False)

    def gone(self, peer: str) -> None:
        """A process is gone, and could not say when it had seen its people last."""
        for fact in list(self._peers.pop(peer, {}).values()):
            self._take({fact.user_id: fact}, Present(fact.user_id, [], []), is_own=True)

    def _present(self, user_id: int) -> Present:
        """A user as this process tells the others."""
        sids = sorted(self._own.get(user_id, ()))
        there = self._there.get(user_id)
        idle = [] if there is None else [sid for sid in sids if sid in there.idle]
        return Present(user_id, sids, idle, *self._choices.get(user_id, ("", 0)))

    def _share(self, user_id: int) -> None:
        """Tell the other processes of a user."""
        self._bus.tell_facts(self.topic, [self._present(user_id)])

    def _take(self, known: dict[int, Present], fact: Present, *, is_own: bool) -> None:
        """Put what a process tells of a user in the place of what it told before."""
        before = known.pop(fact.user_id, None)
        turned = self._choose_elsewhere(fact)
        if fact.sids:
            known[fact.user_id] = fact
            there = self._there.setdefault(fact.user_id, _There())
            there.sids.update(fact.sids)
            there.idle.update(fact.idle)
            there.idle.difference_update(set(fact.sids) - set(fact.idle))
        dropped = set() if before is None else set(before.sids) - set(fact.sids)
        if dropped:
            self._drop(fact.user_id, dropped, is_own=is_own)
        elif fact.user_id in self._there:
            self._tell_if_changed(fact.user_id)
        if turned:
            self._turned(fact.user_id)

    def _choose_elsewhere(self, fact: Present) -> bool:
        """Take over a newer choice; whether the user has become invisible by it, or visible."""
        if fact.chosen_ms <= self._choices.get(fact.user_id, ("", 0))[1]:
            return False
        was_hidden = self.is_hidden(fact.user_id)
        self._choices[fact.user_id] = (fact.choice, fact.chosen_ms)
        return self.is_hidden(fact.user_id) != was_hidden

    # Telling, and what outlives the process.

    def _tell_if_changed(self, user_id: int) -> None:
        """Tell the contacts a status they have not been told yet."""
        there = self._there[user_id]
        status = there.status(self._choice(user_id))
        if status != there.told:
            there.told = status
            self._tell(user_id, self.of([user_id])[0])

    def _tell(self, user_id: int, presence: Presence) -> None:
        """Send to the people who share a conversation with this user, less those whom the user has blocked."""
        if self._house is not None:
            self._announce(presence, set(self._house.access.seen_by(user_id)))

    def _last_seen(self, user_ids: Sequence[int]) -> dict[int, int]:
        """When each of these was last there, of those ever seen."""
        return {} if self._seen is None or not user_ids else self._seen.of(user_ids)

    def _store_last_seen(self, seen: dict[int, int]) -> None:
        """Store when these were last there, in milliseconds."""
        if self._seen is not None:
            self._seen.store(seen)
