"""The disk merges as memory does: a store rebuilt from the cache's rows is, at any moment, the one that wrote them."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.cache.cache_form import FORMS, put
from desktop.cache.cache_reading import FROM, UP_TO, read_page, read_state
from desktop.core import updates
from desktop.core.ports import Arrived, Reached
from desktop.core.progress import Following
from desktop.core.store import Held, Store
from desktop.core.unread import unread_of
from desktop.core.updates import Cursor, OwnFacts, Update
from protocol.commands import DeleteMessage, React, Sync
from protocol.shapes import Message, Own, User
from tests.desktop.doubles import FakeServer
from tests.desktop.fake_changes import change, quote_of
from tests.desktop.fake_line import FakeLive

ME = 1
ALL = 10_000


class Desktop:
    """A store and the rows of its cache, fed with the same updates."""

    def __init__(self) -> None:
        self.store = Store()
        self.following = Following()
        self.disk = sqlite3.connect(":memory:", isolation_level=None)
        for form in FORMS:
            form(self.disk)

    def take(self, update: Update) -> None:
        self.store.merge(update)
        self.following.take(update, 0)
        put(self.disk, update, self.following.reached_by(update))

    def rebuilt(self) -> tuple[Store, Following]:
        """What the next start knows."""
        store, following = Store(), Following()
        state = read_state(self.disk, ME)
        store.merge(state.rows)
        following.take(state.rows, 0)
        return store, following

    def rebuilt_whole(self) -> Store:
        """What it knows once everything was scrolled through."""
        store, _ = self.rebuilt()
        for conversation_id in list(self.store.held):
            store.merge(updates.of_cached(read_page(self.disk, conversation_id, "newest", 0, ALL)))
        return store


def outline(held: Held) -> dict[str, Any]:
    """What the list shows of a conversation before anything older is read."""
    last = held.last_message()
    return {
        "version": held.conversation.version if held.conversation else None,
        "last": held.last_position,
        "last_message": None if last is None else (last.position, last.version, last.content),
        "cursors": {user_id: (c.position, c.read_at) for user_id, c in held.cursors.items() if c.position},
        "members": {user_id: (m.version, m.role) for user_id, m in held.members.items()},
        "unread_from": held.own.unread_from,
        "unread": unread_of(held, ME).count,
    }


def whole(held: Held) -> dict[str, Any]:
    messages = {
        p: (m.uid, m.version, m.content, m.sender_id, m.edited_at, m.deleted_at, m.reply_to, m.reactions)
        for p, m in held.messages.items()
    }
    return {**outline(held), "messages": messages, "stale": held.stale, "first_unread": unread_of(held, ME)}


class Story:
    """Three people on a fake server, and all the ways by which one of them hears of it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.server = FakeServer()
        self.server.fresh_beyond, self.server.fresh_rows = 3, 4
        for name in ("anna", "ben", "cleo"):
            self.server.add_user(name)
        self.server.open_direct(1, 2)
        self.server.open_direct(1, 3)
        self.line = FakeLive(self.server, ME)
        self.line.is_open = True
        self.server.lives.append(self.line)
        self.late: list[Update] = []

    def happen(self, kind: int, place: int) -> None:
        conversation_id = place % 2 + 1
        conversation = self.server.conversations[conversation_id]
        who = self.chance.choice(sorted(conversation.members))
        count = len(conversation.messages)
        if kind <= 2 or count == 0:
            self.server.post(who, conversation_id, f"text {count}")
        elif kind == 3:
            quoted = quote_of(conversation.message_at(place % count + 1))
            self.server.post(who, conversation_id, f"answer {count}", reply_to=quoted)
        elif kind == 4:
            self.server.read(who, conversation_id, place % count + 1)
        elif kind == 5:
            self.server.edit(conversation_id, place % count + 1, f"edited {place}")
        elif kind == 6:
            message = conversation.messages[place % count]
            change(self.server, message.sender_id, DeleteMessage(message_id=message.message_id))
        elif kind == 7:
            message = conversation.messages[place % count]
            if message.deleted_at is None:
                change(self.server, who, React(message_id=message.message_id, emoji="👍", on=place > 20))
        else:
            self.server.unread(who, conversation_id * 100_000 + place % count + 1)

    def heard(self, kind: int, desktop: Desktop) -> list[Update]:
        """Pushes late, twice, out of order or never; now and then a sync or a page of history."""
        arrived = [self.line.queue.get_nowait() for _ in range(self.line.queue.qsize())]
        found = (updates.of_arrived(thing) for thing in arrived if isinstance(thing, Arrived))
        self.late += [update for update in found if update is not None and self.chance.random() < 0.6]
        self.chance.shuffle(self.late)
        some = [self.late.pop() for _ in range(self.chance.randint(0, len(self.late)))]
        if kind in {0, 2}:
            versions = {str(key): version for key, version in desktop.following.versions().items()}
            answer = updates.of_synced(self.server.sync(ME, Sync(versions=versions)))
            self.chance.choice((some, self.late)).append(answer)
        elif kind == 1:
            page = self.server.page(ME, 1, 4, None, None, self.chance.randint(1, 30))
            some.append(updates.of_page(1, page))
        return some


