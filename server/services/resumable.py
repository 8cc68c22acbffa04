"""Files that come in pieces: begun, continued from what is stored for certain, and stored whole at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from protocol.times import now_ms, to_wire
from protocol.tus import UploadState
from server.services import sniffing
from server.services.ports import Actor
from server.services.refusals import invalid, not_found
from server.storage import attachments as files
from server.storage import uploads as rows
from server.storage.attachments import AttachmentRow
from server.storage.blobs import STALE_S, Arrived, BlobStore, Incoming, too_large
from server.storage.uploads import UploadRow

if TYPE_CHECKING:
    from server.storage.unit import Database, Snapshot, Unit

OPEN_MS = 24 * 3600 * 1000
"""An upload that is not whole within a day of its beginning is deleted (contract, REST)."""
_TOLD_CHARS = 4096
_SHA256_CHARS = 64

Store = Callable[[Actor, Arrived, str, Callable[["Unit", AttachmentRow], None]], AttachmentRow]
"""Stores a whole file under a name as the actor's unbound attachment; the last argument runs in its transaction."""


class Resumable:
    """Owns uploads in pieces until they are whole; from then on they are attachments as any other.

    begin() ──► coming ── append() ──► … ── the last append() ──► whole ── stored ──► complete (an attachment's id)
                   │                                                │ dies here: state() or append() stores it
                   └── 24 h, abandon(), the file is damaged ──► (gone)

    What counts is `received` in the table, told only after an fsync of the file; one writer at a time, by a lock on the
    file that every process of this data directory respects. Everything is its owner's alone: to others it is not there.
    """

    def __init__(self, database: Database, blobs: BlobStore, limits: Limits, store: Store) -> None:
        """Work on these; nothing is read or written yet."""
        self._database = database
        self._blobs = blobs
        self._partials = blobs.partials
        self._limits = limits
        self._store = store

    def begin(self, actor: Actor, size: int, told: str, facts: dict[str, str]) -> tuple[str, UploadState]:
        """Open an upload of `size` bytes: its key, and its state. `told`: the client's words, `facts`: read from them.

        Raises Refused: too large, too many uploads, no room.
        """
        if size > self._limits.file_bytes:
            raise too_large(self._limits.file_bytes)
        self._blobs.refuse_full(size)
        at = now_ms()
        row = UploadRow(
            key=secrets.token_hex(16),
            owner_id=actor.user_id,
            told=_bounded(told),
            file_name=sniffing.file_name(facts.get("filename")),
            sha256=_sha256(facts.get("sha256")),
            size=size,
            created_at=at,
            expires_at=at + OPEN_MS,
        )
        with self._database.read() as connection:
            refuse_too_many(connection, self._limits, actor.user_id)
        self._partials.begin(row.key)
        try:
            self._database.write(lambda unit: self._begun(unit, row))
        except Refused:
            self._partials.remove(row.key)
            raise
        return row.key, self._state(self._stored(actor, row))

    def _begun(self, unit: Unit, row: UploadRow) -> None:
        """Write the row, unless other uploads of the same user were faster."""
        refuse_too_many(unit.connection, self._limits, row.owner_id)
        rows.add(unit.connection, row)

    def told(self, actor: Actor, key: str) -> str:
        """How the client described it. Raises Refused (`not_found`)."""
        return self._own(actor, key).told

    def state(self, actor: Actor, key: str) -> UploadState:
        """How far one's own upload has come. Raises Refused (`not_found`; `upload_busy` while it is being stored)."""
        row = self._own(actor, key)
        if row.is_whole and row.attachment_id is None:
            with self._partials.locked(key):
                row = self._stored(actor, self._own(actor, key))
        return self._state(row)

    def left(self, actor: Actor, key: str, offset: int) -> int:
        """How many bytes may come from `offset` on. Raises Refused (`not_found`, `offset_mismatch`)."""
        row = self._own(actor, key)
        _refuse_elsewhere(row, offset)
        return row.size - offset

    def piece(self, most: int, algorithm: str = "sha256") -> Incoming:
        """A place to write the next piece to, at most so many bytes. Raises Refused (`storage_full`)."""
        return self._blobs.receive(most, algorithm)

    def append(self, actor: Actor, key: str, offset: int, piece: Incoming) -> UploadState:
        """Add a piece at `offset`; with the last one the file is stored. The caller drops the piece in any case.

        Raises Refused: `offset_mismatch`, `upload_busy`, `not_found`; at the end what storing any file may raise.
        """
        piece.close()
        self._own(actor, key)
        with self._partials.locked(key):
            row = self._own(actor, key)
            _refuse_elsewhere(row, offset)
            if piece.size:
                self._partials.append(key, offset, piece.path)
                row = self._advanced(row, offset + piece.size)
            return self._state(self._stored(actor, row))

    def abandon(self, actor: Actor, key: str) -> int | None:
        """Forget one's own upload; the id of the attachment it has become, where it was complete. Raises Refused."""
        self._own(actor, key)
        with self._partials.locked(key):
            row = self._own(actor, key)
            self._forget(row)
            return row.attachment_id

    def sweep(self, at_ms: int) -> None:
        """Forget uploads whose time is over, and files without a row, a day old."""
        for key in self._database.write(lambda unit: rows.take_expired(unit.connection, at_ms)):
            self._partials.remove(key)
        left = self._partials.keys(before_s=min(at_ms / 1000, time.time()) - STALE_S)
        if left:
            with self._database.read() as connection:
                strays = left - rows.known(connection, left)
            for key in strays:
                self._partials.remove(key)

    def _own(self, actor: Actor, key: str) -> UploadRow:
        """The actor's upload. Raises Refused (`not_found`), also when its bytes or what it has become are gone."""
        with self._database.read() as connection:
            row = rows.by_key(connection, key)
        if row is None or row.owner_id != actor.user_id or row.expires_at <= now_ms():
            raise not_found("upload")
        if row.attachment_id is None and not self._is_there(row):
            self._forget(row)
            raise not_found("upload")
        return row

    def _is_there(self, row: UploadRow) -> bool:
        """Whether the bytes that count are on the disk; they are not after a database was restored without files."""
        try:
            return self._partials.size(row.key) >= row.received
        except FileNotFoundError:
            return False

    def _advanced(self, row: UploadRow, to: int) -> UploadRow:
        """Note what is on the disk. Raises Refused (`not_found`) where the sweeper was faster."""
        if not self._database.write(lambda unit: rows.advance(unit.connection, row.key, row.received, to)):
            raise not_found("upload")
        return changed(row, received=to)

    def _stored(self, actor: Actor, row: UploadRow) -> UploadRow:
        """Store the file if it is whole and not stored yet; under the lock. Raises Refused.

        What asking again cannot mend ends the upload; after anything else it stays whole, to be stored when asked.
        """
        if not row.is_whole or row.attachment_id is not None:
            return row

        def finish(unit: Unit, stored: AttachmentRow) -> None:
            if not rows.complete(unit.connection, row.key, stored.attachment_id):
                raise not_found("upload")

        whole = self._partials.whole(row.key)
        try:
            if row.sha256 is not None and whole.digest != row.sha256:
                raise _damaged()
            attachment = self._store(actor, whole, row.file_name, finish)
        except Refused as refusal:
            if not refusal.retryable or refusal.code == ErrorCode.CHECKSUM_MISMATCH:
                self._forget(row)
            raise
        self._partials.remove(row.key)
        return changed(row, attachment_id=attachment.attachment_id)

    def _forget(self, row: UploadRow) -> None:
        """Delete the row, then what has come."""
        self._database.write(lambda unit: rows.remove(unit.connection, row.key))
        self._partials.remove(row.key)

    def _state(self, row: UploadRow) -> UploadState:
        """The row as its owner sees it. Raises Refused (`not_found`) where it became a file that is forgotten again."""
        attachment = None
        if row.attachment_id is not None:
            with self._database.read() as connection:
                attachment = files.by_id(connection, row.attachment_id)
            if attachment is None:
                raise not_found("upload")
        return UploadState(
            file_name=row.file_name,
            file_size=row.size,
            received=row.received,
            expires_at=to_wire(row.expires_at),
            attachment=None if attachment is None else attachment.to_wire(),
        )


