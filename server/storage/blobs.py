"""Where the bytes of files lie: behind an interface, today a folder of files named by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from protocol.errors import ErrorCode, Refused

_STALE_S = 24 * 3600
"""A temporary file older than a day belongs to an upload that died (reliability 2.11)."""


class Incoming:
    """A file on its way in: counts and hashes what is written, refuses what is over the limit, is gone unless kept.

    Written by one request at a time; a file object as far as Werkzeug's form parser needs one.
    """

    def __init__(self, path: Path, limit: int) -> None:
        """Open `path` for writing at most `limit` bytes."""
        self.path = path
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    def write(self, data: bytes) -> int:
        """Add bytes; raises Refused (`file_too_large`) before the limit is passed."""
        if self.size + len(data) > self._limit:
            raise too_large(self._limit)
        self.size += len(data)
        self._hash.update(data)
        return self._file.write(data)

    def seek(self, offset: int) -> int:
        """Nothing: the parser rewinds what it wrote, and nobody reads here."""
        return offset

    @property
    def digest(self) -> str:
        """SHA-256 of everything written so far, in hex."""
        return self._hash.hexdigest()

    def finish(self) -> None:
        """Everything written is on the disk when this returns."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def close(self) -> None:
        """Close the file, which stays until `drop` or until it is kept."""
        self._file.close()

    def drop(self) -> None:
        """Close and forget; harmless after it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def too_large(limit: int) -> Refused:
    """The refusal of a file over `limit` bytes, with the limit in words."""
    message = f"The file is larger than {limit / 1e6:.0f} MB, which is the most this server takes. Send a smaller one."
    return Refused(ErrorCode.FILE_TOO_LARGE, message, details={"limit_bytes": limit})


class BlobStore(Protocol):
    """Bytes by their hash. A hash is never accepted from outside (it would tell whether somebody has a file)."""

    def receive(self, limit: int) -> Incoming:
        """A place to write a new file of at most `limit` bytes. Raises Refused (`storage_full`)."""

    def keep(self, incoming: Incoming, thumbnail: Path | None = None) -> str:
        """Move a finished file (and its thumbnail) to its place, durably; the result is its hash."""

    def path(self, digest: str) -> Path:
        """The file itself; raises FileNotFoundError."""

    def thumbnail(self, digest: str) -> Path:
        """The thumbnail; raises FileNotFoundError."""

    def remove(self, digest: str) -> None:
        """Delete the file and its thumbnail."""

    def sweep(self) -> None:
        """Delete what died on its way in."""

    def digests(self) -> Iterator[str]:
        """Every hash that lies here."""


class FolderBlobs:
    """Blobs in a folder: `tmp/` on the way in, then `ab/cd/<sha256>`, with `<sha256>.thumb` beside it."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        """Use `folder`, made when missing; refuse new files when less than `min_free_bytes` would stay free."""
        self._folder = folder
        self._tmp = folder / "tmp"
        self._min_free_bytes = min_free_bytes
        self._tmp.mkdir(parents=True, exist_ok=True, mode=0o700)

    def receive(self, limit: int) -> Incoming:
        """A temporary file to write to."""
        free = shutil.disk_usage(self._folder).free
        if free < self._min_free_bytes:
            message = "The server's disk is nearly full. Ask whoever runs it to make room, then send again."
            raise Refused(ErrorCode.STORAGE_FULL, message, retry_after_s=60)
        return Incoming(self._tmp / secrets.token_hex(16), limit)

    def keep(self, incoming: Incoming, thumbnail: Path | None = None) -> str:
        """Fsync, rename, fsync the folder: when this returns the row may be committed (reliability 2.11)."""
        incoming.finish()
        place = self._place(incoming.digest)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if thumbnail is not None:
            _fsync(thumbnail)
            thumbnail.replace(place.with_suffix(".thumb"))
        incoming.path.replace(place)
        _fsync(place.parent)
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
        oldest = time.time() - _STALE_S
        for left in self._tmp.iterdir():
            if left.stat().st_mtime < oldest:
                left.unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """Every hash in the folder."""
        return (path.name for path in self._folder.glob("??/??/*") if path.suffix == "")

    def _place(self, digest: str) -> Path:
        """Where a hash lies; two levels of folders keep each small."""
        return self._folder / digest[:2] / digest[2:4] / digest


def _existing(path: Path) -> Path:
    """The path, if a file is there."""
    if not path.is_file():
        raise FileNotFoundError(path.name)
    return path


def _fsync(path: Path) -> None:
    """Make a file or a folder's entries durable; Windows has no folder descriptors and needs none."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
