"""Search as one types: people, conversations and messages, of this computer at once and of the server beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from desktop.core.bubble import ConversationRow
from desktop.core.errands import Errands
from desktop.core.observable import Observable
from desktop.core.ports import Api, Cache, Unreachable
from desktop.core.row_maker import RowMaker
from desktop.core.search_words import INDEXED_FROM, Asked, Typed, day_of, folded, marks, understood
from desktop.core.store import Store
from protocol.commands import SearchQuery
from protocol.errors import Refused
from protocol.shapes import Message, MessageType, User
from protocol.times import from_wire

PAUSE_S = 0.25
"""The server is asked once the fingers rest."""
PAGE = 50
FEW = 5
"""People and conversations shown, so that messages are in sight too."""
BEFORE_MOST, SNIPPET_MOST = 30, 160
"""Characters of a hit before its first mark, and in all."""


class Scope(Enum):
    """What was searched."""

    NOTHING = auto()
    DEVICE = auto()
    """On this computer; the server is being asked."""
    EVERYWHERE = auto()
    DEVICE_ALONE = auto()
    """On this computer; the server gave no answer."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `text` is one line cut around the first of `marks` (start and length in it)."""

    conversation_id: int
    uid: str
    message_id: int
    position: int
    title: str
    sender_id: int
    sender_name: str
    sender_avatar_url: str | None
    type: MessageType
    at_ms: int
    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The answer so far. `has_more`: older messages could be asked for; `reason`: why the server gave none."""

    query: str = ""
    people: tuple[User, ...] = ()
    conversations: tuple[ConversationRow, ...] = ()
    hits: tuple[Hit, ...] = ()
    scope: Scope = Scope.NOTHING
    has_more: bool = False
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.people or self.conversations or self.hits)


class Finder:
    """Makes searches, and finds what an info panel lists. Knows where things are; owns nothing that changes."""

    def __init__(
        self, store: Store, cache: Cache, api: Api, maker: RowMaker, rows: Callable[[], Sequence[ConversationRow]]
    ) -> None:
        """`rows`: the conversations of the list now."""
        self.store = store
        self.cache = cache
        self.api = api
        self._maker = maker
        self._rows = rows

    def search(self, own_id: int, within: int | None = None) -> Search:
        """A search of its own, of everything or within one conversation."""
        return Search(self, own_id, within)

    async def starred(self, conversation_id: int, message_ids: Collection[int]) -> list[Hit]:
        """The starred messages of a conversation that are on this computer, the newest first."""
        asked = Asked(conversation_id=conversation_id, message_ids=frozenset(message_ids), limit=len(message_ids))
        return self.hits(await self.local(asked) if message_ids else [], ())

    async def at(self, conversation_id: int, positions: Collection[int]) -> list[Hit]:
        """The messages at these places, as far as they are here or the server tells them."""
        held = self.store.of(conversation_id).messages
        known = [held[position] for position in positions if position in held]
        for position in positions:
            if position not in held:
                try:
                    page = await self.api.history(conversation_id, limit=1, around=position)
                except (Refused, Unreachable):
                    continue
                known += [message for message in page.messages if message.position == position]
        return self.hits(known, ())

    async def first_of_day(self, conversation_id: int, day_ms: int) -> int | None:
        """The position of the first message since this moment (ms since 1970), else of the last one.

        Halves the way each time, as times grow with positions; None where nothing is there or nobody answers.
        """
        held = self.store.of(conversation_id)
        low, high = held.first_position, held.last_position
        while low < high:
            middle = (low + high) // 2
            at_ms = await self._time_at(conversation_id, middle)
            if at_ms is None:
                return None
            low, high = (low, middle) if at_ms >= day_ms else (middle + 1, high)
        return low if held.last_position else None

    async def _time_at(self, conversation_id: int, position: int) -> int | None:
        """When a message was written; None where that cannot be told."""
        message = self.store.of(conversation_id).messages.get(position)
        if message is None:
            page = await self.cache.page(conversation_id, "around", position, 1)
            message = next((one for one in page.messages if one.position == position), None)
        if message is None:
            try:
                told = await self.api.history(conversation_id, limit=1, around=position)
            except (Refused, Unreachable):
                return None
            message = next((one for one in told.messages if one.position == position), None)
        return None if message is None else from_wire(message.created_at)

    async def shared(self, conversation_id: int, *, media: bool) -> list[Message]:
        """The newest messages with pictures and videos, or with other files, that are on this computer."""
        found = await self.local(Asked(conversation_id=conversation_id, has="file", limit=4 * PAGE))
        return [message for message in found if (message.type in {"image", "video"}) is media]

    async def local(self, asked: Asked) -> list[Message]:
        """What the disk has, or news in memory of it: what was deleted meanwhile is not among it."""
        found = await self.cache.find(asked)
        now = (self.store.of(message.conversation_id).messages.get(message.position, message) for message in found)
        return [message for message in now if message.deleted_at is None]

    def people(self, words: Sequence[str], own_id: int) -> list[User]:
        """Known people with all of these in their names."""
        return [user for user in self.store.users.values() if user.user_id != own_id and _is_called(user, words)]

    def conversations(self, words: Sequence[str]) -> list[ConversationRow]:
        """Conversations with all of these in their title, in the list's order."""
        return [row for row in self._rows() if all(word in folded(row.title) for word in words)]

    def hits(self, messages: Iterable[Message], terms: Sequence[str]) -> list[Hit]:
        """Messages as they are shown in results, the newest first."""
        newest = sorted(messages, key=lambda message: (message.created_at, message.message_id), reverse=True)
        return [self._hit(message, terms) for message in newest]

    def _hit(self, message: Message, terms: Sequence[str]) -> Hit:
        """One of them."""
        said = message.content or (message.attachments[0].file_name if message.attachments else "")
        text, places = snippet(said, terms)
        sender = self.store.users.get(message.sender_id, message.sender)
        return Hit(
            conversation_id=message.conversation_id,
            uid=message.uid,
            message_id=message.message_id,
            position=message.position,
            title=self._maker.title(self.store.of(message.conversation_id)),
            sender_id=message.sender_id,
            sender_name=sender.display_name,
            sender_avatar_url=sender.avatar_url,
            type=message.type,
            at_ms=from_wire(message.created_at),
            text=text,
            marks=places,
        )


