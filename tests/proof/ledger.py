"""What a device has seen, line by line, in a file that outlives it: the witness of the proof.

One line is one `write` to a file opened for appending: a process killed right after it has still told it (the proof
kills processes, not the machine, so that nothing here waits for the disk).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec
from msgspec import Struct

Kind = Literal[
    "started",
    "intended",
    "enqueued",
    "tried",
    "acked",
    "failed",
    "heard",
    "greeted",
    "applied",
    "cursor",
    "followed",
    "cut_off",
    "left",
    "shown",
]
"""What a line tells.

    started    a life of the device begins (its `user_id`)
    intended   a text is about to be given to the outbox (uid, conversation, text)
    enqueued   the outbox has said that the text is on disk: the composer would be empty now
    tried      the text goes on the wire
    acked      the server has answered: where it stored the text; `again` when it had been stored before this try
    failed     the server has refused it for good
    heard      an event arrived, before or after `greeted`
    greeted    the server's greeting
    applied    a message is in the store as this (conversation, position, uid, version, text)
    cursor     how far a member has read, as the store has it now
    followed   the version to which a conversation is followed
    cut_off    the session was revoked, or its user removed from the conversation: nothing may come after a grace
    left       what stands in the outbox at the end
    shown      one row of the conversation as the device shows it at the end
"""


class Line(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One thing that happened to a device; the fields that its kind needs."""

    kind: Kind
    at_ms: int = 0
    user_id: int = 0
    conversation_id: int = 0
    uid: str = ""
    text: str = ""
    position: int = 0
    version: int = 0
    message_id: int = 0
    again: bool = False
    event: str = ""


class Ledger:
    """Owns the file of one device; its next life goes on in the same."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def note(self, line: Line) -> None:
        """Write a line, with the moment where it has none."""
        if not line.at_ms:
            line = msgspec.structs.replace(line, at_ms=time.time_ns() // 1_000_000)
        os.write(self._file, self._encoder.encode(line) + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def read(path: Path) -> list[Line]:
    """All lines of a device, of all its lives. Raises msgspec.DecodeError for a line that is none."""
    return msgspec.json.decode(b"[" + b",".join(path.read_bytes().splitlines()) + b"]", type=list[Line])


def read_all(paths: Iterable[Path]) -> dict[str, list[Line]]:
    """The ledgers by the names of their devices."""
    return {path.stem: read(path) for path in sorted(paths)}
