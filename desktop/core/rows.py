"""The rows of a timeline, derived from messages, cursors and the outbox: grouping, day lines, holes, ticks."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from desktop.core.bubble import Bubble, BubbleFile, DayLine, Hole, Row, Tick, UnreadLine
from desktop.core.listops import Facet
from desktop.core.outbox import Waiting
from desktop.core.ports import Clock
from desktop.core.store import Held, Store
from protocol.shapes import Attachment, Message, MessageType
from protocol.times import from_wire

GROUP_MS = 5 * 60 * 1000
"""Neighbours of one sender within this time stand together (behaviour 11)."""
DAY_MS = 24 * 60 * 60 * 1000

FileKind = Literal["image", "video", "file"]
UNREAD_KEY = "unread"


@dataclass(frozen=True, slots=True)
class Divider:
    """Where reading began: before `position`, with `count` messages behind it."""

    position: int
    count: int


def kind_of(mime: str) -> FileKind:
    """How a file of this media type is shown; only types that the server stores as pictures and films are."""
    if mime in {"image/jpeg", "image/png", "image/gif", "image/webp"}:
        return "image"
    return "video" if mime in {"video/mp4", "video/webm", "video/quicktime"} else "file"


def mime_of(path: str) -> str:
    """The media type that a local file's name promises."""
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def file_name(path: str) -> str:
    """The last part of a local path of any system."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _stored_file(attachment: Attachment) -> BubbleFile:
    """An attachment as a bubble shows it."""
    return BubbleFile(
        kind=kind_of(attachment.file_type),
        name=attachment.file_name,
        size=attachment.file_size,
        mime=attachment.file_type,
        url=attachment.file_url,
        thumbnail_url=attachment.thumbnail_url,
        width=attachment.width,
        height=attachment.height,
    )


def _waiting_files(waiting: Waiting) -> tuple[BubbleFile, ...]:
    """The files of an entry of the outbox: by their local paths, or as the server had them."""
    entry = waiting.entry
    if not entry.paths:
        return tuple(_stored_file(attachment) for attachment in entry.uploaded)
    files = []
    for index, path in enumerate(entry.paths):
        local = entry.local[index] if index < len(entry.local) else None
        mime = mime_of(path)
        files.append(
            BubbleFile(
                kind=kind_of(mime),
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


class RowDeriver:
    """Owns the bubbles already made, so that a row that has not changed stays the same object."""

    def __init__(self, store: Store, own_id: int, clock: Clock) -> None:
        self._store = store
        self._own_id = own_id
        self._clock = clock
        self._made: dict[str, tuple[object, Bubble]] = {}
        self._shaped: dict[str, tuple[Bubble, Bubble]] = {}

    def derive(
        self, held: Held, first: int, last: int | None, entries: Sequence[Waiting], divider: Divider | None
    ) -> list[Row]:
        """The rows for positions `first` to `last` (to the end without `last`), then the outbox's, in order."""
        read = held.read_by_others(self._own_id)
        bubbles = [self._of_message(message, read) for message in held.between(first, last)]
        bubbles += [self._of_waiting(waiting) for waiting in entries]
        self._made = {bubble.key: self._made[bubble.key] for bubble in bubbles}
        return self._with_lines(bubbles, divider if divider and divider.position >= first else None)

    def local_day(self, at_ms: int) -> int:
        """The number of the local day of a moment, since 1970."""
        return (at_ms + self._clock.local_offset_s(at_ms) * 1000) // DAY_MS

    def _of_message(self, message: Message, read: int) -> Bubble:
        """The ungrouped bubble of a confirmed message."""
        sender = self._store.users.get(message.sender_id, message.sender)
        own = message.sender_id == self._own_id and message.type != "system"
        tick = Tick.NONE
        if own:
            tick = Tick.READ if message.position <= read or message.is_read else Tick.SENT
        facts = (id(message), sender.display_name, sender.avatar_url, tick)
        known = self._made.get(message.uid)
        if known is not None and known[0] == facts:
            return known[1]
        bubble = Bubble(
            key=message.uid,
            conversation_id=message.conversation_id,
            message_id=message.message_id,
            position=message.position,
            version=message.version,
            sender_id=message.sender_id,
            sender_name=sender.display_name,
            sender_avatar_url=sender.avatar_url,
            own=own,
            type=message.type,
            text=message.content or "",
            files=tuple(_stored_file(attachment) for attachment in message.attachments),
            at_ms=from_wire(message.created_at),
            tick=tick,
            edited=message.edited_at is not None,
            deleted=message.deleted_at is not None,
        )
        self._made[bubble.key] = (facts, bubble)
        return bubble

    def _of_waiting(self, waiting: Waiting) -> Bubble:
        """The ungrouped bubble of an entry of the outbox."""
        entry = waiting.entry
        facts = (entry, waiting.progress)
        known = self._made.get(entry.uid)
        if known is not None and known[0] == facts:
            return known[1]
        files = _waiting_files(waiting)
        kind: MessageType = files[0].kind if files else "text"
        me = self._store.users.get(self._own_id)
        bubble = Bubble(
            key=entry.uid,
            conversation_id=entry.conversation_id,
            message_id=None,
            position=None,
            version=0,
            sender_id=self._own_id,
            sender_name=me.display_name if me else "",
            sender_avatar_url=me.avatar_url if me else None,
            own=True,
            type=kind,
            text=entry.text,
            files=files,
            at_ms=entry.created_ms,
            tick=Tick.FAILED if entry.state == "failed" else Tick.WAITING,
            failure=entry.failure,
        )
        self._made[bubble.key] = (facts, bubble)
        return bubble

    def _with_lines(self, bubbles: Sequence[Bubble], divider: Divider | None) -> list[Row]:
        """Put day lines, holes and the divider between, and say who stands together with whom."""
        lines: list[list[Row]] = []
        days_seen: dict[int, int] = {}
        previous: Bubble | None = None
        for bubble in bubbles:
            lines.append(list(self._lines_before(bubble, previous, divider, days_seen)))
            previous = bubble
        joined = [
            index > 0 and not lines[index] and _together(bubbles[index - 1], bubble)
            for index, bubble in enumerate(bubbles)
        ]
        joined.append(False)
        rows: list[Row] = []
        shaped: dict[str, tuple[Bubble, Bubble]] = {}
        for index, bubble in enumerate(bubbles):
            row = self._shape(bubble, first=not joined[index], last=not joined[index + 1])
            shaped[bubble.key] = (bubble, row)
            rows += lines[index]
            rows.append(row)
        self._shaped = shaped
        return rows

    def _shape(self, bubble: Bubble, *, first: bool, last: bool) -> Bubble:
        """A bubble with its place in its group; the same object as long as nothing about it changes."""
        known = self._shaped.get(bubble.key)
        if known is not None and known[0] is bubble:
            row = known[1]
            if (row.first_in_group, row.last_in_group) == (first, last):
                return row
        return replace(bubble, first_in_group=first, last_in_group=last)

    def _lines_before(
        self, bubble: Bubble, previous: Bubble | None, divider: Divider | None, days_seen: dict[int, int]
    ) -> Iterable[Row]:
        """What stands between two neighbours."""
        if previous is not None and _apart(previous, bubble):
            yield Hole(f"hole:{previous.position}", previous.position or 0, bubble.position or 0)
        day = self.local_day(bubble.at_ms)
        if previous is None or self.local_day(previous.at_ms) != day:
            days_seen[day] = days_seen.get(day, 0) + 1
            yield self._day_line(day, days_seen[day], bubble.at_ms)
        if divider is not None and _first_at(bubble, previous, divider.position):
            yield UnreadLine(UNREAD_KEY, divider.count)

    def _day_line(self, day: int, seen: int, at_ms: int) -> DayLine:
        """The pill of a day; a day that comes again, because clocks differ, has its own key."""
        name = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()
        midnight_ms = day * DAY_MS - self._clock.local_offset_s(at_ms) * 1000
        return DayLine(f"day:{name}" + (f"#{seen}" if seen > 1 else ""), midnight_ms)


