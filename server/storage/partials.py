"""Files that come in pieces: what has arrived of each so far, with a lock between all who serve this folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from protocol.errors import ErrorCode, Refused
from server.storage.disk import fsync, full_disk_refused, last_written, off_hub
from server.storage.locks import FileLock

_COPY_BYTES = 1024 * 1024


class Whole:
    """A file all of whose pieces have come and are on the disk; nothing is written to it any more.

    It keeps its name until `Partials.remove`, so that whoever dies while it is being stored can begin that again.
    """

    def __init__(self, path: Path, size: int) -> None:
        """Look at `path`, which has `size` bytes."""
        self.path = path
        self.size = size

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is on the disk, in hex: what memory held while it came proves less."""

        def read() -> str:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()

        return off_hub(read)

    def finish(self) -> None:
        """Nothing: each piece was made durable when it came."""

    def settle(self, place: Path) -> None:
        """Have the bytes at `place` as well; where the file system knows no second names, as a copy."""
        try:
            os.link(self.path, place)
        except FileExistsError:
            return
        except OSError:
            self._copy(place)

    def _copy(self, place: Path) -> None:
        """Beside it first, so that `place` is never there by half."""
        beside = self.path.with_suffix(".copy")

        def copy() -> None:
            shutil.copyfile(self.path, beside)
            fsync(beside)
            beside.replace(place)

        off_hub(copy)


class Partials:
    """A folder of unfinished files: `<key>` with `<key>.lock` beside it.

    How many bytes of a file count is the table's to say (`uploads.received`): what lies behind them was cut off in the
    middle, and the next piece is written over it. Keys come from the table too, never from a request.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`, made when missing."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """Nobody else changes this file in the block, in this process or another. Raises Refused (`upload_busy`)."""
        lock = FileLock(self._lock(key))
        try:
            if not lock.take(wait=False):
                message = "Another request is writing to this upload. Ask for its offset, then go on from there."
                raise Refused(ErrorCode.UPLOAD_BUSY, message, retry_after_s=1, retryable=True)
            yield
        finally:
            lock.close()

    def begin(self, key: str) -> None:
        """An empty file, durably there."""
        (self._folder / key).touch(mode=0o600, exist_ok=False)
        off_hub(lambda: fsync(self._folder))

    def size(self, key: str) -> int:
        """How many bytes lie there; raises FileNotFoundError."""
        return (self._folder / key).stat().st_size

    def append(self, key: str, at: int, piece: Path) -> None:
        """Cut the file to `at` bytes and add the piece; durable when this returns.

        Raises FileNotFoundError where the file has not got so many bytes, and Refused (`storage_full`).
        """

        def write() -> None:
            with (self._folder / key).open("r+b") as file, piece.open("rb") as source:
                if os.fstat(file.fileno()).st_size < at:
                    raise FileNotFoundError(key)
                file.truncate(at)
                file.seek(at)
                shutil.copyfileobj(source, file, _COPY_BYTES)
                file.flush()
                os.fsync(file.fileno())

        with full_disk_refused():
            off_hub(write)

    def whole(self, key: str) -> Whole:
        """The file, all of which is there; raises FileNotFoundError."""
        return Whole(self._folder / key, self.size(key))

    def remove(self, key: str) -> None:
        """Delete the file, then its lock; harmless when they are gone. The table must say before that it is over."""
        (self._folder / key).unlink(missing_ok=True)
        self._lock(key).unlink(missing_ok=True)

    def keys(self, before_s: float) -> set[str]:
        """Whose files were last written before this time (seconds since 1970)."""
        return {path.stem for path in self._folder.iterdir() if last_written(path) < before_s}

    def _lock(self, key: str) -> Path:
        """The file that is locked: one of its own, for Windows locks what it locks against reading too."""
        return self._folder / f"{key}.lock"
