"""Rows of people: found by name or number, made, changed, and shown as `User`."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, bindparam, insert, select, union, update

from protocol.shapes import Role, User
from protocol.times import to_wire
from server.storage.attachments import file_url
from server.storage.query import Query, Within, pair
from server.storage.tables import BigId, attachments, members, users


class Credentials(Struct, frozen=True, kw_only=True):
    """What a log-in is checked against."""

    user_id: int
    password_hash: str | None
    deactivated: bool


class NewUser(Struct, frozen=True, kw_only=True):
    """A person to be stored, names already cleaned."""

    username: str
    display_name: str
    password_hash: str
    role: Role = "member"


_NUL = "\0"
"""No name has one, and PostgreSQL takes none, not even to compare with."""


def username_key(username: str) -> str:
    """The form in which two names are the same: NFKC and casefold, so that look-alikes collide (reliability T25)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


def search_key(username: str, display_name: str) -> str:
    """Both names folded for look-up, without accents."""
    return folded(f"{username} {display_name}")[:256]


def folded(text: str) -> str:
    """Text as it is searched: NFKD, no accents, casefolded."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


_SHOWN = (
    users.c.user_id,
    users.c.username,
    users.c.display_name,
    users.c.role,
    users.c.status_text,
    users.c.is_bot,
    users.c.deactivated_at,
    users.c.version,
    attachments.c.key.label("avatar_key"),
    attachments.c.file_name.label("avatar_name"),
)


def _shown() -> Select[Any]:
    """The columns of a `User`, its picture included."""
    return select(*_SHOWN).join_from(
        users, attachments, attachments.c.attachment_id == users.c.avatar_attachment_id, isouter=True
    )


def _user(*row: Any) -> User:  # noqa: ANN401 - the columns of `_shown`
    """A row of `_shown` as it goes over the wire."""
    user_id, username, display_name, role, status_text, is_bot, deactivated_at, version, avatar_key, avatar_name = row
    return User(
        user_id=user_id,
        username=username,
        display_name=display_name,
        avatar_url=None if avatar_key is None else file_url(avatar_key, avatar_name),
        role=role,
        status_text=status_text,
        is_bot=bool(is_bot),
        deactivated_at=None if deactivated_at is None else to_wire(deactivated_at),
        version=version,
    )


def _known_ids() -> Any:  # noqa: ANN401 - a select of ids
    """A person and everybody with whom they share a conversation, each once."""
    mine = members.alias("mine")
    others = (
        select(members.c.user_id)
        .join_from(mine, members, members.c.conversation_id == mine.c.conversation_id)
        .where(mine.c.user_id == bindparam("who"), mine.c.left_at.is_(None), members.c.left_at.is_(None))
    )
    return union(select(bindparam("who", type_=BigId)), others)


_THESE = Query(_shown().where(Within(users.c.user_id, "these")), _user)
_KNOWN = Query(_shown().where(users.c.user_id.in_(_known_ids())), _user)
_LAST_SEEN = Query(
    select(users.c.user_id, users.c.last_seen_at).where(
        Within(users.c.user_id, "these"), users.c.last_seen_at.is_not(None)
    ),
    pair,
)


def load(connection: Connection, user_ids: Collection[int]) -> dict[int, User]:
    """These people by id; those who do not exist are left out."""
    if not user_ids:
        return {}
    return {user.user_id: user for user in _THESE.all(connection, these=list(set(user_ids)))}


def known_to(connection: Connection, user_id: int) -> dict[int, User]:
    """A person and everybody with whom they share a conversation, by id."""
    return {user.user_id: user for user in _KNOWN.all(connection, who=user_id)}


def load_one(connection: Connection, user_id: int) -> User | None:
    """One person, or None."""
    return load(connection, [user_id]).get(user_id)


def find(connection: Connection, query: str, limit: int) -> list[User]:
    """Active people whose names contain every word of the query, by name; all of them for an empty one."""
    if _NUL in query:
        return []
    wanted = _shown().where(users.c.deactivated_at.is_(None))
    for word in folded(query).split():
        wanted = wanted.where(users.c.search_key.contains(word, autoescape=True))
    return [_user(*row) for row in connection.execute(wanted.order_by(users.c.search_key).limit(limit))]


def by_name(connection: Connection, username: str) -> Credentials | None:
    """Whom this name means, or None."""
    if _NUL in username:
        return None
    return _credentials(connection, users.c.username_key == username_key(username))


def by_id(connection: Connection, user_id: int) -> Credentials | None:
    """The credentials of a person, or None."""
    return _credentials(connection, users.c.user_id == user_id)


def _credentials(connection: Connection, who: ColumnElement[bool]) -> Credentials | None:
    """The credentials of the one person meant."""
    columns = select(users.c.user_id, users.c.password_hash, users.c.deactivated_at)
    row = connection.execute(columns.where(who)).one_or_none()
    if row is None:
        return None
    return Credentials(user_id=row.user_id, password_hash=row.password_hash, deactivated=row.deactivated_at is not None)


def add(connection: Connection, new: NewUser, now_ms: int) -> int | None:
    """Store a person; their id, or None when the name is taken."""
    key = username_key(new.username)
    if connection.execute(select(users.c.user_id).where(users.c.username_key == key)).one_or_none() is not None:
        return None
    values = {
        "username": new.username,
        "username_key": key,
        "display_name": new.display_name,
        "search_key": search_key(new.username, new.display_name),
        "password_hash": new.password_hash,
        "role": new.role,
        "created_at": now_ms,
    }
    return int(connection.execute(insert(users).values(values).returning(users.c.user_id)).scalar_one())


def change_profile(connection: Connection, user_id: int, *, display_name: str | None, status_text: str | None) -> None:
    """Store the names given, and count the change."""
    row = connection.execute(
        select(users.c.username, users.c.display_name, users.c.status_text).where(users.c.user_id == user_id)
    ).one()
    shown = row.display_name if display_name is None else display_name
    values = {
        "display_name": shown,
        "search_key": search_key(row.username, shown),
        "status_text": row.status_text if status_text is None else status_text,
        "version": users.c.version + 1,
    }
    connection.execute(update(users).where(users.c.user_id == user_id).values(values))


def count_change(connection: Connection, user_id: int) -> None:
    """Give the profile its next number, after a change that is stored elsewhere."""
    connection.execute(update(users).where(users.c.user_id == user_id).values(version=users.c.version + 1))


def set_password_hash(connection: Connection, user_id: int, password_hash: str) -> None:
    """Store a new password's hash."""
    connection.execute(update(users).where(users.c.user_id == user_id).values(password_hash=password_hash))


def set_last_seen(connection: Connection, user_id: int, at_ms: int) -> None:
    """Store when they were last there; never earlier than what is stored."""
    seen = users.c.last_seen_at
    connection.execute(
        update(users).where(users.c.user_id == user_id, (seen.is_(None)) | (seen < at_ms)).values(last_seen_at=at_ms)
    )


def last_seen(connection: Connection, user_ids: Collection[int]) -> dict[int, int]:
    """When each of these was last there, in milliseconds; those never seen are left out."""
    if not user_ids:
        return {}
    return dict(_LAST_SEEN.all(connection, these=list(set(user_ids))))


def has_admin(connection: Connection) -> bool:
    """Whether somebody may administer this server."""
    wanted = select(users.c.user_id).where(users.c.role == "admin", users.c.deactivated_at.is_(None)).limit(1)
    return connection.execute(wanted).one_or_none() is not None
