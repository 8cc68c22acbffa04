"""Messages of one conversation, as they are saved, for tests of the cache's file."""

from __future__ import annotations

from typing import Any

from desktop.core.ports import Reached
from desktop.core.updates import Update
from protocol.shapes import Message, User
from protocol.times import to_wire

ME, TALK = 1, 7
ANNA = User(user_id=1, username="anna", display_name="Anna")
BEN = User(user_id=2, username="ben", display_name="Ben")
NOON_MS = 1_795_608_000_000


def message(position: int, version: int | None = None, text: str | None = None, **fields: Any) -> Message:
    """Ben's message, or that of another `sender`."""
    sender = fields.pop("sender", BEN)
    return Message(
        message_id=position,
        uid=f"uid-{position}",
        conversation_id=TALK,
        position=position,
        version=version or position,
        sender_id=sender.user_id,
        sender=sender,
        content=text or f"text {position}",
        created_at=to_wire(NOON_MS + position),
        **fields,
    )


def saved(*told: Message) -> tuple[Update, Reached]:
    """What `Cache.save` takes where these were told."""
    return Update(messages=told), Reached({TALK: max(one.version for one in told)})
