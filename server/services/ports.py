"""What the services need from outside and hand out: the acting user, announcements, and who carries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from protocol.shapes import Presence, Role

S = TypeVar("S", bound=Struct)


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

    def introduce(self, user_ids: Sequence[int], known_ids: Sequence[int] = ()) -> None:
        """These have just come to share a conversation: tell each who of all is there, and `known_ids` of them.

        Also when one of two has blocked the other, or does so no more.
        """

    def parted(self, conversation_id: int, user_id: int) -> None:
        """Somebody has lost their seat: they look at the conversation and type there no more."""


class Silence:
    """Announcer and presence book of a house without sockets (operator commands): nobody listens, nobody is there."""

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Tell nobody."""

    def revoke(self, session_ids: Sequence[int], reason: str) -> None:
        """Close nothing: there are no sockets in this process; a running server notices within 5 s."""

    def of(self, user_ids: Sequence[int]) -> list[Presence]:
        """Everybody is offline."""
        return [Presence(user_id=user_id, status="offline") for user_id in user_ids]

    def introduce(self, user_ids: Sequence[int], known_ids: Sequence[int] = ()) -> None:
        """Tell nobody."""

    def parted(self, conversation_id: int, user_id: int) -> None:
        """Nobody looked."""


Said = Callable[[int, "str | None"], object]
"""Is told a message's number and what it says, once that is on disk; must not block or raise."""


class PageFacts(Struct, frozen=True, kw_only=True):
    """What a page behind a link says of itself: plain text, each a line."""

    title: str
    site: str
    description: str
    has_picture: bool


class Links(Protocol):
    """Looks at pages that people link to; implemented by `server.fetch`."""

    def read(self, url: str, picture: Path) -> PageFacts | None:
        """What a page says of itself, its picture written to a file as it came; None where there is nothing."""


class Facts(Protocol[S]):
    """What each process knows of its own sockets and shares with the others, which keep a copy for each process."""

    topic: str
    kind: type[S]

    def whole(self) -> list[S]:
        """Everything this process knows first hand."""

    def heard(self, peer: str, facts: Sequence[S], *, whole: bool) -> None:
        """Another process tells some of its facts, or (`whole`) all that it has: what it leaves out is over."""

    def gone(self, peer: str) -> None:
        """A process is not there any more, and its facts with it."""


class Bus(Protocol):
    """Carries news between the processes of one server; implemented by `server.bus`. What is told may be lost.

    Nothing here waits, raises, or has a part in an acknowledgement.
    """

    def tell(self, topic: str, body: Struct) -> None:
        """Tell the other processes something, in the order of the calls."""

    def tell_later(self, topic: str, make: Callable[[], Struct]) -> None:
        """Tell what `make` returns when it is this one's turn, so that what comes meanwhile can go along."""

    def hear(self, topic: str, kind: type[S], listener: Callable[[S], None], *, patient: bool = False) -> None:
        """Call the listener with what others tell. A `patient` one may read the database; news do not wait for it."""

    def share(self, facts: Facts[Any]) -> None:
        """Keep these facts the same everywhere; their listener is a patient one."""

    def tell_facts(self, topic: str, facts: Sequence[Struct]) -> None:
        """Tell the others what has changed of the facts of this topic."""

    def when_lost(self, listener: Callable[[], object]) -> None:
        """Call this when news may have been lost on their way to this process."""

    def start(self) -> None:
        """Begin; what is told before is kept, what others tell before is not heard."""

    def stop(self) -> None:
        """Say goodbye to the others, and end."""

    def trouble(self) -> str | None:
        """What is wrong with the bus, in words for the operator."""

    def measures(self) -> Mapping[str, float]:
        """The bus's numbers by name, for /metrics."""


class Alone:
    """The bus of a server that is one process: there is nobody to tell."""

    def tell(self, topic: str, body: Struct) -> None:
        """Tell nobody."""

    def tell_later(self, topic: str, make: Callable[[], Struct]) -> None:
        """Tell nobody."""

    def hear(self, topic: str, kind: type[S], listener: Callable[[S], None], *, patient: bool = False) -> None:
        """Nobody tells anything."""

    def share(self, facts: Facts[Any]) -> None:
        """Nobody else has facts."""

    def tell_facts(self, topic: str, facts: Sequence[Struct]) -> None:
        """Tell nobody."""

    def when_lost(self, listener: Callable[[], object]) -> None:
        """Nothing is lost."""

    def start(self) -> None:
        """Nothing begins."""

    def stop(self) -> None:
        """Nothing ends."""

    def trouble(self) -> str | None:
        """Nothing is wrong."""
        return None

    def measures(self) -> Mapping[str, float]:
        """Nothing to measure."""
        return {}


ALONE = Alone()
