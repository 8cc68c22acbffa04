"""A value that tells its watchers when it changes: the only way news leaves the core upwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LOG = logging.getLogger(__name__)


class Topic(Generic[T]):
    """Subscribers to a stream of things; told in the order in which they subscribed."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._watchers: list[Callable[[T], None]] = []

    def subscribe(self, watcher: Callable[[T], None]) -> Callable[[], None]:
        """Call `watcher` with everything published from now on; the result ends that (calling it twice is harmless)."""
        self._watchers.append(watcher)

        def unsubscribe() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return unsubscribe

    def publish(self, thing: T) -> None:
        """Tell everybody who listens at this moment. A watcher's own error is logged: it spoils nobody else's news."""
        for watcher in tuple(self._watchers):
            try:
                watcher(thing)
            except Exception:
                LOG.exception("a watcher failed")


class Observable(Topic[T]):
    """A current value and who wants to know of the next; setting an equal value tells nobody."""

    def __init__(self, value: T) -> None:
        """Hold the first value."""
        super().__init__()
        self._value = value

    @property
    def value(self) -> T:
        """The value now."""
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        """Replace it and tell the watchers, if it differs."""
        if value != self._value:
            self._value = value
            self.publish(value)