@settings(max_examples=25)
@given(st.randoms(use_true_random=True), st.integers(1, 40))
def test_a_store_rebuilt_from_the_disk_is_the_same_at_any_moment(chance: random.Random, length: int) -> None:
    story, desktop = Story(chance), Desktop()
    desktop.take(updates.of_synced(story.server.sync(ME, Sync())))
    for _ in range(length):
        for _ in range(chance.randint(1, 6)):
            story.happen(chance.randint(0, 8), chance.randint(0, 40))
        for update in story.heard(chance.randint(0, 4), desktop):
            desktop.take(update)
        first, following = desktop.rebuilt()
        assert following.versions() == desktop.following.versions()
        assert following.own_version() == desktop.following.own_version()
        assert first.users == desktop.store.users
        listed = {held.conversation_id for held in desktop.store.listed()}
        assert {h.conversation_id: outline(h) for h in first.listed()} == {
            identity: outline(desktop.store.held[identity]) for identity in listed
        }
        again = desktop.rebuilt_whole()
        assert {identity: whole(again.held[identity]) for identity in listed} == {
            identity: whole(desktop.store.held[identity]) for identity in listed
        }


def test_many_unread_are_counted_without_being_read() -> None:
    desktop, server = Desktop(), FakeServer()
    anna, ben = server.add_user("anna"), server.add_user("ben")
    identity = server.open_direct(anna.user_id, ben.user_id)
    desktop.take(updates.of_synced(server.sync(anna.user_id, Sync())))
    for number in range(120):
        desktop.take(updates.of_message(server.post(ben.user_id, identity, f"text {number}")))
    first, _ = desktop.rebuilt()
    assert len(first.of(identity).messages) == 50
    assert unread_of(first.of(identity), anna.user_id).count == 120


def test_a_conversation_that_is_gone_leaves_nothing() -> None:
    desktop, server = Desktop(), FakeServer()
    anna, ben = server.add_user("anna"), server.add_user("ben")
    identity = server.open_direct(anna.user_id, ben.user_id)
    server.post(ben.user_id, identity, "for you alone")
    desktop.take(updates.of_synced(server.sync(anna.user_id, Sync())))
    assert "for you alone" in "".join(desktop.disk.iterdump())
    desktop.take(Update(gone=(identity,)))
    left = [line for line in desktop.disk.iterdump() if line.startswith("INSERT")]
    kept = ("users", "facts", "sqlite_master", "search_")
    assert [line for line in left if not any(name in line for name in kept)] == []
    assert "for you alone" not in "".join(left)


def test_a_hundred_thousand_messages_are_read_by_index() -> None:
    desktop = Desktop()
    user = User(user_id=2, username="ben", display_name="Ben")
    number = iter(range(1, 10**6))
    for conversation_id in range(1, 3):
        batch = tuple(_message(conversation_id, position, next(number), user) for position in range(1, 301))
        desktop.take(Update(messages=batch))
    for query in (UP_TO, FROM):
        plan = " ".join(row[3] for row in desktop.disk.execute(f"EXPLAIN QUERY PLAN {query}", (1, 5, 50)))
        assert "SEARCH m USING INDEX" in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan
    page = read_page(desktop.disk, 2, "around", 150, 50)
    assert [message.position for message in page.messages] == list(range(125, 175))


def test_what_is_written_twice_stays_as_it_is() -> None:
    desktop = Desktop()
    facts = OwnFacts(1, Own(unread_count=3), 7, 0)
    update = Update(
        messages=(_message(1, 4, 9, User(user_id=2, username="b", display_name="B")),),
        cursors=(Cursor(1, 2, 4, None, 9),),
        own=(facts,),
    )
    put(desktop.disk, update, Reached({1: 9}, 7))
    before = list(desktop.disk.iterdump())
    put(desktop.disk, update, Reached({1: 9}, 7))
    put(desktop.disk, Update(cursors=(Cursor(1, 2, 2, None, 3),), own=(OwnFacts(1, Own(), 6, 0),)), Reached({1: 3}, 6))
    assert list(desktop.disk.iterdump()) == before


def _message(conversation_id: int, position: int, version: int, sender: User) -> Message:
    return Message(
        message_id=conversation_id * 100_000 + position,
        uid=f"{conversation_id}-{position}",
        conversation_id=conversation_id,
        position=position,
        version=version,
        sender_id=sender.user_id,
        sender=sender,
        content=f"text {position}",
        created_at="2026-11-25T12:00:00.000Z",
    )
