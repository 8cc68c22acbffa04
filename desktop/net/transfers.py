"""Files on their way: a multipart body that is never whole in memory, and downloads that are whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import requests

from desktop.core.ports import Cancelled
from protocol.text import clean_name

Progress = Callable[[float], None]

PIECE = 64 * 1024
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""What HTML's multipart form encoding escapes in a file's name (WHATWG HTML, 4.10.22.8)."""


class FileBody:
    """A `multipart/form-data` body (RFC 7578) with one part, `file`, read from disk as it is sent.

    `trouble` is the OSError or Cancelled that ended the reading: requests would wrap it in a line error.
    """

    def __init__(self, path: Path, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """Open the file. Raises OSError when it is gone or is a folder."""
        self._file: BinaryIO = path.open("rb")
        size = os.fstat(self._file.fileno()).st_size
        boundary = uuid.uuid4().hex
        name = clean_name(path.name).translate(_ESCAPES)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.trouble: Exception | None = None
        self._head, self._tail = head.encode(), f"\r\n--{boundary}--\r\n".encode()
        self._left, self._size, self._sent = size, size, 0
        self._length = len(self._head) + size + len(self._tail)
        self._progress, self._cancelled = progress, cancelled

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """The next piece. Raises Cancelled, or OSError when the file has become shorter or unreadable."""
        try:
            return self._next(PIECE if size < 0 else max(size, PIECE))
        except (OSError, Cancelled) as error:
            self.trouble = error
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _next(self, size: int) -> bytes:
        """Head, then the file, then tail; told to `progress` as parts of the file."""
        if self._cancelled():
            raise Cancelled
        if self._head:
            piece, self._head = self._head, b""
            return piece
        if self._left:
            piece = self._file.read(min(size, self._left))
            if not piece:
                raise OSError("The file became shorter while it was being sent.")
            self._left -= len(piece)
            self._progress(1 - self._left / self._size)
            return piece
        piece, self._tail = self._tail, b""
        return piece


def save_answer(answer: requests.Response, target: Path, progress: Progress | None) -> None:
    """The answer's body as the file `target`, beside it first. Raises OSError, or requests' errors."""
    beside = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex}.part")
    length = int(answer.headers.get("Content-Length") or 0)
    got = 0
    try:
        with beside.open("xb") as file:
            for piece in answer.iter_content(PIECE):
                file.write(piece)
                got += len(piece)
                if progress is not None and length:
                    progress(min(1.0, got / length))
        if length and got != length:
            raise requests.ConnectionError(f"{got} of {length} bytes came")
        beside.replace(target)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
