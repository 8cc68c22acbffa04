"""What is unread: exact where everything is held, else carried on from what the server has counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from desktop.core import updates
from desktop.core.ports import Arrived
from desktop.core.store import Held, Store
from desktop.core.unread import Unread, is_news, unread_of
from desktop.core.updates import Update
from protocol.shapes import Message, Own
from protocol.signals import OwnUpdated
from tests.desktop.doubles import FakeServer

ME, OTHER = 1, 2


class Read:
    """A conversation on a server, and what a desktop holds of it."""

    def __init__(self) -> None:
        self.server = FakeServer()
        for name in ("me", "other"):
            self.server.add_user(name)
        self.identity = self.server.open_direct(ME, OTHER)
        self.store = Store()
        self.store.merge(updates.of_conversation(self.server.conversations[self.identity].shown(ME)))

    @property
    def held(self) -> Held:
        return self.store.of(self.identity)

    def post(self, sender_id: int = OTHER, *, told: bool = True, **facts: Any) -> Message:
        message = self.server.post(sender_id, self.identity, "text", **facts)
        if told:
            self.store.merge(updates.of_message(message))
        return message

    def tell_own(self, user_version: int = 5, **facts: Any) -> None:
        """`own_updated`, as the server counts now."""
        conversation = self.server.conversations[self.identity]
        own = structs.replace(conversation.own_of(ME), **facts)
        last = len(conversation.messages)
        told = OwnUpdated(conversation_id=self.identity, own=own, user_version=user_version, counted_to=last)
        arrived = updates.of_arrived(Arrived("own_updated", told))
        assert arrived is not None
        self.store.merge(arrived)

    def unread(self, reading: int | None = None) -> Unread:
        return unread_of(self.held, ME, reading)


def test_messages_that_name_the_user_are_counted_beside() -> None:
    talk = Read()
    talk.post(mentions=[ME])
    talk.post(ME, mentions=[ME])
    talk.post()
    talk.post(mentions=[ME, OTHER])
    assert talk.unread() == Unread(3, 1, 2, 1)
    assert talk.unread(reading=1) == Unread(2, 3, 1, 4)
    assert talk.unread(reading=4) == Unread()


def test_what_the_server_has_counted_is_not_counted_again_when_it_comes_late() -> None:
    talk = Read()
    messages = [talk.post(told=False, mentions=[ME] if number % 2 else []) for number in range(8)]
    talk.tell_own()
    for message in messages[5:]:
        talk.store.merge(updates.of_message(message))
    assert talk.unread() == Unread(8, 1, 4, 6)
    talk.post(mentions=[ME])
    assert talk.unread() == Unread(9, 1, 5, 6)


def test_who_hides_what_they_read_has_read_it_all_the_same() -> None:
    talk = Read()
    talk.post()
    talk.post()
    talk.tell_own(hides_receipts=True, read_position=1)
    assert talk.unread() == Unread(1, 2)
    assert not is_news(talk.held, ME, 1)
    assert is_news(talk.held, ME, 2)


def test_marked_unread_is_told_until_it_is_read_again() -> None:
    talk = Read()
    talk.post()
    talk.post(ME)
    talk.server.read(ME, talk.identity, 2)
    talk.tell_own(unread_from=2, read_position=2)
    assert talk.unread() == Unread(0, None, marked=True)
    assert talk.unread(reading=2) == Unread()


@pytest.mark.parametrize("all_held", [True, False])
@given(senders=st.lists(st.sampled_from([ME, OTHER]), min_size=1, max_size=12), read=st.integers(0, 12))
def test_the_count_is_the_servers(senders: list[int], read: int, *, all_held: bool) -> None:
    talk = Read()
    for number, sender in enumerate(senders):
        talk.post(sender, told=all_held or number == len(senders) - 1, mentions=[ME] if number % 3 == 0 else [])
    talk.server.read(ME, talk.identity, min(read, len(senders)))
    own = talk.server.conversations[talk.identity].own_of(ME)
    member = talk.server.conversations[talk.identity].members[ME]
    talk.store.merge(Update(seats=(updates.Seat(talk.identity, member),)))
    talk.tell_own()
    assert (talk.unread().count, talk.unread().mentions) == counts(own)


def counts(own: Own) -> tuple[int, int]:
    """What the server has counted."""
    return own.unread_count, own.mentions
