"""What is known of a file that the user chose, before it is uploaded: its size, and a picture's pixels."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from pathlib import Path

from desktop.core.ports import LocalFile
from desktop.core.rows import kind_of, mime_of
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits

HEAD_BYTES = 64 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_STARTS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG frame header, which holds the size (ITU T.81, table B.1)."""


async def measured(paths: Sequence[Path], limits: Limits) -> list[LocalFile]:
    """Look at the files in a worker thread. Raises Refused for a folder, an empty, missing or too large file."""
    return await asyncio.to_thread(lambda: [_measured(path, limits) for path in paths])


def _measured(path: Path, limits: Limits) -> LocalFile:
    """One file."""
    if path.is_dir():
        raise Refused(ErrorCode.INVALID_REQUEST, f"{path.name} is a folder. Attach the files in it, or pack it first.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise Refused(ErrorCode.NOT_FOUND, f"{path.name} cannot be read: {error.strerror}.") from error
    if size == 0:
        raise Refused(ErrorCode.EMPTY_CONTENT, f"{path.name} is empty. Attach a file with something in it.")
    is_image = kind_of(mime_of(path.name)) == "image"
    most = limits.image_bytes if is_image else limits.file_bytes
    if size > most:
        what = "picture" if is_image else "file"
        message = f"{path.name} has {in_words(size)}; a {what} may have {in_words(most)}. Attach a smaller one."
        raise Refused(ErrorCode.FILE_TOO_LARGE, message, details={"field": "file"})
    width, height = pixels(head) or (None, None)
    if width and height and width * height > limits.image_pixels:
        most_pixels = limits.image_pixels // 1_000_000
        message = f"{path.name} has {width} × {height} pixels; a picture may have {most_pixels} million."
        raise Refused(ErrorCode.IMAGE_TOO_LARGE, message, details={"field": "file"})
    return LocalFile(size, width, height)


def in_words(size: int) -> str:
    """Bytes as people read them: `812 bytes`, `3.1 MB` (powers of 1000, as the limits are)."""
    if size < 1000:
        return f"{size} bytes"
    for unit, factor in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if size >= factor:
            amount = f"{size / factor:.1f}".removesuffix(".0")
            return f"{amount} {unit}"
    return f"{size} bytes"


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
