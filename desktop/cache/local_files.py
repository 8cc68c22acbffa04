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
_MARKER = 0xFF
_ORIENTATION = 0x0112
_ON_ITS_SIDE = {5, 6, 7, 8}


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
    """Walk the segments to the frame header; a camera picture that lies on its side is measured upright."""
    at, lies = 2, False
    while at + 9 < len(head) and head[at] == _MARKER:
        if head[at + 1] in _JPEG_STARTS:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return (height, width) if lies else (width, height)
        if head[at + 4 : at + 10] == b"Exif\0\0":
            lies = _orientation(head[at + 10 :]) in _ON_ITS_SIDE
        at += 2 + int(struct.unpack_from(">H", head, at + 2)[0])
    return None


def _orientation(exif: bytes) -> int:
    """How a camera was held: tag 0x0112 of the first directory (Exif 2.32, 4.6.4); 1, upright, where it is not said."""
    order = "<" if exif[:2] == b"II" else ">"
    directory = int(struct.unpack_from(f"{order}I", exif, 4)[0])
    for index in range(struct.unpack_from(f"{order}H", exif, directory)[0]):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, directory + 2 + index * 12)
        if tag == _ORIENTATION:
            return int(value)
    return 1


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
