"""Messages over REST, in both documents' paths: reading pages, sending, marking as read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from protocol.commands import MarkRead, Page, PageOf, PatchMessage, SendMessage
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
    """Read up to here, or unread from here."""
    patched = call.house.cursors.patch(call.actor, call.path["message_id"], call.body(PatchMessage))
    return Answer(value=patched)


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
    "read_all": read_all,
}