def _together(previous: Bubble, bubble: Bubble) -> bool:
    """Whether two neighbours are one group."""
    return (
        previous.sender_id == bubble.sender_id
        and "system" not in {previous.type, bubble.type}
        and abs(bubble.at_ms - previous.at_ms) <= GROUP_MS
    )


def _apart(previous: Bubble, bubble: Bubble) -> bool:
    """Whether messages between two neighbours are not held."""
    if previous.position is None or bubble.position is None:
        return False
    return bubble.position > previous.position + 1


def _first_at(bubble: Bubble, previous: Bubble | None, position: int) -> bool:
    """Whether a bubble is the first one at or behind a position."""
    if bubble.position is None or bubble.position < position:
        return False
    return previous is None or (previous.position or 0) < position


def key_of(row: Row) -> str:
    """What stays the same in a row for its life."""
    return row.key


_PAINT_ONLY = {
    "tick": Facet.TICK,
    "at_ms": Facet.TIME,
    "sender_avatar_url": Facet.PICTURE,
    "message_id": None,
    "position": None,
    "version": None,
}


def facets_between(old: Row, new: Row) -> frozenset[Facet]:
    """In which respects two rows of one key differ; empty where only numbers do that nobody sees."""
    if not isinstance(old, Bubble) or not isinstance(new, Bubble):
        return frozenset({Facet.LAYOUT})
    facets = set()
    for name in Bubble.__slots__:
        was, now = getattr(old, name), getattr(new, name)
        if was == now:
            continue
        if name == "files":
            facets.add(_files_facet(was, now))
        else:
            facet = _PAINT_ONLY.get(name, Facet.LAYOUT)
            facets.update(() if facet is None else (facet,))
    if Facet.TICK in facets and Tick.FAILED in {old.tick, new.tick}:
        facets.add(Facet.LAYOUT)
    return frozenset(facets)


def _files_facet(old: Sequence[BubbleFile], new: Sequence[BubbleFile]) -> Facet:
    """Whether files differ only in how far their upload has come."""
    still = [replace(file, progress=None) for file in old] == [replace(file, progress=None) for file in new]
    shown = [file.progress is None for file in old] == [file.progress is None for file in new]
    return Facet.PROGRESS if still and shown else Facet.LAYOUT
