"""The rows of the conversation list, newest first, and what stands above a timeline."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from desktop.core.bubble import ConversationRow, Header, Preview, Tick
from desktop.core.differ import diff
from desktop.core.listops import Facet, Insert, ListOp, Move, Remove, Replace
from desktop.core.observable import Observable, Topic
from desktop.core.outbox import Waiting
from desktop.core.rows import file_name, kind_of, mime_of
from desktop.core.store import Held, Store
from protocol.shapes import Message, MessageType, Presence, User
from protocol.times import from_wire

FEW = 8
"""Up to so many changed rows are placed one by one; more are compared as whole lists."""


class RowMaker:
    """Derives a conversation's row and header from the store, the outbox and who types."""

    def __init__(
        self,
        store: Store,
        own_id: int,
        entries: Callable[[int], Sequence[Waiting]],
        typing: Callable[[int], Sequence[int]],
        unread: Callable[[Held], int],
        knows_presence: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._own_id = own_id
        self._entries = entries
        self._typing = typing
        self._unread = unread
        self._knows_presence = knows_presence

    def row(self, held: Held) -> ConversationRow:
        """The row of a conversation that is listed."""
        peer = self._peer(held)
        title, avatar_url = self._face(held, peer)
        entries = self._entries(held.conversation_id)
        return ConversationRow(
            conversation_id=held.conversation_id,
            title=title,
            avatar_url=avatar_url,
            colour_seed=peer.user_id if peer else held.conversation_id,
            peer_id=peer.user_id if peer else None,
            preview=self._of_waiting(entries[-1]) if entries else self._preview(held),
            at_ms=entries[-1].entry.created_ms if entries else _last_at_ms(held),
            unread=self._unread(held),
            presence=self._presence(peer).status if peer and self._knows_presence() else None,
            typing=bool(self._typing(held.conversation_id)),
        )

    def header(self, conversation_id: int) -> Header:
        """What stands above a conversation's timeline, as far as it is known."""
        held = self._store.of(conversation_id)
        peer = self._peer(held)
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
            typing=tuple(self._name(user_id) for user_id in self._typing(conversation_id)),
            status_text=peer.status_text if peer else "",
        )

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
        others = (self._name(user_id) for user_id in sorted(held.members) if user_id != self._own_id)
        return row.title or ", ".join(others), row.avatar_url

    def _name(self, user_id: int) -> str:
        """What somebody is called."""
        user = self._store.users.get(user_id)
        return user.display_name if user else ""

    def _preview(self, held: Held) -> Preview:
        """The newest message in one line."""
        message = held.last_message()
        if message is None:
            return Preview()
        own = message.sender_id == self._own_id and message.type != "system"
        is_group = held.conversation is not None and held.conversation.kind == "group"
        return Preview(
            type=message.type,
            text=message.content or _file_name(message),
            own=own,
            sender_name=self._name(message.sender_id) if is_group and not own else None,
            tick=self._tick(held, message) if own else Tick.NONE,
            deleted=message.deleted_at is not None,
        )

    def _tick(self, held: Held, message: Message) -> Tick:
        """How far an own message has come."""
        is_read = message.is_read or message.position <= held.read_by_others(self._own_id)
        return Tick.READ if is_read else Tick.SENT

    def _of_waiting(self, waiting: Waiting) -> Preview:
        """The newest entry of the outbox in one line."""
        entry = waiting.entry
        kind: MessageType = kind_of(mime_of(entry.paths[0])) if entry.paths else "text"
        return Preview(
            type=kind,
            text=entry.text or (file_name(entry.paths[0]) if kind == "file" else ""),
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


class ConversationList:
    """Owns the rows of all listed conversations: pinned ones first, then by the last thing that happened."""

    def __init__(self, store: Store, maker: RowMaker) -> None:
        self.operations: Topic[Sequence[ListOp[ConversationRow]]] = Topic()
        self.unread_total: Observable[int] = Observable(0)
        self._store = store
        self._maker = maker
        self._rows: list[ConversationRow] = []
        self._places: dict[int, tuple[tuple[bool, int, int], ConversationRow]] = {}
        self._busy = False
        self._touched: set[int] = set()

    @property
    def rows(self) -> Sequence[ConversationRow]:
        """The rows now; each change of them is told by `operations` right after."""
        return self._rows

    def refresh(self, conversation_ids: Iterable[int]) -> None:
        """Derive these rows anew and tell what has changed, once. A watcher's own changes are told afterwards."""
        self._touched.update(conversation_ids)
        if self._busy:
            return
        self._busy = True
        try:
            while self._touched:
                touched, self._touched = self._touched, set()
                self._tell(self._place_few(touched) if len(touched) <= FEW else self._place_all(touched))
        finally:
            self._busy = False

    def _tell(self, operations: Sequence[ListOp[ConversationRow]]) -> None:
        """Publish, and count anew."""
        if operations:
            self.operations.publish(operations)
            self.unread_total.value = sum(row.unread for row in self._rows)

    def _derive(self, conversation_id: int) -> tuple[tuple[bool, int, int], ConversationRow] | None:
        """A row and its place, or None for a conversation that is not listed."""
        held = self._store.held.get(conversation_id)
        if held is None or held.conversation is None:
            return None
        row = self._maker.row(held)
        return (not held.own.pinned, -(row.at_ms or 0), -conversation_id), row

    def _place_few(self, touched: Iterable[int]) -> list[ListOp[ConversationRow]]:
        """Operations for single rows, without looking at the others."""
        operations: list[ListOp[ConversationRow]] = []
        for conversation_id in sorted(touched):
            was, now = self._places.get(conversation_id), self._derive(conversation_id)
            if was == now:
                continue
            source = None if was is None else self._index_of(was[0])
            target = None if now is None else self._put(conversation_id, now, source)
            if now is None and source is not None:
                del self._rows[source]
                del self._places[conversation_id]
            operations += _steps(source, target, was[1] if was else None, now[1] if now else None)
        return operations

    def _put(self, conversation_id: int, now: tuple[tuple[bool, int, int], ConversationRow], source: int | None) -> int:
        """Put a row where it belongs; the result is its index once it was taken from `source`."""
        if source is not None:
            del self._rows[source]
        index = self._index_of(now[0])
        self._rows.insert(index, now[1])
        self._places[conversation_id] = now
        return index

    def _index_of(self, place: tuple[bool, int, int]) -> int:
        """Where the row of this place stands, or belongs."""
        return bisect_left(self._rows, place, key=lambda row: self._places[row.conversation_id][0])

    def _place_all(self, touched: Iterable[int]) -> list[ListOp[ConversationRow]]:
        """Operations from a comparison of the whole lists: the first sync, or a day's absence."""
        for conversation_id in touched:
            now = self._derive(conversation_id)
            if now is None:
                self._places.pop(conversation_id, None)
            else:
                self._places[conversation_id] = now
        rows = [row for _, row in sorted(self._places.values(), key=lambda place_and_row: place_and_row[0])]
        operations = diff(self._rows, rows, lambda row: row.conversation_id, row_facets)
        self._rows = rows
        return operations


def _steps(
    source: int | None, target: int | None, was: ConversationRow | None, now: ConversationRow | None
) -> list[ListOp[ConversationRow]]:
    """The operations for one row that goes from `source` to `target`, None being outside."""
    if now is None or target is None:
        return [] if source is None else [Remove(source, 1)]
    if source is None or was is None:
        return [Insert(target, (now,))]
    steps: list[ListOp[ConversationRow]] = [] if source == target else [Move(source, target)]
    return steps if was == now else [*steps, Replace(target, now, row_facets(was, now))]


_ROW_FACETS = {"presence": Facet.PRESENCE, "at_ms": Facet.TIME, "avatar_url": Facet.PICTURE}


def row_facets(old: ConversationRow, new: ConversationRow) -> frozenset[Facet]:
    """In which respects two rows of one conversation differ."""
    names = [name for name in ConversationRow.__slots__ if getattr(old, name) != getattr(new, name)]
    return frozenset(_ROW_FACETS.get(name, Facet.LAYOUT) for name in names)
