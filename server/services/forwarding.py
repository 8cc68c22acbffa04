"""Forwarding: what a message says, said again elsewhere, with the name of who said it first."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from protocol.commands import SentFile
from protocol.shapes import ForwardedFrom
from protocol.times import to_wire
from server.services import refusals
from server.storage import attachments, users
from server.storage.attachments import file_url
from server.storage.messages import MessageRow, NewMessage
from server.storage.unit import Snapshot


def forwarded(snapshot: Snapshot, new: NewMessage, original: MessageRow) -> NewMessage:
    """A message to be, saying what the original does. Raises Refused (`invalid_request`) for what cannot be said again.

    Of a forward of a forward, too, the first writer is named.
    """
    if original.deleted_at is not None:
        raise refusals.invalid("forward_of", "This message was deleted. Choose another one.")
    if original.type == "system":
        raise refusals.invalid("forward_of", "This line only tells what happened. Choose a message.")
    return replace(
        new, content=original.content, forwarded_from=original.forwarded_from or _first_writer(snapshot, original)
    )


def _first_writer(snapshot: Snapshot, original: MessageRow) -> str:
    """Who wrote a message that is forwarded for the first time, as a column has it."""
    writer = users.load(snapshot, [original.sender_id])[original.sender_id]
    told = ForwardedFrom(
        sender_id=writer.user_id, sender_name=writer.display_name, created_at=to_wire(original.created_at)
    )
    return msgspec.json.encode(told).decode()


def files_of(snapshot: Snapshot, original: MessageRow) -> list[SentFile]:
    """The original's files as a send names them: each gets a row of its own on the same bytes."""
    rows = attachments.of_messages(snapshot, [original.message_id]).get(original.message_id, [])
    return [SentFile(file_url=file_url(row.key, row.file_name)) for row in rows]
