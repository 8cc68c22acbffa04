"""The disk as files meet it: slow, so kept out of the hub's way; sometimes full; durable only when asked."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import gevent
import gevent.monkey

from protocol.errors import ErrorCode, Refused

T = TypeVar("T")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def off_hub(work: Callable[[], T]) -> T:
    """What `work` returns or raises; under gevent it runs in a native thread, and other greenlets go on meanwhile.

    `work` must not touch what belongs to the hub (locks, events, the database).
    """
    if not gevent.monkey.is_module_patched("threading"):
        return work()
    outcome: list[T] = []

    def guarded() -> BaseException | None:
        """The exception as a value: gevent would print a traceback of one that is raised in its thread."""
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's greenlet
            return error
        return None

    error = gevent.get_hub().threadpool.apply(guarded)
    if error is not None:
        raise error
    return outcome[0]


@contextmanager
def full_disk_refused() -> Iterator[None]:
    """An error of a disk without room, a quota's too, becomes Refused (`storage_full`)."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise storage_full() from error


def storage_full() -> Refused:
    """No room for files."""
    message = "The server's disk is nearly full. Ask whoever runs it to make room, then send again."
    return Refused(ErrorCode.STORAGE_FULL, message, retry_after_s=60)


def fsync(path: Path) -> None:
    """Make a file or a folder's entries durable; Windows has no folder descriptors and needs none."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_written(path: Path) -> float:
    """Seconds since 1970; of a file that somebody has just removed, never."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
