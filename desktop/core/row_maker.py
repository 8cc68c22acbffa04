"""A conversation's row in the list and what stands above its timeline, derived from everything that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from desktop.core.bubble import ConversationRow, HappeningLine, Header, Preview, Tick
from desktop.core.markup import in_brief
from desktop.core.media import file_name, kind_of, mime_of
from desktop.core.outbox import Waiting
from desktop.core.overlay import NOTHING, overlay_of, overlays
from desktop.core.store import Held, Store
from desktop.core.unread import Unread
from protocol.shapes import Draft, MemberRole, Message, MessageType, Own, Presence, User
from protocol.times import from_wire


class OwnView(Protocol):
    """What is one's own in a conversation, with what the server does not know yet."""

    def own(self, held: Held) -> Own:
        """One's own facts."""

    def is_muted(self, held: Held) -> bool:
        """Whether it is muted now."""

    def draft(self, held: Held) -> Draft | None:
        """What was begun."""


class Waits(Protocol):
    """What waits in the outbox, by conversation."""

    def entries(self, conversation_id: int) -> Sequence[Waiting]:
        """Messages to be."""

    def changes(self, conversation_id: int) -> Sequence[Waiting]:
        """What becomes of messages that are there."""


class ToldOwn:
    """`OwnView` of what the server has told alone."""

    def own(self, held: Held) -> Own:
        """As told."""
        return held.own

    def is_muted(self, held: Held) -> bool:
        """Whether it was ever muted: there is no clock here."""
        return held.own.muted_until is not None

    def draft(self, held: Held) -> Draft | None:
        """As told."""
        return held.own.draft


