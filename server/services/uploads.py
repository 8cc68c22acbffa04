"""Files on their way in, beside messages, and on their way out."""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from protocol.commands import SentFile
from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits
from protocol.shapes import Attachment
from protocol.times import now_ms
from server.services import sniffing, thumbnails
from server.services.ports import Actor
from server.services.refusals import file_not_uploaded, not_found
from server.services.resumable import Resumable, refuse_too_many
from server.storage import attachments as rows
from server.storage.attachments import AttachmentRow
from server.storage.blobs import STALE_S, Arrived, BlobStore, Incoming
from server.storage.disk import off_hub

if TYPE_CHECKING:
    from server.services.access import Access
    from server.storage.unit import Database, Snapshot, Unit

THUMBNAIL_SIDE = 640
AVATAR_SIDE = 256
UNBOUND_MS = 24 * 3600 * 1000
"""An upload that no message names within a day is deleted (contract, REST)."""
_STRAYS_AT_ONCE = 500

_log = logging.getLogger(__name__)

InUnit = Callable[["Unit", AttachmentRow], None]
"""Runs in the transaction that writes a row, after it."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file to hand out. `inline`: may be shown in place; otherwise it is a download."""

    path: Path
    size: int
    file_name: str
    file_type: str
    inline: bool
    etag: str


@dataclass(frozen=True, slots=True)
class _Looked:
    """What an incoming file turned out to be."""

    file_type: str
    width: int | None = None
    height: int | None = None
    thumbnail: Path | None = None
    blurhash: str | None = None


