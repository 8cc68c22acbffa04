"""The guard before python-socketio's dispatcher: what the catalogue knows, from who may say it, comes through.

python-socketio would run our `connect` and `disconnect` for events of these names, wait for any number of binary parts,
and log a traceback for each malformed packet (reliability 5.1, L3; 3, T1, T14 to T16).
"""

from __future__ import annotations

from typing import Any, Protocol

import gevent
from socketio import packet

from protocol.commands import COMMANDS
from protocol.errors import ErrorCode, Refused
from server.services.limits import Allowance
from server.socket.backlog import BYTES_MAX
from server.socket.connections import Connection, Connections
from server.socket.fast import Event, named, read_event
from server.socket.herd import Herd
from server.socket.wire import EventPacket

EVENTS_PER_S = 20.0
EVENTS_BURST = 60
"""Events of one connection (reliability 2.15)."""
REFUSED_MAX = 200
"""A connection that goes on so long after its rate is used up is closed."""
_CROWD = "Too many are connecting just now. Wait {:.1f} seconds and try again."
_HELD_MOST_S = 8.0
"""A log-in waits here no longer than this for its turn; after ten seconds the sweeper would end the line."""
_UNREAD_S = 30.0
_LOOK_AGAIN_S = 0.05

RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})
"""Names that Socket.IO keeps for itself: no honest client emits them."""


class Offence(Exception):  # noqa: N818 - it is the peer's offence, not an error of ours
    """What no honest client sends; the connection is closed over it."""


class Lines(Protocol):
    """What the guard asks of the socket room."""

    def engine_of(self, engine_sid: str) -> Any:  # noqa: ANN401 - python-engineio's session
        """The line's session, or None when it is closed."""

    def eject(self, engine_sid: str, why: str) -> None:
        """Close the line and note the offender."""

    def obeys(self, engine_sid: str) -> bool:
        """Whether the line's client comes again after a refusal that says when."""

    def turn_away(self, engine_sid: str) -> None:
        """Close the line without blame."""

    def welcome(self, engine_sid: str) -> None:
        """Greet a connection that has just been made."""

    def handle(self, connection: Connection, event: Event) -> None:
        """Carry an event of the catalogue out, and acknowledge it."""

    def refuse(self, connection: Connection, event: Event, refusal: Refused) -> None:
        """Tell a connection of an event that is not carried out."""


