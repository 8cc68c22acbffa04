"""The live connection for scripts and bots, without Qt: what document B's `useSocket()` does, and little more."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct

from desktop.core.observable import Topic
from desktop.core.ports import Arrived, Broken, Unreachable
from desktop.net.addresses import parse_address
from desktop.net.api import RestApi
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.tokens import LongLivedToken
from protocol import codec, commands
from protocol.errors import Refused
from protocol.ids import new_uid
from protocol.shapes import Message
from protocol.signals import SIGNALS

log = logging.getLogger(__name__)

_LONGEST_WAIT_S = 30.0


class LiveConnection:
    """One account's line to a server: `await init()`, then send, join, mark as read; `messages` fills by itself.

    `token` comes from `hearth-server token create USER`. A broken line is opened again with growing random waits; what
    came meanwhile is read with `api.history(conversation_id, after=…)`. docs/examples/live_connection.py shows it all.
    """

    def __init__(self, server: str, token: str) -> None:
        """`server` is an address such as `https://chat.example.org`. Raises Unusable where it cannot be one."""
        address = parse_address(server)
        keeper = LongLivedToken(token)
        self._rest = Rest(address)
        self._live = SocketLive(address, keeper, self._rest)
        self._heard: dict[str, Topic[Any]] = {event: Topic() for event in SIGNALS}
        self._following: asyncio.Task[None] | None = None
        self._connected = False
        self.api = RestApi(self._rest, keeper)
        self.user_id = 0
        self.messages: list[Message] = []

    @property
    def is_connected(self) -> bool:
        """Whether the line is up."""
        return self._connected

    @property
    def has_ended(self) -> bool:
        """Whether the server has refused to go on, for example because the token was revoked."""
        return self._following is not None and self._following.done()

    async def init(self) -> None:
        """Connect, and follow from here on. Raises Refused or Unreachable."""
        await self._open()
        self._following = asyncio.create_task(self._follow(), name="live connection")

    async def send_message(self, conversation_id: int, content: str) -> Message:
        """Send text; the result is the stored message. After Unreachable it may or may not have been stored."""
        command = commands.SendMessage(conversation_id=conversation_id, content=content, uid=new_uid())
        reply = await self.call("send_message", command)
        return codec.from_plain(Message, reply["message"])

    async def join_conversation(self, conversation_id: int) -> list[int]:
        """Say that one looks at a conversation; the result is who does."""
        reply = await self.call("join_conversation", commands.JoinConversation(conversation_id=conversation_id))
        return list(reply.get("activeUsers", []))

    async def leave_conversation(self, conversation_id: int) -> None:
        """Say that one has looked away."""
        await self.call("leave_conversation", commands.LeaveConversation(conversation_id=conversation_id))

    async def mark_as_read(self, message_id: int, conversation_id: int) -> None:
        """Everything up to this message is read."""
        await self.call("mark_as_read", commands.MarkAsRead(message_id=message_id, conversation_id=conversation_id))

    async def call(self, event: str, payload: Struct | Mapping[str, Any]) -> dict[str, Any]:
        """Any event of `protocol.commands.COMMANDS`, acknowledged. Raises Refused or Unreachable."""
        return await self._live.call(event, payload)

    def on(self, event: str, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener` with the payload of each such event of `protocol.signals.SIGNALS`; the result ends that."""
        return self._heard[event].subscribe(listener)

    async def disconnect(self) -> None:
        """Close the line for good."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        self._connected = False
        await self._live.close()
        self._rest.close()

    async def _open(self) -> None:
        """Open the line once."""
        greeting = await self._live.open()
        self.user_id = greeting.user_id
        self._connected = True

    async def _follow(self) -> None:
        """Hand on what arrives, and open the line again whenever it breaks."""
        while True:
            thing = await self._live.next()
            if isinstance(thing, Broken):
                self._connected = False
                log.info("the line broke: %s", thing.reason)
                try:
                    await self._open_again()
                except Refused as refusal:
                    log.warning("the connection has ended for good: %s", refusal)
                    return
            else:
                self._tell(thing)

    def _tell(self, arrived: Arrived) -> None:
        """Keep a message, and call who listens; a listener's own error is logged and ends nobody's line."""
        if arrived.event == "new_message":
            self.messages.append(arrived.payload)
        self._heard[arrived.event].publish(arrived.payload)

    async def _open_again(self) -> None:
        """Try until it works, after random waits up to 1, 2, 4 … 30 s and as long as the server names besides.

        Raises Refused where it never will.
        """
        longest = 1.0
        while not self._connected:
            await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - spreads clients, keeps no secret
            longest = min(_LONGEST_WAIT_S, 2 * longest)
            try:
                await self._open()
            except Unreachable as error:
                log.info("still no line: %s", error)
            except Refused as refusal:
                if not refusal.retryable:
                    raise
                await asyncio.sleep(refusal.retry_after_s or 0.0)
