"""The socket room: where a line becomes somebody's connection, and stops being one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import engineio.payload
import gevent
from flask_socketio import SocketIO
from socketio.exceptions import ConnectionRefusedError as SocketRefused
from werkzeug.middleware.proxy_fix import ProxyFix

from protocol.codec import plain
from protocol.errors import ErrorCode, Refused
from protocol.signals import Ack, ServerRestarting
from server.config import Config
from server.services.ports import Actor
from server.socket import polling, selftest
from server.socket.backlog import Backlog
from server.socket.commands import SEND, Commands
from server.socket.connections import Connection, Connections
from server.socket.fast import Event, Sending
from server.socket.guard import Guard
from server.socket.offenders import Offenders
from server.socket.places import Places
from server.socket.polling import PollingDoor
from server.socket.presence import Presences
from server.socket.publisher import Publisher
from server.socket.sweeper import Sweeper
from server.socket.transport import Lines, Transport
from server.socket.typists import Typists
from server.socket.viewers import Viewers
from server.socket.wire import EventPacket, WireJson, ack_frame

if TYPE_CHECKING:
    from flask import Flask

    from server.services.house import House

PATH = "/socket.io"
_OURS = "HTTP_X_HEARTH_PROTOCOL"
"""In the handshake of our own desktops and whoever says that they know the contract."""
_KEPT = ("REMOTE_ADDR", _OURS)
_GOODBYE_S = 3.0
"""How long a server that stops waits for its peers to close."""
_LOOK_AGAIN_S = 0.02

_log = logging.getLogger(__name__)
_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.ERROR)
# What python-engineio says "once" as an error is what peers do wrong; only its own failures are ours to read.
_library_log.addFilter(lambda record: "further occurrences of this error" not in record.msg)


class SocketRoom:
    """Owns the Socket.IO server, its connections, and what is known of them while they last.

    line ──► engine session ──► CONNECT with a token ──► connection ──► `connected` ──► commands, news
                  │ 10 s without, an offence, too slow, silent      │ gone, or revoked
                  └───────────────────────► closed ◄────────────────┘
    """

    def __init__(self, app: Flask, house: House, config: Config, publisher: Publisher, presences: Presences) -> None:
        self._house = house
        self._config = config
        self._publisher = publisher
        self._presences = presences
        self._connections = Connections()
        self._offenders = Offenders()
        self._lines = Lines(
            max_bytes=config.limits.event_bytes,
            ping_interval_s=config.ping_interval_s,
            ping_timeout_s=config.ping_timeout_s,
            receive=self._receive,
            offend=self._offend,
        )
        self._server = self._make_server(app)
        self._viewers = Viewers(house, publisher, presences.is_hidden, house.bus)
        self._typists = Typists(house, publisher, bus=house.bus)
        self._commands = Commands(
            house,
            publisher,
            presences=presences,
            viewers=self._viewers,
            typists=self._typists,
        )
        self._sending = Sending(house, publisher, self._commands)
        self._guard = Guard(
            self._server,
            self,
            self._connections,
            event_bytes=config.limits.event_bytes,
            connects_per_s=config.connects_per_s if config.rate_limits else None,
        )
        self._sweeper = Sweeper(
            self._server.eio,
            self._connections,
            self._lines,
            authenticate_within_s=config.limits.authenticate_within_s,
            eject=self.eject,
            lose=self._lose,
            each_second=self._typists.expire,
            check_sessions=self._check_sessions,
        )
        self._join(app)
        publisher.serve(self._connections, self._close)
        presences.serve(house, publisher)
        presences.when_turned(self._viewers.turned)
        presences.when_parted(self._viewers.parted, self._typists.parted)
        self._sweeping = gevent.spawn(self._sweeper.run)

    def _make_server(self, app: Flask) -> Any:  # noqa: ANN401 - python-socketio's server
        """python-socketio under Flask, with our queue and our lines."""
        socketio = SocketIO(
            app,
            async_mode="gevent",
            client_manager=Places(),
            path=PATH,
            serializer=EventPacket,
            json=WireJson,
            async_handlers=False,
            always_connect=False,
            manage_session=False,
            monitor_clients=False,
            http_compression=False,
            ping_interval=self._config.ping_interval_s,
            ping_timeout=self._config.ping_timeout_s,
            max_http_buffer_size=self._config.limits.event_bytes,
            cors_allowed_origins=self._config.cors_origins or None,
            logger=_library_log,
            engineio_logger=_library_log,
        )
        server = socketio.server
        selftest.check(server)
        parts = server.eio._async  # noqa: SLF001 - see selftest.py
        server.eio._async = {**parts, "queue": Backlog, "websocket": self._make_line}  # noqa: SLF001 - see selftest.py
        engineio.payload.Payload.max_decode_packets = polling.PACKETS_MAX
        if self._config.worker:
            # The proxy in front brings a session's requests back to this worker by its number.
            make_id = server.eio.generate_id
            server.eio.generate_id = lambda: f"w{self._config.worker}-{make_id()}"
        return server

    def _join(self, app: Flask) -> None:
        """Put the guard before the dispatcher, and our handlers behind it."""
        self._server.eio.on("connect", self._on_session)
        self._server.eio.on("message", self._guard)
        self._server.on("connect", self._on_connect)
        self._server.on("disconnect", self._on_disconnect)
        door = PollingDoor(
            app.wsgi_app, path=PATH, max_bytes=self._config.limits.event_bytes, offend=self._offend_polling
        )
        # Sockets are taken before Flask's own middleware, so what the proxies in front say is read here as well.
        hops = self._config.trusted_proxies
        outer = ProxyFix(door, x_for=hops, x_proto=hops, x_host=hops) if hops else door
        app.wsgi_app = outer  # type: ignore[method-assign]

    def _make_line(self, run: Callable[[Any], Any], _engine_server: object) -> Transport:
        """A WebSocket line for an engine session."""
        return Transport(run, self._lines)

    def _receive(self, engine_sid: str, message: str) -> None:
        """One message of a line."""
        self._guard(engine_sid, message)

    # The life of a connection.

    def _on_session(self, engine_sid: str, environ: dict[str, Any]) -> None:
        """A session begins. The request's environment would cost more than everything else of an idle connection."""
        kept = {name: environ[name] for name in _KEPT if name in environ}
        self._server._handle_eio_connect(engine_sid, kept)  # noqa: SLF001 - see selftest.py
        if polling.query_of(environ).get("transport") == ["websocket"]:
            # python-engineio starts no pinger where it believes to have begun one; the sweeper pings.
            self._server.eio.sockets[engine_sid].last_ping = None

    def _on_connect(self, sid: str, _environ: dict[str, Any], auth: Any = None) -> None:  # noqa: ANN401 - off the wire
        """Authenticate, and take in; python-socketio answers CONNECT when this returns."""
        try:
            actor = self._admit(auth.get("token") if isinstance(auth, dict) else None)
        except Refused as refusal:
            raise SocketRefused(refusal.message, plain(refusal.body())) from None
        except Exception:  # noqa: BLE001 - a TypeError in here would have python-socketio ask again (reliability L16)
            _log.exception("a log-in failed")
            error = Refused(ErrorCode.SERVER_ERROR, "The server could not log you in just now. Try again.")
            raise SocketRefused(error.message, plain(error.body())) from None
        engine_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        engine = self._server.eio.sockets[engine_sid]
        self._connections.add(Connection(sid=sid, engine_sid=engine_sid, actor=actor, engine=engine))

    def _admit(self, token: object) -> Actor:
        """Whose token this is. Raises Refused (401 codes, `too_many_sockets`)."""
        if not isinstance(token, str) or not token:
            message = "The connection has no token. Log in and connect with auth: {token}."
            raise Refused(ErrorCode.UNAUTHENTICATED, message)
        actor = self._house.accounts.authenticate(token)
        most = self._config.limits.sockets_per_user
        if len(self._connections.of_user(actor.user_id)) + self._presences.sockets_elsewhere(actor.user_id) >= most:
            message = f"You have {most} connections already. Close one, or wait until one has timed out."
            silent_s = self._config.ping_interval_s + self._config.ping_timeout_s
            raise Refused(ErrorCode.TOO_MANY_SOCKETS, message, retry_after_s=float(silent_s))
        return actor

    def welcome(self, engine_sid: str) -> None:
        """CONNECT has been answered: greet the connection, and tell who has come."""
        connection = self._connections.by_engine_sid(engine_sid)
        if connection is None:
            return
        if self.engine_of(engine_sid) is None:
            # The line ended while its token was looked up, when python-socketio took it for nobody's.
            self._server._handle_disconnect(engine_sid, "/")  # noqa: SLF001 - see selftest.py
            return
        self._publisher.tell(connection, "connected", self._house.sync.greeting(connection.actor))
        self._presences.arrived(connection)

    def _on_disconnect(self, sid: str, _reason: object) -> None:
        """A connection is gone: so are its view, its typing and, after the grace, its user's presence."""
        connection = self._connections.remove(sid)
        if connection is None:
            return
        self._guard.forget(connection.engine_sid)
        for forget in (self._viewers.left, self._typists.left, self._presences.left):
            try:
                forget(connection)
            except Exception:  # noqa: BLE001 - the other two have to hear of it
                _log.exception("a connection left traces")

    # What the guard and the sweeper ask.

    def engine_of(self, engine_sid: str) -> Any:  # noqa: ANN401 - python-engineio's session
        """The line's engine session, or None when it is closed."""
        engine = self._server.eio.sockets.get(engine_sid)
        return None if engine is None or engine.closed or engine.closing else engine

    def obeys(self, engine_sid: str) -> bool:
        """Whether the line's client is one of ours, which comes again when it is told to."""
        return _OURS in self._server.environ.get(engine_sid, {})

    def turn_away(self, engine_sid: str) -> None:
        """Close the line without blame."""
        self._end(engine_sid, abort=False)

    def handle(self, connection: Connection, event: Event) -> None:
        """Carry an event out, after those that this connection sent before it."""
        if event.name == SEND:
            self._sending.send(connection, event)
            return
        connection.settle()
        if self._connections.by_sid(connection.sid) is connection:
            self._acknowledge(connection, event, self._commands.answer(connection, event.name, event.given))

    def refuse(self, connection: Connection, event: Event, refusal: Refused) -> None:
        """Tell a connection of an event that the guard refused."""
        given = event.given if event.command is None else {"uid": event.command.uid}
        self._acknowledge(connection, event, self._commands.refuse(connection, event.name, given, refusal))

    @staticmethod
    def _acknowledge(connection: Connection, event: Event, ack: Ack) -> None:
        """Send the acknowledgement, in the connection's spelling, if one is wanted."""
        if event.number is not None:
            connection.push(ack_frame(event.number, connection.spelled(ack)), is_answer=True)

    def eject(self, engine_sid: str, why: str) -> None:
        """Note the offender and end the line, without waiting for it; what else came on it has no effect."""
        self._offend(engine_sid, why)
        if engine_sid in self._lines.open:
            self._lines.open[engine_sid].ignore()
        self._lose(engine_sid)

    def _lose(self, engine_sid: str) -> None:
        """End the line, without waiting for it."""
        gevent.spawn(self._end, engine_sid, abort=True)

    def _offend(self, engine_sid: str, why: str) -> None:
        """Note the offender."""
        environ = self._server.environ.get(engine_sid, {})
        self._offenders.note(environ.get("REMOTE_ADDR", ""), why)

    def _offend_polling(self, engine_sid: str, address: str, why: str) -> None:
        """Note who posted what they should not, and end their session."""
        self._offenders.note(address, why)
        self._lose(engine_sid)

    def _close(self, connection: Connection) -> None:
        """End a connection after what has been sent to it."""
        self._end(connection.engine_sid, abort=False)

    def _end(self, engine_sid: str, *, abort: bool) -> None:
        """End a line: at once, or after what waits has been sent (the sweeper aborts who does not take it)."""
        engine = self.engine_of(engine_sid)
        if engine is None:
            return
        engine.close(wait=False, abort=abort)
        line = self._lines.open.get(engine_sid)
        if line is not None:
            (line.abort if abort else line.end)()

    def _check_sessions(self) -> None:
        """Close what was revoked without our being told (reliability 2.13)."""
        ids = self._connections.session_ids()
        revoked = ids - self._house.accounts.live_sessions(ids) if ids else set()
        if revoked:
            self._publisher.revoke(sorted(revoked), "session_revoked")

    # The end of the server.

    def stop(self) -> None:
        """Say goodbye to everybody, remember when they were last there, and wait a moment for their goodbyes."""
        self._publisher.tell_all("server_restarting", ServerRestarting(spread_ms=self._config.restart_spread_ms))
        self._sweeping.kill()
        for engine_sid in list(self._server.eio.sockets):
            self._end(engine_sid, abort=False)
        self._presences.close()
        until = time.monotonic() + _GOODBYE_S
        while self._lines.open and time.monotonic() < until:
            gevent.sleep(_LOOK_AGAIN_S)


def attach(app: Flask, house: House, config: Config) -> SocketRoom:
    """Open the socket door of an app. The house's announcer and presence book must be this room's own kinds."""
    publisher, presences = cast("Publisher", house.announcer), cast("Presences", house.presence)
    return SocketRoom(app, house, config, publisher, presences)
