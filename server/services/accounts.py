"""Accounts: opening one, logging in, changing the password, and what only the operator may do."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection

from protocol.accounts import Device, Login, PasswordChange, ProfileChange, Refresh, Register, Tokens, UserQuery
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Role, User
from server.config import Config
from server.services import passwords
from server.services.attempts import Attempts, network
from server.services.limits import Allowance
from server.services.names import Names
from server.services.passwords import Passwords
from server.services.ports import ALONE, Actor, Bus
from server.services.profiles import Profiles
from server.services.sessions import Sessions
from server.services.tokens import hash_of
from server.storage import invites, users
from server.storage.attachments import AttachmentRow
from server.storage.unit import Database, Unit

_DAY_MS = 24 * 60 * 60 * 1000
_REGISTRATIONS_AT_ONCE = 20
_REGISTRATION_S = 30.0
"""A whole team behind one address may register in one go; a flood of accounts (and of hashing) may not."""


class Accounts:
    """The one door to people and their sessions."""

    def __init__(
        self,
        config: Config,
        database: Database,
        *,
        sessions: Sessions,
        profiles: Profiles,
        passwords: Passwords,
        bus: Bus = ALONE,
    ) -> None:
        self._config = config
        self._database = database
        self._sessions = sessions
        self._profiles = profiles
        self._passwords = passwords
        self._names = Names(config.limits)
        self._log_ins = Attempts(config.limits.logins_per_minute, enabled=config.rate_limits, bus=bus)
        self._registrations = Allowance(1 / _REGISTRATION_S, _REGISTRATIONS_AT_ONCE)
        if bus is not ALONE:
            self._registrations.share(bus, "registered")

    def register(self, register: Register, address: str = "") -> Tokens:
        """Open an account and its first session.

        Raises Refused (`registration_closed`, `invite_invalid`, `invalid_name`, `weak_password`, `username_taken`,
        `rate_limited`). The invite is spent in the transaction that stores the person: all or nothing.
        """
        mode = self._config.registration
        if mode == "closed":
            message = "This server opens no accounts by itself. Ask its operator for one."
            raise Refused(ErrorCode.REGISTRATION_CLOSED, message)
        invite = register.invite.strip() if register.invite else ""
        if mode == "invite" and not invite:
            raise _invite_invalid()
        username = self._names.username(register.username)
        display_name = self._names.display_name(register.display_name or username)
        self._passwords.check(register.password, username)
        self._admit_registration(address)
        password_hash = self._passwords.hash(register.password)
        new = users.NewUser(username=username, display_name=display_name, password_hash=password_hash)

        def job(unit: Unit) -> Tokens:
            if mode == "invite" and not invites.spend(unit.connection, hash_of(invite), unit.now_ms):
                raise _invite_invalid()
            return self._sessions.open_in(unit, _added(unit, new), self._names.device_name(register.device_name))

        return self._database.write(job)

    def _admit_registration(self, address: str) -> None:
        """Count an account to be opened from this neighbourhood. Raises Refused (`rate_limited`)."""
        wait_s = self._registrations.take(network(address)) if self._config.rate_limits else 0.0
        if wait_s:
            message = f"Too many accounts are opened from your network. Wait {wait_s:.0f} s and try again."
            raise Refused(ErrorCode.RATE_LIMITED, message, retry_after_s=math.ceil(wait_s))

    def login(self, login: Login, address: str = "") -> Tokens:
        """Open a session; raises Refused (`bad_credentials`, alike and as slow for every reason; `rate_limited`)."""
        account = users.username_key(login.username)[:128]
        self._log_ins.admit(address, account)
        with self._database.read() as connection:
            found = users.by_name(connection, login.username)
        right = self._passwords.verify(None if found is None else found.password_hash, login.password)
        if found is None or not right or found.deactivated:
            message = "The user name or the password is not right. Check both and try again."
            raise Refused(ErrorCode.BAD_CREDENTIALS, message)
        self._log_ins.forget(address, account)
        return self._sessions.open(found.user_id, self._names.device_name(login.device_name))

    def refresh(self, refresh: Refresh) -> Tokens:
        """The next pair of keys; raises Refused (`unauthenticated`, `session_revoked`)."""
        return self._sessions.refresh(refresh.refresh_token)

    def logout(self, actor: Actor) -> None:
        """End the caller's session."""
        self._sessions.end(actor, actor.session_id, "logged_out")

    def authenticate(self, token: str) -> Actor:
        """Whose token this is; raises Refused (`unauthenticated`, `token_expired`, `session_revoked`)."""
        return self._sessions.authenticate(token)

    def live_sessions(self, session_ids: Collection[int]) -> set[int]:
        """Which of these sessions may still act."""
        return self._sessions.live(session_ids)

    def devices(self, actor: Actor) -> list[Device]:
        """The caller's sessions, scripts' tokens included."""
        return self._sessions.of(actor)

    def end_device(self, actor: Actor, device_id: int) -> None:
        """End one of the caller's sessions; raises Refused (`not_found`)."""
        self._sessions.end(actor, device_id, "device_removed")

    def me(self, actor: Actor) -> User:
        """The caller's profile."""
        return self._profiles.of(actor)

    def change_profile(self, actor: Actor, change: ProfileChange) -> User:
        """Change the caller's profile; raises Refused (`invalid_name`)."""
        return self._profiles.change(actor, change)

    def change_avatar(self, actor: Actor, picture: AttachmentRow) -> User:
        """Make a picture of `Uploads.store_avatar` the caller's."""
        return self._profiles.change_avatar(actor, picture)

    def search(self, actor: Actor, query: UserQuery) -> list[User]:
        """People the caller may write to."""
        return self._profiles.search(actor, query)

    def change_password(self, actor: Actor, change: PasswordChange, address: str = "") -> None:
        """Change the caller's password; all their other sessions end.

        Raises Refused (`bad_credentials` for the current one, `weak_password`, `rate_limited`).
        """
        username = self._profiles.of(actor).username
        self._passwords.check(change.new_password, username)
        account = users.username_key(username)
        self._log_ins.admit(address, account)
        with self._database.read() as connection:
            found = users.by_id(connection, actor.user_id)
        if found is None or not self._passwords.verify(found.password_hash, change.current_password):
            raise Refused(ErrorCode.BAD_CREDENTIALS, "The current password is not right. Type it again.")
        self._log_ins.forget(address, account)
        self._set_password(actor.user_id, change.new_password, but=actor.session_id)

    def _set_password(self, user_id: int, password: str, *, but: int | None) -> None:
        """Store a new password and end the sessions that the old one opened."""
        password_hash = self._passwords.hash(password)

        def job(unit: Unit) -> None:
            users.set_password_hash(unit.connection, user_id, password_hash)
            self._sessions.end_all_in(unit, user_id, but=but, reason="password_changed")

        self._database.write(job)

    def create_user(
        self, username: str, *, display_name: str = "", password: str | None = None, role: Role = "member"
    ) -> tuple[User, str]:
        """The operator's way to open an account: the person, and the password (made up where none is given)."""
        username = self._names.username(username)
        chosen = passwords.generated() if password is None else password
        self._passwords.check(chosen, username)
        new = users.NewUser(
            username=username,
            display_name=self._names.display_name(display_name or username),
            password_hash=self._passwords.hash(chosen),
            role=role,
        )
        user_id = self._database.write(lambda unit: _added(unit, new))
        with self._database.read() as connection:
            return users.load(connection, [user_id])[user_id], chosen

    def reset_password(self, username: str, password: str | None = None) -> str:
        """The operator's way back in for somebody: the new password; every session of theirs ends."""
        user_id = self._named(username)
        chosen = passwords.generated() if password is None else password
        self._passwords.check(chosen, username)
        self._set_password(user_id, chosen, but=None)
        return chosen

    def create_invite(self, *, uses: int = 1, days: int = 7) -> str:
        """A code by which `uses` people may open accounts within `days`."""
        code = secrets.token_urlsafe(16)
        self._database.write(
            lambda unit: invites.add(
                unit.connection,
                code_hash=hash_of(code),
                now_ms=unit.now_ms,
                expires_at=unit.now_ms + days * _DAY_MS,
                uses=uses,
            )
        )
        return code

    def create_token(self, username: str, name: str = "script") -> str:
        """A long-lived token that acts for somebody; it appears among their devices and is revoked there."""
        return self._sessions.open_script(self._named(username), self._names.device_name(name))

    def has_admin(self) -> bool:
        """Whether there is anybody to administer this server."""
        with self._database.read() as connection:
            return users.has_admin(connection)

    def _named(self, username: str) -> int:
        """Whom the operator means; raises Refused (`not_found`)."""
        with self._database.read() as connection:
            found = users.by_name(connection, username)
        if found is None:
            raise Refused(ErrorCode.NOT_FOUND, f"There is no user '{username}'. Check the spelling.")
        return found.user_id


def _added(unit: Unit, new: users.NewUser) -> int:
    """Store a person; raises Refused (`username_taken`)."""
    user_id = users.add(unit.connection, new, unit.now_ms)
    if user_id is None:
        message = "This user name is taken. Choose another."
        raise Refused(ErrorCode.USERNAME_TAKEN, message, details={"field": "username"})
    return user_id


def _invite_invalid() -> Refused:
    """One answer for no code, a wrong one, a used one and an old one."""
    message = "This server asks for an invite, and this is none that is valid. Ask its operator for a new one."
    return Refused(ErrorCode.INVITE_INVALID, message, details={"field": "invite"})
