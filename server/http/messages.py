"""Messages over REST, in both documents' paths: reading pages, sending, marking as read, changing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from msgspec import UNSET

from protocol.commands import DeleteMessage, EditMessage, MarkRead, Page, PageOf, PatchMessage, React, SendMessage
from protocol.limits import HEAD_HEADER, LAST_POSITION_HEADER
from protocol.signals import Ack
from server.http.binding import Answer, Call, Endpoint, incoming
from server.http.uploads import receive
from server.services.messages import MessagePage


def messages_of(call: Call) -> Answer:
    """A page of a conversation, ascending."""
    return _page(call, call.path["conversation_id"], call.query(Page), "")


def messages_of_a(call: Call) -> Answer:
    """The same with the conversation in the query."""
    page = call.query(PageOf)
    return _page(call, page.conversation_id, page, f"conversationId={page.conversation_id}&")


def _page(call: Call, conversation_id: int, page: Page, kept: str) -> Answer:
    """The messages, with the head and the neighbouring pages in headers (RFC 8288)."""
    found = call.house.messages.page(call.actor, conversation_id, page)
    headers = {HEAD_HEADER: str(found.head), LAST_POSITION_HEADER: str(found.last_position)}
    links = _links(found, page, kept)
    if links:
        headers["Link"] = links
    return Answer(value=found.messages, headers=headers)


def _links(found: MessagePage, page: Page, kept: str) -> str:
    """`prev` to older messages, `next` to newer ones, each only where there are some; `kept` begins their queries."""
    if not found.messages:
        return ""
    first, last = found.messages[0].position, found.messages[-1].position
    start = f"<{request.path}?{kept}" + ("" if page.limit is None else f"limit={page.limit}&")
    links = []
    if first > found.first_position:
        links.append(f'{start}before={first}>; rel="prev"')
    if last < found.last_position:
        links.append(f'{start}after={last}>; rel="next"')
    return ", ".join(links)


def send(call: Call) -> Answer:
    """Send into the conversation of the path."""
    return _sent(call, call.body(SendMessage, conversation_id=call.path["conversation_id"]))


def send_a(call: Call) -> Answer:
    """Send from a form, or with the file itself in its field `file`; JSON is taken too."""
    if request.mimetype == "multipart/form-data":
        return _send_form(call)
    values, form = incoming()
    return _sent(call, call.decoded(SendMessage, values, form=form))


def _send_form(call: Call) -> Answer:
    """Send what a form says, with its file; a file that came for nothing is dropped."""
    house = call.house
    form = receive(house.uploads, call.actor, house.config.limits.file_bytes)
    try:
        command = call.decoded(SendMessage, form.fields, form=True)
        house.access.seat(call.actor, command.conversation_id)
        if form.incoming is None:
            return _sent(call, command)
        stored = house.uploads.store(call.actor, form.incoming, form.name)
    finally:
        if form.incoming is not None:
            form.incoming.drop()
    fields: dict[str, Any] = {**form.fields, "file_url": stored.file_url, "file_name": stored.file_name}
    fields = {name: value for name, value in fields.items() if name not in ("fileUrl", "fileName")}
    try:
        return _sent(call, call.decoded(SendMessage, fields, form=True))
    finally:
        # Refused, or sent before with the same uid: then no message has taken it.
        house.uploads.discard(call.actor, stored.attachment_id)


def _sent(call: Call, command: SendMessage) -> Answer:
    """The stored message: 201, or 200 where this uid had been sent before."""
    call.house.sending.take(call.actor.user_id)
    posted = call.house.messages.post(call.actor, command)
    return Answer(value=posted.message, status=201 if posted.created else 200)


def patch_message(call: Call) -> Answer:
    """Read up to here, or unread from here; or another text for one's own message."""
    command, message_id = call.body(PatchMessage), call.path["message_id"]
    if command.content is UNSET:
        return Answer(value=call.house.cursors.patch(call.actor, message_id, command))
    call.house.sending.take(call.actor.user_id)
    edit = EditMessage(message_id=message_id, content=command.content, mentions=command.mentions)
    return Answer(value=call.house.changes.edit(call.actor, edit))


def delete_message(call: Call) -> Answer:
    """Leave a tombstone."""
    call.house.sending.take(call.actor.user_id)
    command = DeleteMessage(message_id=call.path["message_id"])
    return Answer(value=call.house.changes.delete(call.actor, command))


def add_reaction(call: Call) -> Answer:
    """Put an emoji under a message."""
    return _react(call, on=True)


def remove_reaction(call: Call) -> Answer:
    """Take one's emoji away."""
    return _react(call, on=False)


def _react(call: Call, *, on: bool) -> Answer:
    """The message with its reactions afterwards."""
    call.house.sending.take(call.actor.user_id)
    command = React(message_id=call.path["message_id"], emoji=call.path["emoji"], on=on)
    return Answer(value=call.house.reactions.react(call.actor, command))


def edits(call: Call) -> Answer:
    """What a message has said before."""
    return Answer(value=call.house.changes.history(call.actor, call.path["message_id"]))


def readers(call: Call) -> Answer:
    """Who has read a message."""
    return Answer(value=call.house.messages.readers(call.actor, call.path["message_id"]))


def pin(call: Call) -> Answer:
    """Pin a message for all."""
    return _pin(call, on=True)


def unpin(call: Call) -> Answer:
    """Unpin it."""
    return _pin(call, on=False)


def _pin(call: Call, *, on: bool) -> Answer:
    """The conversation with its pins afterwards."""
    call.house.sending.take(call.actor.user_id)
    return Answer(value=call.house.pins.pin(call.actor, call.path["message_id"], on=on))


def remove_preview(call: Call) -> Answer:
    """Take the preview of one's own message away."""
    call.house.sending.take(call.actor.user_id)
    return Answer(value=call.house.previews.remove(call.actor, call.path["message_id"]))


def star(call: Call) -> Answer:
    """Star a message for oneself."""
    return Answer(value=call.house.pins.star(call.actor, call.path["message_id"], on=True))


def unstar(call: Call) -> Answer:
    """Take one's star away."""
    return Answer(value=call.house.pins.star(call.actor, call.path["message_id"], on=False))


def read_all(call: Call) -> Answer:
    """Everything so far is read, or everything up to a position."""
    command = call.body(MarkRead)
    position = call.house.cursors.mark_read(call.actor, command)
    ack = Ack(ok=True, conversation_id=command.conversation_id, user_id=call.actor.user_id, read_position=position)
    return Answer(value=ack)


ENDPOINTS: Mapping[str, Endpoint] = {
    "messages_of": messages_of,
    "messages_of_a": messages_of_a,
    "send": send,
    "send_a": send_a,
    "patch_message": patch_message,
    "delete_message": delete_message,
    "add_reaction": add_reaction,
    "remove_reaction": remove_reaction,
    "edits": edits,
    "readers": readers,
    "pin": pin,
    "unpin": unpin,
    "remove_preview": remove_preview,
    "star": star,
    "unstar": unstar,
    "read_all": read_all,
}
