"""What REST does to one message: `core.ports.MessageApi`."""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct

from desktop.net.asking import Asking
from protocol.commands import DeleteMessage, EditMessage, React
from protocol.ids import Id
from protocol.shapes import Conversation, Edit, Message, Own, Reader


class _EditBody(Struct, kw_only=True, frozen=True):
    """The body of an edit: the path names the message."""

    content: str
    mentions: list[Id] = []


class RestMessages(Asking):
    """`core.ports.MessageApi`. Owns nothing; every method raises Refused or Unreachable."""

    async def edit_message(self, command: EditMessage) -> Message:
        """Change the text of one's own message."""
        body = _EditBody(content=command.content, mentions=command.mentions)
        return await self._read(Message, "PATCH", f"/api/messages/{command.message_id}", body=body)

    async def delete_message(self, command: DeleteMessage) -> Message:
        """Delete a message for everybody."""
        return await self._read(Message, "DELETE", f"/api/messages/{command.message_id}")

    async def react(self, command: React) -> Message:
        """Put an emoji under a message, or take it away."""
        path = f"/api/messages/{command.message_id}/reactions/{quote(command.emoji, safe='')}"
        return await self._read(Message, _verb(command.on), path)

    async def pin(self, message_id: int, on: bool) -> Conversation:
        """Pin a message for all, or no longer."""
        return await self._read(Conversation, _verb(on), f"/api/messages/{message_id}/pin")

    async def star(self, message_id: int, on: bool) -> Own:
        """Keep a message at hand for oneself, or no longer."""
        return await self._read(Own, _verb(on), f"/api/messages/{message_id}/star")

    async def remove_preview(self, message_id: int) -> Message:
        """Take the link preview off one's own message."""
        return await self._read(Message, "DELETE", f"/api/messages/{message_id}/preview")

    async def readers(self, message_id: int) -> list[Reader]:
        """Who has read a message, and when."""
        return await self._read(list[Reader], "GET", f"/api/messages/{message_id}/readers")

    async def edits(self, message_id: int) -> list[Edit]:
        """What a message said before, oldest first."""
        return await self._read(list[Edit], "GET", f"/api/messages/{message_id}/edits")


def _verb(on: bool) -> str:
    """What sets something, and what takes it away."""
    return "PUT" if on else "DELETE"
