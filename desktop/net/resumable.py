"""Large files on their way up: in pieces (tus 1.0), each hashed, continued after whatever broke off (decision 0023)."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
import requests

from desktop.core.ports import BegunUpload, Cancelled, Unreachable
from desktop.net.transfers import PIECE, Progress
from protocol import tus
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Attachment
from protocol.text import clean_name

LOG = logging.getLogger(__name__)

PIECE_BYTES = 4 * 1024 * 1024
"""What a cut costs at most (reliability 2.12); a file up to this size is one piece anyway and goes as a form."""
_VAIN_TRIES = 4
"""So often without a single piece getting through, then the outbox waits and tries later."""
_BEGINNINGS = 3
"""So often from the start in one go: a file that changes all the time never gets there."""
_BREATH_S = 0.2
_LOST = {ErrorCode.NOT_FOUND, ErrorCode.CHECKSUM_MISMATCH}
_OFF_STEP = {ErrorCode.OFFSET_MISMATCH, ErrorCode.UPLOAD_BUSY, ErrorCode.CHECKSUM_MISMATCH}


class NotSpoken(Exception):  # noqa: N818 - a fact about the server, not an error
    """The server is of a version that takes no files in pieces."""


class _Lost(Exception):  # noqa: N818 - a turn of events, not an error
    """The upload is over before it was whole: expired, damaged, or of a file that has changed since."""


class Ask(Protocol):
    """A signed request from a worker thread. Raises Refused, Unreachable, and what reading the body raised."""

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str], make_body: Callable[[], PieceBody] | None = None
    ) -> requests.Response:
        """The good answer; the body is made anew for each try."""


class PieceBody:
    """A request's body out of memory, read in parts. `trouble` is what ended the reading."""

    def __init__(self, data: bytes, tell: Callable[[int], None]) -> None:
        """`tell` gets how many bytes are on their way, before each part; what it raises ends the sending."""
        self._data = data
        self._tell = tell
        self._sent = 0
        self.trouble: Exception | None = None

    def __len__(self) -> int:
        return len(self._data)

    def read(self, size: int = -1) -> bytes:
        """The next part. Raises what `tell` raises."""
        try:
            self._tell(self._sent)
        except Exception as error:
            self.trouble = error
            raise
        part = self._data[self._sent : self._sent + (PIECE if size < 0 else max(size, PIECE))]
        self._sent += len(part)
        return part


