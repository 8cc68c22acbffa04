"""Lines that have something to read, each taken up for a share in its turn, by as many greenlets as are at work.

A line that idles has no greenlet, and costs 2.5 KiB (decision 0016). A line that is being
served may wait (for the database, say) as long as it likes; another greenlet then takes up the others.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import gevent
from gevent.hub import Hub, get_hub

_IDLE_MAX = 32
"""Greenlets kept for later."""


class HasTurns(Protocol):
    """What is taken up."""

    def turn(self) -> None:
        """Do a share of what there is to do, and line up again where something is left. Does not raise."""


class Turns:
    """The lines whose turn it is, first come first served, and the greenlets that serve them."""

    def __init__(self) -> None:
        self._hub: Hub = get_hub()
        self._ready: deque[HasTurns] = deque()
        self._idle: list[Any] = []
        self._called = False

    def add(self, line: HasTurns) -> None:
        """Line up; a line lines up once at a time."""
        self._ready.append(line)
        self._call()

    def _call(self) -> None:
        """Have the hub look, once everything that is running now has come to wait."""
        if not self._called:
            self._called = True
            self._hub.loop.run_callback(self._look)

    def _look(self) -> None:
        """In the hub: where lines wait, nobody is serving them."""
        self._called = False
        if self._ready:
            if self._idle:
                self._idle.pop().switch()
            else:
                gevent.spawn_raw(self._work)

    def _work(self) -> None:
        """Serve those who wait now, then let everybody else have a turn."""
        while True:
            for _ in range(len(self._ready)):
                # Those behind this one are not to wait for it, if it waits.
                if not self._ready:
                    break
                line = self._ready.popleft()
                if self._ready:
                    self._call()
                line.turn()
            if self._ready:
                self._call()
            if len(self._idle) >= _IDLE_MAX:
                return
            self._idle.append(gevent.getcurrent())
            self._hub.switch()
