"""What stands over a conversation: who it is, whether they are there, and what they say of themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from desktop.core.bubble import Header
from desktop.core.ports import Clock
from desktop.core.updates import Update
from desktop.ui.chat_header import first_name, status_of, typing_words
from protocol.shapes import Presence, PresenceStatus
from protocol.text import isolate
from tests.desktop.chat_scene import opened
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop

HEADER = Header(1, "Maya Okafor", None, 2, 2, "active")
NOON_MS = 1_795_608_000_000
CLOCK = Clock(now_ms=lambda: NOON_MS)


@pytest.mark.parametrize(
    ("presence", "words", "ink"),
    [
        ("active", "online", "good"),
        ("away", "away", "ink2"),
        ("busy", "do not disturb", "ink2"),
        ("offline", "offline", "ink2"),
    ],
)
def test_a_presence_in_words(presence: PresenceStatus, words: str, ink: str) -> None:
    assert status_of(replace(HEADER, presence=presence), CLOCK) == (words, ink)


def test_who_is_gone_was_last_seen() -> None:
    gone = replace(HEADER, presence="offline", last_seen_ms=NOON_MS - 3 * 60_000)
    assert "3m ago" in status_of(gone, CLOCK)[0]


def test_what_they_say_of_themselves_stands_behind_it_and_typing_before_all() -> None:
    says = replace(HEADER, status_text="At\nlunch")
    assert status_of(says, CLOCK) == (f"online · {isolate('At lunch')}", "good")
    assert status_of(replace(says, typing=("Maya Okafor",)), CLOCK) == ("typing…", "accent_text")


def test_several_who_type_are_named() -> None:
    assert typing_words(HEADER) == ""
    names = tuple(isolate(name) for name in ("Maya", "Tomás", "Jun"))
    typing = replace(HEADER, typing=("Maya Okafor", "Tomás Hale", "Jun Kimura"))
    assert typing_words(typing) == f"{names[0]}, {names[1]} and {names[2]} are typing…"


@pytest.mark.parametrize(("name", "first"), [("Maya Okafor", "Maya"), ("Prince", "Prince"), ("", ""), (" ", " ")])
def test_people_are_called_by_their_first_name(name: str, first: str) -> None:
    assert first_name(name) == first


def test_news_of_the_other_one_changes_the_header(qloop: QLoop) -> None:
    async def scene() -> None:
        async with opened() as s:
            s.session.ingest(Update(presence=(Presence(user_id=s.maya.user_id, status="busy"),)))
            assert s.page.header.status_words() == "do not disturb"
            s.session.ingest(Update(users=(structs.replace(s.maya, status_text="At lunch", version=9),)))
            assert s.page.header.status_words() == f"do not disturb · {isolate('At lunch')}"
            s.session.ingest(Update(users=(structs.replace(s.maya, display_name="Ada Obi", version=10),)))
            await until(lambda: s.page.composer.field.placeholderText() == "Message Ada")

    qloop(scene())
