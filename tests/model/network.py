"""What lies between a device and the server, in the hands of the story: requests, answers and pushes, held or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from desktop.core.ports import Arrived, Broken, HistoryPage, Unreachable
from protocol.codec import decode, dumps, plain, read
from protocol.commands import (
    COMMANDS,
    DeleteMessage,
    Digest,
    EditMessage,
    MarkRead,
    OpenConversation,
    Page,
    PatchMessage,
    PatchOwn,
    PutDraft,
    React,
    SendMessage,
    Sync,
    Verify,
)
from protocol.errors import Refused
from protocol.shapes import Conversation, Message, Own
from protocol.signals import Connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.services.ports import Actor
    from tests.model.server import ModelServer

ANSWER_S = 10.0
Change = EditMessage | DeleteMessage | React


def changed(server: ModelServer, actor: Actor, command: Change) -> Message:
    """What the server's rooms do with a message that is there: one service call."""
    match command:
        case EditMessage():
            return server.house.changes.edit(actor, command)
        case DeleteMessage():
            return server.house.changes.delete(actor, command)
        case React():
            return server.house.reactions.react(actor, command)


@dataclass(eq=False)
class Request:
    """Something asked of the server, and afterwards its answer on the way back."""

    work: Callable[[], Any]
    asked: asyncio.Future[Any]
    is_numbered: bool = False
    """Whether it names a message by the server's number, which means nothing in another history."""
    answer: Callable[[], None] | None = None


@dataclass(eq=False)
class Network:
    """One device's way to the server. While `held`, everything waits for the story to let it through, in any order.

    A request that its device has given up is still under way, as in real networks: it may arrive long after the retry.
    """

    server: ModelServer
    up: bool = True
    held: bool = False
    requests: list[Request] = field(default_factory=list)
    answers: list[Request] = field(default_factory=list)
    pushes: list[Arrived] = field(default_factory=list)
    line: LiveLine | None = None

    async def ask(self, work: Callable[[], Any], within_s: float = ANSWER_S, *, is_numbered: bool = False) -> Any:
        """The server's answer. Raises Refused, or Unreachable when none comes in time or the way is cut."""
        await asyncio.sleep(0)
        if not self.up:
            raise Unreachable("nobody listens")
        request = Request(work, asyncio.get_running_loop().create_future(), is_numbered)
        self.requests.append(request)
        if not self.held:
            self.carry(request)
        try:
            async with asyncio.timeout(within_s):
                return await request.asked
        except TimeoutError:
            raise Unreachable("no answer") from None

    def carry(self, request: Request) -> None:
        """Let a request reach the server; its answer sets out."""
        self.requests.remove(request)
        answered = self.server.handle(request.work)
        if answered is None:
            return
        request.answer = lambda: answered(request.asked)
        self.answers.append(request)
        if not self.held:
            self.bring_back(request)

    def bring_back(self, request: Request) -> None:
        """Let an answer reach the device."""
        self.answers.remove(request)
        if not request.asked.done() and request.answer is not None:
            request.answer()

    def push(self, arrived: Arrived) -> None:
        """The server tells the device something."""
        if self.line is None:
            return
        if self.held:
            self.pushes.append(arrived)
        else:
            self.line.queue.put_nowait(arrived)

    def let_through(self) -> None:
        """Hold nothing any more."""
        self.held = False
        for arrived in self.pushes:
            self.push(arrived)
        self.pushes.clear()
        for request in tuple(self.answers):
            self.bring_back(request)
        for request in tuple(self.requests):
            self.carry(request)

    def break_line(self, reason: str) -> None:
        """The connection is gone with every answer and push on it; requests may still arrive."""
        self.pushes.clear()
        for request in (*self.answers, *self.requests):
            if not request.asked.done():
                request.asked.set_exception(Unreachable(reason))
        self.answers.clear()
        if self.line is not None:
            self.line.snap(reason)

    def end_history(self) -> None:
        """The server is another one: what spoke of the old one's numbers died with its connections."""
        self.requests = [request for request in self.requests if not request.is_numbered]

    def cut(self) -> None:
        """The network is away."""
        self.up = False
        self.break_line("the network is away")


