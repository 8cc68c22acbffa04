"""The list: newest first, one publish an ingest, operations that replay, previews and badges derived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from desktop.core import updates
from desktop.core.bubble import ConversationRow, Preview, Tick
from desktop.core.conversation_list import FEW, ConversationList, ListCounts, ListSection
from desktop.core.listops import Facet, ListOp, Move, Replace, replay_all
from desktop.core.outbox import Outbox
from desktop.core.row_maker import RowMaker
from desktop.core.store import Store
from desktop.core.unread import unread_of
from desktop.core.updates import Update
from protocol.commands import Sync
from protocol.errors import ErrorCode, Refused
from protocol.times import to_wire
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import NOON_MS, FakeServer, until
from tests.desktop.fake_line import MemoryOutboxFile

Tell = Callable[[Any], None]
ME = 1


class Listed:
    """A list over a store, and a replica that follows its operations."""

    def __init__(self, people: int) -> None:
        self.server = FakeServer()
        for number in range(people + 1):
            self.server.add_user(f"user{number}")
        self.store = Store()
        outbox = Outbox(MemoryOutboxFile())
        maker = RowMaker(self.store, ME, outbox, lambda _id: [], lambda i: unread_of(self.store.of(i), ME))
        self.list = ConversationList(self.store, maker)
        self.replica: list[ConversationRow] = []
        self.published: list[Sequence[ListOp[ConversationRow]]] = []
        self.list.operations.subscribe(self._keep)

    def _keep(self, operations: Sequence[ListOp[ConversationRow]]) -> None:
        self.published.append(operations)
        self.replica = replay_all(self.replica, operations)
        assert self.replica == list(self.list.rows)

    def ingest(self, update: Update) -> None:
        self.list.refresh(self.store.merge(update).conversations)

    def choose(self, identity: int, **facts: Any) -> None:
        conversation = self.server.conversations[identity]
        conversation.keep_own(ME, **facts)
        self.server.push_own(ME, conversation)

    def sync(self) -> None:
        self.ingest(updates.of_synced(self.server.sync(ME, Sync())))

    def titles(self) -> list[str]:
        return [row.title for row in self.list.rows]


def counted(rows: Sequence[ConversationRow]) -> ListCounts:
    """The counts of a list, made from all of its rows."""
    listed, unread_rows, archived = (sum(section.holds(row) for row in rows) for section in ListSection)
    loud = sum(row.mentions if row.muted else row.unread for row in rows)
    return ListCounts(listed, unread_rows, archived, unread=loud, badge=loud)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 11), st.booleans()), max_size=30))
def test_operations_replay_and_the_newest_stands_first(steps: list[tuple[int, int, bool]]) -> None:
    listed = Listed(12)
    for kind, who, own in steps:
        identity = listed.server.open_direct(ME, who + 2)
        if kind == 0:
            listed.sync()
        elif kind == 1:
            listed.ingest(Update(gone=(identity,)))
        elif kind == 2:
            listed.server.post(ME if own else who + 2, identity, "text")
        elif kind == 3:  # What one chooses: sorted and counted otherwise.
            listed.choose(identity, archived=own, pinned=bool(who % 2))
        elif kind == 4:
            listed.choose(identity, muted_until=to_wire(NOON_MS) if own else None)
        else:
            message = listed.server.post(ME if own else who + 2, identity, "text")
            listed.ingest(updates.of_message(message))
    listed.sync()
    places = [(row.archived, not row.pinned, -(row.at_ms or 0)) for row in listed.list.rows]
    assert places == sorted(places)
    assert listed.list.counts.value == counted(listed.replica)
    assert listed.replica == list(listed.list.rows)
    assert listed.list.unread_total.value == sum(row.unread for row in listed.list.rows if not row.muted)
    assert listed.list.badge.value == listed.list.unread_total.value
    assert len(listed.replica) == len(listed.server.conversations)


def test_many_changes_are_told_at_once_and_one_by_its_own_steps() -> None:
    listed = Listed(FEW * 3)
    identities = [listed.server.open_direct(ME, other + 2) for other in range(FEW * 3)]
    listed.sync()
    assert len(listed.published) == 1
    listed.ingest(updates.of_message(listed.server.post(2, identities[0], "Hello")))
    move, change = listed.published[-1]
    assert move == Move(FEW * 3 - 1, 0)
    assert isinstance(change, Replace)
    assert Facet.LAYOUT in change.facets


def test_pinned_conversations_stand_first() -> None:
    listed = Listed(3)
    for other in (2, 3, 4):
        listed.server.post(other, listed.server.open_direct(ME, other), "Hello")
    listed.sync()
    assert listed.titles() == ["User3", "User2", "User1"]
    own = structs.replace(listed.store.of(1).own, pinned=True)
    listed.ingest(Update(own=(updates.OwnFacts(1, own, 5),)))
    assert listed.titles() == ["User1", "User3", "User2"]


def test_the_preview_says_what_came_last_and_from_whom(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        async with talk.session() as anna:
            assert anna.conversations.rows[0].preview == Preview()
            talk.server.post(talk.ben.user_id, talk.identity, "Hello")
            await until(lambda: anna.conversations.rows[0].unread == 1)
            assert anna.conversations.rows[0].preview == Preview(type="text", text="Hello")
            talk.server.post(talk.ben.user_id, talk.identity, "**Site rule:** `HB-2041`\nand _more_")
            await until(lambda: anna.conversations.rows[0].preview.text == "Site rule: HB-2041 and more")
            talk.server.refuse_next("send_message", Refused(ErrorCode.FORBIDDEN, "No."))
            await anna.send_text(talk.identity, "Hello Ben")
            await until(lambda: anna.conversations.rows[0].preview.tick is Tick.FAILED)
            assert anna.conversations.rows[0].preview == Preview(
                type="text", text="Hello Ben", own=True, tick=Tick.FAILED
            )

    tell(story)


def test_the_preview_shows_what_becomes_of_the_newest_message(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        message = talk.server.post(talk.anna.user_id, talk.identity, "Helo")
        talk.server.cut()
        async with talk.session() as anna:
            anna.ingest(updates.of_conversation(talk.server.conversations[talk.identity].shown(talk.anna.user_id)))
            await anna.changing.edit(talk.identity, message.uid, "Hello")
            assert anna.conversations.rows[0].preview.text == "Hello"
            await anna.changing.delete(talk.identity, message.uid)
            assert anna.conversations.rows[0].preview.deleted

    tell(story)


def test_the_badge_counts_and_falls(talk: Talk, tell: Tell) -> None:
    async def story() -> None:
        talk.fill(9)
        async with talk.session() as anna:
            assert anna.conversations.rows[0].unread == 4
            anna.mark_read(talk.identity, 5)
            assert anna.conversations.rows[0].unread == 2
            assert anna.unread_total.value == 2

    tell(story)
