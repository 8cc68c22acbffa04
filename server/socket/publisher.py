"""Announcements out: after the commit, to the sockets of the users they name, made once a spelling as a whole frame."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import gevent

from protocol.accounts import Revoked
from protocol.codec import both_spellings
from protocol.signals import Advance
from server.services.ports import Announcement
from server.socket.connections import Connection, Connections
from server.socket.wire import event_frame

COALESCE_S = 0.5
"""Announcements of one key within this time are one (contract, `messages_read`)."""

_log = logging.getLogger(__name__)

Close = Callable[[Connection], object]


class _Telling:
    """One event; its frame of each spelling is made when the first socket asks for it, and is the same for all."""

    __slots__ = ("_both", "_event", "_payload", "_plain")

    def __init__(self, event: str, payload: Any) -> None:  # noqa: ANN401 - any struct of protocol
        self._event = event
        self._payload = payload
        self._plain = self._both = b""

    def tell(self, connection: Connection) -> None:
        """Push it to one socket."""
        if connection.both_spellings:
            self._both = self._both or event_frame(self._event, both_spellings(self._payload))
            connection.push(self._both)
        else:
            self._plain = self._plain or event_frame(self._event, self._payload)
            connection.push(self._plain)


class Publisher:
    """Implements `services.ports.Announcer`. Owns what is held back for coalescing; nobody else emits to users.

    Made before the house, because the house announces through it; silent until `serve` gives it the sockets.
    """

    def __init__(self, *, coalesce_s: float = COALESCE_S) -> None:
        self._coalesce_s = coalesce_s
        self._connections = Connections()
        self._close: Close = lambda _connection: None
        self._held: dict[str, list[Announcement]] = {}

    def serve(self, connections: Connections, close: Close) -> None:
        """From here on, emit to these connections; `close` ends one without waiting for it."""
        self._connections, self._close = connections, close

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Send these, in order, to the sockets of the users they name. Neither blocks nor raises."""
        for announcement in announcements:
            try:
                self._announce(announcement)
            except Exception:  # noqa: BLE001 - the next ones go out; this one is on disk, and `sync` brings it
                _log.exception("could not send %s", announcement.event)

    def _announce(self, announcement: Announcement) -> None:
        """Send now, or hold back what would be the second of its key within the window."""
        key = announcement.coalesce
        if key is None:
            self._send(announcement)
        elif key in self._held:
            self._held[key].append(announcement)
        else:
            self._held[key] = []
            self._send(announcement)
            gevent.spawn_later(self._coalesce_s, self._release, key)

    def _release(self, key: str) -> None:
        """The window is over: send the last that was held back, and tell the numbers of those it replaces."""
        held = self._held.pop(key)
        if held:
            for replaced in held[:-1]:
                self._advance(replaced)
            self._announce(held[-1])

    def _advance(self, replaced: Announcement) -> None:
        """A number that nobody is told would be a gap to those who follow: let them count it."""
        conversation_id = getattr(replaced.payload, "conversation_id", None)
        version = getattr(replaced.payload, "version", None)
        if conversation_id is not None and version is not None:
            payload = Advance(conversation_id=conversation_id, version=version)
            self._send(Announcement(event="advance", payload=payload, user_ids=replaced.user_ids))

    def _send(self, announcement: Announcement) -> None:
        """Push to every socket of these users."""
        telling = _Telling(announcement.event, announcement.payload)
        for user_id in announcement.user_ids:
            for connection in self._connections.of_user(user_id):
                telling.tell(connection)

    def tell(self, connection: Connection, event: str, payload: Any) -> None:  # noqa: ANN401 - any struct of protocol
        """Emit to one socket, in its spelling."""
        _Telling(event, payload).tell(connection)

    def tell_all(self, event: str, payload: Any) -> None:  # noqa: ANN401 - any struct of protocol
        """Emit to every socket of this process."""
        telling = _Telling(event, payload)
        for connection in self._connections:
            telling.tell(connection)

    def revoke(self, session_ids: Sequence[int], reason: str) -> None:
        """Tell and close every socket of these sessions. Neither blocks nor raises."""
        for session_id in set(session_ids):
            for connection in self._connections.of_sessions([session_id]):
                self.tell(connection, "session_revoked", Revoked(reason=reason))
                gevent.spawn(self._close, connection)
