"""What a FakeServer does with one's own facts, drafts and groups, and `core.own_ports` in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, structs

from desktop.core.own_ports import KeptDraft, OwnKept
from protocol.commands import OpenGroup, PatchOwn, PutDraft
from protocol.errors import ErrorCode, Refused
from protocol.shapes import Conversation, Draft, Happening, HappeningKind, Member, MemberRole, Own
from protocol.signals import MemberUpdated
from protocol.times import from_wire, to_wire
from tests.desktop.fake_changes import FakeMessageApi
from tests.desktop.fake_conversation import FakeConversation

if TYPE_CHECKING:
    from tests.desktop.doubles import FakeServer


class MemoryOwnFile:
    """`core.own_ports.OwnFile` that survives its session, not its process."""

    def __init__(self) -> None:
        self.drafts: dict[int, KeptDraft] = {}
        self.choices: dict[int, PatchOwn] = {}

    async def load(self) -> OwnKept:
        await asyncio.sleep(0)
        return OwnKept([*self.drafts.values()], dict(self.choices))

    async def keep_draft(self, draft: KeptDraft) -> None:
        await asyncio.sleep(0)
        self.drafts[draft.conversation_id] = draft

    async def keep_choice(self, conversation_id: int, change: PatchOwn | None) -> None:
        await asyncio.sleep(0)
        if change is None:
            self.choices.pop(conversation_id, None)
        else:
            self.choices[conversation_id] = change

    async def forget_draft(self, conversation_id: int) -> None:
        await asyncio.sleep(0)
        self.drafts.pop(conversation_id, None)

    async def close(self) -> None:
        await asyncio.sleep(0)


class FakeOwnApi(FakeMessageApi):
    """`core.own_ports.OwnApi` on a FakeServer."""

    async def patch_own(self, conversation_id: int, change: PatchOwn) -> Own:
        await self._reach("patch_own")
        conversation = self._conversation(conversation_id)
        facts = {name: value for name, value in structs.asdict(change).items() if value is not UNSET}
        return self._set_own(conversation, **facts)

    async def put_draft(self, conversation_id: int, draft: PutDraft) -> Own:
        await self._reach("put_draft")
        conversation = self._conversation(conversation_id)
        written_ms = min(from_wire(draft.written_at), self.server.tick() - conversation.drafts_late_ms)
        if written_ms <= conversation.drafts_at.get(self.user_id, 0):
            return conversation.own_of(self.user_id)
        conversation.drafts_at[self.user_id] = written_ms
        kept = Draft(content=draft.content, reply_to_uid=draft.reply_to_uid, written_at=to_wire(written_ms))
        return self._set_own(conversation, draft=kept if draft.content else None)

    async def open_group(self, command: OpenGroup) -> Conversation:
        await self._reach("open_group")
        group = open_group(self.server, self.user_id, command.title, *command.member_ids)
        return self.server.conversations[group].shown(self.user_id)

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        await self._reach("rename")
        conversation = self._conversation(conversation_id)
        conversation.row = structs.replace(conversation.row, title=title, version=conversation.next_version())
        happen(self.server, self.user_id, conversation, "renamed", title=title)
        self.server.push("conversation_updated", conversation.shown(), *conversation.members)
        return conversation.shown(self.user_id)

    async def members(self, conversation_id: int) -> list[Member]:
        await self._reach("members")
        return list(self._conversation(conversation_id).members.values())

    async def add_members(self, conversation_id: int, user_ids: Sequence[int]) -> list[Member]:
        await self._reach("add_members")
        conversation = self._conversation(conversation_id)
        for user_id in user_ids:
            seat(self.server, conversation, user_id)
            self.server.push("conversation_updated", conversation.shown(user_id), user_id)
        happen(self.server, self.user_id, conversation, "added", user_ids=[*user_ids])
        return list(conversation.members.values())

    async def change_member(self, conversation_id: int, user_id: int, role: MemberRole) -> Member:
        await self._reach("change_member")
        conversation = self._conversation(conversation_id)
        changed = structs.replace(conversation.members[user_id], role=role, version=conversation.next_version())
        conversation.members[user_id] = changed
        self._tell_member(conversation, changed)
        return changed

    async def remove_member(self, conversation_id: int, user_id: int) -> Member:
        await self._reach("remove_member")
        return unseat(self.server, self.user_id, self._conversation(conversation_id), user_id)

    def _conversation(self, conversation_id: int) -> FakeConversation:
        conversation = self.server.conversations.get(conversation_id)
        if conversation is None or self.user_id not in conversation.members:
            raise Refused(ErrorCode.NOT_FOUND, "This conversation does not exist. Choose another one.")
        return conversation

    def _set_own(self, conversation: FakeConversation, **facts: Any) -> Own:
        """Change and tell what is one's own."""
        conversation.keep_own(self.user_id, **facts)
        self.server.push_own(self.user_id, conversation)
        return conversation.own_of(self.user_id)

    def _tell_member(self, conversation: FakeConversation, member: Member) -> None:
        told = MemberUpdated(conversation_id=conversation.row.conversation_id, member=member)
        self.server.push("member_updated", told, *conversation.members)


def open_group(server: FakeServer, owner_id: int, title: str, *user_ids: int) -> int:
    """A group of these people, told to all of them."""
    now = to_wire(server.tick())
    row = Conversation(
        conversation_id=len(server.conversations) + 1,
        kind="group",
        title=title,
        created_at=now,
        updated_at=now,
        version=1,
        head=0,
        member_count=1 + len(user_ids),
    )
    conversation = server.conversations[row.conversation_id] = FakeConversation(row)
    conversation.next_version()
    for user_id in (owner_id, *user_ids):
        seat(server, conversation, user_id, "owner" if user_id == owner_id else "member")
    for user_id in conversation.members:
        server.push("conversation_updated", conversation.shown(user_id), user_id)
    happen(server, owner_id, conversation, "created", user_ids=[*user_ids], title=title)
    return row.conversation_id


def seat(server: FakeServer, conversation: FakeConversation, user_id: int, role: MemberRole = "member") -> None:
    """Give somebody a seat and tell the others."""
    member = Member(
        user=server.users[user_id],
        role=role,
        joined_at=to_wire(server.tick()),
        read_position=len(conversation.messages),
        version=conversation.next_version(),
    )
    conversation.left.pop(user_id, None)
    conversation.members[user_id] = member
    told = MemberUpdated(conversation_id=conversation.row.conversation_id, member=member)
    server.push("member_updated", told, *conversation.members)


def unseat(server: FakeServer, actor_id: int, conversation: FakeConversation, user_id: int) -> Member:
    """Take somebody's seat, and tell them and the others."""
    now, version = to_wire(server.tick()), conversation.next_version()
    left = structs.replace(conversation.members.pop(user_id), left_at=now, version=version)
    conversation.left[user_id] = left
    identity = conversation.row.conversation_id
    server.push("member_updated", MemberUpdated(conversation_id=identity, member=left), *conversation.members)
    server.push_event("conversation_removed", {"conversation_id": identity}, user_id)
    kind: HappeningKind = "left" if actor_id == user_id else "removed"
    happen(server, actor_id, conversation, kind, user_ids=[user_id])
    return left


def happen(
    server: FakeServer, actor_id: int, conversation: FakeConversation, kind: HappeningKind, **facts: Any
) -> None:
    """A system message that tells what somebody did."""
    happening = Happening(kind=kind, **facts)
    identity = conversation.row.conversation_id
    server.store(actor_id, identity, f"It was {kind}.", type="system", happening=happening)
