"""The sockets that have authenticated: whose each is, and how it is spoken to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gevent.event import Event

from protocol.codec import both_spellings
from server.services.ports import Actor


@dataclass(eq=False, kw_only=True, slots=True, weakref_slot=True)
class Connection:
    """One authenticated socket. `sid` is Socket.IO's name for it, `engine` the session of the line below.

    `unanswered` counts its sends that are not on disk yet.
    """

    sid: str
    engine_sid: str
    actor: Actor
    engine: Any = None
    both_spellings: bool = False
    viewing: set[int] = field(default_factory=set)
    unanswered: int = 0
    _settled: Event | None = None

    def spelled(self, value: Any) -> Any:  # noqa: ANN401 - any struct of protocol, as it is or as plain values
        """A value in the spelling this socket asked for."""
        return both_spellings(value) if self.both_spellings else value

    def push(self, frame: bytes, *, is_answer: bool = False) -> None:
        """Send a frame, by whichever transport there is now. Neither waits nor raises."""
        self.engine.queue.push(frame, is_answer=is_answer)

    def settle(self) -> None:
        """Wait until all its sends are answered."""
        while self.unanswered:
            self._settled = self._settled or Event()
            self._settled.clear()
            self._settled.wait()

    def answered(self) -> None:
        """One of its sends is answered."""
        self.unanswered -= 1
        if not self.unanswered and self._settled is not None:
            self._settled.set()


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
