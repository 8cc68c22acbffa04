"""Who may do what with which message: the whole table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop.core.bubble import Bubble, Header, Tick
from desktop.models.happening_words import happening_words
from desktop.ui.message_deeds import KEYS, Deed, deeds
from desktop.ui.timeline_keys import DEED_OF_KEY
from protocol.shapes import LinkPreview
from tests.desktop.timeline_rows import bubble, happening, image, waiting

DIRECT = Header(1, "Maya", None, 0, 2, "active")
MEMBER = replace(DIRECT, kind="group", peer_id=None)
ADMIN = replace(MEMBER, own_role="admin")
THEIRS, MINE = bubble(1), bubble(2, own=True)


@pytest.mark.parametrize(
    ("row", "header", "can", "cannot"),
    [
        (THEIRS, DIRECT, {Deed.REPLY, Deed.REACT, Deed.PIN, Deed.STAR, Deed.MARK_UNREAD}, {Deed.EDIT, Deed.DELETE}),
        (THEIRS, MEMBER, {Deed.REPLY, Deed.STAR}, {Deed.PIN, Deed.DELETE, Deed.SEEN_BY}),
        (THEIRS, ADMIN, {Deed.PIN, Deed.DELETE}, {Deed.EDIT}),
        (MINE, MEMBER, {Deed.EDIT, Deed.DELETE, Deed.SEEN_BY}, {Deed.PIN, Deed.MARK_UNREAD, Deed.EDITS}),
        (replace(MINE, forwarded_from="Bo"), DIRECT, {Deed.FORWARD, Deed.DELETE}, {Deed.EDIT}),
        (replace(MINE, text="", files=(image(),)), DIRECT, {Deed.DELETE}, {Deed.EDIT, Deed.COPY}),
        (replace(MINE, edited=True), DIRECT, {Deed.EDITS}, set()),
        (replace(MINE, pinned=True, starred=True), DIRECT, {Deed.UNPIN, Deed.UNSTAR}, {Deed.PIN, Deed.STAR}),
        (replace(MINE, preview=LinkPreview(url="u", title="t")), DIRECT, {Deed.REMOVE_PREVIEW}, set()),
        (waiting(3), DIRECT, {Deed.REPLY, Deed.EDIT, Deed.DISCARD}, {Deed.REACT, Deed.FORWARD, Deed.DELETE}),
        (waiting(3, tick=Tick.FAILED), DIRECT, {Deed.RETRY, Deed.DISCARD}, {Deed.REPLY}),
    ],
)  # fmt: skip
def test_only_what_works_is_offered(row: Bubble, header: Header, can: set[Deed], cannot: set[Deed]) -> None:
    offered = set(deeds(row, header))
    assert can <= offered
    assert not cannot & offered


def test_a_tombstone_offers_only_where_reading_ends() -> None:
    assert list(deeds(replace(MINE, deleted=True), ADMIN)) == []
    assert list(deeds(replace(THEIRS, deleted=True), ADMIN)) == [Deed.MARK_UNREAD]


def test_each_key_means_one_deed_or_its_opposite() -> None:
    assert {key: deed.name for key, deed in DEED_OF_KEY.items()} == {
        "R": "REPLY", "+": "REACT", "E": "EDIT", "F": "FORWARD", "P": "PIN", "S": "STAR", "Del": "DELETE",
    }  # fmt: skip
    assert set(DEED_OF_KEY) == set(KEYS.values())


@pytest.mark.parametrize(
    ("facts", "own_id", "words"),
    [
        ({"kind": "created", "title": "Harbour"}, 0, "Maya made the group “Harbour”"),
        ({"kind": "renamed", "title": "Quay"}, 2, "You named the group “Quay”"),
        ({"kind": "added", "user_ids": [3, 4]}, 4, "Maya added Bo and you"),
        ({"kind": "removed", "user_ids": [3, 9]}, 2, "You removed Bo and somebody"),
        ({"kind": "role", "user_ids": [3], "role": "admin"}, 3, "Maya made you an admin"),
        ({"kind": "left"}, 2, "You left the group"),
        ({"kind": "pinned"}, 0, "Maya pinned a message"),
    ],
)
def test_what_happened_is_told_with_you_in_it(facts: dict[str, object], own_id: int, words: str) -> None:
    names = {3: "Bo", 4: "Ada"}
    line = happening(facts, tuple(names.get(user_id, "") for user_id in facts.get("user_ids", [])))  # type: ignore[attr-defined]
    assert happening_words(line, own_id) == words
