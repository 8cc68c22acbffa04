"""What a bubble or a grey line tells of its message: names, marks, quotes, tombstones, and what waits to change it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from desktop.core.bubble import Bubble, BubbleReaction, HappeningLine
from desktop.core.outbox import Waiting
from desktop.core.ports import Clock, OutboxEntry
from desktop.core.quotes import quote_of, quote_of_entry
from desktop.core.rows import RowDeriver
from desktop.core.store import Store
from desktop.core.updates import OwnFacts, Update
from protocol.shapes import (
    Attachment,
    Conversation,
    ForwardedFrom,
    Happening,
    Message,
    Own,
    Pin,
    Reaction,
    User,
)
from protocol.times import from_wire, to_wire

ANNA = User(user_id=1, username="anna", display_name="Anna")
BEN = User(user_id=2, username="ben", display_name="Ben")
CLEO = User(user_id=3, username="cleo", display_name="Cleo")
NOON = from_wire("2026-11-20T12:00:00.000Z")
AT = to_wire(NOON)


def message(position: int, sender: User = BEN, **fields: Any) -> Message:
    told = {"content": f"text {position}", "version": position, "created_at": AT, **fields}
    return Message(
        message_id=100 + position,
        uid=f"uid-{position}",
        conversation_id=1,
        position=position,
        sender_id=sender.user_id,
        sender=sender,
        **told,
    )


def change(kind: str, target: int, **fields: Any) -> Waiting:
    """Something of Anna's that waits to change a message."""
    told: dict[str, Any] = {"text": "", "target_uid": f"uid-{target}", "kind": kind, **fields}
    return Waiting(OutboxEntry(uid=f"{kind}-{target}-{fields}", conversation_id=1, place=1, created_ms=NOON, **told))


class Shown:
    """The rows that Anna sees of these messages."""

    def __init__(self, *messages: Message, **update: Any) -> None:
        self.store = Store()
        self.store.merge(Update(messages=messages, users=(ANNA, BEN, CLEO), **update))
        self.deriver = RowDeriver(self.store, ANNA.user_id, Clock(now_ms=lambda: NOON))

    def rows(self, *changes: Waiting, entries: tuple[Waiting, ...] = ()) -> list[Bubble]:
        rows = self.deriver.derive(self.store.of(1), 1, None, entries, None, changes)
        return [row for row in rows if isinstance(row, Bubble)]

    def lines(self) -> list[HappeningLine]:
        rows = self.deriver.derive(self.store.of(1), 1, None, (), None)
        return [row for row in rows if isinstance(row, HappeningLine)]


def test_a_happening_is_a_line_with_names_that_follow_people() -> None:
    happening = Happening(kind="added", user_ids=[3, 9])
    shown = Shown(message(1), message(2, type="system", happening=happening), message(3))
    (line,) = shown.lines()
    assert (line.actor_name, line.names, line.happening, line.position) == ("Ben", ("Cleo", ""), happening, 2)
    assert shown.lines()[0] is line
    assert [(row.first_in_group, row.last_in_group) for row in shown.rows()] == [(True, True), (True, True)]
    shown.store.merge(Update(users=(structs.replace(CLEO, display_name="Cleopatra", version=2),)))
    assert shown.lines()[0].names == ("Cleopatra", "")


def test_reactions_tell_who_and_follow_names_and_what_waits() -> None:
    shown = Shown(message(1, reactions=[Reaction(emoji="👍", user_ids=[2, 1]), Reaction(emoji="🎉", user_ids=[3])]))
    (bubble,) = shown.rows()
    thumbs, party = BubbleReaction("👍", 2, ("Ben", "Anna"), True), BubbleReaction("🎉", 1, ("Cleo",), False)
    assert bubble.reactions == (thumbs, party)
    assert shown.rows()[0] is bubble
    (bubble,) = shown.rows(
        change("react", 1, emoji="👍", on=False),
        change("react", 1, emoji="🎉", on=True),
        change("react", 1, emoji="❤️", on=True),
    )
    assert [(one.emoji, one.count, one.own) for one in bubble.reactions] == [
        ("👍", 1, False),
        ("🎉", 2, True),
        ("❤️", 1, True),
    ]
    assert not bubble.changing


