"""Rows of `attachments`: uploads waiting to be sent, files bound to messages, avatars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec import Struct
from sqlalchemy import bindparam, exists, func, insert, select, update
from sqlalchemy import delete as delete_rows

from protocol.shapes import Attachment
from server.storage import uploads
from server.storage.query import Query, Within
from server.storage.tables import attachments, users

if TYPE_CHECKING:
    from sqlalchemy import Connection


class AttachmentRow(Struct, frozen=True, kw_only=True):
    """One row; times in milliseconds since 1970, `expires_at` null once bound."""

    attachment_id: int = 0
    key: str
    blob_hash: str
    owner_id: int
    message_id: int | None = None
    place: int = 0
    purpose: str = "message"
    file_name: str
    file_type: str
    file_size: int
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    has_thumbnail: bool = False
    blurhash: str | None = None
    created_at: int
    expires_at: int | None = None

    def to_wire(self) -> Attachment:
        """The attachment as clients see it; the hash stays inside."""
        url = file_url(self.key, self.file_name)
        return Attachment(
            attachment_id=self.attachment_id,
            message_id=self.message_id,
            file_url=url,
            file_name=self.file_name,
            file_type=self.file_type,
            file_size=self.file_size,
            width=self.width,
            height=self.height,
            duration_s=self.duration_s,
            thumbnail_url=f"{url}/thumbnail" if self.has_thumbnail else None,
            blurhash=self.blurhash,
        )


def _row(*columns: Any) -> AttachmentRow:  # noqa: ANN401 - of any column
    """A row of `_ALL`."""
    return AttachmentRow(**dict(zip(AttachmentRow.__struct_fields__, columns, strict=True)))


_ALL = select(*[attachments.c[name] for name in AttachmentRow.__struct_fields__])
_BY_KEY = Query(_ALL.where(attachments.c.key == bindparam("named")), _row)
_BY_ID = Query(_ALL.where(attachments.c.attachment_id == bindparam("named")), _row)
_OF_MESSAGES = Query(
    _ALL.where(Within(attachments.c.message_id, "ids"), attachments.c.purpose != "preview").order_by(
        attachments.c.message_id, attachments.c.place
    ),
    _row,
)


_KEY_CHARS = 32
"""128 random bits in hex."""


def file_url(key: str, file_name: str) -> str:
    """The root-relative address of a file: its 128 random bits decide, the name is for people."""
    return f"/api/files/{key}/{quote(file_name, safe='')}"


def key_of(url: str) -> str | None:
    """The key in a file's address, root-relative or absolute; None where it is no file of ours."""
    _, found, rest = url.partition("/api/files/")
    key = rest.split("/", 1)[0]
    return key if found and len(key) == _KEY_CHARS and set(key) <= set("0123456789abcdef") else None


def by_key(connection: Connection, key: str) -> AttachmentRow | None:
    """The attachment of an address."""
    return _BY_KEY.first(connection, named=key)


def by_id(connection: Connection, attachment_id: int) -> AttachmentRow | None:
    """The attachment with this id."""
    return _BY_ID.first(connection, named=attachment_id)


def of_messages(connection: Connection, message_ids: Sequence[int]) -> dict[int, list[AttachmentRow]]:
    """The attachments of each of these messages, by place; the picture of a link's preview is none."""
    found: dict[int, list[AttachmentRow]] = {}
    if message_ids:
        for row in _OF_MESSAGES.all(connection, ids=list(message_ids)):
            found.setdefault(row.message_id or 0, []).append(row)
    return found


def add(connection: Connection, row: AttachmentRow) -> AttachmentRow:
    """Insert; the result has its id."""
    values = {name: getattr(row, name) for name in row.__struct_fields__ if name != "attachment_id"}
    number = connection.execute(insert(attachments).values(values).returning(attachments.c.attachment_id)).scalar_one()
    return AttachmentRow(**{**values, "attachment_id": number})


def bind(connection: Connection, attachment_id: int, message_id: int, place: int) -> bool:
    """Tie an unbound upload to a message; false when another message was faster."""
    done = connection.execute(
        update(attachments)
        .where(attachments.c.attachment_id == attachment_id, attachments.c.expires_at.is_not(None))
        .values(message_id=message_id, place=place, expires_at=None)
    )
    return done.rowcount == 1


def remove_unbound(connection: Connection, attachment_id: int, owner_id: int) -> str | None:
    """Delete an upload of this user's that no message names; the result is its hash, None where there is none."""
    attached = attachments.c
    unbound = (attached.attachment_id == attachment_id, attached.owner_id == owner_id, attached.expires_at.is_not(None))
    digest: str | None = connection.execute(
        delete_rows(attachments).where(*unbound).returning(attached.blob_hash)
    ).scalar_one_or_none()
    return digest


def remove_bound(connection: Connection, message_id: int, *, purpose: str | None = None) -> list[str]:
    """Delete what is tied to a message (all, or what is for one purpose); the hashes."""
    bound = [attachments.c.message_id == message_id]
    if purpose is not None:
        bound.append(attachments.c.purpose == purpose)
    return [*connection.execute(delete_rows(attachments).where(*bound).returning(attachments.c.blob_hash)).scalars()]


def open_uploads(connection: Connection, owner_id: int) -> int:
    """How many uploads of this user wait to be sent, or are still coming in pieces."""
    waiting = (attachments.c.owner_id == owner_id, attachments.c.expires_at.is_not(None))
    here = connection.execute(select(func.count()).select_from(attachments).where(*waiting)).scalar_one()
    return here + uploads.unfinished(connection, owner_id)


def set_avatar(connection: Connection, user_id: int, attachment_id: int) -> None:
    """Make an attachment the user's avatar; the former one expires at once (the next sweep takes it)."""
    former = select(users.c.avatar_attachment_id).where(users.c.user_id == user_id).scalar_subquery()
    connection.execute(update(attachments).where(attachments.c.attachment_id == former).values(expires_at=0))
    connection.execute(update(users).where(users.c.user_id == user_id).values(avatar_attachment_id=attachment_id))


def take_expired(connection: Connection, now_ms: int, most: int = 200) -> list[str]:
    """Delete rows whose time is over, and tell the blobs that no row names any more."""
    expired = (
        select(attachments.c.attachment_id, attachments.c.blob_hash)
        .where(attachments.c.expires_at <= now_ms)
        .limit(most)
    )
    rows = connection.execute(expired).all()
    connection.execute(
        delete_rows(attachments).where(attachments.c.attachment_id.in_([row.attachment_id for row in rows]))
    )
    return [digest for digest in {row.blob_hash for row in rows} if not is_named(connection, digest)]


def is_named(connection: Connection, digest: str) -> bool:
    """Whether any row still names this blob."""
    return bool(connection.execute(select(exists().where(attachments.c.blob_hash == digest))).scalar_one())


def named(connection: Connection, digests: Sequence[str]) -> set[str]:
    """Which of these blobs some row names."""
    asked = attachments.c.blob_hash.in_(digests)
    return {*connection.execute(select(attachments.c.blob_hash).where(asked).distinct()).scalars()}
