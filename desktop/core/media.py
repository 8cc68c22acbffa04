"""What is known of files by their names and types."""

from __future__ import annotations

import mimetypes
from typing import Literal

FileKind = Literal["image", "video", "file"]


def kind_of(mime: str) -> FileKind:
    """How a file of this media type is shown; only types that the server stores as pictures and films are."""
    if mime in {"image/jpeg", "image/png", "image/gif", "image/webp"}:
        return "image"
    return "video" if mime in {"video/mp4", "video/webm", "video/quicktime"} else "file"


def mime_of(path: str) -> str:
    """The media type that a local file's name promises."""
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def file_name(path: str) -> str:
    """The last part of a local path of any system."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