class RowMaker:
    """Derives a conversation's row and header from the store, the outbox and who types."""

    def __init__(
        self,
        store: Store,
        own_id: int,
        outbox: Waits,
        typing: Callable[[int], Sequence[int]],
        unread: Callable[[int], Unread],
        knows_presence: Callable[[], bool] = lambda: True,
        *,
        own_view: OwnView | None = None,
    ) -> None:
        self._store = store
        self._own_id = own_id
        self._outbox = outbox
        self._typing = typing
        self._unread = unread
        self._knows_presence = knows_presence
        self._view: OwnView = own_view or ToldOwn()

    def row(self, held: Held) -> ConversationRow:
        """The row of a conversation that is listed."""
        peer, own, draft = self._peer(held), self._view.own(held), self._view.draft(held)
        title, avatar_url = self._face(held, peer)
        entries = self._outbox.entries(held.conversation_id)
        unread, typists = self._unread(held.conversation_id), self._typists(held.conversation_id)
        at_ms = entries[-1].entry.created_ms if entries else _last_at_ms(held)
        return ConversationRow(
            conversation_id=held.conversation_id,
            title=title,
            avatar_url=avatar_url,
            colour_seed=peer.user_id if peer else held.conversation_id,
            peer_id=peer.user_id if peer else None,
            preview=self._of_waiting(entries[-1]) if entries else self._newest(held),
            at_ms=at_ms if draft is None else max(at_ms or 0, from_wire(draft.written_at)),
            unread=unread.count,
            presence=self._presence(peer).status if peer and self._knows_presence() else None,
            typing=bool(typists),
            kind=held.conversation.kind if held.conversation else "direct",
            mentions=unread.mentions,
            marked_unread=unread.marked,
            pinned=own.pinned,
            muted=self._view.is_muted(held),
            archived=own.archived,
            blocked=own.blocked,
            draft=None if draft is None else draft.content,
            typists=typists,
        )

    def header(self, conversation_id: int) -> Header:
        """What stands above a conversation's timeline, as far as it is known."""
        held = self._store.of(conversation_id)
        peer, own, row = self._peer(held), self._view.own(held), held.conversation
        title, avatar_url = self._face(held, peer)
        presence = self._presence(peer) if peer and self._knows_presence() else None
        seen_at = presence.last_seen_at if presence else None
        return Header(
            conversation_id=conversation_id,
            title=title,
            avatar_url=avatar_url,
            colour_seed=peer.user_id if peer else conversation_id,
            peer_id=peer.user_id if peer else None,
            presence=presence.status if presence else None,
            last_seen_ms=from_wire(seen_at) if seen_at else None,
            typing=self._typists(conversation_id),
            status_text=peer.status_text if peer else "",
            kind=row.kind if row else "direct",
            member_count=_count_of_members(held),
            own_role=self._own_role(held),
            muted=self._view.is_muted(held),
            blocked=own.blocked,
            pins=tuple(row.pins) if row else (),
        )

    def title(self, held: Held) -> str:
        """What a conversation is called."""
        return self._face(held, self._peer(held))[0]

    def preview(self, held: Held, message: Message) -> Preview:
        """A message of a conversation in one line, as it will be once what waits has come about."""
        told = message.happening
        changes = self._outbox.changes(held.conversation_id)
        overlay = overlay_of(overlays(changes), message.uid) if changes else NOTHING
        content = message.content if overlay.text is None else overlay.text
        own = message.sender_id == self._own_id and message.type != "system"
        is_group = held.conversation is not None and held.conversation.kind == "group"
        return Preview(
            type=message.type,
            text=in_brief(content) if content else _file_name(message),
            own=own,
            sender_name=self._name(message.sender_id) if is_group and not own and told is None else None,
            tick=self._tick(held, message) if own else Tick.NONE,
            deleted=message.deleted_at is not None or overlay.deleted,
            happening=None if told is None else self._line(message),
            forwarded=message.forwarded_from is not None,
        )

    def _line(self, message: Message) -> HappeningLine | None:
        """What a system message tells, with the names of those it is about."""
        told = message.happening
        if told is None:
            return None
        return HappeningLine(
            key=message.uid,
            message_id=message.message_id,
            position=message.position,
            version=message.version,
            at_ms=from_wire(message.created_at),
            happening=told,
            actor_id=message.sender_id,
            actor_name=self._name(message.sender_id),
            names=tuple(self._name(user_id) for user_id in told.user_ids),
        )

    def _typists(self, conversation_id: int) -> tuple[str, ...]:
        """Who types now, by name."""
        typing = self._typing(conversation_id)
        return tuple(self._name(user_id) for user_id in typing) if typing else ()

    def _own_role(self, held: Held) -> MemberRole:
        """One's own role: by the seat, which others see too, else as one's own facts say."""
        seat = held.members.get(self._own_id)
        return seat.role if seat is not None else held.own.role

    def _presence(self, peer: User) -> Presence:
        """What was last told of somebody; who was never seen is offline."""
        return self._store.presence.get(peer.user_id) or Presence(user_id=peer.user_id, status="offline")

    def _peer(self, held: Held) -> User | None:
        """The other one of a direct conversation."""
        row = held.conversation
        if row is None or row.kind != "direct":
            return None
        peer_id = row.user2_id if row.user1_id == self._own_id else row.user1_id
        return None if peer_id is None else self._store.users.get(peer_id)

    def _face(self, held: Held, peer: User | None) -> tuple[str, str | None]:
        """The name and picture of a conversation."""
        if peer is not None:
            return peer.display_name, peer.avatar_url
        row = held.conversation
        if row is None:
            return "", None
        if row.title:
            return row.title, row.avatar_url
        others = (user_id for user_id, seat in sorted(held.members.items()) if seat.left_at is None)
        return ", ".join(self._name(user_id) for user_id in others if user_id != self._own_id), row.avatar_url

    def _name(self, user_id: int) -> str:
        """What somebody is called."""
        user = self._store.users.get(user_id)
        return user.display_name if user else ""

    def _newest(self, held: Held) -> Preview:
        """The newest message in one line."""
        message = held.last_message()
        return Preview() if message is None else self.preview(held, message)

    def _tick(self, held: Held, message: Message) -> Tick:
        """How far an own message has come."""
        is_read = message.is_read or message.position <= held.read_by_others(self._own_id)
        return Tick.READ if is_read else Tick.SENT

    def _of_waiting(self, waiting: Waiting) -> Preview:
        """The newest entry of the outbox in one line."""
        entry = waiting.entry
        kind: MessageType = kind_of(mime_of(entry.paths[0])) if entry.paths else "text"
        kind = "file" if entry.as_file and entry.paths else kind
        return Preview(
            type=kind,
            text=in_brief(entry.text) or (file_name(entry.paths[0]) if kind == "file" else ""),
            own=True,
            tick=Tick.FAILED if entry.state == "failed" else Tick.WAITING,
        )


def _file_name(message: Message) -> str:
    """A file is known by its name; a picture's name says less than the word that stands for it."""
    return message.attachments[0].file_name if message.type == "file" and message.attachments else ""


def _last_at_ms(held: Held) -> int | None:
    """When anything last happened in it."""
    message = held.last_message()
    if message is not None:
        return from_wire(message.created_at)
    return from_wire(held.conversation.created_at) if held.conversation else None


def _count_of_members(held: Held) -> int:
    """How many are seated: the row's number, but for the seats that were taken or left since it was told."""
    row = held.conversation
    if row is None:
        return 0
    seats = held.members.values()
    left = sum(seat.left_at is not None and seat.version > row.version for seat in seats)
    return max(sum(seat.left_at is None for seat in seats), row.member_count - left)
