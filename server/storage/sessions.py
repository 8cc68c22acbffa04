"""Rows of sessions: signed-in devices and scripts' tokens. Only hashes of secrets are kept here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, insert, select, update

from protocol.shapes import Role
from server.storage.tables import sessions, users

Kind = Literal["device", "token"]


class Session(Struct, frozen=True, kw_only=True):
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
    return select(sessions, users.c.role, users.c.deactivated_at).join_from(sessions, users)


def _session(row: Row[Any]) -> Session:
    """A row of `_joined`."""
    return Session(
        session_id=row.session_id,
        user_id=row.user_id,
        role=row.role,
        deactivated=row.deactivated_at is not None,
        kind=row.kind,
        device_name=row.device_name,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        counter=row.refresh_counter,
        refresh_hash=row.refresh_hash,
        previous_open=row.previous_hash is not None,
        rotated_at=row.rotated_at,
    )


def load(connection: Connection, session_id: int) -> Session | None:
    """One session, live or not."""
    row = connection.execute(_joined().where(sessions.c.session_id == session_id)).one_or_none()
    return None if row is None else _session(row)


def by_token_hash(connection: Connection, token_hash: str) -> Session | None:
    """The session of a script's long-lived token."""
    wanted = _joined().where(sessions.c.refresh_hash == token_hash, sessions.c.kind == "token")
    row = connection.execute(wanted).one_or_none()
    return None if row is None else _session(row)


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
    wanted = _joined().where(
        sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now_ms
    )
    return [_session(row) for row in connection.execute(wanted.order_by(sessions.c.last_seen_at.desc()))]


def revoke(connection: Connection, session_ids: Collection[int], now_ms: int) -> None:
    """End these sessions for good."""
    same = sessions.c.session_id.in_(set(session_ids)) & sessions.c.revoked_at.is_(None)
    connection.execute(update(sessions).where(same).values(revoked_at=now_ms))


def live(connection: Connection, session_ids: Collection[int], now_ms: int) -> set[int]:
    """Which of these may still act."""
    if not session_ids:
        return set()
    wanted = (
        select(sessions.c.session_id)
        .join_from(sessions, users)
        .where(
            sessions.c.session_id.in_(set(session_ids)),
            sessions.c.revoked_at.is_(None),
            sessions.c.expires_at > now_ms,
            users.c.deactivated_at.is_(None),
        )
    )
    return set(connection.execute(wanted).scalars())