class Uploads:
    """Takes files in, binds them to messages, hands them out to those who may see them, and forgets the rest.

    receive() ──► store() ──► unbound ── bind() in the sending transaction ──► bound
                                 └────── 24 h ──► sweep(): row, then blob ──► (gone)
    """

    def __init__(self, database: Database, access: Access, blobs: BlobStore, limits: Limits) -> None:
        """Work on these; nothing is read or written yet."""
        self._database = database
        self._access = access
        self._blobs = blobs
        self._limits = limits

        self._strays_looked_for_at = 0
        self.resumable = Resumable(database, blobs, limits, self._take)
        """Those that come in pieces."""

    def receive(self, actor: Actor) -> Incoming:
        """A place to write an upload to. Raises Refused: too many uploads, storage full; when written, too large."""
        with self._database.read() as connection:
            refuse_too_many(connection, self._limits, actor.user_id)
        return self._blobs.receive(self._limits.file_bytes)

    def store(self, actor: Actor, incoming: Incoming, name: str | None) -> Attachment:
        """A received file as an unbound attachment of the caller. Raises Refused; then nothing is left of it."""
        try:
            return self._take(actor, incoming, sniffing.file_name(name), self._refuse_too_many).to_wire()
        finally:
            incoming.drop()

    def _take(self, actor: Actor, arrived: Arrived, name: str, also: InUnit) -> AttachmentRow:
        """Look at a file that has arrived, keep its bytes, write its row; `also` runs in that transaction."""
        try:
            arrived.finish()
            looked = self._look(arrived, name)
            return self._written(self._keep(actor.user_id, arrived, name, looked), also)
        finally:
            _thumbnail_path(arrived).unlink(missing_ok=True)

    def abandon(self, actor: Actor, key: str) -> None:
        """Forget one's own upload in pieces, also when it is complete, unless it was sent. Raises Refused."""
        attachment_id = self.resumable.abandon(actor, key)
        if attachment_id is not None:
            self.discard(actor, attachment_id)

    def discard(self, actor: Actor, attachment_id: int) -> None:
        """Forget an upload of the actor's that came with a message which was refused; one that was sent stays."""
        digest = self._database.write(lambda unit: rows.remove_unbound(unit.connection, attachment_id, actor.user_id))
        if digest is not None:
            self._removed(digest)

    def forget_sent(self, unit: Unit, message_id: int, *, purpose: str | None = None) -> None:
        """Forget the files of a message that is being deleted; their bytes go after the commit, unless others use them.

        Bytes that stay because the server ends in between are found by `sweep`, as those of a lost upload are.
        """
        for digest in set(rows.remove_bound(unit.connection, message_id, purpose=purpose)):
            unit.after_commit(partial(self._remove_later, digest))

    def _remove_later(self, digest: str) -> None:
        """Line up a look whether these bytes are nobody's now."""
        try:
            self._database.write_later(lambda unit: self._remove_nobodys(unit, digest), _settled)
        except Refused:
            _log.info("too much waits to be written: the bytes of a deleted file are left to the sweep")

    def store_avatar(self, actor: Actor, incoming: Incoming) -> AttachmentRow:
        """A received picture as a square avatar, not yet anybody's. Raises Refused where it is no picture."""
        made = self._made_anew(incoming, AVATAR_SIDE, square=True)
        if made is None:
            message = "This is no picture the server can read. Choose a PNG, JPEG, GIF or WebP file."
            raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)
        return changed(self._keep(actor.user_id, *made), purpose="avatar", expires_at=None)

    def blank(self, limit: int) -> Incoming:
        """A place for something of at most `limit` bytes that the server fetches itself. Raises Refused."""
        return self._blobs.receive(limit)

    def store_preview(self, incoming: Incoming) -> AttachmentRow | None:
        """A fetched picture made anew, not yet written and nobody's; None where it is no picture, or too large."""
        made = self._made_anew(incoming, THUMBNAIL_SIDE, square=False)
        return None if made is None else changed(self._keep(0, *made), purpose="preview", expires_at=None)

    def tie(self, unit: Unit, row: AttachmentRow, message_id: int, owner_id: int) -> None:
        """Write the row of a picture of `store_preview` beside a message. Raises Refused (`unavailable`)."""
        self._added(unit, changed(row, message_id=message_id, owner_id=owner_id), lambda _unit, _row: None)

    def discard_picture(self, row: AttachmentRow) -> None:
        """Forget a picture of `store_preview` that no message took."""
        self._removed(row.blob_hash)

    def _made_anew(self, incoming: Incoming, side: int, *, square: bool) -> tuple[Incoming, str, _Looked] | None:
        """A received picture drawn again, small and without whatever else was in it; what came is dropped."""
        target = _thumbnail_path(incoming)
        try:
            incoming.finish()
            facts = thumbnails.make(incoming.path, target, side=side, pixels=self._limits.image_pixels, square=square)
            if facts is None or not facts.made:
                return None
            picture = self._blobs.receive(self._limits.image_bytes)
            picture.write(target.read_bytes())
            width, height = (side, side) if square else _fitting(facts.width, facts.height, side)
            return picture, "picture.webp", _Looked("image/webp", width, height, blurhash=facts.blurhash)
        finally:
            target.unlink(missing_ok=True)
            incoming.drop()

    def bind(self, unit: Unit, actor: Actor, message_id: int, files: Sequence[SentFile]) -> list[AttachmentRow]:
        """Tie files to a message inside its transaction: own unbound uploads, or copies of what the actor can see.

        Raises Refused (`file_not_uploaded`) for anything else; the caller's whole job is undone then.
        """
        return [self._bound(unit, actor, message_id, place, file) for place, file in enumerate(files)]

    def state(self, actor: Actor, attachment_id: int) -> Attachment:
        """One's own upload. Raises Refused (`not_found`)."""
        with self._database.read() as connection:
            row = rows.by_id(connection, attachment_id)
        if row is None or row.owner_id != actor.user_id:
            raise not_found("upload")
        return row.to_wire()

    def open(self, actor: Actor, key: str) -> StoredFile:
        """A file the caller may see. Raises Refused (`not_found`)."""
        row = self._access.attachment(actor, key)
        path = self._existing(row.blob_hash, thumbnail=False)
        inline = row.file_type in sniffing.INLINE_TYPES
        return StoredFile(path, row.file_size, row.file_name, row.file_type, inline, f"{row.key}-f")

    def thumbnail(self, actor: Actor, key: str) -> StoredFile:
        """The small picture of a file the caller may see. Raises Refused (`not_found`)."""
        row = self._access.attachment(actor, key)
        if not row.has_thumbnail:
            raise not_found("thumbnail")
        path = self._existing(row.blob_hash, thumbnail=True)
        return StoredFile(path, path.stat().st_size, f"{row.key}.webp", "image/webp", inline=True, etag=f"{row.key}-t")

    def sweep(self, at_ms: int | None = None) -> int:
        """Forget uploads whose time is over; the result counts the deleted blobs."""
        self._blobs.sweep()
        at = now_ms() if at_ms is None else at_ms
        self.resumable.sweep(at)
        unnamed = self._database.write(lambda unit: rows.take_expired(unit.connection, at))
        removed = sum(self._removed(digest) for digest in unnamed)
        return removed + sum(self._removed(digest) for digest in self._strays(at))

    def _strays(self, at_ms: int) -> list[str]:
        """Blobs a day old without a row: whoever stored them died before the commit. Looked for once a day."""
        if at_ms - self._strays_looked_for_at < UNBOUND_MS:
            return []
        self._strays_looked_for_at = at_ms
        old = self._blobs.digests(before_s=at_ms / 1000 - STALE_S)
        strays: list[str] = []
        # In parts, each from another thread: looking through many files at once would hold up everybody.
        while part := off_hub(lambda: [*itertools.islice(old, _STRAYS_AT_ONCE)]):
            with self._database.read() as connection:
                strays += sorted({*part} - rows.named(connection, part))
        return strays

    def _removed(self, digest: str) -> int:
        """Delete a blob unless an upload has named it since; asked in the writer's thread, where no row can slip in."""
        return self._database.write(lambda unit: self._remove_nobodys(unit, digest))

    def _remove_nobodys(self, unit: Unit, digest: str) -> int:
        """Delete a blob that no row names: how many that were."""
        if rows.is_named(unit.connection, digest):
            return 0
        self._blobs.remove(digest)
        return 1

    def _look(self, incoming: Arrived, name: str) -> _Looked:
        """Type, pixels and thumbnail of a finished file. Raises Refused where a picture is beyond the limits."""
        found = sniffing.sniff(incoming.path, name)
        if found not in sniffing.IMAGE_TYPES:
            return _Looked(found)
        if incoming.size > self._limits.image_bytes:
            raise _image_too_large(f"{self._limits.image_bytes / 1e6:.0f} MB")
        target = _thumbnail_path(incoming)
        facts = thumbnails.make(incoming.path, target, side=THUMBNAIL_SIDE, pixels=self._limits.image_pixels)
        if facts is None:
            # Broken, or a bomb: it stays a plain file that nobody's program opens by itself.
            return _Looked(sniffing.UNKNOWN_TYPE)
        if facts.too_many:
            raise _image_too_large(f"{self._limits.image_pixels / 1e6:.0f} megapixels")
        return _Looked(found, facts.width, facts.height, target, facts.blurhash)

    def _keep(self, owner_id: int, incoming: Arrived, name: str, looked: _Looked) -> AttachmentRow:
        """Move the bytes to their place and make their row, not yet written."""
        size = incoming.size
        digest = self._blobs.keep(incoming, looked.thumbnail)
        at = now_ms()
        return AttachmentRow(
            key=secrets.token_hex(16),
            blob_hash=digest,
            owner_id=owner_id,
            file_name=name,
            file_type=looked.file_type,
            file_size=size,
            width=looked.width,
            height=looked.height,
            has_thumbnail=looked.thumbnail is not None,
            blurhash=looked.blurhash,
            created_at=at,
            expires_at=at + UNBOUND_MS,
        )

    def _written(self, row: AttachmentRow, also: InUnit) -> AttachmentRow:
        """Write the row of bytes that are in their place; where it is refused, the bytes go again."""
        try:
            return self._database.write(lambda unit: self._added(unit, row, also))
        except Refused:
            self._removed(row.blob_hash)
            raise

    def _added(self, unit: Unit, row: AttachmentRow, also: InUnit) -> AttachmentRow:
        """Write the row, and do what belongs to it."""
        try:
            # The same bytes may have been deleted since keep(): that happens in this thread too, so look here.
            self._blobs.path(row.blob_hash)
        except FileNotFoundError:
            message = "The same file was being deleted while it came. Send it again."
            raise Refused(ErrorCode.UNAVAILABLE, message, retry_after_s=1) from None
        stored = rows.add(unit.connection, row)
        also(unit, stored)
        return stored

    def _refuse_too_many(self, unit: Unit, stored: AttachmentRow) -> None:
        """Raise Refused where other uploads of the same user were faster than the one just written."""
        refuse_too_many(unit.connection, self._limits, stored.owner_id, more=0)

    def _bound(self, unit: Unit, actor: Actor, message_id: int, place: int, file: SentFile) -> AttachmentRow:
        """One file tied to the message: the caller's unbound upload itself, a copy of what they can see elsewhere."""
        row = self.named(unit.connection, actor, file)
        name = sniffing.file_name(file.file_name) if file.file_name else row.file_name
        if row.expires_at is not None:
            if row.owner_id != actor.user_id or not rows.bind(unit.connection, row.attachment_id, message_id, place):
                raise file_not_uploaded()
            return changed(row, message_id=message_id, place=place, expires_at=None)
        copy = changed(
            row,
            key=secrets.token_hex(16),
            owner_id=actor.user_id,
            message_id=message_id,
            place=place,
            purpose="message",
            file_name=name,
            created_at=unit.now_ms,
        )
        return rows.add(unit.connection, copy)

    def named(self, snapshot: Snapshot, actor: Actor, file: SentFile) -> AttachmentRow:
        """The file an address names, if the actor may send it. Raises Refused (`file_not_uploaded`)."""
        key = rows.key_of(file.file_url)
        if key is None:
            raise file_not_uploaded()
        try:
            return self._access.attachment(actor, key, snapshot)
        except Refused as refusal:
            raise file_not_uploaded() from refusal

    def _existing(self, digest: str, *, thumbnail: bool) -> Path:
        """Where the bytes lie; a missing blob answers as a missing file."""
        try:
            return self._blobs.thumbnail(digest) if thumbnail else self._blobs.path(digest)
        except FileNotFoundError:
            raise not_found("file") from None


def _settled(outcome: object) -> None:
    """Nobody waits for the removal of a file; where it failed, the sweep finds what is left."""
    if isinstance(outcome, Exception):
        _log.info("the bytes of a deleted file are left to the sweep", extra={"reason": type(outcome).__name__})


def _thumbnail_path(incoming: Arrived) -> Path:
    """Where the small picture is made, beside the file on its way in."""
    return incoming.path.with_suffix(".thumb")


def _fitting(width: int, height: int, side: int) -> tuple[int, int]:
    """The size of a picture once it fits into a square; never larger than it was."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _image_too_large(limit: str) -> Refused:
    """The refusal of a picture over a limit told in words."""
    message = f"The picture is larger than {limit}, which is the most this server takes. Send a smaller one."
    return Refused(ErrorCode.IMAGE_TOO_LARGE, message)