class LiveLine:
    """`core.ports.Live` on the story's network."""

    def __init__(self, network: Network, actor: Actor) -> None:
        self._network = network
        self._actor = actor
        self.queue: asyncio.Queue[Arrived | Broken] = asyncio.Queue()

    @property
    def latency_ms(self) -> int | None:
        """Nothing takes time here."""
        return None

    async def open(self) -> Connected:
        """Connect: rooms are joined before the greeting is sent, as on the real server."""

        def join() -> Connected:
            self._network.line = self
            return self._network.server.house.sync.greeting(self._actor)

        self.queue = asyncio.Queue()
        greeting: Connected = await self._network.ask(join)
        return greeting

    async def call(self, event: str, payload: Any, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Ask over the line."""
        if self._network.line is not self:
            raise Unreachable("not connected")
        command = decode(COMMANDS[event].payload, plain(payload))
        is_numbered = isinstance(command, Change)
        work = partial(self._do, event, command)
        answer: dict[str, Any] = await self._network.ask(work, timeout_s, is_numbered=is_numbered)
        return {"ok": True, **answer}

    def _do(self, event: str, command: Any) -> Mapping[str, Any]:
        """What the server's socket room does: one service call."""
        house, actor = self._network.server.house, self._actor
        match command:
            case SendMessage():
                return {"message": plain(house.messages.post(actor, command).message)}
            case EditMessage() | DeleteMessage() | React():
                return {"message": plain(changed(self._network.server, actor, command))}
            case Sync():
                return {"synced": plain(house.sync.sync(actor, command))}
            case Digest():
                return plain(house.sync.digest(actor, command))
            case MarkRead():
                return {"read_position": house.cursors.mark_read(actor, command)}
            case _:
                raise AssertionError(f"the model has no {event}")

    async def next(self) -> Arrived | Broken:
        """What comes next."""
        return await self.queue.get()

    async def close(self) -> None:
        """Disconnect."""
        if self._network.line is self:
            self._network.break_line("closed")

    def snap(self, reason: str) -> None:
        """This connection is over."""
        if self._network.line is self:
            self._network.line = None
        self.queue.put_nowait(Broken(reason))


class RestLine:
    """Those calls of `core.ports.Api` that the story's people need."""

    def __init__(self, network: Network, actor: Actor) -> None:
        self._network = network
        self._actor = actor

    async def history(self, conversation_id: int, *, limit: int = 50, **place: int | None) -> HistoryPage:
        """A page of messages."""
        house, page = self._network.server.house, Page(limit=limit, **place)
        found = await self._network.ask(lambda: house.messages.page(self._actor, conversation_id, page))
        messages = msgspec.json.decode(dumps(found.messages), type=list[Message])
        return HistoryPage(messages, found.head, found.last_position)

    async def send(self, command: SendMessage) -> Message:
        """Send without the live line."""
        posted = await self._network.ask(lambda: self._network.server.house.messages.post(self._actor, command))
        return read(Message, dumps(posted.message))

    async def mark_read(self, command: MarkRead) -> None:
        """Move the cursor without the live line."""
        await self._network.ask(lambda: self._network.server.house.cursors.mark_read(self._actor, command))

    async def patch_own(self, conversation_id: int, change: PatchOwn) -> Own:
        """What somebody chooses for themselves."""
        house = self._network.server.house
        own = await self._network.ask(lambda: house.own_facts.patch(self._actor, conversation_id, change))
        return read(Own, dumps(own))

    async def put_draft(self, conversation_id: int, draft: PutDraft) -> Own:
        """What somebody has begun."""
        house = self._network.server.house
        own = await self._network.ask(lambda: house.drafts.put(self._actor, conversation_id, draft))
        return read(Own, dumps(own))

    async def mark_unread(self, message_id: int) -> None:
        """Unread from here on."""
        change = PatchMessage(is_read=False)
        await self._network.ask(lambda: self._network.server.house.cursors.patch(self._actor, message_id, change))

    async def verify(self, uids: Sequence[str]) -> list[str]:
        """Which of these are missing."""
        question = Verify(uids=list(uids))
        answer = await self._network.ask(lambda: self._network.server.house.sync.verify(self._actor, question))
        return list(answer.missing)

    async def open_direct(self, own_id: int, other_id: int) -> Conversation:
        """Create or get the conversation."""
        command = OpenConversation(participant1_id=own_id, participant2_id=other_id)
        conversation, _ = await self._network.ask(
            lambda: self._network.server.house.conversations.open_direct(self._actor, command)
        )
        return read(Conversation, dumps(conversation))


def answered(result: Any, refusal: Refused | None) -> Callable[[asyncio.Future[Any]], None]:
    """How an answer reaches who asked."""

    def settle(asked: asyncio.Future[Any]) -> None:
        if refusal is not None:
            asked.set_exception(refusal)
        else:
            asked.set_result(result)

    return settle
