"""What a screen reader says of a timeline's rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop.core.bubble import Bubble, BubbleFile, BubbleReaction, Quote, Tick
from desktop.models.spoken_rows import spoken

PLAIN = Bubble(
    key="u",
    conversation_id=1,
    message_id=1,
    position=1,
    version=1,
    sender_id=2,
    sender_name="Maya",
    sender_avatar_url=None,
    own=False,
    type="text",
    text="Hello.",
    files=(),
    at_ms=0,
    tick=Tick.NONE,
)
MINE = {"own": True, "tick": Tick.READ}
QUOTE = Quote("q", 1, 3, "Ben", "text", "Where?")
PHOTO, REPORT = BubbleFile("image", "x.jpg", 1, "image/jpeg"), BubbleFile("file", "a.pdf", 1, "application/pdf")
THUMBS = BubbleReaction("👍", 2, ("Ada", "Ben"), own=False)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "Maya, 14:05: Hello."),
        (MINE, "You, 14:05: Hello. Read."),
        ({**MINE, "changing": True}, "You, 14:05: Hello. Being changed."),
        ({**MINE, "tick": Tick.FAILED, "failure": "Too long."}, "You, 14:05: Hello. Not sent: Too long."),
        ({"deleted": True, "text": "", "edited": True}, "Maya, 14:05: This message was deleted."),
        ({"text": "", "files": (PHOTO, REPORT)}, "Maya, 14:05: Photo, File a.pdf."),
        ({"files": (REPORT,), "edited": True}, "Maya, 14:05: Hello. File a.pdf. Edited."),
        ({"quote": QUOTE, "pinned": True}, "Maya, 14:05: Hello. In reply to Ben: Where? Pinned."),
        ({"quote": replace(QUOTE, deleted=True)}, "Maya, 14:05: Hello. In reply to Ben: a deleted message."),
        ({"forwarded_from": "Ada"}, "Maya, 14:05: Hello. Forwarded from Ada."),
        ({"reactions": (THUMBS,)}, "Maya, 14:05: Hello. Reactions: 👍 Ada, Ben."),
    ],
)
def test_a_message_is_told_whole(told: dict[str, Any], words: str) -> None:
    assert spoken(replace(PLAIN, **told), "14:05") == words
    assert spoken(replace(PLAIN, **told)) == words.replace(", 14:05", "", 1)
