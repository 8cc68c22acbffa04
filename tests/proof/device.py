"""A desktop without its face: the shipped core, network and files, and a ledger of what they tell.

Many live in one event loop. One that is to be killed lives in a process of its own (tests/proof/lives.py); what it
shall die of is a `Doom`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from desktop.cache.message_cache import MessageCache
from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core.pace import Pace
from desktop.core.ports import Arrived, Broken, Clock, OutboxEntry
from desktop.core.session import Session
from desktop.core.updates import Update
from desktop.net.addresses import parse_address
from desktop.net.api import RestApi
from desktop.net.live import SocketLive
from desktop.net.rest import Rest
from desktop.net.tokens import TokenKeeper
from protocol.accounts import Tokens
from protocol.codec import from_plain
from protocol.commands import SendMessage
from protocol.limits import Limits
from protocol.shapes import Message, User
from protocol.signals import Connected
from protocol.times import from_wire
from tests.proof.ledger import Kind, Ledger, Line

HASTY = Pace(
    first_s=0.2, most_s=1.0, answer_s=5.0, sync_s=4.0, digest_s=3.0, closed_by_server_s=0.5, report_s=0.1, latency_s=60
)
"""The shipped waits shortened, so that a run of minutes holds what else takes hours. Nothing else differs."""


def no_doom(_point: str) -> None:
    """A device that nothing kills from within."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose device it is, and how it comes to its server. `limits` are the server's."""

    url: str
    user: User
    tokens: Tokens | None
    refresh_token: str
    limits: Limits = field(default_factory=Limits)


