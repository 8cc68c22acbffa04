"""The user's verbs, and the waist through which all news enters (docs/architecture.md, idea 4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from msgspec import Struct

from desktop.core import updates
from desktop.core.attention import Attention
from desktop.core.bubble import Header, Line
from desktop.core.changing import Changing
from desktop.core.delivery import Delivery
from desktop.core.errands import Errands
from desktop.core.finder import Finder
from desktop.core.history import History, NoCache
from desktop.core.intake import Intake
from desktop.core.observable import Observable
from desktop.core.outbox import Outbox, Waiting
from desktop.core.own_ports import OwnFile
from desktop.core.own_side import OwnSide, Ways
from desktop.core.pace import Pace
from desktop.core.ports import Api, Arrived, Cache, Clock, HistoryPage, Idle, Live, OutboxFile, Place, Unreachable
from desktop.core.presence import IdleWatch, PresenceHold
from desktop.core.progress import Following
from desktop.core.reading import Reading
from desktop.core.refill import REFILL_MS, Refill, own_since
from desktop.core.row_maker import RowMaker
from desktop.core.shown import Shown
from desktop.core.store import Held, Store
from desktop.core.sync import SyncLoop
from desktop.core.timeline import Timeline
from desktop.core.typists import Typists
from desktop.core.unread import Unread
from desktop.core.updates import Update
from desktop.core.waiting_list import WaitingList
from desktop.core.writing import SendFiles, Writing, known_quotes
from protocol.errors import Refused
from protocol.limits import Limits
from protocol.shapes import Message, User
from protocol.signals import Synced

LOG = logging.getLogger(__name__)


class Session:
    """One account on one server: owns the store, the outbox, the line and every timeline, and joins them.

    Everything happens on one asyncio loop. News enters through `ingest` alone; what it has changed is derived anew and
    told by operations and observables. Verbs return at once; what they ask of the server runs beside.
    """

    def __init__(
        self,
        me: User,
        live: Live,
        api: Api,
        outbox_file: OutboxFile,
        clock: Clock,
        *,
        limits: Limits,
        pace: Pace | None = None,
        cache: Cache | None = None,
    ) -> None:
        """Without `cache` nothing that the server has confirmed outlives the session."""
        self.me: Observable[User] = Observable(me)
        self.api = api
        self.limits = limits
        """The server's; another value counts from then on."""
        self.keep = outbox_file.keep
        """Makes a file of bytes that outlives the app for as long as a waiting message needs it (core/ports.py)."""
        self._pace = pace or Pace()
        self._live = live
        self._clock = clock
        self._errands = Errands()
        self._store = Store()
        self._store.users[me.user_id] = me
        self._following = Following()
        self._intake = Intake(self._merge, self._store.leave_out)
        self._epoch: str | None = None
        self._outbox = Outbox(outbox_file)
        self.waiting = self._outbox.waiting
        """How many will go out by themselves."""
        self._sync = SyncLoop(live, self, clock, self._pace)
        self.connection = self._sync.connection
        """The state of the line, for the indicator."""
        self._intake.left_out.subscribe(lambda _update: self._sync.resync())
        self._delivery = Delivery(self._outbox, live, api, self, self._pace, self.connection, now_ms=clock.now_ms)
        self._cache = cache or NoCache()
        self._history = History(self._cache, api, self._store, self.ingest, self.is_connected)
        self._refill = Refill(api, self._outbox, self._cache, self._delivery.wake)
        self._reading = Reading(
            self._store, live, api, self._pace, own_id=me.user_id, is_connected=self.is_connected, ingest=self.ingest
        )
        self._typists = Typists(self._pace.typing_expires_s, self._refresh)
        attention = self._attention = Attention(self._tell, self._pace.typing_repeat_s)
        self.typing, self.look_at, self.set_presence = attention.typing, attention.look_at, attention.set_presence
        """A key was pressed or the composer left; what is on screen; how one wants to be seen (core/attention.py)."""
        self._hold = PresenceHold(self.connection, self._pace.line_patience_s, lambda: self._refresh(*self._store.held))
        self._begin_to_show(me.user_id, outbox_file.own)
        self._begin_to_write(me.user_id, outbox_file)

    def _begin_to_show(self, own_id: int, own_file: OwnFile) -> None:
        """Make what derives rows, headers and notices from what is known, and what of it is one's own."""
        ways = Ways(self.is_connected, self.ingest, self._refresh)
        own = self._own_side = OwnSide(self._store, own_id, self.api, own_file, self._clock, self._pace, ways=ways)
        self.choices, self.drafts, self.groups = own.choices, own.drafts, own.groups
        typing, knows = self._typists.of, self._hold.holds
        self._maker = RowMaker(self._store, own_id, self._outbox, typing, self.unread, knows, own_view=own)
        self.finder = Finder(self._store, self._cache, self.api, self._maker, lambda: self.conversations.rows)
        self.notices = own.notice(self._maker, self.unread, self._attention)
        self._shown = Shown(self._store, own_id, self._clock, self, self._maker)
        self.conversations = self._shown.conversations
        self.unread_total, self.badge = self.conversations.unread_total, self.conversations.badge
        """Unread messages, and the number for the app's icon (core/conversation_list.py)."""

    def _begin_to_write(self, own_id: int, file: OutboxFile) -> None:
        """Make what puts into the outbox and shows what waits there."""
        to_the_end, quoted = self._shown.to_the_end, known_quotes(self._store, self._outbox, own_id)
        parts = (self._outbox, self._delivery, file, self._clock, lambda: self.limits, to_the_end)
        self._writing = Writing(*parts, quoted=quoted)
        self.send_files = SendFiles(self._writing, self.drafts)
        self.measured = self._writing.measured
        """What is known of a file that may be attached (core/attaching.py)."""
        changed = (self._outbox, self._delivery, self._writing, self._store, own_id, self.api)
        self.changing = Changing(*changed, ingest=self.ingest, is_connected=self.is_connected)
        """What people do with messages that are there, and what of it was refused."""
        shown = (self._outbox, self._delivery, self._sync, self._clock)
        self.waiting_list = WaitingList(*shown, title=self._title, find=self.find)
        """What the outbox panel shows, and its verbs."""
        self._outbox.changed.subscribe(self._refresh)

    @property
    def unsent(self) -> int:
        """Messages that signing out would lose: those that wait, and those that failed."""
        return self._outbox.unsent

    async def start(self) -> None:
        """Load outbox and cache, then keep the line and deliver in tasks of the running loop."""
        await self._outbox.load()
        state = await self._history.load()
        self._epoch = state.epoch
        self._refill.keep(state.unverified)
        await self._own_side.load(self._outbox.all())
        self.spawn(self._sync.run())
        self._delivery.wake()

    async def close(self) -> None:
        """End every task and the line. What waits stays on disk."""
        await self._outbox.settle()
        await self._reading.close()
        self._typists.close()
        self._hold.close()
        self.waiting_list.close()
        await self._own_side.close()
        await self._errands.close()
        await self._live.close()
        await self._outbox.close()
        await self._cache.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else until the session closes; what it raises is logged."""
        self._errands.start(work)

    # --- what is shown ------------------------------------------------------------------------------------------

    def timeline(self, conversation_id: int) -> Timeline:
        """The rows of a conversation; the same object each time, loading when first asked for."""
        return self._shown.timeline(conversation_id)

    def header(self, conversation_id: int) -> Observable[Header]:
        """What stands above a conversation's timeline; the same object each time."""
        return self._shown.header(conversation_id)

    def send_text(
        self, conversation_id: int, text: str, *, reply_to_uid: str | None = None, mentions: Sequence[int] = ()
    ) -> asyncio.Future[None]:
        """Show a message at once; the future is done when it is on disk. Raises Refused for empty or too long text.

        What it answers may still wait itself. `mentions` are the members whom the text names.
        """
        sent = self._writing.send_text(conversation_id, text, reply_to_uid, mentions)
        return self.drafts.sent(conversation_id, text, sent)

    def retry(self, uid: str) -> None:
        """Try a failed or waiting message now."""
        self.waiting_list.retry(uid)

    def discard(self, uid: str) -> None:
        """Throw a failed or waiting message away; nothing happens to one that is on the wire or sent."""
        try:
            self._outbox.discard(uid)
        except Refused as refusal:
            LOG.info("not discarded: %s", refusal)

    def take_back(self, uid: str) -> str:
        """Take a failed or waiting message out to be edited: its text. Raises Refused when it is too late."""
        self._outbox.editable(uid)
        return self._outbox.discard(uid).text

    async def edit_waiting(self, uid: str, text: str) -> None:
        """Change a waiting message's text where it stands; done when it is on disk. A failed one goes out again.

        Raises Refused where it is too late or the text cannot be sent, and what the disk raised.
        """
        await self._writing.edit(uid, text)

    def cancel_upload(self, uid: str) -> None:
        """Stop an upload; its message goes."""
        self._delivery.cancel_upload(uid)

    # --- reading, typing, looking -------------------------------------------------------------------------------

    def mark_read(self, conversation_id: int, position: int) -> None:
        """Everything up to `position` was seen. The badge falls at once; the report to the server is coalesced."""
        if self._reading.mark(conversation_id, position):
            self._refresh(conversation_id)

    def mark_unread(self, conversation_id: int, message_id: int) -> None:
        """Let a conversation count as unread from this message on, for oneself."""
        self._reading.forget(conversation_id)
        self.spawn(self._asked(lambda: self.api.mark_unread(message_id), "mark unread"))

    def watch_idle(self, idle: Idle) -> None:
        """From now on be seen as away while nobody touches the computer, unless something else was chosen."""
        self.spawn(IdleWatch(idle, self._attention.set_idle, self._pace).run())

    def retry_now(self) -> None:
        """The user asks: do not wait for the next attempt."""
        self._sync.retry_now()

    def look_at_line(self) -> None:
        """The network changed or the computer woke: try at once, unless the server has asked to wait."""
        self._sync.look()

    async def open_direct(self, user_id: int) -> int:
        """The direct conversation with somebody, created where there is none. Raises Refused or Unreachable."""
        conversation = await self.api.open_direct(self.me.value.user_id, user_id)
        self.ingest(updates.of_conversation(conversation))
        return conversation.conversation_id

    async def search_users(self, query: str) -> list[User]:
        """People one may write to, without oneself. Raises Refused or Unreachable."""
        found = await self.api.users(query)
        return [user for user in found if user.user_id != self.me.value.user_id]

    def _tell(self, event: str, payload: Struct | Mapping[str, Any]) -> None:
        """Tell the server something that is not worth repeating when the line is down."""
        if self.is_connected():
            self.spawn(self._asked(lambda: self._live.call(event, payload, self._pace.answer_s), event))

    async def _asked(self, ask: Callable[[], Awaitable[Any]], what: str) -> None:
        """Wait for an answer that changes nothing here."""
        try:
            await ask()
        except (Refused, Unreachable) as reason:
            LOG.info("%s: %s", what, reason)

    # --- the waist ----------------------------------------------------------------------------------------------

    def ingest(self, update: Update) -> None:
        """Merge news, whichever way it came, and tell what it has changed. Never raises (core/intake.py)."""
        self._intake.take(update)

    def _merge(self, update: Update, anew: bool) -> None:
        """Take an update into the store and derive what it concerns; `anew` also what seems same.

        Only what could be shown is counted and kept. Gaps are timed by a clock that nobody sets.
        """
        changes = self._store.merge(update)
        for message in (*update.messages, *update.old):
            self._outbox.confirm(message.uid, message.message_id)
        for message in () if update.kept else update.messages:
            self._typists.note(message.conversation_id, message.sender_id, False)
        for sign in update.typing:
            self._typists.note(sign.conversation_id, sign.user_id, sign.is_typing)
        self._reading.settle(changes.conversations)
        self.me.value = self._store.users.get(self.me.value.user_id, self.me.value)
        self._own_side.follow(update, changes)
        if anew:
            changes.conversations.update(self._store.held)
        self._shown.follow(changes)
        self._following.take(update, self._clock.passed_ms())
        self._history.keep(update, self._following)

    def _refresh(self, *conversation_ids: int) -> None:
        """Derive anew what shows these conversations."""
        self._shown.refresh(conversation_ids)
        self._own_side.look(conversation_ids)

    def _title(self, conversation_id: int) -> str:
        """What a conversation is called."""
        return self._maker.header(conversation_id).title

    # --- what the parts need of each other (Surroundings, Follower, Way) ----------------------------------------

    def held(self, conversation_id: int) -> Held:
        """What the store knows of a conversation."""
        return self._store.of(conversation_id)

    def entries(self, conversation_id: int) -> Sequence[Waiting]:
        """The messages that wait in a conversation."""
        return self._outbox.entries(conversation_id)

    def changes(self, conversation_id: int) -> Sequence[Waiting]:
        """What waits to change its messages."""
        return self._outbox.changes(conversation_id)

    def unread(self, conversation_id: int) -> Unread:
        """What is unread in a conversation."""
        return self._reading.unread(conversation_id)

    async def fetch(self, conversation_id: int, place: Place, position: int) -> HistoryPage:
        """A page of history, merged. Raises Refused or Unreachable."""
        return await self._history.fetch(conversation_id, place, position)

    def is_connected(self) -> bool:
        """Whether the line is up and caught up."""
        return self.connection.value.line is Line.CONNECTED

    def confirmed(self, message: Message) -> None:
        """The answer to a send or a change."""
        self.ingest(updates.of_message(message))

    def find(self, uid: str) -> Message | None:
        """The message with this uid, if it is held."""
        return self._store.find(uid)

    def may_come_back(self) -> bool:
        """Whether messages may still be sent again to a restored server."""
        return self._refill.is_left

    def versions(self) -> dict[int, int]:
        """Conversation → version followed to."""
        return self._following.versions()

    def user_version(self) -> int:
        """One's own counter."""
        return self._following.own_version()

    def gap_since_ms(self) -> int | None:
        """Since when a number is missing."""
        return self._following.gap_since_ms()

    async def begin_epoch(self, epoch: str) -> None:
        """Another history than the one known: set aside everything confirmed and ask from the beginning."""
        if self._epoch == epoch:
            return
        since_ms = self._clock.now_ms() - REFILL_MS
        if self._epoch is not None:
            LOG.info("the server's history has changed; asking for everything again")
            known = set(self._store.held)
            self._refill.keep(own_since(self._store, self.me.value.user_id, since_ms))
            self._store.clear()
            await self._outbox.forget_numbers()
            self._following = Following()
            self._reading.begin_epoch()
            self._own_side.begin_epoch()
            self._refresh(*known)
        self._refill.keep(await self._cache.begin_epoch(epoch, since_ms))
        was, self._epoch = self._epoch, epoch
        if was is not None:
            self._shown.begin_anew()

    def ingest_arrived(self, arrived: Arrived) -> None:
        """A signal off the line."""
        update = updates.of_arrived(arrived)
        if update is not None:
            self.ingest(update)

    def ingest_synced(self, synced: Synced) -> None:
        """An answer of `sync`."""
        self.ingest(updates.of_synced(synced))

    def line_is_up(self) -> None:
        """Caught up: send what waits, report what was read, and say again where one looks and how one is seen."""
        self._delivery.wake()
        self._reading.wake()
        self.spawn(self._asked(self._refill.verify, "verify"))
        self._attention.say_again()
        self._own_side.line_is_up()
        self._shown.line_is_up()
