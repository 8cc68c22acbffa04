"""Rows of `uploads`: files that come in pieces, until a day after they were begun."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import delete as delete_rows
from sqlalchemy import func, insert, select, update

from server.storage.tables import uploads

if TYPE_CHECKING:
    from sqlalchemy import Connection


class UploadRow(Struct, frozen=True, kw_only=True):
    """One row; times in milliseconds since 1970, sizes in bytes."""

    key: str
    owner_id: int
    told: str
    file_name: str
    sha256: str | None = None
    size: int
    received: int = 0
    attachment_id: int | None = None
    created_at: int
    expires_at: int

    @property
    def is_whole(self) -> bool:
        """Whether every byte is on the disk."""
        return self.received == self.size


_COLUMNS = [uploads.c[name] for name in UploadRow.__struct_fields__]


def by_key(connection: Connection, key: str) -> UploadRow | None:
    """The upload of an address."""
    row = connection.execute(select(*_COLUMNS).where(uploads.c.key == key)).mappings().one_or_none()
    return None if row is None else UploadRow(**row)


def add(connection: Connection, row: UploadRow) -> None:
    """Insert."""
    connection.execute(insert(uploads).values({name: getattr(row, name) for name in row.__struct_fields__}))


def advance(connection: Connection, key: str, received: int, to: int) -> bool:
    """Note that `to` bytes are on the disk; false where it was not at `received` any more."""
    here = (uploads.c.key == key, uploads.c.received == received)
    return connection.execute(update(uploads).where(*here).values(received=to)).rowcount == 1


def complete(connection: Connection, key: str, attachment_id: int) -> bool:
    """Note what a whole upload has become; false where it is gone, or was stored already."""
    here = (uploads.c.key == key, uploads.c.attachment_id.is_(None))
    return connection.execute(update(uploads).where(*here).values(attachment_id=attachment_id)).rowcount == 1


def remove(connection: Connection, key: str) -> None:
    """Forget it; harmless when it is gone."""
    connection.execute(delete_rows(uploads).where(uploads.c.key == key))


def unfinished(connection: Connection, owner_id: int) -> int:
    """How many uploads of this user are still coming."""
    coming = (uploads.c.owner_id == owner_id, uploads.c.attachment_id.is_(None))
    return connection.execute(select(func.count()).select_from(uploads).where(*coming)).scalar_one()


def take_expired(connection: Connection, now_ms: int, most: int = 200) -> list[str]:
    """Delete rows whose time is over; the result is their keys."""
    expired = select(uploads.c.key).where(uploads.c.expires_at <= now_ms).limit(most)
    keys = [*connection.execute(expired).scalars()]
    connection.execute(delete_rows(uploads).where(uploads.c.key.in_(keys)))
    return keys


def known(connection: Connection, keys: Collection[str]) -> set[str]:
    """Which of these keys have a row."""
    return {*connection.execute(select(uploads.c.key).where(uploads.c.key.in_(keys))).scalars()}
