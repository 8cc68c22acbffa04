"""What the services need from outside and hand out: the acting user, announcements, and who carries them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from protocol.shapes import Presence, Role


class Actor(Struct, frozen=True, kw_only=True):
    """The authenticated caller: every service call's first argument, never taken from a body."""

    user_id: int
    session_id: int
    role: Role = "member"


class Announcement(Struct, frozen=True, kw_only=True):
    """One event for the sockets of `user_ids` (member ids read in the writing transaction), sent after the commit.

    `payload` is a struct of `protocol` (or a plain mapping). Announcements of equal `coalesce` key within 500 ms
    are sent once, the last one winning.
    """

    event: str
    payload: Any
    user_ids: tuple[int, ...]
    coalesce: str | None = None


class Announcer(Protocol):
    """Carries announcements to sockets; implemented by `server.socket.publisher`. Must not block or raise."""

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Send these, in order, to the sockets of the users they name."""

    def revoke(self, session_ids: Sequence[int], reason: str) -> None:
        """Tell and close every socket of these sessions."""


class PresenceBook(Protocol):
    """Knows who is there; implemented by `server.socket.presence`."""

    def of(self, user_ids: Sequence[int]) -> list[Presence]:
        """The presence of each of these users as others may see it (invisible is offline)."""

    def introduce(self, user_ids: Sequence[int]) -> None:
        """These have just begun to share a conversation: tell each of them who of the others is there."""


class Silence:
    """Announcer and presence book of a house without sockets (operator commands): nobody listens, nobody is there."""

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Tell nobody."""

    def revoke(self, session_ids: Sequence[int], reason: str) -> None:
        """Close nothing: there are no sockets in this process; a running server notices within 5 s."""

    def of(self, user_ids: Sequence[int]) -> list[Presence]:
        """Everybody is offline."""
        return [Presence(user_id=user_id, status="offline") for user_id in user_ids]

    def introduce(self, user_ids: Sequence[int]) -> None:
        """Tell nobody."""
