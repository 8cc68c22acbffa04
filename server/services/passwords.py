"""Passwords: what is accepted, and Argon2id in worker threads so that hashing stops nobody else."""

from __future__ import annotations

import secrets
import string
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from protocol.errors import ErrorCode, Refused
from protocol.limits import Limits

T = TypeVar("T")

_MEMORY_KIB = 46 * 1024
_PASSES = 1
"""Argon2id with 46 MiB, one pass, one lane: the first of OWASP's equal settings (Password Storage Cheat Sheet)."""
_DISTINCT_MIN = 5
_GENERATED_CHARS = 20
_LETTERS = string.ascii_letters.translate(str.maketrans("", "", "lIO")) + "23456789"


class OffHub:
    """Runs slow plain work; this one in place. Under gevent, `server.app` gives one that uses native threads."""

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns."""
        return work()


class Passwords:
    """Hashes and checks passwords; owns the hash that stands in for people who do not exist."""

    def __init__(self, limits: Limits, off_hub: OffHub) -> None:
        self._limits = limits
        self._off_hub = off_hub
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self.stand_in = self._hasher.hash(secrets.token_hex(16))
        """What is checked for people who do not exist, at the same cost."""

    def check(self, password: str, username: str) -> None:
        """Raise Refused (`weak_password`) for one that is too short, too long, or too easy to guess."""
        low, high = self._limits.password_min_chars, self._limits.password_max_chars
        if not low <= len(password) <= high:
            message = f"Choose a password of {low} to {high} characters. Several words make a good one."
            raise Refused(ErrorCode.WEAK_PASSWORD, message, details={"field": "password", "min": low, "max": high})
        if len(set(password)) < _DISTINCT_MIN or username.casefold() in password.casefold():
            message = "This password is easy to guess. Choose one of several words, without your name in it."
            raise Refused(ErrorCode.WEAK_PASSWORD, message, details={"field": "password"})

    def hash(self, password: str) -> str:
        """The password's Argon2id hash with its settings and salt."""
        return self._off_hub.run(lambda: self._hasher.hash(_plain(password)))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right; as slow for somebody who has none (None) as for anybody else."""
        right = self._off_hub.run(lambda: self._matches(password_hash or self.stand_in, password))
        return right and password_hash is not None

    def _matches(self, password_hash: str, password: str) -> bool:
        """The comparison itself."""
        try:
            return self._hasher.verify(password_hash, _plain(password[: self._limits.password_max_chars + 1]))
        except (VerificationError, InvalidHashError):
            return False


def _plain(password: str) -> bytes:
    """The bytes that are hashed: NFC, so that two keyboards agree (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def generated() -> str:
    """A password for the operator to hand out: 20 letters and digits without look-alikes, about 116 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_GENERATED_CHARS))
