"""Getting in: looking at a server, logging in, opening an account, and taking up a session that was kept."""

from __future__ import annotations

import platform
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from desktop.core.ports import Unreachable
from desktop.core.sign_in import Offer, Unusable
from desktop.net.addresses import Address, parse_address
from desktop.net.certificates import explain
from desktop.net.rest import Rest
from protocol import accounts, codec
from protocol.errors import ErrorCode, Refused
from protocol.limits import PROTOCOL_MAX, PROTOCOL_MIN


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened: where, what the server offers, its keys, and whether it shall be kept."""

    address: Address
    info: accounts.ServerInfo
    tokens: accounts.Tokens
    stay: bool


class HearthSignIn:
    """`core.sign_in.SignIn` over REST. `entered` is awaited with each session that is opened."""

    def __init__(self, entered: Callable[[SignedIn], Awaitable[None]], stay_words: str) -> None:
        self._entered = entered
        self._stay_words = stay_words

    @property
    def stay_words(self) -> str:
        """Where "stay signed in" keeps the session on this computer, in a sentence."""
        return self._stay_words

    async def look_up(self, address: str) -> Offer:
        """Ask the server behind an address or a link what it offers. Raises Unusable, Refused or Unreachable."""
        place = parse_address(address)
        rest = Rest(place)
        try:
            info = await server_info(rest)
        finally:
            rest.close()
        return Offer(url=place.url, info=info, invite=place.invite or None)

    async def log_in(self, offer: Offer, username: str, password: str, *, stay: bool) -> None:
        """Open a session. Raises Refused or Unreachable."""
        body = accounts.Login(username=username, password=password, device_name=device_name())
        await self._enter(offer, "/api/auth/login", body, stay=stay)

    async def register(
        self, offer: Offer, username: str, password: str, display_name: str, *, invite: str | None, stay: bool
    ) -> None:
        """Open an account and a session in it. Raises Refused or Unreachable."""
        body = accounts.Register(
            username=username,
            password=password,
            display_name=display_name,
            invite=invite or None,
            device_name=device_name(),
        )
        await self._enter(offer, "/api/auth/register", body, stay=stay)

    async def _enter(self, offer: Offer, path: str, body: Struct, *, stay: bool) -> None:
        """Ask for tokens and hand the session on."""
        address = parse_address(offer.url)
        rest = Rest(address)
        try:
            answer = await rest.work(lambda: rest.send("POST", path, body=body))
        finally:
            rest.close()
        tokens = codec.read(accounts.Tokens, answer.content)
        await self._entered(SignedIn(address, offer.info, tokens, stay))


async def server_info(rest: Rest) -> accounts.ServerInfo:
    """What a server offers, once it is sure that we speak with it. Raises Unusable, Refused or Unreachable."""
    try:
        answer = await rest.work(lambda: rest.send("GET", "/api/server"))
        info = codec.read(accounts.ServerInfo, answer.content)
    except Unreachable as error:
        words = explain(error, rest.address.host)
        raise Unusable("certificate", words) if words else error from error
    except (Refused, msgspec.MsgspecError) as error:
        if isinstance(error, Refused) and error.code in {ErrorCode.CLIENT_TOO_OLD, ErrorCode.SERVER_TOO_OLD}:
            raise
        words = f"There is no Hearth server at {rest.address.url}. Check the address with whoever runs it."
        raise Unusable("not_hearth", str(error) if "sends you on" in str(error) else words) from error
    check_versions(info, rest.address)
    return info


def check_versions(info: accounts.ServerInfo, address: Address) -> None:
    """Raises Refused where app and server share no protocol version, saying which of them to update."""
    if info.protocol.min > PROTOCOL_MAX:
        message = f"This app is too old for {address.netloc} (server {info.version}). Install a newer Hearth."
        raise Refused(ErrorCode.CLIENT_TOO_OLD, message)
    if info.protocol.max < PROTOCOL_MIN:
        message = f"{address.netloc} runs an old server ({info.version}). Ask whoever runs it to update."
        raise Refused(ErrorCode.SERVER_TOO_OLD, message)


def device_name() -> str:
    """How this computer is called in the list of devices."""
    system = {"Darwin": "macOS"}.get(platform.system(), platform.system() or "computer")
    return f"{platform.node() or 'this computer'} ({system})"[:64]
