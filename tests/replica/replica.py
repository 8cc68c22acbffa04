"""One desktop's knowledge without its loop: the real store, counters and rows, fed with what goes over the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from desktop.core import updates
from desktop.core.conversation_list import ConversationList
from desktop.core.outbox import Outbox
from desktop.core.ports import Arrived, Clock, HistoryPage
from desktop.core.progress import Following
from desktop.core.row_maker import RowMaker
from desktop.core.rows import RowDeriver
from desktop.core.store import Held, Store
from desktop.core.unread import Unread, unread_of
from desktop.core.updates import Update
from protocol.codec import dumps, read
from protocol.commands import Page, Sync
from protocol.shapes import Message
from protocol.signals import SIGNALS, Synced
from server.services.ports import Actor, Announcement
from tests.desktop.fake_line import MemoryOutboxFile
from tests.server.services.setting import Setting


class Replica:
    """What one person's desktop knows; everything enters as JSON that the contract's structs wrote and read."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.store = Store()
        self.following = Following()
        self.now_ms = 0
        maker = RowMaker(self.store, actor.user_id, Outbox(MemoryOutboxFile()), lambda _id: [], self._unread)
        self.list = ConversationList(self.store, maker)

    def hear(self, announcement: Announcement) -> None:
        """Merge one push."""
        payload = read(SIGNALS[announcement.event].payload, dumps(announcement.payload))
        update = updates.of_arrived(Arrived(announcement.event, payload))
        if update is not None:
            self._ingest(update)

    def sync(self, house: Setting) -> None:
        """Ask for what is new until that is all."""
        complete = False
        while not complete:
            versions = {str(number): version for number, version in self.following.versions().items()}
            question = Sync(user_version=self.following.own_version(), versions=versions)
            answer = read(Synced, dumps(house.sync.sync(self.actor, question)))
            self._ingest(updates.of_synced(answer))
            complete = answer.complete

    def look_back(self, house: Setting, conversation_id: int, page: Page) -> None:
        """Merge a page of history."""
        found = house.messages.page(self.actor, conversation_id, page)
        messages = msgspec.json.decode(dumps(found.messages), type=list[Message])
        self._ingest(updates.of_page(conversation_id, HistoryPage(messages, found.head, found.last_position)))

    def state(self) -> dict[str, Any]:
        """All that is known and all that is shown of it, in plain values that compare."""
        return {
            "list": list(self.list.rows),
            "total": self.list.unread_total.value,
            "followed": self.following.versions(),
            "own": self.following.own_version(),
            "conversations": {held.conversation_id: self._facts(held) for held in self.store.listed()},
        }

    def _facts(self, held: Held) -> dict[str, Any]:
        """One conversation: what is held, and its timeline's rows."""
        deriver = RowDeriver(self.store, self.actor.user_id, Clock(now_ms=lambda: 0))
        return {
            "rows": deriver.derive(held, held.first_position, None, (), None),
            "cursors": {user_id: cursor.position for user_id, cursor in held.cursors.items() if cursor.position},
            "members": {user_id: (m.role, m.joined_at, m.user.user_id) for user_id, m in held.members.items()},
            "unread": unread_of(held, self.actor.user_id),
            "unread_from": held.own.unread_from,
            "starred": held.own.starred,
            "pins": held.conversation.pins if held.conversation else [],
            "last": held.last_position,
        }

    def _unread(self, conversation_id: int) -> Unread:
        return unread_of(self.store.of(conversation_id), self.actor.user_id)

    def _ingest(self, update: Update) -> None:
        self.now_ms += 1
        changes = self.store.merge(update)
        self.following.take(update, self.now_ms)
        named = (h.conversation_id for h in self.store.listed() if not changes.users.isdisjoint(h.members))
        self.list.refresh(changes.conversations | set(named))
