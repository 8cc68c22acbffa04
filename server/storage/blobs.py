"""Where the bytes of files lie: behind an interface, today a folder of files named by their SHA-256."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from protocol.errors import ErrorCode, Refused
from server.storage.disk import fsync, full_disk_refused, last_written, off_hub, storage_full
from server.storage.partials import Partials

STALE_S = 24 * 3600
"""A file that nobody names, a day old, belongs to an upload that died (reliability 2.11)."""

_log = logging.getLogger(__name__)


class Arrived(Protocol):
    """A file all of whose bytes are here: one that came in one go (`Incoming`), or in pieces (`partials.Whole`)."""

    path: Path
    size: int

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hex."""

    def finish(self) -> None:
        """They are on the disk when this returns."""

    def settle(self, place: Path) -> None:
        """Have them at `place`, whole or not at all."""


class Incoming:
    """A file on its way in: counts and hashes what is written, refuses what is over the limit, is gone unless kept.

    Written by one request at a time; a file object as far as Werkzeug's form parser needs one.
    """

    def __init__(self, path: Path, limit: int, algorithm: str = "sha256") -> None:
        """Open `path` for writing at most `limit` bytes, hashed with `algorithm` on their way."""
        self.path = path
        self.size = 0
        self._limit = limit
        self._hash = hashlib.new(algorithm)
        self._file = path.open("wb")

    def write(self, data: bytes) -> int:
        """Add bytes; raises Refused (`file_too_large`) before the limit is passed, or `storage_full`."""
        if self.size + len(data) > self._limit:
            raise too_large(self._limit)
        self.size += len(data)
        self._hash.update(data)
        with full_disk_refused():
            return self._file.write(data)

    def seek(self, offset: int) -> int:
        """Nothing: the parser rewinds what it wrote, and nobody reads here."""
        return offset

    @property
    def digest(self) -> str:
        """The hash of everything written so far, in hex."""
        return self._hash.hexdigest()

    @property
    def checksum(self) -> bytes:
        """The same as bytes."""
        return self._hash.digest()

    def finish(self) -> None:
        """Everything written is on the disk when this returns. Raises Refused (`storage_full`)."""
        if not self._file.closed:
            with full_disk_refused():
                self._file.flush()
                off_hub(lambda: os.fsync(self._file.fileno()))
                self._file.close()

    def settle(self, place: Path) -> None:
        """Move it."""
        self.path.replace(place)

    def close(self) -> None:
        """Close the file, which stays until `drop` or until it is kept. Raises Refused (`storage_full`)."""
        with full_disk_refused():
            self._file.close()

    def drop(self) -> None:
        """Close and forget; harmless after it was kept."""
        try:
            self._file.close()
        except OSError:
            # A full disk takes not even what was buffered; nobody wants it any more.
            _log.debug("a file that is dropped could not be written")
        self.path.unlink(missing_ok=True)


def too_large(limit: int) -> Refused:
    """The refusal of a file over `limit` bytes, with the limit in words."""
    message = f"The file is larger than {limit / 1e6:.0f} MB, which is the most this server takes. Send a smaller one."
    return Refused(ErrorCode.FILE_TOO_LARGE, message, details={"limit_bytes": limit})


class BlobStore(Protocol):
    """Bytes by their hash. A hash is never accepted from outside (it would tell whether somebody has a file)."""

    partials: Partials
    """What comes in pieces, until it is whole."""

    def receive(self, limit: int, algorithm: str = "sha256") -> Incoming:
        """A place to write a new file of at most `limit` bytes. Raises Refused (`storage_full`)."""

    def refuse_full(self, size: int) -> None:
        """Raise Refused (`storage_full`) where there is no room for so many bytes more."""

    def keep(self, incoming: Arrived, thumbnail: Path | None = None) -> str:
        """Move a finished file (and its thumbnail) to its place, durably; the result is its hash."""

    def path(self, digest: str) -> Path:
        """The file itself; raises FileNotFoundError."""

    def thumbnail(self, digest: str) -> Path:
        """The thumbnail; raises FileNotFoundError."""

    def remove(self, digest: str) -> None:
        """Delete the file and its thumbnail."""

    def sweep(self) -> None:
        """Delete what died on its way in."""

    def digests(self, before_s: float | None = None) -> Iterator[str]:
        """Every hash that lies here; only those written before this time (seconds since 1970), where one is given."""


class FolderBlobs:
    """Blobs in a folder: `tmp/` on the way in, then `ab/cd/<sha256>`, with `<sha256>.thumb` beside it."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        """Use `folder`, made when missing; refuse new files when less than `min_free_bytes` would stay free."""
        self._folder = folder
        self._tmp = folder / "tmp"
        self._min_free_bytes = min_free_bytes
        self._tmp.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.partials = Partials(folder / "partial")

    def receive(self, limit: int, algorithm: str = "sha256") -> Incoming:
        """A temporary file to write to."""
        self.refuse_full(0)
        return Incoming(self._tmp / secrets.token_hex(16), limit, algorithm)

    def refuse_full(self, size: int) -> None:
        """Look at the file system's own figure."""
        if shutil.disk_usage(self._folder).free - size < self._min_free_bytes:
            raise storage_full()

    def keep(self, incoming: Arrived, thumbnail: Path | None = None) -> str:
        """Fsync, rename, fsync the folder: when this returns the row may be committed (reliability 2.11)."""
        incoming.finish()
        place = self._place(incoming.digest)
        with full_disk_refused():
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if thumbnail is not None:
                off_hub(lambda: fsync(thumbnail))
                thumbnail.replace(place.with_suffix(".thumb"))
            incoming.settle(place)
            off_hub(lambda: fsync(place.parent))
        return incoming.digest

    def path(self, digest: str) -> Path:
        """The file's place; raises FileNotFoundError."""
        return _existing(self._place(digest))

    def thumbnail(self, digest: str) -> Path:
        """The thumbnail's place; raises FileNotFoundError."""
        return _existing(self._place(digest).with_suffix(".thumb"))

    def remove(self, digest: str) -> None:
        """Unlink both; harmless when they are gone already."""
        place = self._place(digest)
        place.unlink(missing_ok=True)
        place.with_suffix(".thumb").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Unlink temporary files a day old."""
        oldest = time.time() - STALE_S
        for left in self._tmp.iterdir():
            if last_written(left) < oldest:
                left.unlink(missing_ok=True)

    def digests(self, before_s: float | None = None) -> Iterator[str]:
        """Every hash in the folder, or those of old files."""
        found = (path for path in self._folder.glob("??/??/*") if path.suffix == "")
        return (path.name for path in found if before_s is None or last_written(path) < before_s)

    def _place(self, digest: str) -> Path:
        """Where a hash lies; two levels of folders keep each small."""
        return self._folder / digest[:2] / digest[2:4] / digest


def _existing(path: Path) -> Path:
    """The path, if a file is there."""
    if not path.is_file():
        raise FileNotFoundError(path.name)
    return path
