"""What REST does to one's own facts and to groups: `core.own_ports.OwnApi`."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.net.asking import Asking
from protocol.commands import AddMembers, OpenGroup, PatchConversation, PatchMember, PatchOwn, PutDraft
from protocol.shapes import Conversation, Member, MemberRole, Own


class RestOwn(Asking):
    """`core.own_ports.OwnApi`. Owns nothing; every method raises Refused or Unreachable."""

    async def patch_own(self, conversation_id: int, change: PatchOwn) -> Own:
        """Change what is one's own in a conversation."""
        return await self._read(Own, "PATCH", f"/api/conversations/{conversation_id}/own", body=change)

    async def put_draft(self, conversation_id: int, draft: PutDraft) -> Own:
        """Keep a draft, or forget it."""
        return await self._read(Own, "PUT", f"/api/conversations/{conversation_id}/draft", body=draft)

    async def open_group(self, command: OpenGroup) -> Conversation:
        """Make a group."""
        return await self._read(Conversation, "POST", "/api/conversations", body=command)

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give a group another title."""
        body = PatchConversation(title=title)
        return await self._read(Conversation, "PATCH", f"/api/conversations/{conversation_id}", body=body)

    async def members(self, conversation_id: int) -> list[Member]:
        """Everybody who is seated."""
        return await self._read(list[Member], "GET", f"/api/conversations/{conversation_id}/members")

    async def add_members(self, conversation_id: int, user_ids: Sequence[int]) -> list[Member]:
        """Seat these people; the result is everybody."""
        body = AddMembers(user_ids=[*user_ids])
        return await self._read(list[Member], "POST", f"/api/conversations/{conversation_id}/members", body=body)

    async def change_member(self, conversation_id: int, user_id: int, role: MemberRole) -> Member:
        """Give a member another role."""
        body = PatchMember(role=role)
        return await self._read(Member, "PATCH", f"/api/conversations/{conversation_id}/members/{user_id}", body=body)

    async def remove_member(self, conversation_id: int, user_id: int) -> Member:
        """Take somebody's seat."""
        return await self._read(Member, "DELETE", f"/api/conversations/{conversation_id}/members/{user_id}")
