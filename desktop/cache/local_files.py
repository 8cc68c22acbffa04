"""Looks at a file that the user chose, before it is uploaded: its size, and a picture's pixels."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

from desktop.core.ports import LocalFile

HEAD_BYTES = 64 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_STARTS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG frame header, which holds the size (ITU T.81, table B.1)."""


def measured(path: Path) -> LocalFile:
    """Its bytes and, for a picture, its pixels. Raises OSError; IsADirectoryError for a folder."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        size = os.fstat(file.fileno()).st_size
    width, height = pixels(head) or (None, None)
    return LocalFile(size, width, height)


def pixels(head: bytes) -> tuple[int, int] | None:
    """Width and height out of a picture's first bytes (PNG, GIF, JPEG, WebP), so that its bubble can reserve them."""
    try:
        if head.startswith(_PNG):
            width, height = struct.unpack_from(">II", head, 16)
        elif head[:4] == b"GIF8":
            width, height = struct.unpack_from("<HH", head, 6)
        elif head[:2] == b"\xff\xd8":
            return _jpeg_pixels(head)
        elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp_pixels(head)
        else:
            return None
    except struct.error:
        return None
    return (width, height) if width and height else None


def _jpeg_pixels(head: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame header. A turned camera picture is measured as it lies in the file."""
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:  # noqa: PLR2004 - every JPEG marker begins with this byte
        if head[at + 1] in _JPEG_STARTS:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + int(struct.unpack_from(">H", head, at + 2)[0])
    return None


def _webp_pixels(head: bytes) -> tuple[int, int] | None:
    """The three forms of WebP (RFC 9649, 2.5 to 2.7)."""
    form = head[12:16]
    if form == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        return width, int.from_bytes(head[27:30], "little") + 1
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
