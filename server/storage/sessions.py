"""Rows of sessions: signed-in devices and scripts' tokens. Only hashes of secrets are kept here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, Select, bindparam, insert, select, update

from protocol.shapes import Role
from server.storage.query import Query, Within, only
from server.storage.tables import sessions, users

Kind = Literal["device", "token"]


class Session(Struct, frozen=True):
    """One session with its owner's standing. Milliseconds; `previous_open`: the last token may be repeated."""

    session_id: int
    user_id: int
    role: Role
    deactivated: bool
    kind: Kind
    device_name: str
    created_at: int
    last_seen_at: int
    expires_at: int
    revoked_at: int | None
    counter: int
    refresh_hash: str | None
    previous_open: bool
    rotated_at: int | None

    def is_live(self, now_ms: int) -> bool:
        """Whether it may still act."""
        return self.revoked_at is None and not self.deactivated and self.expires_at > now_ms


def _joined() -> Select[Any]:
    """Sessions beside the facts of their owners that decide whether they may act."""
    return select(
        sessions.c.session_id,
        sessions.c.user_id,
        users.c.role,
        users.c.deactivated_at.is_not(None),
        sessions.c.kind,
        sessions.c.device_name,
        sessions.c.created_at,
        sessions.c.last_seen_at,
        sessions.c.expires_at,
        sessions.c.revoked_at,
        sessions.c.refresh_counter,
        sessions.c.refresh_hash,
        sessions.c.previous_hash.is_not(None),
        sessions.c.rotated_at,
    ).join_from(sessions, users)


_OPEN = (sessions.c.revoked_at.is_(None), sessions.c.expires_at > bindparam("now"))
_LOAD = Query(_joined().where(sessions.c.session_id == bindparam("named")), Session)
_BY_TOKEN = Query(_joined().where(sessions.c.refresh_hash == bindparam("named"), sessions.c.kind == "token"), Session)
_OF_USER = Query(
    _joined().where(sessions.c.user_id == bindparam("who"), *_OPEN).order_by(sessions.c.last_seen_at.desc()), Session
)
_LIVE = Query(
    select(sessions.c.session_id)
    .join_from(sessions, users)
    .where(Within(sessions.c.session_id, "these"), *_OPEN, users.c.deactivated_at.is_(None)),
    only,
)


def load(connection: Connection, session_id: int) -> Session | None:
    """One session, live or not."""
    return _LOAD.first(connection, named=session_id)


def by_token_hash(connection: Connection, token_hash: str) -> Session | None:
    """The session of a script's long-lived token."""
    return _BY_TOKEN.first(connection, named=token_hash)


def add(connection: Connection, *, user_id: int, kind: Kind, device_name: str, now_ms: int, expires_at: int) -> int:
    """Open a session without a secret yet; its id."""
    values = {
        "user_id": user_id,
        "kind": kind,
        "device_name": device_name,
        "created_at": now_ms,
        "last_seen_at": now_ms,
        "expires_at": expires_at,
        "refresh_counter": 0,
    }
    return int(connection.execute(insert(sessions).values(values).returning(sessions.c.session_id)).scalar_one())


def set_secret(connection: Connection, session_id: int, token_hash: str) -> None:
    """Store the hash of the session's first secret."""
    connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(refresh_hash=token_hash))


def rotate(connection: Connection, session_id: int, *, token_hash: str, now_ms: int, expires_at: int) -> None:
    """Make this the session's secret; the one before stays repeatable until this one's keys are first used."""
    values = {
        "previous_hash": sessions.c.refresh_hash,
        "refresh_hash": token_hash,
        "refresh_counter": sessions.c.refresh_counter + 1,
        "rotated_at": now_ms,
        "last_seen_at": now_ms,
        "expires_at": expires_at,
    }
    connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(values))


def confirm(connection: Connection, session_id: int, counter: int, now_ms: int) -> None:
    """The keys of this counter have been used, so their answer was not lost: the secret before is spent."""
    same = (sessions.c.session_id == session_id) & (sessions.c.refresh_counter == counter)
    connection.execute(update(sessions).where(same).values(previous_hash=None, last_seen_at=now_ms))


def of_user(connection: Connection, user_id: int, now_ms: int) -> list[Session]:
    """A person's live sessions, newest use first."""
    return _OF_USER.all(connection, who=user_id, now=now_ms)


def revoke(connection: Connection, session_ids: Collection[int], now_ms: int) -> None:
    """End these sessions for good."""
    same = sessions.c.session_id.in_(set(session_ids)) & sessions.c.revoked_at.is_(None)
    connection.execute(update(sessions).where(same).values(revoked_at=now_ms))


def live(connection: Connection, session_ids: Collection[int], now_ms: int) -> set[int]:
    """Which of these may still act."""
    if not session_ids:
        return set()
    return set(_LIVE.all(connection, these=list(session_ids), now=now_ms))
