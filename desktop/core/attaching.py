"""Whether a file may be attached, decided before anything is shown or uploaded."""

from __future__ import annotations

from pathlib import Path

from desktop.core.media import kind_of, mime_of
from desktop.core.ports import LocalFile, OutboxFile
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits

_UNITS = (("GB", 1000**3), ("MB", 1000**2), ("KB", 1000))


async def measured(disk: OutboxFile, path: Path, limits: Limits) -> LocalFile:
    """What is known of a local file. Raises Refused for a folder, and for an empty, unreadable or too large file."""
    try:
        file = await disk.measure(path)
    except IsADirectoryError:
        message = f"{path.name} is a folder. Attach the files in it, or pack it first."
        raise Refused(ErrorCode.INVALID_REQUEST, message) from None
    except OSError as error:
        message = f"{path.name} cannot be read ({error.strerror or 'no reason given'}). Choose another file."
        raise Refused(ErrorCode.NOT_FOUND, message) from error
    _check(path.name, file, limits)
    return file


def _check(name: str, file: LocalFile, limits: Limits) -> None:
    """Raise Refused, with the limit in words, for what the server would not take."""
    if file.size == 0:
        raise Refused(ErrorCode.EMPTY_CONTENT, f"{name} is empty. Attach a file with something in it.")
    is_image = kind_of(mime_of(name)) == "image"
    most, what = (limits.image_bytes, "a picture") if is_image else (limits.file_bytes, "a file")
    if file.size > most:
        message = f"{name} has {in_words(file.size)}; {what} may have {in_words(most)}. Attach a smaller one."
        raise Refused(ErrorCode.FILE_TOO_LARGE, message, details={"field": "file"})
    if (file.width or 0) * (file.height or 0) > limits.image_pixels:
        most_pixels = f"{limits.image_pixels / 1e6:g} million pixels"
        message = f"{name} has {file.width} × {file.height} pixels; a picture may have {most_pixels}. Make it smaller."
        raise Refused(ErrorCode.IMAGE_TOO_LARGE, message, details={"field": "file"})


def in_words(size: int) -> str:
    """Bytes as people read them: `812 bytes`, `3.1 MB` (powers of 1000, as the limits are)."""
    for unit, factor in _UNITS:
        if size >= factor:
            amount = f"{size / factor:.1f}".removesuffix(".0")
            return f"{amount} {unit}"
    return f"{size} bytes"
