"""The tokens of a session: the access token (a JWT), the refresh token, and long-lived tokens for scripts.

Refresh tokens are derived by HMAC from the session, its birth and a counter, so the successor of a token can be
computed again when its answer was lost, and a token that was spent long ago is recognised as ours (reliability 2.13).
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import time
from hashlib import sha256

import jwt
from msgspec import Struct

from protocol.errors import ErrorCode, Refused
from server.config import SecretKeys

ACCESS_SECONDS = 15 * 60
_ISSUER = "hearth"
_AUDIENCE = "hearth-client"
_TYPE = "access"
_ALGORITHM = "HS256"
_CLAIMS = ["iss", "aud", "sub", "sid", "gen", "jti", "iat", "exp", "typ"]
_TOKEN_CHARS_MAX = 2_048
_PROVEN_MAX = 5_000
"""Tokens remembered: half a kilobyte each."""
_SCRIPT_PREFIX = "hearth_"
_REFRESH = re.compile(r"\Ahr1\.(\d{1,16})\.(\d{1,16})\.[A-Za-z0-9_-]{43}\Z", re.ASCII)


class Access(Struct, frozen=True, kw_only=True):
    """What a genuine access token says; `counter` names the refresh that made it."""

    user_id: int
    session_id: int
    counter: int


_NOTHING: tuple[float, Access | None] = (0.0, None)


class RefreshClaim(Struct, frozen=True, kw_only=True):
    """What a refresh token says of itself; to be proved with `TokenMint.refresh`."""

    session_id: int
    counter: int


def hash_of(token: str) -> str:
    """SHA-256 in hex, the only form in which secrets of 256 random bits are stored."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_script_token() -> str:
    """A long-lived token for a script: 256 random bits."""
    return _SCRIPT_PREFIX + secrets.token_urlsafe(32)


def is_script_token(token: str) -> bool:
    """Whether a bearer token is of the long-lived kind."""
    return token.startswith(_SCRIPT_PREFIX)


def unauthenticated() -> Refused:
    """No token, or none of ours."""
    return Refused(ErrorCode.UNAUTHENTICATED, "The access token is missing or not valid. Log in and send it as Bearer.")


def session_over() -> Refused:
    """The session was ended, or has been idle for too long."""
    return Refused(ErrorCode.SESSION_REVOKED, "This session has ended. Log in again.")


class TokenMint:
    """Makes and proves tokens; owns the signing keys."""

    def __init__(self, keys: SecretKeys) -> None:
        self._signing_key = keys.key("access-token")
        self._refresh_key = keys.key("refresh-token")
        self._proven: dict[str, tuple[float, Access]] = {}

    def access(self, claims: Access, now_ms: int) -> str:
        """An access token that lives 15 minutes."""
        now = now_ms // 1000
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(claims.user_id),
            "sid": claims.session_id,
            "gen": claims.counter,
            "jti": secrets.token_hex(16),
            "iat": now,
            "exp": now + ACCESS_SECONDS,
            "typ": _TYPE,
        }
        return jwt.encode(payload, self._signing_key, algorithm=_ALGORITHM)

    def prove(self, token: str) -> Access:
        """What an access token says; raises Refused (`token_expired`, or `unauthenticated` for anything else wrong).

        Signed by keys that do not change, it says the same until it expires: a token that comes with every request,
        or with the reconnection of everybody, is proved once.
        """
        until, access = self._proven.get(token, _NOTHING)
        if access is None or until <= time.time():
            until, access = self._proved(token)
            if len(self._proven) >= _PROVEN_MAX:
                self._proven.clear()
            self._proven[token] = until, access
        return access

    def _proved(self, token: str) -> tuple[float, Access]:
        """Until when an access token is good, in seconds since 1970, and what it says."""
        if len(token) > _TOKEN_CHARS_MAX:
            raise unauthenticated()
        try:
            claims = jwt.decode(
                token,
                self._signing_key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={"require": _CLAIMS, "strict_aud": True, "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError as error:
            message = "The access token has expired. Refresh it and ask again."
            raise Refused(ErrorCode.TOKEN_EXPIRED, message) from error
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise unauthenticated() from error
        subject, session_id, counter = claims["sub"], claims["sid"], claims["gen"]
        if claims["typ"] != _TYPE or not (subject.isdecimal() and type(session_id) is type(counter) is int):
            raise unauthenticated()
        return float(claims["exp"]), Access(user_id=int(subject), session_id=session_id, counter=counter)

    def refresh(self, session_id: int, born_ms: int, counter: int) -> str:
        """The one refresh token of this session and counter; `born_ms` tells ids reused after a restore apart."""
        said = f"{session_id}.{born_ms}.{counter}".encode()
        proof = base64.urlsafe_b64encode(hmac.digest(self._refresh_key, said, sha256)).rstrip(b"=").decode()
        return f"hr1.{session_id}.{counter}.{proof}"

    @staticmethod
    def read_refresh(token: str) -> RefreshClaim | None:
        """What a refresh token says of itself, or None for text of another form."""
        match = _REFRESH.match(token)
        return None if match is None else RefreshClaim(session_id=int(match[1]), counter=int(match[2]))

    def is_genuine(self, token: str, claim: RefreshClaim, born_ms: int) -> bool:
        """Whether the server made this refresh token, compared in constant time."""
        made = self.refresh(claim.session_id, born_ms, claim.counter)
        return hmac.compare_digest(made.encode(), token.encode())
