"""What the log-in page asks of the network: looking at a server, logging in, opening an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from protocol.accounts import ServerInfo

Problem = Literal["address", "certificate", "plain_http", "not_hearth"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A server that answered: its base url (`https://host[:port]`), what it offers, and its link's invite."""

    url: str
    info: ServerInfo
    invite: str | None = None


class Unusable(Exception):  # noqa: N818 - a finding about an address, not an error of anybody's
    """This address cannot be used to log in; the message tells people what is wrong and what to do."""

    def __init__(self, problem: Problem, message: str) -> None:
        """Hold the kind of problem and the sentence for people."""
        super().__init__(message)
        self.problem = problem
        self.message = message


class SignIn(Protocol):
    """The verbs behind the log-in page; `net.sign_in` has them. After a success the app shows the main window."""

    @property
    def stay_words(self) -> str:
        """Where "stay signed in" keeps the session on this computer, in a sentence."""

    async def look_up(self, address: str) -> Offer:
        """Ask the server behind an address or a `hearth://host/invite/CODE` link what it offers.

        Raises Unusable for an address that cannot work, Refused (client_too_old, server_too_old) where no protocol is
        shared, and Unreachable where nobody answers.
        """

    async def log_in(self, offer: Offer, username: str, password: str, *, stay: bool) -> None:
        """Open a session; with `stay` it is kept for the next start. Raises Refused or Unreachable."""

    async def register(
        self, offer: Offer, username: str, password: str, display_name: str, *, invite: str | None, stay: bool
    ) -> None:
        """Open an account and a session in it. Raises Refused or Unreachable."""
