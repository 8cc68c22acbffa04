"""What a FakeServer does to messages that are there: edits, tombstones, reactions, pins and stars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from msgspec import structs

from desktop.core.ports import Unreachable
from protocol.commands import DeleteMessage, EditMessage, React, SendMessage
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Conversation, Edit, ForwardedFrom, Message, Own, Pin, Reaction, Reader, ReplyTo
from protocol.text import clean_content
from protocol.times import to_wire

if TYPE_CHECKING:
    from tests.desktop.doubles import FakeServer
    from tests.desktop.fake_conversation import FakeConversation


CHANGES = {"edit_message": EditMessage, "delete_message": DeleteMessage, "react": React}
"""The payloads of the events."""


def quote_of(message: Message) -> ReplyTo:
    """A message in brief, as an answer to it quotes it."""
    return ReplyTo(
        uid=message.uid,
        message_id=message.message_id,
        sender_id=message.sender_id,
        sender_name=message.sender.display_name,
        type=message.type,
        content=None if message.content is None else message.content[:200],
        deleted=message.deleted_at is not None,
        position=message.position,
    )


def change(server: FakeServer, user_id: int, command: EditMessage | DeleteMessage | React) -> Message:
    """`edit_message`, `delete_message` and `react`."""
    conversation, message = found(server, user_id, command.message_id)
    match command:
        case EditMessage():
            return _edit(server, user_id, conversation, message, command)
        case DeleteMessage():
            return _delete(server, user_id, conversation, message)
        case React():
            return _react(server, user_id, conversation, message, command)


def found(server: FakeServer, user_id: int, message_id: int) -> tuple[FakeConversation, Message]:
    """A message that somebody can see."""
    conversation_id, position = divmod(message_id, 100_000)
    conversation = server.conversations.get(conversation_id)
    if conversation is None or user_id not in conversation.members or position > len(conversation.messages):
        raise Refused(ErrorCode.NOT_FOUND, "This message does not exist.")
    return conversation, conversation.messages[position - 1]


def changed(server: FakeServer, conversation: FakeConversation, message: Message, **fields: Any) -> Message:
    """A new version of a message, told to every member; what quotes it is told anew where its words changed."""
    number = conversation.next_version()
    conversation.messages[message.position - 1] = structs.replace(message, version=number, **fields)
    told = conversation.message_at(message.position)
    server.push("message_updated", told, *conversation.members)
    if "content" in fields:
        for reply in [one for one in conversation.messages if one.reply_to and one.reply_to.uid == message.uid]:
            changed(server, conversation, reply, reply_to=quote_of(told))
    return told


def _edit(
    server: FakeServer, user_id: int, conversation: FakeConversation, message: Message, command: EditMessage
) -> Message:
    if message.sender_id != user_id:
        raise Refused(ErrorCode.FORBIDDEN, "Only who wrote a message can change it.")
    if message.deleted_at is not None:
        raise Refused(ErrorCode.NOT_FOUND, "This message was deleted.")
    content = clean_content(command.content)
    if not content and not message.attachments:
        raise Refused(ErrorCode.EMPTY_CONTENT, "Write something first.")
    if content == (message.content or ""):
        return conversation.message_at(message.position)
    now = to_wire(server.tick())
    conversation.edits.setdefault(message.message_id, []).append(Edit(content=message.content, edited_at=now))
    fields = {"content": content or None, "mentions": list(command.mentions), "edited_at": now}
    return changed(server, conversation, message, **fields)


def _delete(server: FakeServer, user_id: int, conversation: FakeConversation, message: Message) -> Message:
    if message.deleted_at is not None:
        return conversation.message_at(message.position)
    if message.sender_id != user_id and conversation.members[user_id].role == "member":
        raise Refused(ErrorCode.FORBIDDEN, "Only who wrote a message can delete it.")
    conversation.edits.pop(message.message_id, None)
    bare: dict[str, Any] = dict.fromkeys(("content", "reply_to", "forwarded_from", "preview"))
    bare |= {name: [] for name in ("attachments", "reactions", "mentions")}
    return changed(server, conversation, message, deleted_at=to_wire(server.tick()), **bare)


def _react(
    server: FakeServer, user_id: int, conversation: FakeConversation, message: Message, command: React
) -> Message:
    if message.deleted_at is not None or message.type == "system":
        raise Refused(ErrorCode.NOT_FOUND, "There is nothing to react to.")
    chosen = {one.emoji: list(one.user_ids) for one in message.reactions}
    people = chosen.setdefault(command.emoji, [])
    if (user_id in people) is command.on:
        return conversation.message_at(message.position)
    if command.on:
        people.append(user_id)
    else:
        people.remove(user_id)
    left = [Reaction(emoji=emoji, user_ids=ids) for emoji, ids in chosen.items() if ids]
    return changed(server, conversation, message, reactions=left)


def forwarded(server: FakeServer, user_id: int, command: SendMessage) -> Message:
    """A send that says what another message does, and who said it first."""
    _, message = found(server, user_id, command.forward_of or 0)
    if message.deleted_at is not None:
        raise Refused(ErrorCode.NOT_FOUND, "This message was deleted.")
    first = ForwardedFrom(
        sender_id=message.sender_id, sender_name=message.sender.display_name, created_at=message.created_at
    )
    fields = {"attachments": message.attachments, "forwarded_from": message.forwarded_from or first}
    return server.post(user_id, command.conversation_id, message.content, uid=command.uid, **fields)


class FakeMessageApi:
    """`core.ports.MessageApi` on a FakeServer."""

    def __init__(self, server: FakeServer, user_id: int) -> None:
        self.server = server
        self.user_id = user_id

    async def _reach(self, method: str) -> None:
        """Fail where the server is away or is to refuse."""
        await asyncio.sleep(0)
        if not self.server.is_up:
            raise Unreachable("Nobody listens.", may_have_arrived=False)
        self.server.calls.append((method, None))
        self.server.take_refusal(method)

    async def pin(self, message_id: int, on: bool) -> Conversation:
        await self._reach("pin")
        conversation, message = found(self.server, self.user_id, message_id)
        conversation.pins = [pin for pin in conversation.pins if pin.message_id != message_id]
        if on:
            now = to_wire(self.server.tick())
            pin = Pin(message_id=message_id, position=message.position, user_id=self.user_id, pinned_at=now)
            conversation.pins.append(pin)
        conversation.row = structs.replace(conversation.row, version=conversation.next_version())
        self.server.push("conversation_updated", conversation.shown(), *conversation.members)
        return conversation.shown(self.user_id)

    async def star(self, message_id: int, on: bool) -> Own:
        await self._reach("star")
        conversation, _ = found(self.server, self.user_id, message_id)
        starred = [one for one in conversation.starred.get(self.user_id, []) if one != message_id]
        conversation.starred[self.user_id] = [*starred, message_id] if on else starred
        self.server.push_own(self.user_id, conversation)
        return conversation.own_of(self.user_id)

    async def remove_preview(self, message_id: int) -> Message:
        await self._reach("remove_preview")
        conversation, message = found(self.server, self.user_id, message_id)
        return changed(self.server, conversation, message, preview=None)

    async def readers(self, message_id: int) -> list[Reader]:
        await self._reach("readers")
        conversation, message = found(self.server, self.user_id, message_id)
        seats = [seat for seat in conversation.members.values() if seat.read_position >= message.position]
        others = [seat for seat in seats if seat.user.user_id != message.sender_id]
        return [Reader(user=seat.user, read_at=seat.read_at or message.created_at) for seat in others]

    async def edits(self, message_id: int) -> list[Edit]:
        await self._reach("edits")
        conversation, _ = found(self.server, self.user_id, message_id)
        return list(conversation.edits.get(message_id, []))
