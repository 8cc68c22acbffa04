"""One message, confirmed or waiting, as a bubble or a grey line: everything but its place among its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from desktop.core.bubble import Bubble, BubbleFile, BubbleReaction, HappeningLine, Quote, Tick
from desktop.core.media import file_name, kind_of, mime_of
from desktop.core.outbox import Waiting
from desktop.core.overlay import NOTHING, Overlay, overlay_of, overlays, reactions_under
from desktop.core.ports import OutboxEntry
from desktop.core.quotes import brief, quote_of, quote_of_entry
from desktop.core.store import Held, Store
from protocol.shapes import Attachment, Happening, Message, MessageType, Reaction, ReplyTo, User
from protocol.times import from_wire

Spoken = Bubble | HappeningLine
"""A message's row."""


def stored_files(attachments: Sequence[Attachment], *, as_file: bool) -> tuple[BubbleFile, ...]:
    """Attachments as a bubble shows them; `as_file`: the sender wants even pictures to be files."""
    return tuple(_stored_file(attachment, as_file=as_file) for attachment in attachments)


def is_sent_as_file(message: Message) -> bool:
    """Whether the sender has said so: else a message is of the type of its first file."""
    first = kind_of(message.attachments[0].file_type) if message.attachments else "file"
    return message.type == "file" and first != "file"


def _stored_file(attachment: Attachment, *, as_file: bool) -> BubbleFile:
    """One of them."""
    return BubbleFile(
        kind="file" if as_file else kind_of(attachment.file_type),
        name=attachment.file_name,
        size=attachment.file_size,
        mime=attachment.file_type,
        url=attachment.file_url,
        thumbnail_url=attachment.thumbnail_url,
        width=attachment.width,
        height=attachment.height,
        blurhash=attachment.blurhash,
    )


def waiting_files(waiting: Waiting) -> tuple[BubbleFile, ...]:
    """The files of an entry of the outbox: by their local paths, or as the server had them."""
    entry = waiting.entry
    if not entry.paths:
        return stored_files(entry.uploaded, as_file=entry.as_file)
    files = []
    for index, path in enumerate(entry.paths):
        local = entry.local[index] if index < len(entry.local) else None
        mime = mime_of(path)
        files.append(
            BubbleFile(
                kind="file" if entry.as_file else kind_of(mime),
                name=file_name(path),
                size=local.size if local else 0,
                mime=mime,
                path=path,
                url=entry.uploaded[index].file_url if index < len(entry.uploaded) else None,
                width=local.width if local else None,
                height=local.height if local else None,
                progress=waiting.progress if index == len(entry.uploaded) else None,
            )
        )
    return tuple(files)


@dataclass(frozen=True, slots=True)
class Around:
    """What a conversation's bubbles depend on besides their own messages, gathered once for all of them."""

    held: Held
    read: int = 0
    laid: Mapping[str, Overlay] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    pinned: frozenset[int] = frozenset()
    starred: frozenset[int] = frozenset()
    is_plain: bool = True
    """Nothing is laid over any message, and none is marked."""


def around(held: Held, own_id: int, entries: Iterable[Waiting], changes: Iterable[Waiting]) -> Around:
    """The surroundings of a conversation's messages; `entries` are those that wait to be sent."""
    row, laid, starred = held.conversation, overlays(changes), frozenset(held.own.starred)
    pinned = frozenset(pin.message_id for pin in row.pins) if row and row.pins else frozenset[int]()
    return Around(
        held=held,
        read=held.read_by_others(own_id),
        laid=laid,
        waiting={waiting.entry.uid: waiting for waiting in entries},
        pinned=pinned,
        starred=starred,
        is_plain=not (laid or pinned or starred),
    )


class _Facts(NamedTuple):
    """What a bubble is made of besides its message or entry: where nothing of this differs, it is the same bubble."""

    source: object
    sender_name: str = ""
    sender_avatar_url: str | None = None
    tick: Tick = Tick.NONE
    overlay: Overlay = NOTHING
    quote: Quote | None = None
    reactions: tuple[BubbleReaction, ...] = ()
    named: tuple[tuple[int, str], ...] = ()
    forwarded_from: str | None = None
    pinned: bool = False
    starred: bool = False
    progress: float | None = None


_NO_MORE = tuple(_Facts(source=None))[4:]
"""Of the facts, those of a message that depends on nothing beside it."""


