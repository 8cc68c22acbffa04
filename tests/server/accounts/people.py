"""What the tests of accounts share: a house whose revocations are heard, and a clock that can be turned back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from protocol.accounts import Login, Register, Tokens
from server.services.house import House
from server.services.ports import Silence

PASSWORD = "correct horse battery staple"


class Listener(Silence):
    """Hears what would be told to sockets."""

    def __init__(self) -> None:
        self.announced: list[Any] = []
        self.revoked: list[tuple[int, str]] = []

    def announce(self, announcements: Sequence[Any]) -> None:
        """Keep them."""
        self.announced.extend(announcements)

    def revoke(self, session_ids: Sequence[int], reason: str) -> None:
        """Keep which sessions were closed, and why."""
        self.revoked.extend((session_id, reason) for session_id in session_ids)


def register(house: House, username: str = "ada", **more: Any) -> Tokens:
    """Open an account."""
    return house.accounts.register(
        Register(username=username, password=PASSWORD, display_name=username.title(), **more)
    )


def login(house: House, username: str = "ada", password: str = PASSWORD, address: str = "127.0.0.1") -> Tokens:
    """Log somebody in."""
    return house.accounts.login(Login(username=username, password=password), address)


def age(house: House, seconds: int) -> None:
    """Let time pass for every session."""
    change = text("UPDATE sessions SET rotated_at = rotated_at - :ms, expires_at = expires_at - :ms")
    house.database.write(lambda unit: unit.connection.execute(change, {"ms": seconds * 1000}))