class UploadInPieces:
    """Brings one file to the server; blocks, for a worker thread.

    (nothing) ── POST ──► begun ── PATCH, PATCH, … ──► whole: an attachment
                            │ no answer: ask for the offset, go on from there; nobody answers at all: Unreachable
                            │ expired, damaged, the file has changed: once more from the start
                            └ cancelled: DELETE
    """

    def __init__(
        self,
        ask: Ask,
        path: Path,
        progress: Progress,
        cancelled: Callable[[], bool],
        keep: Callable[[BegunUpload], None],
    ) -> None:
        """`keep` gets what must be remembered to go on after a restart, as soon as the server knows the upload."""
        self._ask = ask
        self._path = path
        self._progress = progress
        self._cancelled = cancelled
        self._keep = keep

    def run(self, begun: BegunUpload | None) -> Attachment:
        """The file on the server; `begun` is what an earlier run has kept.

        Raises Cancelled, Refused, Unreachable, NotSpoken, and OSError when the file is gone or does not keep still.
        """
        for _ in range(_BEGINNINGS):
            try:
                return self._carried(begun)
            except _Lost as reason:
                LOG.info("an upload starts anew: %s", reason)
                begun = None
        raise OSError(errno.EBUSY, "The file does not stay as it is while it is being sent", str(self._path))

    def _carried(self, begun: BegunUpload | None) -> Attachment:
        """One upload from where it is to its end. Raises _Lost as well."""
        with self._path.open("rb") as file:
            size, changed_ns = _facts(file)
            if begun is not None and (begun.size, begun.changed_ns) != (size, changed_ns):
                self._abandon(begun.url)
                begun = None
            if begun is not None:
                state = self._state(begun.url)
            else:
                begun, state = self._begin(file, size, changed_ns)
                self._keep(begun)
            try:
                while state.attachment is None:
                    state = self._next(file, begun, state)
            except Cancelled:
                self._abandon(begun.url)
                raise
        self._progress(1.0)
        return state.attachment

    def _begin(self, file: BinaryIO, size: int, changed_ns: int) -> tuple[BegunUpload, tus.UploadState]:
        """Have the server expect the file, with the hash that the whole must have in the end."""
        facts = {"filename": clean_name(self._path.name), "sha256": self._hash(file)}
        headers = {tus.LENGTH_HEADER: str(size), tus.METADATA_HEADER: tus.metadata(facts)}
        try:
            answer = self._speak("POST", tus.PATH, headers)
        except Refused as refusal:
            if refusal.code in (ErrorCode.NOT_FOUND, ErrorCode.METHOD_NOT_ALLOWED):
                raise NotSpoken from refusal
            raise
        url = answer.headers.get("Location", "")
        if not url.startswith(f"{tus.PATH}/"):
            raise NotSpoken
        state = tus.UploadState(file_name=self._path.name, file_size=size, received=0, expires_at="")
        return BegunUpload(url, size, changed_ns), state

    def _hash(self, file: BinaryIO) -> str:
        """SHA-256 of the whole file, in hex. Raises Cancelled."""
        digest = hashlib.sha256()
        file.seek(0)
        while part := file.read(PIECE * 16):
            self._refuse_cancelled()
            digest.update(part)
        return digest.hexdigest()

    def _next(self, file: BinaryIO, begun: BegunUpload, state: tus.UploadState) -> tus.UploadState:
        """The state after one more piece, tried until it gets through; Unreachable where that seems vain."""
        for vain in range(1, _VAIN_TRIES + 1):
            offset = state.received
            data = self._piece(file, begun, offset)
            try:
                return self._appended(begun, offset, data)
            except Unreachable as reason:
                LOG.info("a piece at %d of %d broke off: %s", offset, begun.size, reason)
            except Refused as refusal:
                if refusal.code not in _OFF_STEP:
                    raise
                if (refusal.details or {}).get("of") == "file":
                    raise _Lost(refusal.message) from refusal
                LOG.info("a piece at %d of %d was not taken: %s", offset, begun.size, refusal.code)
                time.sleep(_BREATH_S * vain)
            state = self._state(begun.url)
            if state.attachment is not None or state.received > offset:
                return state
        raise Unreachable(f"{self._path.name} does not get through just now.")

    def _piece(self, file: BinaryIO, begun: BegunUpload, offset: int) -> bytes:
        """The bytes from `offset` on. Raises _Lost where the file is not the one that was begun any more."""
        self._refuse_cancelled()
        file.seek(offset)
        data = file.read(PIECE_BYTES)
        if _facts(file) != (begun.size, begun.changed_ns) or len(data) != min(PIECE_BYTES, begun.size - offset):
            self._abandon(begun.url)
            raise _Lost("the file has changed")
        return data

    def _appended(self, begun: BegunUpload, offset: int, data: bytes) -> tus.UploadState:
        """Send a piece; the state that the answer tells."""

        def tell(sent: int) -> None:
            self._refuse_cancelled()
            self._progress((offset + sent) / begun.size)

        headers = {
            tus.OFFSET_HEADER: str(offset),
            tus.CHECKSUM_HEADER: tus.checksum("sha256", hashlib.sha256(data).digest()),
            "Content-Type": tus.PIECE_TYPE,
        }
        answer = self._speak("PATCH", begun.url, headers, lambda: PieceBody(data, tell))
        if tus.ATTACHMENT_HEADER in answer.headers:
            return self._state(begun.url)
        received = answer.headers.get(tus.OFFSET_HEADER, "")
        if not received.isdecimal():
            return self._state(begun.url)
        return tus.UploadState(file_name="", file_size=begun.size, received=int(received), expires_at="")

    def _state(self, url: str) -> tus.UploadState:
        """What the server has of it for certain. Raises _Lost where it knows nothing of it."""
        for vain in range(1, _VAIN_TRIES + 1):
            try:
                return msgspec.json.decode(self._speak("GET", url, {}).content, type=tus.UploadState)
            except Refused as refusal:
                if refusal.code in _LOST:
                    raise _Lost(refusal.message) from refusal
                if refusal.code != ErrorCode.UPLOAD_BUSY:
                    raise
                # A whole file is being looked at, or a request that broke off has not been noticed yet.
                time.sleep(_BREATH_S * vain)
        raise Unreachable(f"{self._path.name} is still being stored by the server.")

    def _abandon(self, url: str) -> None:
        """Have the server forget it; what it does not hear of, it forgets in a day."""
        with suppress(Refused, Unreachable):
            self._speak("DELETE", url, {})

    def _speak(
        self, method: str, path: str, headers: Mapping[str, str], make_body: Callable[[], PieceBody] | None = None
    ) -> requests.Response:
        """One request of tus."""
        return self._ask(method, path, {tus.VERSION_HEADER: tus.VERSION, **headers}, make_body)

    def _refuse_cancelled(self) -> None:
        """Raise Cancelled where the user has."""
        if self._cancelled():
            raise Cancelled


def _facts(file: BinaryIO) -> tuple[int, int]:
    """Size, and when it was last changed: where both are the same, it is the same file still."""
    facts = os.fstat(file.fileno())
    return facts.st_size, facts.st_mtime_ns
