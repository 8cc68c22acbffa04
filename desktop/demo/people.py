"""The scripted people: they begin to write, send pictures, come and go, read what they are sent, and answer."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial

from desktop.core.ports import Unreachable
from desktop.demo.processes import Person
from desktop.demo.script import ANSWERS, Cue
from desktop.net.live_connection import LiveConnection
from protocol.commands import MarkRead, React, SendMessage, SentFile, Typing
from protocol.errors import Refused
from protocol.ids import new_uid
from protocol.shapes import Message
from protocol.signals import ViewerJoined, ViewerLeft

log = logging.getLogger(__name__)

_READS_AFTER_S = 1.2
_TYPES_S = 2.6


class Troupe:
    """Everybody who is not a window, on connections of their own."""

    def __init__(self, people: Iterable[Person], url: str, audience: Iterable[Person], *, pace: float = 1.0) -> None:
        """`audience` are the people of the windows: only they are answered. `pace` stretches every wait."""
        self._pace = pace
        self._watching: dict[int, set[int]] = {}
        self._connections = {person.username: LiveConnection(url, person.token) for person in people}
        self._ids = {person.username: person.user_id for person in [*people, *audience]}
        self._groups = {title: number for person in people for title, number in person.groups.items()}
        self._audience = {person.user_id for person in audience}
        self._answers: dict[str, Iterator[str]] = {who: itertools.cycle(said) for who, said in ANSWERS.items()}
        self._busy: set[asyncio.Task[None]] = set()

    async def enter(self) -> None:
        """Connect everybody. Raises Refused or Unreachable."""
        for who, connection in self._connections.items():
            await connection.init()
            connection.on("new_message", partial(self._hear, who))
            connection.on("user_joined", self._see)
            connection.on("user_left", self._see)

    async def leave(self) -> None:
        """Stop answering and hang up."""
        for task in tuple(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        await asyncio.gather(*(connection.disconnect() for connection in self._connections.values()))

    async def play(self, cues: Iterable[Cue]) -> None:
        """Act the cues one after the other; a line that breaks meanwhile spoils one of them only."""
        for cue in cues:
            await asyncio.sleep(cue.after_s * self._pace)
            try:
                await self._act(cue)
            except (Refused, Unreachable) as error:
                log.info("%s missed a cue: %s", cue.who, error)

    async def type_to(self, who: str, to: str) -> None:
        """Begin to type, and leave it at that."""
        conversation_id = await self._with(who, to)
        await self._connections[who].call("typing", Typing(conversation_id=conversation_id))

    async def read(self, who: str, to: str) -> None:
        """Read everything that was said."""
        await self._connections[who].call("mark_read", MarkRead(conversation_id=await self._with(who, to)))

    async def watched(self, conversation_id: int, count: int, within_s: float) -> None:
        """Wait until so many people look at a conversation, or for `within_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self._watching.get(conversation_id, ())) < count:  # noqa: ASYNC110 - bounded, and a demo
                    await asyncio.sleep(0.1)

    async def conversation(self, who: str, to: str) -> int:
        """The conversation of one of the troupe with somebody."""
        return await self._with(who, to)

    async def _act(self, cue: Cue) -> None:
        """One cue."""
        if cue.status:
            await self._connections[cue.who].call("set_presence", {"status": cue.status})
        elif cue.again:
            await self._send_again(cue.who, await self._with(cue.who, cue.to))
        elif cue.reaction:
            await self._react(cue.who, await self._with(cue.who, cue.to), cue.reaction)
        else:
            await self._say(cue.who, await self._with(cue.who, cue.to), cue.text)

    async def _say(self, who: str, conversation_id: int, text: str) -> None:
        """Type for a while, then send."""
        connection = self._connections[who]
        await connection.call("typing", Typing(conversation_id=conversation_id))
        await asyncio.sleep(_TYPES_S * self._pace)
        await connection.send_message(conversation_id, text)

    async def _send_again(self, who: str, conversation_id: int) -> None:
        """Send the newest picture of the conversation again."""
        page = await self._connections[who].api.history(conversation_id, limit=100)
        urls = [message.file_url for message in page.messages if message.type == "image" and message.file_url]
        if urls:
            files = [SentFile(file_url=urls[-1])]
            command = SendMessage(conversation_id=conversation_id, attachments=files, uid=new_uid())
            await self._connections[who].api.send(command)

    async def _react(self, who: str, conversation_id: int, emoji: str) -> None:
        """Put an emoji under the newest message of somebody else."""
        page = await self._connections[who].api.history(conversation_id)
        others = [one for one in page.messages if one.sender_id != self._ids[who] and one.type != "system"]
        if others:
            command = React(message_id=others[-1].message_id, emoji=emoji, on=True)
            await self._connections[who].call("react", command)

    async def _with(self, who: str, to: str) -> int:
        """The id of their conversation, or of the group with this title."""
        if to in self._groups:
            return self._groups[to]
        conversation = await self._connections[who].api.open_direct(self._ids[who], self._ids[to])
        return conversation.conversation_id

    def _see(self, seen: ViewerJoined | ViewerLeft) -> None:
        """Somebody looks at a conversation, or away."""
        self._watching[seen.conversation_id] = set(seen.active_users)

    def _hear(self, who: str, message: Message) -> None:
        """Somebody in a window has written: read and answer in a moment; in a group only one of them does."""
        if message.sender_id in self._audience and who in self._answers and self._is_asked(who, message):
            task = asyncio.get_running_loop().create_task(self._answer(who, message))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    def _is_asked(self, who: str, message: Message) -> bool:
        """Whether a message is for this one: in a group for who is named, or else for one after the other."""
        if message.receiver_id is not None:
            return True
        if message.mentions:
            return self._ids[who] in message.mentions
        names = list(self._answers)
        return names[message.position % len(names)] == who

    async def _answer(self, who: str, message: Message) -> None:
        """Read, think, type, send."""
        with suppress(Refused, Unreachable):
            await asyncio.sleep(_READS_AFTER_S * self._pace)
            await self._connections[who].mark_as_read(message.message_id, message.conversation_id)
            await self._say(who, message.conversation_id, next(self._answers[who]))
