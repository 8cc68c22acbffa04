"""Whether what was told of who is there still holds, and whether oneself is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from desktop.core.bubble import Connection, Line
from desktop.core.observable import Observable
from desktop.core.pace import Pace
from desktop.core.ports import Idle

_UP = (Line.CONNECTED, Line.UPDATING)


class PresenceHold:
    """Owns whether presence is known: once the line is up, and no longer once it has been down for a while.

    A short drop changes nothing on screen (behaviour 56); after it, "online" would be a guess.
    """

    def __init__(self, connection: Observable[Connection], patience_s: float, changed: Callable[[], None]) -> None:
        """`changed` is told whenever the answer of `holds` is another one."""
        self._patience_s = patience_s
        self._changed = changed
        self._holds = connection.value.line in _UP
        self._timer: asyncio.TimerHandle | None = None
        connection.subscribe(self._look)

    def holds(self) -> bool:
        """Whether the last presence told may be shown."""
        return self._holds

    def close(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, connection: Connection) -> None:
        """The line has changed."""
        if connection.line in _UP:
            self.close()
            self._set(holds=True)
        elif self._timer is None and self._holds:
            self._timer = asyncio.get_running_loop().call_later(self._patience_s, self._lose)

    def _lose(self) -> None:
        """The line has been down for long enough."""
        self._timer = None
        self._set(holds=False)

    def _set(self, *, holds: bool) -> None:
        """Note the answer; tell of another one."""
        if holds is not self._holds:
            self._holds = holds
            self._changed()


class IdleWatch:
    """Tells when nobody has touched the computer for a while, and when somebody does again.

    It looks only when that may have come about, so that an idle app stays idle.
    """

    def __init__(self, idle: Idle, tell: Callable[[bool], None], pace: Pace) -> None:
        """`tell(is_idle)` is told each change."""
        self._idle = idle
        self._tell = tell
        self._pace = pace

    async def run(self) -> None:
        """Until cancelled; at once over where the system does not say."""
        is_away = False
        while (seconds := self._idle.seconds()) is not None:
            if (seconds >= self._pace.away_after_s) is not is_away:
                is_away = not is_away
                self._tell(is_away)
            await asyncio.sleep(self._pace.back_again_s if is_away else max(self._pace.away_after_s - seconds, 0.0))