class Search:
    """One search. Owns its results; each `ask` replaces the one before, whose late answers count no more."""

    def __init__(self, finder: Finder, own_id: int, within: int | None) -> None:
        self.results: Observable[Results] = Observable(Results())
        self._finder = finder
        self._own_id = own_id
        self._within = within
        self._errands = Errands()
        self._asked = 0
        self._typed = Typed()
        self._messages: dict[tuple[int, int], Message] = {}
        self._oldest_told: str | None = None

    def ask(self, text: str, open_id: int | None = None) -> None:
        """Search for this. Words too short for the index are looked for in the conversation `open_id` alone."""
        self._asked += 1
        self._typed, self._messages, self._oldest_told = understood(text), {}, None
        if not self._typed.terms and not self._typed.narrows:
            self.results.value = Results()
            return
        words = [folded(term) for term in self._typed.terms]
        names = bool(words) and not self._typed.narrows and self._within is None
        rows = self._finder.conversations(words)[:FEW] if names else []
        people = self._others(self._finder.people(words, self._own_id)) if names else []
        self.results.value = Results(text, tuple(people), tuple(rows), self.results.value.hits, Scope.DEVICE)
        self._errands.start(self._find(self._asked, text, open_id))

    def more(self) -> None:
        """Ask the server for older ones."""
        if self.results.value.has_more:
            self._errands.start(self._ask_server(self._asked))

    def clear(self) -> None:
        """Search for nothing."""
        self.ask("")

    def close(self) -> None:
        """Wait for no answer any more."""
        self._asked += 1
        self._errands.cancel()

    async def _find(self, asked: int, text: str, open_id: int | None) -> None:
        """This computer's messages, then the server's."""
        local = self._local_question(open_id)
        found = [] if local is None else await self._finder.local(local)
        if asked != self._asked:
            return
        self._take(found)
        self.results.value = replace(self.results.value, query=text, hits=self._hits())
        await asyncio.sleep(PAUSE_S)
        if asked == self._asked:
            await self._ask_server(asked)

    def _local_question(self, open_id: int | None) -> Asked | None:
        """What this computer is asked; None where nobody and nowhere of that name is known."""
        typed, place = self._typed, self._within
        if typed.place is not None:
            place = self._place(typed.place)
            if place is None:
                return None
        senders = None if typed.sender is None else frozenset(self._senders(typed.sender))
        if senders is not None and not senders:
            return None
        if place is None and not typed.narrows and all(len(term) < INDEXED_FROM for term in typed.terms):
            if open_id is None:
                return None
            place = open_id
        return Asked(
            terms=typed.terms,
            sender_ids=senders,
            conversation_id=place,
            after_ms=_day_ms(typed.after),
            before_ms=_day_ms(typed.before),
            has=typed.has,
            limit=PAGE,
        )

    async def _ask_server(self, asked: int) -> None:
        """The server's messages, and its people; merged with what is shown."""
        query = self._server_question()
        found, complete, reason = [], True, ""
        people: list[User] = []
        try:
            if query is not None:
                answer = await self._finder.api.search(query)
                found, complete = answer.messages, answer.complete
            if self._names_people():
                people = await self._finder.api.users(" ".join(self._typed.terms))
        except (Refused, Unreachable) as error:
            reason = error.message if isinstance(error, Refused) else str(error)
        if asked != self._asked:
            return
        told = min((message.created_at for message in found), default=None)
        stuck = told is not None and told == self._oldest_told
        self._oldest_told = told or self._oldest_told
        self._take(found)
        shown = self.results.value
        self.results.value = replace(
            shown,
            people=tuple(self._others([*shown.people, *people])),
            hits=self._hits(),
            scope=Scope.DEVICE_ALONE if reason else Scope.EVERYWHERE,
            has_more=not complete and not stuck,
            reason=reason,
        )

    def _server_question(self) -> SearchQuery | None:
        """What the server is asked; older than what it has told, by whole days. None for what it cannot know."""
        typed, place = self._typed, self._within
        if typed.place is not None:
            place = self._place(typed.place)
            if place is None:
                return None
        names = [None] if typed.sender is None else [self._username(one) for one in self._senders(typed.sender)]
        short = all(len(term) < INDEXED_FROM for term in typed.terms) and not typed.narrows
        if not names or (place is None and short):
            return None
        before = typed.before
        if self._oldest_told is not None:
            oldest = datetime.fromtimestamp(from_wire(self._oldest_told) / 1000, UTC).date()
            before = (oldest + timedelta(days=1)).isoformat()
        limit = PAGE if self._oldest_told is None else 2 * PAGE
        words = " ".join(f'"{term}"' if " " in term else term for term in typed.terms)
        return SearchQuery(
            q=words, from_=names[0], in_=place, before=before, after=typed.after, has=typed.has, limit=limit
        )

    def _names_people(self) -> bool:
        """Whether people are looked for, too."""
        return bool(self._typed.terms) and not self._typed.narrows and self._within is None

    def _others(self, people: Iterable[User]) -> list[User]:
        """Each once and not oneself, but for those whose conversation is among the conversations."""
        met = {row.peer_id for row in self._finder.conversations(())} | {self._own_id}
        others = {user.user_id: user for user in people if user.user_id not in met and user.deactivated_at is None}
        return sorted(others.values(), key=lambda user: folded(user.display_name))[:FEW]

    def _place(self, name: str) -> int | None:
        """The conversation of that name: as it is called, else the first whose title has it; or its number."""
        sought = folded(name)
        rows = self._finder.conversations([sought])
        exact = next((row for row in rows if folded(row.title) == sought), None)
        row = exact or next(iter(rows), None)
        return row.conversation_id if row is not None else None

    def _senders(self, name: str) -> list[int]:
        """Who that is: oneself, by username, else everybody who is called so."""
        sought = folded(name.removeprefix("@"))
        if sought == "me":
            return [self._own_id]
        users = self._finder.store.users.values()
        exact = [user.user_id for user in users if folded(user.username) == sought]
        return exact or [user.user_id for user in users if _is_called(user, [sought])]

    def _username(self, user_id: int) -> str:
        """What somebody logs in with."""
        return self._finder.store.users[user_id].username

    def _take(self, messages: Iterable[Message]) -> None:
        """Add what was found; of two tellings of a message the later one counts."""
        for message in messages:
            key = (message.conversation_id, message.position)
            known = self._messages.get(key)
            if known is None or known.version < message.version:
                self._messages[key] = message

    def _hits(self) -> tuple[Hit, ...]:
        """Everything found so far."""
        there = (message for message in self._messages.values() if message.deleted_at is None)
        return tuple(self._finder.hits(there, self._typed.terms))


def snippet(text: str, terms: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text as one line, cut around the first term, and where the terms stand in it."""
    line = " ".join(text.split())
    found = marks(line, terms)
    start = found[0][0] - BEFORE_MOST if found and found[0][0] > 2 * BEFORE_MOST else 0
    cut = line[start : start + SNIPPET_MOST]
    shown = f"…{cut}" if start else cut
    return shown, tuple(marks(shown, terms))


def _is_called(user: User, words: Sequence[str]) -> bool:
    """Whether all of these are in somebody's names."""
    names = f"{folded(user.display_name)} {folded(user.username)}"
    return all(word in names for word in words)


def _day_ms(day: str | None) -> int | None:
    """The beginning of a day in UTC, in milliseconds since 1970."""
    found = None if day is None else day_of(day)
    if found is None:
        return None
    return int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp() * 1000)
