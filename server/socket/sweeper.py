"""What python-engineio does not do: end lines that do not log in, do not read, do not answer, or were revoked.

It is also the one pinger of all WebSockets: python-engineio's own is a greenlet for each.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent

from protocol.errors import Refused
from server.socket.connections import Connections
from server.socket.transport import Lines, Transport

SWEEP_S = 1.0
SESSIONS_S = 5.0
"""How often revocation is looked up besides being told (reliability 2.13)."""
ENDING_S = 5.0
"""How long a peer may take to say goodbye."""

_log = logging.getLogger(__name__)


class Sweeper:
    """One greenlet that looks at every line each second; owns since when each line has had no log-in."""

    def __init__(
        self,
        engine_server: Any,  # noqa: ANN401 - python-engineio's server
        connections: Connections,
        lines: Lines,
        *,
        authenticate_within_s: float,
        eject: Callable[[str, str], None],
        lose: Callable[[str], None],
        each_second: Callable[[], None],
        check_sessions: Callable[[], None],
    ) -> None:
        """`eject(engine_sid, why)` ends an offender's line at once, `lose(engine_sid)` one whose peer is gone.

        The last two are run beside, every second and every five.
        """
        self._engine_server = engine_server
        self._connections = connections
        self._lines = lines
        self._authenticate_within_s = authenticate_within_s
        self._eject = eject
        self._lose = lose
        self._each_second = each_second
        self._check_sessions = check_sessions
        self._nobody_since: dict[str, float] = {}
        self._sessions_at = time.monotonic()
        self._checking: Any = None
        self._is_blind = False

    def run(self) -> None:
        """Sweep until the greenlet is killed; one failure is logged and stops nothing."""
        try:
            while True:
                gevent.sleep(SWEEP_S)
                try:
                    self.sweep(time.monotonic())
                except Exception:  # noqa: BLE001 - the lines of tomorrow want sweeping too
                    _log.exception("the sweep failed")
        finally:
            if self._checking is not None:
                self._checking.kill(block=False)

    def sweep(self, now: float) -> None:
        """Look at every line once; `now` in monotonic seconds."""
        sessions = self._engine_server.sockets
        self._nobody_since = {sid: since for sid, since in self._nobody_since.items() if sid in sessions}
        for engine_sid, engine in list(sessions.items()):
            self._look(engine_sid, engine, now)
        for transport in list(self._lines.open.values()):
            self._end_in_time(transport, now)
        self._each_second()
        if now - self._sessions_at >= SESSIONS_S and (self._checking is None or self._checking.ready()):
            self._sessions_at = now
            # Beside, for a database that stands still is waited for, and lines want sweeping meanwhile.
            self._checking = gevent.spawn(self._check)

    def _check(self) -> None:
        """Look sessions up; of a database that is away one line is logged, and one when it is back."""
        try:
            self._check_sessions()
        except Refused as refusal:
            if not self._is_blind:
                _log.warning("checking sessions failed, until further notice: %s", refusal.message)
            self._is_blind = True
        except Exception:  # noqa: BLE001 - there is a next time
            _log.exception("checking sessions failed")
        else:
            if self._is_blind:
                _log.info("sessions are checked again")
            self._is_blind = False

    def _look(self, engine_sid: str, engine: Any, now: float) -> None:  # noqa: ANN401 - python-engineio's session
        """End one line where it is time."""
        if engine.closed:
            self._engine_server.sockets.pop(engine_sid, None)
        elif engine.queue.overflowed:
            self._eject(engine_sid, "slow_consumer")
        elif self._is_nobody_too_long(engine_sid, now):
            self._eject(engine_sid, "not authenticated in time")
        elif not engine.closing:
            engine.check_ping_timeout()

    def _is_nobody_too_long(self, engine_sid: str, now: float) -> bool:
        """Whether the line should have logged in by now."""
        if self._connections.by_engine_sid(engine_sid) is not None:
            self._nobody_since.pop(engine_sid, None)
            return False
        return now - self._nobody_since.setdefault(engine_sid, now) >= self._authenticate_within_s

    def _end_in_time(self, transport: Transport, now: float) -> None:
        """Abort a line that does not come to its end, or whose upgrade does not come about."""
        if transport.engine.closed:
            transport.end()
        elif not transport.ping(now):
            self._lose(transport.engine.sid)
        waits = not transport.engine.upgraded and now - transport.opened_at >= self._authenticate_within_s
        if waits or (transport.ending_at is not None and now - transport.ending_at >= ENDING_S):
            transport.abort()
