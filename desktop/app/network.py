"""Everything of the network that the app uses, imported in a worker thread after the first picture (desk.py).

Measured on two cores beside a window that is already up: importing this takes 0.65 s of processor time (aiohttp and
python-socketio 0.35, requests 0.2, keyring 0.1), which the first window does not wait for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from desktop.cache.secrets import Secrets
from desktop.net.addresses import parse_address
from desktop.net.api import RestApi
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.sign_in import HearthSignIn, SignedIn, server_info
from desktop.net.tokens import TokenKeeper
from protocol.accounts import ServerInfo, Tokens
from protocol.limits import Limits


@dataclass(frozen=True, slots=True)
class Line:
    """One account's way to its server: what `core.session.Session` is built on."""

    api: RestApi
    live: SocketLive
    rest: Rest

    async def server_info(self) -> ServerInfo:
        """What the server offers now. Raises Unusable, Refused or Unreachable."""
        return await server_info(self.rest)

    def close(self) -> None:
        """Ask nothing more."""
        self.api.close()


class Network:
    """Makes what needs the network, so that nobody else imports it."""

    def line_to(
        self,
        server: str,
        limits: Limits,
        refresh_token: str,
        save: Callable[[str], None],
        tokens: Tokens | None = None,
    ) -> Line:
        """The line of a session that was kept, or, with `tokens`, of one just opened. `save` runs in worker threads."""
        address = parse_address(server)
        rest = Rest(address)
        keeper = TokenKeeper(rest, refresh_token, save, tokens)
        return Line(RestApi(rest, keeper, limits), SocketLive(address, keeper, rest), rest)

    def sign_in(self, entered: Callable[[SignedIn], Awaitable[None]], words: str) -> HearthSignIn:
        """What stands behind the log-in page."""
        return HearthSignIn(entered, words)

    def open_secrets(self, folder: Path) -> Secrets:
        """The profile's keeper of refresh tokens; blocks while the system's keyring is found."""
        return Secrets(folder)
