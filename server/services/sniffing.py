"""What a file really is, by its bytes, and what it is called; a client's word about its type counts for nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import puremagic

from protocol.text import clean_name

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
VIDEO_TYPES = frozenset({"video/mp4", "video/webm", "video/quicktime"})
INLINE_TYPES = IMAGE_TYPES | {"video/mp4", "video/webm"}
"""Shown in place; everything else, SVG, HTML and PDF among them, is handed out as a download (reliability 2.12)."""
UNKNOWN_TYPE = "application/octet-stream"

_ACTIVE = re.compile(r"html|xml|svg|script|flash|java|x-sh|x-httpd", re.IGNORECASE)
"""Types a browser might run: named plain bytes, so that not even a wrong header elsewhere brings them to life."""
_MIME = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_HEAD_BYTES = 4096
_NAME_CHARS = 200
# Reserved in every folder of Windows, with or without an extension (Microsoft, Naming Files, Paths, and Namespaces).
_DEVICE = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
_TEXT_TYPES = {".txt": "text/plain", ".log": "text/plain", ".csv": "text/csv", ".md": "text/markdown"}


def sniff(path: Path, file_name: str) -> str:
    """The MIME type of the bytes; where nothing is recognised, text by extension if it is text, else octet-stream.

    The name only chooses among types whose signatures agree (a .docx is a .zip to its bytes).
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    found = [str(match.mime_type) for match in _matches(head) if match.mime_type]
    extension = Path(file_name).suffix.lower()
    by_name = [str(match.mime_type) for match in _matches(head) if match.mime_type and match.extension == extension]
    chosen = next(iter(by_name + found), None) or _as_text(head, extension)
    return chosen if _MIME.fullmatch(chosen) and not _ACTIVE.search(chosen) else _office(chosen)


def _matches(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    """Every signature that fits, the surest first; none fits an empty or a plain text file."""
    try:
        return list(puremagic.magic_string(head))
    except (puremagic.PureError, ValueError):
        return []


def _as_text(head: bytes, extension: str) -> str:
    """A text type where the bytes are UTF-8 without zeros and the extension says text."""
    try:
        head[:-4].decode()
    except UnicodeDecodeError:
        return UNKNOWN_TYPE
    return _TEXT_TYPES.get(extension, UNKNOWN_TYPE) if b"\0" not in head else UNKNOWN_TYPE


def _office(mime: str) -> str:
    """Office documents have "xml" in their names and are harmless; anything else active stays plain bytes."""
    return mime if mime.startswith("application/vnd.openxmlformats-") and _MIME.fullmatch(mime) else UNKNOWN_TYPE


def file_name(name: str | None) -> str:
    """A name to show and to save under: no path, no device, no disguise, at most 200 characters with its extension."""
    last = re.split(r"[/\\]", name or "")[-1]
    plain = _FORBIDDEN.sub("_", clean_name(last)).strip(" .")
    plain = f"_{plain}" if _DEVICE.match(plain) else plain
    if len(plain) > _NAME_CHARS:
        suffix = Path(plain).suffix[:20]
        plain = plain[: _NAME_CHARS - len(suffix)] + suffix
    return plain or "file"


def kind(mime: str) -> Literal["image", "video", "file"]:
    """The message type of a file by its sniffed type: `image` and `video` are those that every client can show."""
    if mime in IMAGE_TYPES:
        return "image"
    return "video" if mime in VIDEO_TYPES else "file"