def test_mentions_are_told_with_names_and_whether_they_are_ones_own() -> None:
    first, second = Shown(message(1, mentions=[1, 9]), message(2, mentions=[3])).rows()
    assert (first.mentions, first.names_me) == (((1, "Anna"),), True)
    assert (second.mentions, second.names_me) == (((3, "Cleo"),), False)


def test_pins_and_stars_come_from_the_conversation_and_ones_own_facts() -> None:
    row = Conversation(
        conversation_id=1, kind="group", created_at=AT, updated_at=AT, version=1, head=2, member_count=2,
        pins=[Pin(message_id=101, position=1, user_id=2, pinned_at=AT)],
    )  # fmt: skip
    shown = Shown(message(1), message(2), conversations=(row,), own=(OwnFacts(1, Own(starred=[102]), 1),))
    assert [(bubble.pinned, bubble.starred) for bubble in shown.rows()] == [(True, False), (False, True)]


def test_a_forward_names_who_wrote_it_first() -> None:
    known = ForwardedFrom(sender_id=3, sender_name="Cleo then", created_at=AT)
    unknown = ForwardedFrom(sender_id=9, sender_name="Somebody then", created_at=AT)
    first, second = Shown(message(1, forwarded_from=known), message(2, forwarded_from=unknown)).rows()
    assert (first.forwarded_from, second.forwarded_from) == ("Cleo", "Somebody then")


def test_a_tombstone_tells_nothing_of_what_it_was() -> None:
    file = Attachment(attachment_id=1, file_url="/api/files/a/b", file_name="b", file_type="c/d", file_size=3)
    told = message(1, ANNA, attachments=[file], mentions=[1], reactions=[Reaction(emoji="👍", user_ids=[2])])
    for shown in (
        Shown(structs.replace(told, content=None, deleted_at=AT)).rows(),
        Shown(told).rows(change("delete", 1)),
    ):
        (bubble,) = shown
        nothing = (bubble.text, bubble.files, bubble.mentions, bubble.reactions, bubble.names_me)
        assert (nothing, bubble.deleted) == (("", (), (), (), False), True)


def test_an_edit_that_waits_is_shown_with_its_mentions_and_in_quotes() -> None:
    original = message(1, ANNA, content="before")
    waiting = change("edit", 1, text="after\nthat", mentions=(3,))
    first, answer = Shown(original, message(2, reply_to=quote_of(original))).rows(waiting)
    assert (first.text, first.changing, first.mentions) == ("after\nthat", True, ((3, "Cleo"),))
    assert answer.quote is not None
    assert (answer.quote.text, answer.quote.position, answer.changing) == ("after that", 1, False)


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_what_was_refused_changes_nothing(kind: str) -> None:
    shown = Shown(message(1, ANNA))
    before = shown.rows()
    waiting = change(kind, 1, text="other")
    assert shown.rows(waiting) != before
    assert shown.rows(replace(waiting, entry=replace(waiting.entry, state="failed"))) == before


def test_an_answer_to_what_was_thrown_away_quotes_nothing() -> None:
    first = OutboxEntry("a", 1, 1, "question", created_ms=NOON)
    snapshot = quote_of_entry(first, ANNA.user_id)
    second = OutboxEntry("b", 1, 2, "answer", created_ms=NOON, reply_to_uid="a", reply_to=snapshot)
    both = Shown().rows(entries=(Waiting(first), Waiting(second)))
    assert [bubble.quote and bubble.quote.text for bubble in both] == [None, "question"]
    (answer,) = Shown().rows(entries=(Waiting(second),))
    assert answer.quote is None