def refuse_too_many(snapshot: Snapshot, limits: Limits, owner_id: int, *, more: int = 1) -> None:
    """Raise Refused where more uploads of this user would wait, or be coming, than one may have."""
    most = limits.open_uploads_per_user
    if files.open_uploads(snapshot, owner_id) + more > most:
        message = f"{most} uploads wait to be sent. Send them first, then upload more."
        raise Refused(ErrorCode.TOO_MANY_UPLOADS, message, retry_after_s=60)


def _refuse_elsewhere(row: UploadRow, offset: int) -> None:
    """Raise Refused where the upload is not at this offset."""
    if offset != row.received:
        message = f"This upload is at byte {row.received}. Go on from there."
        raise Refused(ErrorCode.OFFSET_MISMATCH, message, details={"offset": row.received})


def _bounded(told: str) -> str:
    """The client's description, if it is not too long."""
    if len(told) > _TOLD_CHARS:
        raise invalid("Upload-Metadata", f"Upload-Metadata has more than {_TOLD_CHARS} characters. Tell less.")
    return told


def _sha256(text: str | None) -> str | None:
    """The client's hash of the whole file."""
    if text is None:
        return None
    digest = text.strip().lower()
    if len(digest) != _SHA256_CHARS or not set(digest) <= set("0123456789abcdef"):
        raise invalid(
            "sha256", "'sha256' in Upload-Metadata must be 64 hexadecimal digits. Correct it, or leave it out."
        )
    return digest


def _damaged() -> Refused:
    """The whole is not what its sender has hashed."""
    message = "The file is not the one that was announced: it was damaged on the way, or has changed. Upload it again."
    return Refused(ErrorCode.CHECKSUM_MISMATCH, message, details={"of": "file"}, retryable=True)
