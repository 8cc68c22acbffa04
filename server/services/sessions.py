"""Sessions: opened by a log-in, kept by refresh, ended by log-out, and asked at every door who is there.

open() ──► live ──► refresh(): counter n → n+1, and the same n+1 again for a lost answer
             │ ──► end(): log-out, another device, a new password
             └───► refresh() with a spent token: somebody else has it; the whole session ends, its sockets close
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence

from protocol.accounts import Device, Tokens
from protocol.errors import ErrorCode, Refused
from protocol.times import now_ms, to_wire
from server.config import Config
from server.services.ports import Actor, Announcer
from server.services.refusals import not_found
from server.services.tokens import (
    ACCESS_SECONDS,
    Access,
    RefreshClaim,
    TokenMint,
    hash_of,
    is_script_token,
    new_script_token,
    session_over,
    unauthenticated,
)
from server.storage import sessions, users
from server.storage.sessions import Session
from server.storage.unit import Database, Unit

_DAY_MS = 24 * 60 * 60 * 1000
_GRACE_MS = 60 * 1000
"""For so long a spent refresh token gets its successor again, whatever has happened to that (reliability 2.13)."""
_SCRIPT_DAYS = 3650


class Sessions:
    """Owns who is signed in: the only door to session rows."""

    def __init__(self, config: Config, database: Database, announcer: Announcer, mint: TokenMint) -> None:
        self._idle_ms = config.refresh_days * _DAY_MS
        self._database = database
        self._announcer = announcer
        self._mint = mint

    def open(self, user_id: int, device_name: str) -> Tokens:
        """A new session of this device."""
        return self._database.write(lambda unit: self.open_in(unit, user_id, device_name))

    def open_in(self, unit: Unit, user_id: int, device_name: str) -> Tokens:
        """A new session within a unit of work (that which stores its person)."""
        session_id = sessions.add(
            unit.connection,
            user_id=user_id,
            kind="device",
            device_name=device_name,
            now_ms=unit.now_ms,
            expires_at=unit.now_ms + self._idle_ms,
        )
        refresh_token = self._mint.refresh(session_id, unit.now_ms, 0)
        sessions.set_secret(unit.connection, session_id, hash_of(refresh_token))
        return self._tokens(unit, Access(user_id=user_id, session_id=session_id, counter=0), refresh_token)

    def _tokens(self, unit: Unit, access: Access, refresh_token: str) -> Tokens:
        """The pair as it goes over the wire."""
        return Tokens(
            user=users.load(unit.connection, [access.user_id])[access.user_id],
            access_token=self._mint.access(access, unit.now_ms),
            refresh_token=refresh_token,
            expires_in=ACCESS_SECONDS,
            session_id=access.session_id,
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """The next pair; raises Refused (`unauthenticated` for no token of ours, `session_revoked` for a spent one)."""
        claim = self._mint.read_refresh(refresh_token)
        if claim is None:
            raise _no_refresh_token()
        answer = self._database.write(lambda unit: self._refresh_in(unit, claim, refresh_token))
        if answer is None:
            raise session_over()
        return answer

    def _refresh_in(self, unit: Unit, claim: RefreshClaim, refresh_token: str) -> Tokens | None:
        """The next pair, or None where the session is over; returned, because raising would undo the revocation."""
        session = sessions.load(unit.connection, claim.session_id)
        if session is None or not self._mint.is_genuine(refresh_token, claim, session.created_at):
            raise _no_refresh_token()
        if not session.is_live(unit.now_ms):
            return None
        if claim.counter == session.counter:
            return self._rotated(unit, session)
        if claim.counter == session.counter - 1 and _may_repeat(session, unit.now_ms):
            return self._pair(unit, session, session.counter)
        self._end_in(unit, [session.session_id], "token_reused")
        return None

    def _rotated(self, unit: Unit, session: Session) -> Tokens:
        """Spend the current token for its successor."""
        successor = self._mint.refresh(session.session_id, session.created_at, session.counter + 1)
        sessions.rotate(
            unit.connection,
            session.session_id,
            token_hash=hash_of(successor),
            now_ms=unit.now_ms,
            expires_at=unit.now_ms + self._idle_ms,
        )
        return self._pair(unit, session, session.counter + 1)

    def _pair(self, unit: Unit, session: Session, counter: int) -> Tokens:
        """The keys of this counter; the refresh token is the same each time they are made."""
        access = Access(user_id=session.user_id, session_id=session.session_id, counter=counter)
        return self._tokens(unit, access, self._mint.refresh(session.session_id, session.created_at, counter))

    def authenticate(self, token: str) -> Actor:
        """Whose token this is; raises Refused (`unauthenticated`, `token_expired`, `session_revoked`)."""
        if is_script_token(token):
            return self._script(token)
        access = self._mint.prove(token)
        with self._database.read() as connection:
            session = sessions.load(connection, access.session_id)
        if session is None or session.user_id != access.user_id or not session.is_live(now_ms()):
            raise session_over()
        if session.previous_open and access.counter == session.counter:
            self._confirm(session)
        return Actor(user_id=session.user_id, session_id=session.session_id, role=session.role)

    def _confirm(self, session: Session) -> None:
        """The newest keys have arrived, so their answer was not lost: from here a repeat of the old token is a theft.

        When this cannot be stored just now (a full disk), the next request tries again; nobody is kept out for it.
        """
        with contextlib.suppress(Refused):
            self._database.write(
                lambda unit: sessions.confirm(unit.connection, session.session_id, session.counter, unit.now_ms)
            )

    def _script(self, token: str) -> Actor:
        """Whose long-lived token this is."""
        with self._database.read() as connection:
            session = sessions.by_token_hash(connection, hash_of(token))
        if session is None:
            raise unauthenticated()
        if not session.is_live(now_ms()):
            raise session_over()
        return Actor(user_id=session.user_id, session_id=session.session_id, role=session.role)

    def open_script(self, user_id: int, name: str) -> str:
        """A long-lived token for a script; shown once, stored as a hash."""
        token = new_script_token()

        def job(unit: Unit) -> None:
            session_id = sessions.add(
                unit.connection,
                user_id=user_id,
                kind="token",
                device_name=name,
                now_ms=unit.now_ms,
                expires_at=unit.now_ms + _SCRIPT_DAYS * _DAY_MS,
            )
            sessions.set_secret(unit.connection, session_id, hash_of(token))

        self._database.write(job)
        return token

    def of(self, actor: Actor) -> list[Device]:
        """The caller's sessions, newest use first."""
        with self._database.read() as connection:
            found = sessions.of_user(connection, actor.user_id, now_ms())
        return [
            Device(
                device_id=session.session_id,
                name=session.device_name,
                created_at=to_wire(session.created_at),
                last_seen_at=to_wire(session.last_seen_at),
                current=session.session_id == actor.session_id,
            )
            for session in found
        ]

    def end(self, actor: Actor, session_id: int, reason: str) -> None:
        """End one of the caller's sessions; raises Refused (`not_found`) for any other."""

        def job(unit: Unit) -> None:
            session = sessions.load(unit.connection, session_id)
            if session is None or session.user_id != actor.user_id or not session.is_live(unit.now_ms):
                raise not_found("device")
            self._end_in(unit, [session_id], reason)

        self._database.write(job)

    def end_all_in(self, unit: Unit, user_id: int, *, but: int | None, reason: str) -> None:
        """End every session of a person but one."""
        found = sessions.of_user(unit.connection, user_id, unit.now_ms)
        self._end_in(unit, [session.session_id for session in found if session.session_id != but], reason)

    def _end_in(self, unit: Unit, session_ids: Sequence[int], reason: str) -> None:
        """Revoke, and close the sockets once that is on disk."""
        sessions.revoke(unit.connection, session_ids, unit.now_ms)
        if session_ids:
            unit.after_commit(lambda: self._announcer.revoke(session_ids, reason))

    def live(self, session_ids: Collection[int]) -> set[int]:
        """Which of these may still act: the socket room's check every 5 s (contract, REST, accounts)."""
        with self._database.read() as connection:
            return sessions.live(connection, session_ids, now_ms())


def _may_repeat(session: Session, now: int) -> bool:
    """Whether the token before the current one is still answered: its successor was never used, or it was just now."""
    return session.previous_open or (session.rotated_at is not None and now - session.rotated_at <= _GRACE_MS)


def _no_refresh_token() -> Refused:
    """Text that is no refresh token of this server."""
    message = "This is no refresh token of this server. Log in again."
    return Refused(ErrorCode.UNAUTHENTICATED, message, retryable=False)
