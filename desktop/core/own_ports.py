"""What one's own facts, drafts and groups need from outside (desktop/core/ports.py has the rest)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from protocol.commands import OpenGroup, PatchOwn, PutDraft
from protocol.shapes import Conversation, Draft, Member, MemberRole, Own


class OwnApi(Protocol):
    """REST for what is one's own and for groups; each raises Refused or Unreachable."""

    async def patch_own(self, conversation_id: int, change: PatchOwn) -> Own:
        """Change what is one's own in a conversation."""

    async def put_draft(self, conversation_id: int, draft: PutDraft) -> Own:
        """Keep a draft, or forget it; the result has the newer one, which may be another device's."""

    async def open_group(self, command: OpenGroup) -> Conversation:
        """Make a group; the same uid again answers the same."""

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give a group another title."""

    async def members(self, conversation_id: int) -> list[Member]:
        """Everybody who is seated."""

    async def add_members(self, conversation_id: int, user_ids: Sequence[int]) -> list[Member]:
        """Seat these people; the result is everybody."""

    async def change_member(self, conversation_id: int, user_id: int, role: MemberRole) -> Member:
        """Give a member another role."""

    async def remove_member(self, conversation_id: int, user_id: int) -> Member:
        """Take somebody's seat; one's own: leave."""


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft as this device knows it; an empty `content` says that it was sent or cleared.

    `known`: the server has answered it. `is_foreign`: another device has written it. `offered` lost against it, and is
    offered until then (ms since 1970).
    """

    conversation_id: int
    content: str
    reply_to_uid: str | None
    written_ms: int
    known: bool = False
    is_foreign: bool = False
    offered: Draft | None = None
    offered_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class OwnKept:
    """What an earlier run has left: drafts, and choices by conversation that the server has not answered."""

    drafts: Sequence[KeptDraft] = ()
    choices: Mapping[int, PatchOwn] = field(default_factory=dict)


class OwnFile(Protocol):
    """Drafts and unanswered choices on disk: when an awaited call returns, it is durable (synchronous=FULL).

    Nothing raises; where the disk refuses, it says so in the log, and what is shown holds until the app ends.
    """

    async def load(self) -> OwnKept:
        """Everything kept."""

    async def keep_draft(self, draft: KeptDraft) -> None:
        """Write or replace by conversation."""

    async def keep_choice(self, conversation_id: int, change: PatchOwn | None) -> None:
        """Write or replace by conversation; None: it was answered."""

    async def forget_draft(self, conversation_id: int) -> None:
        """A conversation is gone."""

    async def close(self) -> None:
        """Let go of the file."""
