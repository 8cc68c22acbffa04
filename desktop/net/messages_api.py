"""What REST does to one message: `core.ports.MessageApi`."""

from __future__ import annotations

from desktop.net.asking import Asking
from protocol.shapes import Conversation, Edit, Message, Own, Reader


class RestMessages(Asking):
    """`core.ports.MessageApi`. Owns nothing; every method raises Refused or Unreachable."""

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
