"""A few greenlets that look at links one after the other; what is too much for them is left undone."""

from __future__ import annotations

import logging
from collections.abc import Callable

import gevent
from gevent.queue import Full, Queue

_log = logging.getLogger(__name__)


class Workers:
    """Owns the line of what is to be done in the background, and who does it."""

    def __init__(self, many: int = 2, waiting: int = 100) -> None:
        """Start so many; keep at most so much waiting."""
        self._waiting: Queue[Callable[[], object]] = Queue(waiting)
        self._greenlets = [gevent.spawn(self._run) for _ in range(many)]

    def later(self, work: Callable[[], object]) -> bool:
        """Line something up and return; false where too much waits already."""
        try:
            self._waiting.put_nowait(work)
        except Full:
            return False
        return True

    def _run(self) -> None:
        """One thing after the other, whatever becomes of each."""
        while True:
            work = self._waiting.get()
            try:
                work()
            except Exception:  # noqa: BLE001 - the next one has nothing to do with it
                _log.exception("work in the background failed")

    def close(self) -> None:
        """Stop; what waits is left undone."""
        gevent.killall(self._greenlets)
