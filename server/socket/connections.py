"""The sockets that have authenticated: whose each is, and which rooms it listens in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from protocol.codec import both_spellings
from server.services.ports import Actor


@dataclass(eq=False, kw_only=True)
class Connection:
    """One authenticated socket. `sid` is Socket.IO's name for it, `engine_sid` that of the line below."""

    sid: str
    engine_sid: str
    actor: Actor
    both_spellings: bool = False
    viewing: set[int] = field(default_factory=set)

    @property
    def room(self) -> str:
        """The room in which this socket hears what is for its user, in the spelling it asked for."""
        return user_room(self.actor.user_id, both=self.both_spellings)

    def spelled(self, value: Any) -> Any:  # noqa: ANN401 - any struct of protocol, as it is or as plain values
        """A value in the spelling this socket asked for."""
        return both_spellings(value) if self.both_spellings else value


def user_room(user_id: int, *, both: bool) -> str:
    """The room of a user's sockets; those that want both spellings have one of their own."""
    return f"user-both:{user_id}" if both else f"user:{user_id}"


def session_room(session_id: int) -> str:
    """The room of a session's sockets."""
    return f"session:{session_id}"


class Connections:
    """Every authenticated socket of this process, found by its names, its user and its session."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Connection] = {}
        self._by_engine_sid: dict[str, Connection] = {}
        self._by_user: dict[int, set[Connection]] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_sid.values()))

    def __len__(self) -> int:
        return len(self._by_sid)

    def add(self, connection: Connection) -> None:
        """Remember a socket that has authenticated."""
        self._by_sid[connection.sid] = connection
        self._by_engine_sid[connection.engine_sid] = connection
        self._by_user.setdefault(connection.actor.user_id, set()).add(connection)

    def remove(self, sid: str) -> Connection | None:
        """Forget a socket; None when it is not known (any more)."""
        connection = self._by_sid.pop(sid, None)
        if connection is not None:
            self._by_engine_sid.pop(connection.engine_sid, None)
            rest = self._by_user[connection.actor.user_id]
            rest.discard(connection)
            if not rest:
                del self._by_user[connection.actor.user_id]
        return connection

    def by_sid(self, sid: str) -> Connection | None:
        """The socket of this Socket.IO name."""
        return self._by_sid.get(sid)

    def by_engine_sid(self, engine_sid: str) -> Connection | None:
        """The socket on this line."""
        return self._by_engine_sid.get(engine_sid)

    def of_user(self, user_id: int) -> set[Connection]:
        """The sockets of a user; empty when they have none."""
        return self._by_user.get(user_id, set())

    def of_sessions(self, session_ids: Iterable[int]) -> list[Connection]:
        """The sockets of these sessions."""
        wanted = set(session_ids)
        return [connection for connection in self if connection.actor.session_id in wanted]

    def session_ids(self) -> set[int]:
        """The sessions that have a socket."""
        return {connection.actor.session_id for connection in self}

    def rooms(self, user_ids: Iterable[int], *, both: bool) -> list[str]:
        """The rooms of these users in one spelling, of those who have a socket in it."""
        return [
            user_room(user_id, both=both)
            for user_id in user_ids
            if any(connection.both_spellings is both for connection in self.of_user(user_id))
        ]
