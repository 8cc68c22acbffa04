"""Uploads in pieces: the header names and their values, after tus 1.0.0 (tus.io) with the extensions we have."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from msgspec import Struct

from protocol.shapes import Attachment

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,checksum,termination"
PATH = "/api/uploads/resumable"
PIECE_TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256")
"""tus asks for SHA-1; our own app sends SHA-256."""

VERSION_HEADER = "Tus-Resumable"
OFFSET_HEADER = "Upload-Offset"
LENGTH_HEADER = "Upload-Length"
METADATA_HEADER = "Upload-Metadata"
CHECKSUM_HEADER = "Upload-Checksum"
EXPIRES_HEADER = "Upload-Expires"
ATTACHMENT_HEADER = "Upload-Attachment"
"""Ours: the id of the attachment that a finished upload has become, for `GET /api/uploads/{attachment_id}`."""
ASKED_HEADERS = (VERSION_HEADER, OFFSET_HEADER, LENGTH_HEADER, METADATA_HEADER, CHECKSUM_HEADER)
TOLD_HEADERS = (
    "Location",
    VERSION_HEADER,
    OFFSET_HEADER,
    LENGTH_HEADER,
    METADATA_HEADER,
    EXPIRES_HEADER,
    ATTACHMENT_HEADER,
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
)

_KEY = re.compile(r"[!-+\--~]+")
"""Printable ASCII without blank and comma."""


class UploadState(Struct, kw_only=True, frozen=True):
    """An upload in pieces: how many of its bytes are stored, until when it waits, and what it has become at the end."""

    file_name: str
    file_size: int
    received: int
    expires_at: str
    attachment: Attachment | None = None


def metadata(pairs: Mapping[str, str]) -> str:
    """The value of `Upload-Metadata`."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def parse_metadata(text: str) -> dict[str, str]:
    """Keys with their values, from `Upload-Metadata`. Raises ValueError where it is not of that form."""
    found: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            message = f"no key, or one given twice: {key[:50]!r}"
            raise ValueError(message)
        found[key] = _decoded(value.strip()).decode()
    return found


def checksum(algorithm: str, digest: bytes) -> str:
    """The value of `Upload-Checksum`."""
    return f"{algorithm} {base64.b64encode(digest).decode()}"


def parse_checksum(text: str) -> tuple[str, bytes]:
    """Algorithm and digest, from `Upload-Checksum`. Raises ValueError for another form or algorithm."""
    algorithm, _, value = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        message = f"no algorithm of ours: {algorithm[:50]!r}"
        raise ValueError(message)
    return algorithm, _decoded(value.strip())


def _decoded(text: str) -> bytes:
    """Bytes out of Base64. Raises ValueError."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
