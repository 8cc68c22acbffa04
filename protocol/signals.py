"""What the server tells: the payloads of its events, answers of `sync`, and the catalogue (contract)."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from protocol.accounts import Revoked
from protocol.errors import ErrorBody
from protocol.shapes import Conversation, Member, Message, Own, Presence, User


class Connected(Struct, kw_only=True, frozen=True):
    """To a new socket once its rooms are entered; `epoch` names the server's history, changed by a restore."""

    user_id: int
    server_version: str
    epoch: str
    user_version: int


class MessageError(Struct, kw_only=True, frozen=True):
    """A send that was refused, to the sending socket, with its uid (null when it had none)."""

    uid: str | None
    error: ErrorBody


class UserTyping(Struct, kw_only=True, frozen=True):
    """Somebody types, or has stopped."""

    conversation_id: int
    user_id: int
    is_typing: bool


class MessagesRead(Struct, kw_only=True, frozen=True):
    """A member's read cursor moved; `version` is the member row's."""

    conversation_id: int
    user_id: int
    read_position: int
    read_at: str
    version: int


class ViewerJoined(Struct, kw_only=True, frozen=True, rename={"active_users": "activeUsers"}):
    """Somebody looks at a conversation; everybody who does is in `activeUsers` (document B spells it so)."""

    user_id: int
    conversation_id: int
    active_users: list[int]


class ViewerLeft(Struct, kw_only=True, frozen=True, rename={"active_users": "activeUsers"}):
    """Somebody looked away, or their last socket dropped."""

    user_id: int
    conversation_id: int
    active_users: list[int]


class MemberUpdated(Struct, kw_only=True, frozen=True):
    """A seat was taken or changed."""

    conversation_id: int
    member: Member


class ConversationRemoved(Struct, kw_only=True, frozen=True):
    """The viewer is no member any more."""

    conversation_id: int


class OwnUpdated(Struct, kw_only=True, frozen=True):
    """The viewer's private facts of a conversation changed, at `user_version` of their own counter.

    `own` counts messages up to position `counted_to`: whoever has missed the last ones counts them once.
    """

    conversation_id: int
    own: Own
    user_version: int
    counted_to: int = 0


class Advance(Struct, kw_only=True, frozen=True):
    """A number of the conversation that carries nothing for this viewer: just count it."""

    conversation_id: int
    version: int


class ServerRestarting(Struct, kw_only=True, frozen=True):
    """The server goes down on purpose: come back after a random wait of up to `spread_ms` milliseconds."""

    spread_ms: int


class Resync(Struct, kw_only=True, frozen=True):
    """Pushes may have been lost (the bus between processes was away): `sync` within a random part of `spread_ms`."""

    spread_ms: int


class SyncedConversation(Struct, kw_only=True, frozen=True):
    """One conversation's news: rows with `since` < version ≤ `head`; `fresh`: too far behind, the newest page."""

    conversation_id: int
    since: int
    head: int
    fresh: bool = False
    conversation: Conversation | None = None
    members: list[Member] = []
    messages: list[Message] = []


class Synced(Struct, kw_only=True, frozen=True):
    """The answer of `sync`; not `complete`: ask again with the new versions. `own` is by conversation id as text."""

    epoch: str
    user_version: int
    complete: bool
    conversations: list[SyncedConversation] = []
    gone: list[int] = []
    own: dict[str, Own] = {}
    users: list[User] = []
    presence: list[Presence] = []


class DigestAnswer(Struct, kw_only=True, frozen=True):
    """Which conversations the caller should sync, and the caller's own counter, which may be ahead of theirs, too."""

    ok: bool
    stale: list[int]
    user_version: int


class VerifyAnswer(Struct, kw_only=True, frozen=True):
    """The uids the server has not got."""

    missing: list[str]


class Found(Struct, kw_only=True, frozen=True):
    """The answer of a search, newest first; `complete`: there are no more."""

    messages: list[Message]
    complete: bool


class Ack(Struct, kw_only=True, frozen=True):
    """The acknowledgement of an event: `ok`, and what the event answers."""

    ok: bool
    error: ErrorBody | UnsetType = UNSET
    message: Message | UnsetType = UNSET
    conversation_id: int | UnsetType = UNSET
    user_id: int | UnsetType = UNSET
    activeUsers: list[int] | UnsetType = UNSET  # noqa: N815 - document B's spelling
    read_position: int | UnsetType = UNSET
    synced: Synced | UnsetType = UNSET
    stale: list[int] | UnsetType = UNSET
    user_version: int | UnsetType = UNSET


class SignalEvent(Struct, kw_only=True, frozen=True):
    """One row of the catalogue: payload, who gets it, and the documents that name it."""

    payload: Any
    audience: str
    documents: str = ""


SIGNALS: dict[str, SignalEvent] = {
    "connected": SignalEvent(payload=Connected, audience="the new socket", documents="A"),
    "new_message": SignalEvent(payload=Message, audience="every socket of every member", documents="AB"),
    "message_sent": SignalEvent(payload=Message, audience="the sending socket (echo)", documents="A"),
    "message_error": SignalEvent(payload=MessageError, audience="the sending socket", documents="A"),
    "user_typing": SignalEvent(payload=UserTyping, audience="the other members", documents="A"),
    "messages_read": SignalEvent(payload=MessagesRead, audience="the members, up to 50", documents="A"),
    "message_read": SignalEvent(payload=Message, audience="the members of a direct conversation (echo)", documents="B"),
    "user_joined": SignalEvent(payload=ViewerJoined, audience="the members", documents="B"),
    "user_left": SignalEvent(payload=ViewerLeft, audience="the members", documents="B"),
    "message_updated": SignalEvent(payload=Message, audience="the members"),
    "conversation_updated": SignalEvent(payload=Conversation, audience="the members"),
    "member_updated": SignalEvent(payload=MemberUpdated, audience="the members"),
    "conversation_removed": SignalEvent(payload=ConversationRemoved, audience="the removed member"),
    "own_updated": SignalEvent(payload=OwnUpdated, audience="the user's own sockets"),
    "user_updated": SignalEvent(payload=User, audience="people who share a conversation, and the user"),
    "advance": SignalEvent(payload=Advance, audience="members from whom a row is hidden"),
    "presence": SignalEvent(payload=Presence, audience="people who share a conversation"),
    "session_revoked": SignalEvent(payload=Revoked, audience="the revoked session's sockets"),
    "server_restarting": SignalEvent(payload=ServerRestarting, audience="every authenticated socket"),
    "resync": SignalEvent(payload=Resync, audience="every authenticated socket of a process that may have lost some"),
}
"""Every event the server emits."""
