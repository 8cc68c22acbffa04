"""The message that is answered, in brief: what the server says of it, as far as it is not known better here."""

from __future__ import annotations

from msgspec import structs

from desktop.core.markup import in_brief
from desktop.core.media import kind_of, mime_of
from desktop.core.ports import OutboxEntry
from protocol.shapes import Message, ReplyTo

QUOTE_CHARS = 200
"""So much of a message's text is quoted (contract, Shapes)."""


def quote_of(message: Message) -> ReplyTo:
    """A message as the server quotes it."""
    return ReplyTo(
        uid=message.uid,
        message_id=message.message_id,
        position=message.position,
        sender_id=message.sender_id,
        sender_name=message.sender.display_name,
        type=message.type,
        content=None if message.content is None else message.content[:QUOTE_CHARS],
        deleted=message.deleted_at is not None,
    )


def quote_of_entry(entry: OutboxEntry, own_id: int) -> ReplyTo:
    """A message of one's own that waits, as it is quoted until the server has numbered it."""
    mime = mime_of(entry.paths[0]) if entry.paths else entry.uploaded[0].file_type if entry.uploaded else None
    return ReplyTo(
        uid=entry.uid,
        message_id=0,
        sender_id=own_id,
        sender_name="",
        type="text" if mime is None else kind_of(mime),
        content=entry.text[:QUOTE_CHARS] or None,
    )


def has_new_words(original: Message) -> bool:
    """Whether what was quoted of a message may not be what it says now."""
    return original.edited_at is not None or original.deleted_at is not None


def retold(reply: Message, original: Message) -> Message:
    """An answer that quotes its original as that is now, where that has changed after the answer was told.

    The server gives such answers new versions. Until they come, what was deleted is not shown in them (contract).
    """
    if original.version <= reply.version or not has_new_words(original):
        return reply
    quote = quote_of(original)
    return reply if quote == reply.reply_to else structs.replace(reply, reply_to=quote)


def brief(text: str | None) -> str:
    """A quoted text in one line."""
    return in_brief(text or "", QUOTE_CHARS)
