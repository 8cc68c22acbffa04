"""Accounts on the wire: registering, logging in, devices, and what a server tells before log-in (contract, REST)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from protocol.ids import Id
from protocol.limits import Limits
from protocol.shapes import User

Registration = Literal["closed", "invite", "open"]


class ProtocolRange(Struct, kw_only=True, frozen=True):
    """The protocol versions a server speaks, both included."""

    min: int
    max: int


class ServerInfo(Struct, kw_only=True, frozen=True):
    """`GET /api/server`: what the log-in page shows and keeps within; `time` is the server's."""

    name: str
    version: str
    protocol: ProtocolRange
    registration: Registration
    limits: Limits
    sign_in: list[str]
    time: str


class Register(Struct, kw_only=True, frozen=True):
    """Open an account; `invite` where the server asks for one."""

    username: str
    password: str
    display_name: str
    invite: str | None = None
    device_name: str = ""


class Login(Struct, kw_only=True, frozen=True):
    """Open a session on this device."""

    username: str
    password: str
    device_name: str = ""


class Refresh(Struct, kw_only=True, frozen=True):
    """Trade a refresh token for the next pair."""

    refresh_token: str


class Tokens(Struct, kw_only=True, frozen=True):
    """A session's keys; the access token lives `expires_in` seconds, the refresh token is single-use."""

    user: User
    access_token: str
    refresh_token: str
    expires_in: int
    session_id: int


class Device(Struct, kw_only=True, frozen=True):
    """One signed-in session of the account."""

    device_id: int
    name: str
    created_at: str
    last_seen_at: str
    current: bool


class ProfileChange(Struct, kw_only=True, frozen=True):
    """`PATCH /api/me`: only the fields given change."""

    display_name: str | UnsetType = UNSET
    status_text: str | UnsetType = UNSET


class PasswordChange(Struct, kw_only=True, frozen=True):
    """`POST /api/me/password`: every other session of the account ends."""

    current_password: str
    new_password: str


class UserQuery(Struct, kw_only=True, frozen=True):
    """`GET /api/users`: people the caller may write to, by part of a name."""

    query: str = ""
    limit: Id = 50


class Revoked(Struct, kw_only=True, frozen=True):
    """Signal `session_revoked`: why this socket is about to be closed."""

    reason: str