class WatchedLive:
    """`core.ports.Live` over the shipped one; notes greetings, what is heard, and the answers to sends."""

    def __init__(self, live: SocketLive, ledger: Ledger, doom: Callable[[str], None]) -> None:
        self._live = live
        self._ledger = ledger
        self._doom = doom

    async def open(self) -> Connected:
        """Connect."""
        greeting = await self._live.open()
        self._ledger.note(Line(kind="greeted"))
        return greeting

    async def call(self, event: str, payload: Struct | Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """Ask; a send is noted when it goes and when it is answered."""
        if not isinstance(payload, SendMessage):
            return await self._live.call(event, payload, timeout_s)
        self._ledger.note(Line(kind="tried", uid=payload.uid or ""))
        began_ms = _now_ms()
        asking = asyncio.get_running_loop().create_task(self._live.call(event, payload, timeout_s))
        try:
            await asyncio.sleep(0)
            self._doom("in_flight")
            answer = await asking
        finally:
            asking.cancel()
        note_ack(self._ledger, from_plain(Message, answer["message"]), began_ms)
        self._doom("acked")
        return answer

    async def next(self) -> Arrived | Broken:
        """The next thing that happens."""
        thing = await self._live.next()
        if isinstance(thing, Arrived):
            self._ledger.note(Line(kind="heard", event=thing.event))
        return thing

    async def close(self) -> None:
        """Disconnect."""
        await self._live.close()

    @property
    def latency_ms(self) -> int | None:
        """The last round trip."""
        return self._live.latency_ms


class WatchedApi(RestApi):
    """The shipped REST; notes the answers to sends."""

    def __init__(self, rest: Rest, keeper: TokenKeeper, limits: Limits, ledger: Ledger) -> None:
        super().__init__(rest, keeper, limits)
        self._ledger = ledger

    async def send(self, command: SendMessage) -> Message:
        """Send without the socket."""
        self._ledger.note(Line(kind="tried", uid=command.uid or ""))
        began_ms = _now_ms()
        message = await super().send(command)
        note_ack(self._ledger, message, began_ms)
        return message


def note_ack(ledger: Ledger, message: Message, began_ms: int) -> None:
    """Note the answer to a send; stored before the question means that an earlier try had come through."""
    ledger.note(
        Line(
            kind="acked",
            uid=message.uid,
            conversation_id=message.conversation_id,
            position=message.position,
            version=message.version,
            message_id=message.message_id,
            text=message.content or "",
            again=from_wire(message.created_at) < began_ms,
        )
    )


class WatchedOutboxFile(SqliteOutboxFile):
    """The shipped outbox on disk; a device may die when an entry is erased."""

    def __init__(self, folder: Path, doom: Callable[[str], None]) -> None:
        super().__init__(folder)
        self._doom = doom

    async def put(self, entry: OutboxEntry) -> None:
        """Write an entry."""
        await super().put(entry)
        self._doom("written")

    async def remove(self, uid: str) -> None:
        """Erase an entry."""
        await super().remove(uid)
        self._doom("erased")


class WatchedSession(Session):
    """The shipped session; notes what its store holds after each merge, where that has changed."""

    ledger: Ledger
    doom: Callable[[str], None]

    def watch(self, ledger: Ledger, doom: Callable[[str], None]) -> None:
        """Note into this ledger from now on."""
        self.ledger, self.doom = ledger, doom
        self._noted: dict[tuple[str, int, int], tuple[object, ...]] = {}

    def ingest(self, update: Update) -> None:
        """Merge, then note."""
        super().ingest(update)
        for message in update.messages:
            self._note_row(message)
        for cursor in (cursor for held in self._store.held.values() for cursor in held.cursors.values()):
            line = Line(
                kind="cursor",
                conversation_id=cursor.conversation_id,
                user_id=cursor.user_id,
                position=cursor.position,
            )
            self._note(("cursor", cursor.conversation_id, cursor.user_id), (cursor.position,), line)
        for conversation_id, version in self.versions().items():
            line = Line(kind="followed", conversation_id=conversation_id, version=version)
            self._note(("followed", conversation_id, 0), (version,), line)
        if update.messages:
            self.doom("applied")

    def _note_row(self, told: Message) -> None:
        """Note a message as the store has it now, which may be newer than what was told."""
        row = self._store.of(told.conversation_id).messages.get(told.position, told)
        line = Line(
            kind="applied",
            conversation_id=row.conversation_id,
            position=row.position,
            uid=row.uid,
            version=row.version,
            text=row.content or "",
        )
        self._note(("row", row.conversation_id, row.position), (row.uid, row.version), line)

    def _note(self, key: tuple[str, int, int], value: tuple[object, ...], line: Line) -> None:
        """Write a line where it tells anything new."""
        if self._noted.get(key) != value:
            self._noted[key] = value
            self.ledger.note(line)

    def conversation_ids(self) -> list[int]:
        """The conversations that are known."""
        return sorted(held.conversation_id for held in self._store.listed())

    def last_position(self, conversation_id: int) -> int:
        """The last position of a conversation as far as it is known."""
        return self._store.of(conversation_id).last_position

    async def shown(self, conversation_id: int) -> list[Message]:
        """All messages from the first, as somebody sees them who scrolls up: what is not held comes from the server."""
        held = self._store.of(conversation_id)
        rows = {position: held.messages[position] for position in held.positions}
        first = min(rows, default=held.last_position + 1)
        while first > 1:
            page = await self.fetch(conversation_id, "before", first)
            rows.update({message.position: message for message in page.messages if message.position < first})
            if not page.messages:
                break
            first = page.messages[0].position
        return [rows[position] for position in sorted(rows)]


class Device:
    """Owns one session at a time, its outbox in `folder`/`name` and its ledger `folder`/`name`.jsonl."""

    def __init__(
        self,
        folder: Path,
        name: str,
        seat: Seat,
        *,
        pace: Pace = HASTY,
        save: Callable[[str], None] = lambda _token: None,
        doom: Callable[[str], None] = no_doom,
    ) -> None:
        self.name = name
        self.seat = seat
        self.ledger = Ledger(folder / f"{name}.jsonl")
        self.said = 0
        """How many texts were written in all its lives."""
        self.ahead_ms = 0
        """How far this computer's clock is from the real one."""
        self._folder = folder / name
        self._pace = pace
        self._save = save
        self._doom = doom
        self._rest: Rest | None = None
        self._session: WatchedSession | None = None

    @property
    def session(self) -> WatchedSession:
        """The session of this life."""
        assert self._session is not None, f"{self.name} is not started"
        return self._session

    @property
    def is_alive(self) -> bool:
        """Whether a life is going on."""
        return self._session is not None

    @property
    def unsent(self) -> int:
        """How many texts wait."""
        return self.session.unsent

    async def start(self) -> None:
        """Begin a life."""
        self.ledger.note(Line(kind="started", user_id=self.seat.user.user_id))
        address = parse_address(self.seat.url)
        rest = self._rest = Rest(address)
        keeper = TokenKeeper(rest, self.seat.refresh_token, self._save, self.seat.tokens)
        live = WatchedLive(SocketLive(address, keeper, rest), self.ledger, self._doom)
        api = WatchedApi(rest, keeper, self.seat.limits, self.ledger)
        self._session = WatchedSession(
            self.seat.user,
            live,
            api,
            WatchedOutboxFile(self._folder, self._doom),
            Clock(lambda: _now_ms() + self.ahead_ms),
            limits=self.seat.limits,
            pace=self._pace,
            cache=MessageCache(self._folder, self.seat.user.user_id),
        )
        self._session.watch(self.ledger, self._doom)
        await self._session.start()

    async def stop(self) -> None:
        """End this life in order."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        if self._rest is not None:
            self._rest.close()

    async def close(self) -> None:
        """End for good."""
        await self.stop()
        self.ledger.close()

    def cut_off(self) -> None:
        """Note that its session was ended just now: from here on nothing new may come."""
        self.ledger.note(Line(kind="cut_off"))

    async def say(self, conversation_id: int, text: str) -> None:
        """Write a text; returns when it is on this device's disk. Raises what the disk raises."""
        saved = self.session.send_text(conversation_id, text)
        self.said += 1
        await self._saved(conversation_id, text, saved)

    async def say_file(self, conversation_id: int, file: Path, caption: str) -> None:
        """Send a file; returns when the message is on this device's disk."""
        before = len(self.session.entries(conversation_id))
        saved = self.session.send_files(conversation_id, [file], caption)
        self.said += 1
        await until(lambda: len(self.session.entries(conversation_id)) > before or saved.done(), 5)
        await self._saved(conversation_id, caption, saved)

    async def _saved(self, conversation_id: int, text: str, saved: asyncio.Future[None]) -> None:
        """Note the entry that was added last, and again when it is on disk."""
        uid = self.session.entries(conversation_id)[-1].entry.uid
        self.ledger.note(Line(kind="intended", uid=uid, conversation_id=conversation_id, text=text))
        self._doom("added")
        await saved
        self.ledger.note(Line(kind="enqueued", uid=uid, conversation_id=conversation_id, text=text))
        self._doom("enqueued")

    def read(self, conversation_id: int) -> None:
        """Look at everything there is."""
        last = self.session.last_position(conversation_id)
        if last:
            self.session.mark_read(conversation_id, last)

    def is_at(self, heads: Mapping[int, int]) -> bool:
        """Whether everything is sent and these numbers are reached."""
        session = self.session
        versions = session.versions()
        reached = all(versions.get(conversation_id) == head for conversation_id, head in heads.items())
        return reached and session.is_connected() and not session.unsent

    async def testify(self) -> None:
        """Note what stands in the outbox and what is shown."""
        for conversation_id in self.session.conversation_ids():
            for waiting in self.session.entries(conversation_id):
                entry = waiting.entry
                kind: Kind = "failed" if entry.state == "failed" else "left"
                self.ledger.note(Line(kind=kind, uid=entry.uid, conversation_id=conversation_id, text=entry.text))
            for row in await self.session.shown(conversation_id):
                line = Line(
                    kind="shown",
                    conversation_id=row.conversation_id,
                    position=row.position,
                    uid=row.uid,
                    version=row.version,
                    text=row.content or "",
                )
                self.ledger.note(line)


async def until(is_so: Callable[[], bool], within_s: float) -> bool:
    """Wait until something is so; whether it came to be."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not is_so():  # noqa: ASYNC110 - many things are watched, and not all of them tell
                await asyncio.sleep(0.02)
            return True
    return False


def _now_ms() -> int:
    """The present."""
    return time.time_ns() // 1_000_000
