"""Locks between processes on a data directory: who serves it, and who is writing to its database just now."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent.monkey

_LOOK_AGAIN_S = 0.005
"""How often a waiting process looks; batches take about as long."""
# The writer waits in a native thread of its own, where gevent's sleep would start a second hub.
_native_sleep = gevent.monkey.get_original("time", "sleep")


class DataInUse(Exception):  # noqa: N818 - read by the operator as a sentence, not as a class name
    """Another process serves this data directory."""


class FileLock:
    """An exclusive lock on a file of its own; the operating system lets go of it when the process dies."""

    def __init__(self, path: Path) -> None:
        """Open (and create, 0600) the lock file without locking it."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, *, wait: bool) -> bool:
        """Lock it; without `wait`, False when somebody else holds it."""
        try:
            _lock(self._file, wait=wait)
        except OSError:
            if wait:
                raise
            return False
        return True

    def release(self) -> None:
        """Let the next one in."""
        _unlock(self._file)

    @contextmanager
    def held(self, patience_s: float) -> Iterator[None]:
        """Wait for it, and hold it for a block. Raises TimeoutError: whoever holds it may stand still for ever."""
        until = time.monotonic() + patience_s
        while not self.take(wait=False):
            if time.monotonic() > until:
                message = f"another process has been writing for {patience_s:.0f} s"
                raise TimeoutError(message)
            _native_sleep(_LOOK_AGAIN_S)
        try:
            yield
        finally:
            self.release()

    def close(self) -> None:
        """Let go for good; the file stays, for removing it would race with the next one who opens it."""
        os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, *, wait: bool) -> None:
        """Lock the first byte; with `wait`, as long as the C library tries (10 s)."""
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _unlock(file: int) -> None:
        """Unlock the first byte."""
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int, *, wait: bool) -> None:
        """flock(2), which also refuses a second opening inside one process."""
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        """Give the lock back."""
        fcntl.flock(file, fcntl.LOCK_UN)
