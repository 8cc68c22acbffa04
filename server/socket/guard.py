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
from server.socket.wire import EventPacket

EVENTS_PER_S = 20.0
EVENTS_BURST = 60
"""Events of one connection (reliability 2.15)."""
REFUSED_MAX = 200
"""A connection that goes on so long after its rate is used up is closed."""
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

    def is_authenticated(self, engine_sid: str) -> bool:
        """Whether the line has a connection."""

    def welcome(self, engine_sid: str) -> None:
        """Greet a connection that has just been made."""

    def refuse(self, engine_sid: str, event: str, given: object, refusal: Refused) -> Any:  # noqa: ANN401 - JSON
        """Tell a connection of a refused event; the acknowledgement, in its spelling."""


class Guard:
    """Takes every Engine.IO message; owns each line's allowance of events."""

    def __init__(self, server: Any, room: Lines, *, event_bytes: int, limited: bool) -> None:  # noqa: ANN401
        """`server` is python-socketio's; `limited` is off for benchmarks."""
        self._server = server
        self._room = room
        self._event_bytes = event_bytes
        self._allowance = Allowance(EVENTS_PER_S, EVENTS_BURST) if limited else None
        self._refused: dict[str, int] = {}

    def __call__(self, engine_sid: str, data: Any) -> None:  # noqa: ANN401 - whatever python-engineio decoded
        """One message of a line."""
        engine = self._room.engine_of(engine_sid)
        if engine is None:
            return
        try:
            self._let_read(engine)
            self._dispatch(engine_sid, self._packet(data))
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

    def _packet(self, data: Any) -> Any:  # noqa: ANN401 - python-socketio's packet
        """The message as a packet of the kinds that a client may send. Raises Offence."""
        if not isinstance(data, str) or len(data) > self._event_bytes:
            raise Offence("binary, oversized or not a Socket.IO packet")
        try:
            read = EventPacket(encoded_packet=data)
        except (ValueError, IndexError) as error:
            raise Offence("malformed Socket.IO packet") from error
        if not data or read.packet_type not in (packet.CONNECT, packet.DISCONNECT, packet.EVENT):
            raise Offence("a packet type that clients do not send")
        return read

    def _dispatch(self, engine_sid: str, read: Any) -> None:  # noqa: ANN401 - python-socketio's packet
        """Hand a checked packet to python-socketio."""
        if read.packet_type == packet.CONNECT:
            self._connect(engine_sid, read)
        elif read.namespace not in (None, "/"):
            raise Offence("a namespace that is not here")
        elif read.packet_type == packet.DISCONNECT:
            self._server._handle_disconnect(engine_sid, "/")  # noqa: SLF001 - see selftest.py
        else:
            self._event(engine_sid, read)

    def _connect(self, engine_sid: str, read: Any) -> None:  # noqa: ANN401 - python-socketio's packet
        """Log a connection in, then greet it: its rooms are entered by then."""
        if not isinstance(read.data, dict | None):
            raise Offence("a log-in that is no object")
        if self._wait_s(engine_sid):
            raise Offence("too many log-ins on one line")
        if read.namespace not in (None, "/"):
            message = f"There is no namespace {read.namespace[:64]!r}. Connect to '/'."
            body = Refused(ErrorCode.NOT_FOUND, message).body()
            error = EventPacket(packet.CONNECT_ERROR, {"message": message, "data": body}, read.namespace)
            self._server.eio.send(engine_sid, error.encode())
            return
        self._server._handle_connect(engine_sid, "/", read.data)  # noqa: SLF001 - see selftest.py
        self._room.welcome(engine_sid)

    def _event(self, engine_sid: str, read: Any) -> None:  # noqa: ANN401 - python-socketio's packet
        """Hand on an event of the catalogue; refuse unknown ones and too many."""
        name = read.data[0] if isinstance(read.data, list) and read.data else None
        if not isinstance(name, str) or name in RESERVED:
            raise Offence("a reserved event name, or none")
        if not self._room.is_authenticated(engine_sid):
            raise Offence("an event before the log-in")
        wait_s = self._wait_s(engine_sid)
        if wait_s:
            self._refuse(engine_sid, read, self._too_fast(engine_sid, wait_s))
        elif name not in COMMANDS:
            message = f"There is no event {name[:64]!r}. /api/events.json lists those there are."
            self._refuse(engine_sid, read, Refused(ErrorCode.UNKNOWN_EVENT, message))
        else:
            self._server._handle_event(engine_sid, "/", read.id, read.data)  # noqa: SLF001 - see selftest.py

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

    def _refuse(self, engine_sid: str, read: Any, refusal: Refused) -> None:  # noqa: ANN401 - python-socketio's packet
        """Answer an event that is not handed on."""
        name, given = read.data[0], read.data[1] if len(read.data) > 1 else None
        answer = self._room.refuse(engine_sid, name, given, refusal)
        if read.id is not None:
            ack = EventPacket(packet.ACK, [answer], "/", read.id)
            self._server.eio.send(engine_sid, ack.encode())
