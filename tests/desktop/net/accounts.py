"""Somebody signed in through `desktop.net`, for its tests."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

from desktop.net.addresses import Address, parse_address
from desktop.net.api import RestApi
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.tokens import TokenKeeper
from protocol import accounts, codec
from tests.running import RunningServer

_NUMBERS = itertools.count(1)


@dataclass
class Account:
    """A person with their line; `kept` are the refresh tokens in the order in which they were saved."""

    user_id: int
    username: str
    address: Address
    rest: Rest
    keeper: TokenKeeper
    api: RestApi
    live: SocketLive
    kept: list[str]

    async def close(self) -> None:
        """Hang up."""
        await self.live.close()
        self.api.close()


def sign_up(server: RunningServer, name: str = "person") -> Account:
    """Register somebody with a name of their own."""
    username = f"{name}{next(_NUMBERS)}"
    given: dict[str, Any] = server.register(username)
    tokens = codec.from_plain(accounts.Tokens, given)
    address = parse_address(server.url)
    rest = Rest(address)
    kept: list[str] = []
    keeper = TokenKeeper(rest, tokens.refresh_token, kept.append, tokens)
    api = RestApi(rest, keeper)
    return Account(tokens.user.user_id, username, address, rest, keeper, api, SocketLive(address, keeper, rest), kept)


async def befriend(one: Account, other: Account) -> int:
    """The conversation of two people."""
    conversation = await one.api.open_direct(one.user_id, other.user_id)
    return conversation.conversation_id


async def hang_up(*people: Account) -> None:
    """Close everybody's line."""
    await asyncio.gather(*(person.close() for person in people))
