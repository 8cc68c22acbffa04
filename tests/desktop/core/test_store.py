"""Merging is a lattice: late, twice, out of order or by another way, the store knows the same in the end."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import updates
from desktop.core.ports import Arrived, HistoryPage
from desktop.core.store import Held, Store
from desktop.core.unread import unread_of
from desktop.core.updates import Cursor, Update
from protocol.commands import DeleteMessage, React, Sync
from protocol.shapes import Message
from tests.desktop.doubles import FakeServer
from tests.desktop.fake_changes import change, quote_of
from tests.desktop.fake_line import FakeLive

ME = 1


def snapshot(store: Store) -> dict[int, dict[str, Any]]:
    """Everything that the store claims to know, in plain values."""
    return {held.conversation_id: facts(held, store) for held in store.listed()}


def facts(held: Held, store: Store) -> dict[str, Any]:
    return {
        "messages": {
            p: (m.uid, m.version, m.content, m.deleted_at, m.reply_to, m.reactions) for p, m in held.messages.items()
        },
        "cursors": {user_id: cursor.position for user_id, cursor in held.cursors.items() if cursor.position},
        "members": sorted(held.members),
        "version": held.conversation.version if held.conversation else None,
        "last": held.last_position,
        "unread_from": held.own.unread_from,
        "unread": unread_of(held, ME),
        "names": {user_id: store.users[user_id].display_name for user_id in held.members},
    }


class Recorder:
    """A server on which things happen, and all that it has told one member about them."""

    def __init__(self) -> None:
        self.server = FakeServer()
        self.users = [self.server.add_user(name) for name in ("anna", "ben", "cleo")]
        self.server.open_direct(1, 2)
        self.server.open_direct(1, 3)
        self.line = FakeLive(self.server, ME)
        self.line.is_open = True
        self.server.lives.append(self.line)

    def happen(self, kind: int, who: int, where: int, place: int) -> None:
        """One command of one member, chosen by numbers."""
        conversation_id = where % 2 + 1
        members = sorted(self.server.conversations[conversation_id].members)
        user_id = members[who % 2]
        count = len(self.server.conversations[conversation_id].messages)
        if kind <= 2 or count == 0:
            self.server.post(user_id, conversation_id, f"text {count}")
        elif kind == 3:
            self.server.read(user_id, conversation_id, place % count + 1)
        elif kind == 4:
            self.server.edit(conversation_id, place % count + 1, f"edited {place}")
        elif kind == 5:
            self.change(conversation_id, user_id, place)
        else:
            self.server.unread(user_id, conversation_id * 100_000 + place % count + 1)

    def change(self, conversation_id: int, user_id: int, place: int) -> None:
        """An answer, a deletion or a reaction."""
        messages = self.server.conversations[conversation_id].messages
        message = messages[place % len(messages)]
        if place % 3 == 0:
            self.server.post(user_id, conversation_id, f"answer {place}", reply_to=quote_of(message))
        elif place % 3 == 1:
            change(self.server, message.sender_id, DeleteMessage(message_id=message.message_id))
        elif message.deleted_at is None:
            change(self.server, user_id, React(message_id=message.message_id, emoji="👍", on=place % 2 == 0))

    def told(self) -> list[Update]:
        """What was pushed, as updates."""
        arrived = [self.line.queue.get_nowait() for _ in range(self.line.queue.qsize())]
        found = [updates.of_arrived(thing) for thing in arrived if isinstance(thing, Arrived)]
        return [update for update in found if update is not None]

    def synced(self, versions: dict[int, int] | None = None) -> Update:
        """What `sync` answers to somebody who has followed so far."""
        question = Sync(versions={str(key): version for key, version in (versions or {}).items()})
        return updates.of_synced(self.server.sync(ME, question))

    def page(self, conversation_id: int, around: int) -> Update:
        """A page of history."""
        page: HistoryPage = self.server.page(ME, conversation_id, 5, None, None, around)
        return updates.of_page(conversation_id, page)


commands = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 1), st.integers(0, 1), st.integers(0, 50)), min_size=1, max_size=25
)


def merged(news: list[Update]) -> Store:
    store = Store()
    for update in news:
        store.merge(update)
    return store


@given(commands, st.randoms(use_true_random=False))
def test_any_order_repetition_and_way_gives_the_same(
    story: list[tuple[int, int, int, int]], chance: random.Random
) -> None:
    recorder = Recorder()
    first = recorder.synced()
    for step in story:
        recorder.happen(*step)
    pushed = recorder.told()
    shuffled = [first, *pushed, *chance.choices(pushed, k=5), recorder.page(1, 3), recorder.page(2, 9), *pushed[:2]]
    chance.shuffle(shuffled)
    assert snapshot(merged(shuffled)) == snapshot(merged([recorder.synced()]))


@given(commands, st.randoms(use_true_random=False))
def test_what_is_lost_comes_back_by_sync(story: list[tuple[int, int, int, int]], chance: random.Random) -> None:
    recorder = Recorder()
    first = recorder.synced()
    for step in story:
        recorder.happen(*step)
    kept = [update for update in recorder.told() if chance.random() < 0.5]
    store = merged([first, *kept, recorder.synced({step.conversation_id: step.version for step in first.followed})])
    assert snapshot(store) == snapshot(merged([recorder.synced()]))


@given(commands)
def test_merging_twice_changes_nothing_more(story: list[tuple[int, int, int, int]]) -> None:
    recorder = Recorder()
    for step in story:
        recorder.happen(*step)
    news = [recorder.synced(), *recorder.told()]
    store = merged(news)
    assert [store.merge(update).conversations for update in news] == [set() for _ in news]


def test_a_cursor_never_goes_back() -> None:
    store = merged([Update(cursors=(Cursor(1, 2, 9, None, 12),)), Update(cursors=(Cursor(1, 2, 4, None, 8),))])
    assert store.of(1).cursor_of(2) == 9


def test_a_message_alone_lists_no_conversation() -> None:
    recorder = Recorder()
    message = recorder.server.post(2, 1, "Hello")
    store = merged([updates.of_message(message)])
    assert list(store.listed()) == []


def test_an_answer_never_quotes_what_was_deleted_meanwhile() -> None:
    recorder = Recorder()
    first = recorder.server.post(2, 1, "secret")
    answer = recorder.server.post(1, 1, "answer", reply_to=quote_of(first))
    change(recorder.server, 2, DeleteMessage(message_id=first.message_id))
    gone = recorder.server.conversations[1].message_at(1)
    for news in ([gone, answer], [answer, gone], [first, answer, gone]):
        held = merged([Update(messages=(message,)) for message in news]).of(1)
        assert held.messages[2].reply_to == quote_of(gone)
    # Also where the original is held no longer by then.
    store = merged([Update(messages=(answer,)), Update(messages=(gone,))])
    store.of(1).leave_out(1)
    assert store.of(1).messages[2].reply_to == quote_of(gone)
    assert store.of(1).by_uid(first.uid) is None


def test_a_fresh_page_leaves_what_was_held_readable_but_old() -> None:
    recorder = Recorder()
    for number in range(10):
        recorder.server.post(2, 1, str(number))
    store = merged([recorder.synced()])
    messages: list[Message] = recorder.server.conversations[1].messages
    fresh = Update(messages=tuple(messages[7:]), followed=(updates.Followed(1, 99, fresh_from=8),))
    store.merge(fresh)
    held = store.of(1)
    assert len(held.between(1, None)) == 10
    assert not held.has_all(1, 10)
    assert held.has_all(8, 10)
    store.merge(recorder.page(1, 3))
    assert held.has_all(1, 5)


@pytest.mark.parametrize(("cursor", "count", "first"), [(0, 3, 1), (2, 2, 3), (5, 0, None)])
def test_unread_counts_what_others_wrote_behind_the_cursor(cursor: int, count: int, first: int | None) -> None:
    recorder = Recorder()
    for sender_id in (2, 1, 2, 1, 2):
        recorder.server.post(sender_id, 1, "text")
    recorder.server.read(ME, 1, cursor)
    found = unread_of(merged([recorder.synced()]).of(1), ME)
    assert (found.count, found.first_position) == (count, first)


def test_unread_carries_the_servers_count_on_where_not_all_is_held() -> None:
    recorder = Recorder()
    for number in range(300):
        recorder.server.post(2 if number % 3 else 1, 1, "text")
    update = recorder.synced()
    newest = Update(
        messages=update.messages[-20:], conversations=update.conversations, own=update.own, seats=update.seats
    )
    store = merged([newest])
    assert unread_of(store.of(1), ME).count == 200
    store.merge(updates.of_message(recorder.server.post(2, 1, "one more")))
    assert unread_of(store.of(1), ME).count == 201
    assert unread_of(store.of(1), ME, reading=295).count == 5


def test_a_loop_is_not_needed_to_merge() -> None:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert merged([Recorder().synced()]).held