class Guard:
    """Takes every Engine.IO message; owns each line's allowance of events."""

    def __init__(
        self,
        server: Any,  # noqa: ANN401 - python-socketio's server
        room: Lines,
        connections: Connections,
        *,
        event_bytes: int,
        connects_per_s: int | None,
    ) -> None:
        """Without `connects_per_s` nothing is limited by rate (benchmarks and tests)."""
        self._server = server
        self._room = room
        self._connections = connections
        self._event_bytes = event_bytes
        self._allowance = None if connects_per_s is None else Allowance(EVENTS_PER_S, EVENTS_BURST)
        self._herd = None if connects_per_s is None else Herd(connects_per_s)
        self._refused: dict[str, int] = {}

    def __call__(self, engine_sid: str, data: Any) -> None:  # noqa: ANN401 - whatever python-engineio decoded
        """One message of a line."""
        engine = self._room.engine_of(engine_sid)
        if engine is None:
            return
        try:
            if engine.queue.answered > BYTES_MAX:
                self._let_read(engine)
            event = self._read(data)
            if event is None:
                self._dispatch(engine_sid, self._packet(data))
            else:
                self._event(engine_sid, event)
        except Offence as offence:
            self._room.eject(engine_sid, str(offence))

    def forget(self, engine_sid: str) -> None:
        """The line is closed."""
        self._refused.pop(engine_sid, None)

    def _let_read(self, engine: Any) -> None:  # noqa: ANN401 - python-engineio's session
        """Take no further command from who does not read the answers to the last ones."""
        waited = 0.0
        while engine.queue.answered > BYTES_MAX and not engine.closed:
            if waited >= _UNREAD_S:
                raise Offence("slow_consumer: does not read its answers")
            gevent.sleep(_LOOK_AGAIN_S)
            waited += _LOOK_AGAIN_S

    def _read(self, data: Any) -> Event | None:  # noqa: ANN401 - whatever python-engineio decoded
        """The message as an event, if it is one. Raises Offence."""
        if not isinstance(data, str) or len(data) > self._event_bytes:
            raise Offence("binary, oversized or not a Socket.IO packet")
        try:
            return read_event(data)
        except Refused as refusal:
            raise Offence("malformed Socket.IO packet") from refusal

    def _packet(self, data: str) -> Any:  # noqa: ANN401 - python-socketio's packet
        """The message as a packet of the kinds that a client may send. Raises Offence."""
        try:
            read = EventPacket(encoded_packet=data)
        except (ValueError, IndexError) as error:
            raise Offence("malformed Socket.IO packet") from error
        if not data or read.packet_type not in (packet.CONNECT, packet.DISCONNECT, packet.EVENT):
            raise Offence("a packet type that clients do not send")
        return read

    def _dispatch(self, engine_sid: str, read: Any) -> None:  # noqa: ANN401 - python-socketio's packet
        """Hand on what is no plain event."""
        if read.packet_type == packet.CONNECT:
            self._connect(engine_sid, read)
        elif read.namespace not in (None, "/"):
            raise Offence("a namespace that is not here")
        elif read.packet_type == packet.DISCONNECT:
            self._server._handle_disconnect(engine_sid, "/")  # noqa: SLF001 - see selftest.py
        else:
            self._event(engine_sid, named(read.id, read.data))

    def _connect(self, engine_sid: str, read: Any) -> None:  # noqa: ANN401 - python-socketio's packet
        """Log a connection in, then greet it: its rooms are entered by then."""
        if not isinstance(read.data, dict | None):
            raise Offence("a log-in that is no object")
        if self._wait_s(engine_sid):
            raise Offence("too many log-ins on one line")
        if read.namespace not in (None, "/"):
            message = f"There is no namespace {read.namespace[:64]!r}. Connect to '/'."
            self._refuse_connect(engine_sid, read.namespace, Refused(ErrorCode.NOT_FOUND, message))
            return
        if self._herd is None or self._has_place(engine_sid, self._herd):
            self._server._handle_connect(engine_sid, "/", read.data)  # noqa: SLF001 - see selftest.py
            self._room.welcome(engine_sid)

    def _has_place(self, engine_sid: str, herd: Herd) -> bool:
        """Whether it is a connection's turn, now or after a moment of waiting here.

        Our desktops are told when to come again. Stock clients never come again after a refusal, but do after the end
        of their line, at times that they spread by themselves.
        """
        held_s = 0.0
        while wait_s := herd.wait_s():
            if self._room.obeys(engine_sid):
                refusal = Refused(ErrorCode.RATE_LIMITED, _CROWD.format(wait_s), retry_after_s=wait_s)
                self._refuse_connect(engine_sid, "/", refusal)
                return False
            held_s += wait_s
            if held_s > _HELD_MOST_S:
                self._room.turn_away(engine_sid)
                return False
            gevent.sleep(wait_s)
            if self._room.engine_of(engine_sid) is None:
                return False
        return True

    def _refuse_connect(self, engine_sid: str, namespace: str, refusal: Refused) -> None:
        """Answer CONNECT with an error of the contract."""
        data = {"message": refusal.message, "data": refusal.body()}
        self._server.eio.send(engine_sid, EventPacket(packet.CONNECT_ERROR, data, namespace).encode())

    def _event(self, engine_sid: str, event: Event) -> None:
        """Hand on an event of the catalogue; refuse unknown ones and too many."""
        if not isinstance(event.name, str) or event.name in RESERVED:
            raise Offence("a reserved event name, or none")
        connection = self._connections.by_engine_sid(engine_sid)
        if connection is None:
            raise Offence("an event before the log-in")
        wait_s = self._wait_s(engine_sid)
        if wait_s:
            self._room.refuse(connection, event, self._too_fast(engine_sid, wait_s))
        elif event.name not in COMMANDS:
            message = f"There is no event {event.name[:64]!r}. /api/events.json lists those there are."
            self._room.refuse(connection, event, Refused(ErrorCode.UNKNOWN_EVENT, message))
        else:
            self._room.handle(connection, event)

    def _wait_s(self, engine_sid: str) -> float:
        """Count one event; how long to wait where there are too many."""
        return 0.0 if self._allowance is None else self._allowance.take(engine_sid)

    def _too_fast(self, engine_sid: str, wait_s: float) -> Refused:
        """The refusal of too many events. Raises Offence for who does not listen."""
        self._refused[engine_sid] = self._refused.get(engine_sid, 0) + 1
        if self._refused[engine_sid] > REFUSED_MAX:
            raise Offence("a flood of events")
        message = f"That is more than {EVENTS_PER_S:.0f} events a second. Wait {wait_s:.2f} seconds and try again."
        return Refused(ErrorCode.RATE_LIMITED, message, retry_after_s=round(wait_s + 0.01, 2))