class BubbleMaker:
    """Owns the bubbles already made, so that one that has not changed stays the same object."""

    def __init__(self, store: Store, own_id: int) -> None:
        self._store = store
        self._own_id = own_id
        self._made: dict[str, tuple[_Facts, Spoken, User | None]] = {}
        """With the sender where nothing else counts: so with most rows, and all are looked at again at each change."""

    def keep_only(self, rows: Iterable[Spoken]) -> None:
        """Forget what is not shown any more."""
        self._made = {row.key: self._made[row.key] for row in rows}

    def of_message(self, message: Message, near: Around) -> Spoken:
        """The row of a confirmed message."""
        sender = self._store.users.get(message.sender_id, message.sender)
        tick = self._tick(message, near.read)
        known = self._made.get(message.uid)
        if known is not None and near.is_plain and known[2] is sender:
            made_of = known[0]
            if made_of.source is message and made_of.tick is tick:
                return known[1]
        facts = self._facts(message, sender, tick, near)
        if known is not None and known[0] == facts:
            return known[1]
        row = self._line(message, message.happening, facts) if message.happening else self._bubble(message, facts)
        self._made[row.key] = (facts, row, sender if facts[4:] == _NO_MORE else None)
        return row

    def _facts(self, message: Message, sender: User, tick: Tick, near: Around) -> _Facts:
        """What the row of a confirmed message is made of."""
        overlay = overlay_of(near.laid, message.uid) if near.laid else NOTHING
        chosen: Sequence[Reaction] = message.reactions
        if overlay.reactions:
            chosen = reactions_under(chosen, overlay, self._own_id)
        named = message.mentions if overlay.text is None else overlay.mentions
        if message.happening is not None:
            named = message.happening.user_ids
        first = message.forwarded_from
        return _Facts(
            source=message,
            sender_name=sender.display_name,
            sender_avatar_url=sender.avatar_url,
            tick=tick,
            overlay=overlay,
            quote=self._quote(message.reply_to, near) if message.reply_to else None,
            reactions=self._reactions(chosen) if chosen else (),
            named=self._named(named) if named else (),
            forwarded_from=None if first is None else self._name(first.sender_id, first.sender_name),
            pinned=message.message_id in near.pinned,
            starred=message.message_id in near.starred,
        )

    def of_waiting(self, waiting: Waiting, near: Around) -> Bubble:
        """The bubble of an entry of the outbox."""
        entry = waiting.entry
        me = self._store.users.get(self._own_id)
        first = entry.forwarded_from
        facts = _Facts(
            source=entry,
            sender_name=me.display_name if me else "",
            sender_avatar_url=me.avatar_url if me else None,
            overlay=overlay_of(near.laid, entry.uid),
            quote=self._quote_of_waiting(entry, near),
            named=self._named(entry.mentions),
            forwarded_from=None if first is None else self._name(first.sender_id, first.sender_name),
            progress=waiting.progress,
        )
        known = self._made.get(entry.uid)
        if known is not None and known[0] == facts and isinstance(known[1], Bubble):
            return known[1]
        bubble = self._waiting_bubble(waiting, facts)
        self._made[bubble.key] = (facts, bubble, None)
        return bubble

    def _tick(self, message: Message, read: int) -> Tick:
        """How far a message of one's own has come."""
        if message.sender_id != self._own_id or message.type == "system":
            return Tick.NONE
        return Tick.READ if message.position <= read or message.is_read else Tick.SENT

    def _bubble(self, message: Message, facts: _Facts) -> Bubble:
        """The ungrouped bubble of a confirmed message."""
        overlay = facts.overlay
        deleted = message.deleted_at is not None or overlay.deleted
        text = overlay.text if overlay.text is not None else message.content
        return Bubble(
            key=message.uid,
            conversation_id=message.conversation_id,
            message_id=message.message_id,
            position=message.position,
            version=message.version,
            sender_id=message.sender_id,
            sender_name=facts.sender_name,
            sender_avatar_url=facts.sender_avatar_url,
            own=message.sender_id == self._own_id and message.type != "system",
            type=message.type,
            text="" if deleted else text or "",
            files=() if deleted else stored_files(message.attachments, as_file=is_sent_as_file(message)),
            at_ms=from_wire(message.created_at),
            tick=facts.tick,
            edited=message.edited_at is not None,
            deleted=deleted,
            edited_at_ms=None if message.edited_at is None else from_wire(message.edited_at),
            quote=None if deleted else facts.quote,
            reactions=() if deleted else facts.reactions,
            names_me=not deleted and any(user_id == self._own_id for user_id, _ in facts.named),
            mentions=() if deleted else _known(facts.named),
            forwarded_from=None if deleted else facts.forwarded_from,
            preview=None if deleted else message.preview,
            pinned=facts.pinned and not deleted,
            starred=facts.starred and not deleted,
            changing=overlay.changing,
        )

    def _line(self, message: Message, happening: Happening, facts: _Facts) -> HappeningLine:
        """The grey line of something that happened."""
        return HappeningLine(
            key=message.uid,
            message_id=message.message_id,
            position=message.position,
            version=message.version,
            at_ms=from_wire(message.created_at),
            happening=happening,
            actor_id=message.sender_id,
            actor_name=facts.sender_name,
            names=tuple(name for _, name in facts.named),
        )

    def _waiting_bubble(self, waiting: Waiting, facts: _Facts) -> Bubble:
        """The ungrouped bubble of an entry."""
        entry, overlay = waiting.entry, facts.overlay
        files = waiting_files(waiting)
        kind: MessageType = files[0].kind if files else "text"
        text = entry.text if overlay.text is None else overlay.text
        return Bubble(
            key=entry.uid,
            conversation_id=entry.conversation_id,
            message_id=None,
            position=None,
            version=0,
            sender_id=self._own_id,
            sender_name=facts.sender_name,
            sender_avatar_url=facts.sender_avatar_url,
            own=True,
            type=kind,
            text="" if overlay.deleted else text,
            files=() if overlay.deleted else files,
            at_ms=entry.created_ms,
            tick=Tick.FAILED if entry.state == "failed" else Tick.WAITING,
            failure=entry.failure,
            deleted=overlay.deleted,
            quote=None if overlay.deleted else facts.quote,
            reactions=self._reactions(reactions_under((), overlay, self._own_id)),
            names_me=any(user_id == self._own_id for user_id, _ in facts.named),
            mentions=_known(facts.named),
            forwarded_from=facts.forwarded_from,
            changing=overlay.changing,
        )

    def _quote(self, told: ReplyTo, near: Around) -> Quote:
        """A quote, with what waits to be changed in the original."""
        overlay = overlay_of(near.laid, told.uid)
        deleted = told.deleted or overlay.deleted
        text = told.content if overlay.text is None else overlay.text
        return Quote(
            uid=told.uid,
            message_id=told.message_id,
            position=told.position,
            sender_id=told.sender_id,
            sender_name=self._name(told.sender_id, told.sender_name),
            type=told.type,
            text="" if deleted else brief(text),
            deleted=deleted,
        )

    def _quote_of_waiting(self, entry: OutboxEntry, near: Around) -> Quote | None:
        """What a waiting answer quotes: the original as it is known, as it waits itself, or as it was."""
        if entry.reply_to_uid is None:
            return None
        original, waiting = near.held.by_uid(entry.reply_to_uid), near.waiting.get(entry.reply_to_uid)
        told = entry.reply_to
        if original is not None:
            told = quote_of(original)
        elif waiting is not None:
            told = quote_of_entry(waiting.entry, self._own_id)
        elif told is not None and not told.message_id:
            return None  # It waited when it was answered, and was thrown away since.
        return None if told is None else self._quote(told, near)

    def _reactions(self, chosen: Iterable[Reaction]) -> tuple[BubbleReaction, ...]:
        """Emoji with the names of who chose them."""
        return tuple(
            BubbleReaction(
                emoji=one.emoji,
                count=len(one.user_ids),
                names=tuple(name for name in map(self._name, one.user_ids) if name),
                own=self._own_id in one.user_ids,
            )
            for one in chosen
        )

    def _named(self, user_ids: Sequence[int]) -> tuple[tuple[int, str], ...]:
        """People with their names, empty where nobody knows them."""
        return tuple((user_id, self._name(user_id)) for user_id in user_ids)

    def _name(self, user_id: int, otherwise: str = "") -> str:
        """What somebody is called."""
        user = self._store.users.get(user_id)
        return user.display_name if user else otherwise


def _known(named: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Those of whom a name is known."""
    return tuple((user_id, name) for user_id, name in named if name)
