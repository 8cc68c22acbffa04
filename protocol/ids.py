"""Identifiers: the client's `uid` (UUIDv7 text, RFC 9562) and the server's integer ids."""

from __future__ import annotations

import os
import time
import uuid
from typing import Annotated

from msgspec import Meta

MAX_ID = 2**53 - 1
"""Largest id or position on the wire: beyond it a JavaScript client would round (ECMA-262, Number.MAX_SAFE_INTEGER)."""

Id = Annotated[int, Meta(ge=1, le=MAX_ID, title="Id", description="A positive integer, also accepted as decimal text.")]
Position = Annotated[
    int, Meta(ge=0, le=MAX_ID, title="Position", description="A place in a conversation, from 1; 0 is before all.")
]
Uid = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        title="Uid",
        description="UUID text minted by the client; the same uid is the same message for ever.",
    ),
]


def new_uid() -> str:
    """Mint a UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits; later ones sort later."""
    stamp = (time.time_ns() // 1_000_000).to_bytes(6, "big")
    tail = bytearray(os.urandom(10))
    tail[0] = 0x70 | (tail[0] & 0x0F)
    tail[2] = 0x80 | (tail[2] & 0x3F)
    return str(uuid.UUID(bytes=stamp + bytes(tail)))
