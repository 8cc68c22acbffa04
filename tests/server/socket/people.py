"""People on a running server for the socket tests: two who share a conversation, and a stranger."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.running import RunningServer
from tests.server.socket.lines import Line

ServerFactory = Callable[..., RunningServer]
"""Starts a server of a test's own (fixture `start_server`)."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account on a server."""

    server: RunningServer
    user_id: int
    token: str
    session_id: int

    def line(self) -> Line:
        """A new socket of theirs, logged in."""
        return Line(self.server, self.token)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """A REST call of theirs."""
        return self.server.request(method, path, self.token, **options)


@dataclass(frozen=True)
class Pair:
    """Two people and their conversation, and somebody who is not in it."""

    ada: Person
    bob: Person
    eve: Person
    conversation_id: int


async def leave(client: Any) -> None:
    """Disconnect python-socketio's client, and give aiohttp the moment it needs to close its connections."""
    await client.disconnect()
    if client.eio.http is not None:
        await client.eio.http.close()
    await asyncio.sleep(0.3)


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scene with stock clients; python-engineio's leaves its last poll unfinished when it disconnects."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(scene())
        gc.collect()


def join(server: RunningServer, name: str) -> Person:
    """Register somebody."""
    tokens = server.register(name)
    return Person(server, tokens["user"]["user_id"], tokens["access_token"], tokens["session_id"])


def make_pair(server: RunningServer, mark: str = "") -> Pair:
    """Two who talk, and a stranger; `mark` makes their names their own on a server."""
    ada, bob, eve = (join(server, name + mark) for name in ("ada", "bob", "eve"))
    conversation = server.open_direct(ada.token, ada.user_id, bob.user_id)
    return Pair(ada, bob, eve, conversation["conversation_id"])
