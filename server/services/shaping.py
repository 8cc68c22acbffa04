"""Rows as the shapes of the wire, in a constant number of statements however many rows there are.

What is derived is derived here, each time it is read: ticks from marks, quotes from the quoted, unread from seats.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import UNSET

from protocol.shapes import (
    Attachment,
    Conversation,
    Draft,
    ForwardedFrom,
    Happening,
    LinkPreview,
    Member,
    Message,
    Own,
    Pin,
    Reaction,
    ReplyTo,
    User,
)
from protocol.times import to_wire
from server.storage import attachments, conversations, members, messages, own_facts, pins, stars, users
from server.storage.attachments import AttachmentRow
from server.storage.conversations import ConversationRow
from server.storage.members import MemberRow
from server.storage.messages import MessageRow
from server.storage.own_facts import OwnRow
from server.storage.reactions import of_messages as reactions_of
from server.storage.unit import Snapshot

MEMBERS_SHOWN = 20
"""A conversation carries all its members up to so many (contract, Shapes)."""
QUOTE_CHARS = 200
_MANY_IN_ONE = 20
"""Messages of one conversation among those of others for which its readers are asked by themselves."""
_numbers = msgspec.json.Decoder(list[int]).decode
_happening = msgspec.json.Decoder(Happening).decode
_forwarded_from = msgspec.json.Decoder(ForwardedFrom).decode
_preview = msgspec.json.Decoder(LinkPreview).decode
_NOBODY: Mapping[int, User] = MappingProxyType({})


class _Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to a message and lies in other rows than its own."""

    files: list[Attachment] = []
    quote: MessageRow | None = None
    reactions: list[Reaction] = []


def _people(snapshot: Snapshot, wanted: Collection[int], known: Mapping[int, User]) -> Mapping[int, User]:
    """These people by id, of whom the caller may know some from the same snapshot."""
    missing = set(wanted) - known.keys()
    return {**known, **users.load(snapshot, missing)} if missing else known


def shape_messages(
    snapshot: Snapshot, rows: Sequence[MessageRow], known: Mapping[int, User] = _NOBODY
) -> list[Message]:
    """Stored messages as everybody in the conversation sees them, in the order given."""
    ids = [row.message_id for row in rows]
    files = attachments.of_messages(snapshot, ids)
    reactions = reactions_of(snapshot, ids)
    reads = _first_reads(snapshot, rows)
    quoted = messages.by_uids(snapshot, {row.reply_to_uid for row in rows if row.reply_to_uid is not None})
    people = _people(snapshot, {row.sender_id for row in [*rows, *quoted.values()]}, known)
    if not files and not quoted and not reactions:
        return [_message(row, people, reads.get(row.message_id)) for row in rows]
    shaped = []
    for row in rows:
        number = row.message_id
        beside = None
        if number in files or number in reactions or row.reply_to_uid in quoted:
            beside = _Beside(
                files=[file.to_wire() for file in files.get(number, [])],
                quote=quoted.get(row.reply_to_uid or ""),
                reactions=reactions.get(number, []),
            )
        shaped.append(_message(row, people, reads.get(number), beside))
    return shaped


def _first_reads(snapshot: Snapshot, rows: Sequence[MessageRow]) -> dict[int, int]:
    """When each of these was first read, in milliseconds; unread ones are left out.

    Where many lie close together in one conversation its readers are asked once, not for each message: a sync of 1,600
    messages in four groups of 400 people takes 0.17 s so rather than 0.70, in which nobody else is answered.
    """
    rooms: dict[int, list[MessageRow]] = {}
    for row in rows:
        rooms.setdefault(row.conversation_id, []).append(row)
    reads: dict[int, int] = {}
    others: list[int] = []
    for number, here in rooms.items():
        placed = sorted([(row.position, row.message_id, row.sender_id) for row in here])
        # Between messages that lie far apart may lie any number of marks.
        close = placed[-1][0] - placed[0][0] < 2 * len(here)
        if close and (len(rooms) == 1 or len(here) >= _MANY_IN_ONE):
            reads |= members.first_reads_within(snapshot, number, placed)
        else:
            others += [row.message_id for row in here]
    return {**reads, **members.first_reads(snapshot, others)}


def shape_sent(snapshot: Snapshot, row: MessageRow, files: Sequence[AttachmentRow]) -> Message:
    """A message just written with these files: nobody can have read it yet."""
    quoted = messages.by_uids(snapshot, [] if row.reply_to_uid is None else [row.reply_to_uid])
    people = users.load(snapshot, {row.sender_id, *(quote.sender_id for quote in quoted.values())})
    quote = next(iter(quoted.values()), None)
    return _message(row, people, None, _Beside(files=[file.to_wire() for file in files], quote=quote))


def shape_new(row: MessageRow, people: Mapping[int, User]) -> Message:
    """A message of plain text just written: nobody can have read it yet."""
    return _message(row, people, None)


def _message(
    row: MessageRow,
    people: Mapping[int, User],
    read_at: int | None,
    beside: _Beside | None = None,
) -> Message:
    """One message from its row and what was loaded beside it.

    What most messages have not got is left out and put in afterwards: with more than fifteen fields named, msgspec
    takes 1.4 µs for a message rather than 0.4, and a page has fifty of them.
    """
    read = read_at is not None
    message = Message(
        message_id=row.message_id,
        uid=row.uid,
        conversation_id=row.conversation_id,
        position=row.position,
        version=row.version,
        sender_id=row.sender_id,
        sender=people[row.sender_id],
        receiver_id=row.receiver_id,
        content=row.content,
        type=row.type,
        created_at=to_wire(row.created_at),
        is_read=read,
        read=read,
        read_at=None if read_at is None else to_wire(read_at),
    )
    if beside or row.mentions or row.edited_at or row.deleted_at or row.happening or row.forwarded_from or row.preview:
        return msgspec.structs.replace(message, **_rarities(row, people, beside or _Beside()))
    return message


def _rarities(row: MessageRow, people: Mapping[int, User], beside: _Beside) -> dict[str, Any]:
    """The fields that most messages have no use for."""
    return {
        "attachments": beside.files,
        "reply_to": _quote(row, beside.quote, people),
        "reactions": beside.reactions,
        "mentions": named_in(row),
        "happening": None if row.happening is None else _happening(row.happening),
        "forwarded_from": None if row.forwarded_from is None else _forwarded_from(row.forwarded_from),
        "preview": None if row.preview is None else _preview(row.preview),
        "edited_at": _time(row.edited_at),
        "deleted_at": _time(row.deleted_at),
        **_first_file(beside.files),
    }


def named_in(row: MessageRow) -> list[int]:
    """Whom a message names."""
    return [] if row.mentions is None else _numbers(row.mentions)


def named_by_others(row: MessageRow) -> list[int]:
    """Whom a message names but its own writer, who has read it."""
    return [user_id for user_id in named_in(row) if user_id != row.sender_id]


def _first_file(files: Sequence[Attachment]) -> dict[str, Any]:
    """The first attachment's fields as document A reads them beside the message."""
    return (
        {name: getattr(files[0], name) for name in ("file_url", "file_name", "file_size", "file_type")} if files else {}
    )


def _quote(row: MessageRow, quote: MessageRow | None, people: Mapping[int, User]) -> ReplyTo | None:
    """The quoted message in brief; nothing when it is not of the same conversation."""
    if quote is None or quote.conversation_id != row.conversation_id:
        return None
    return ReplyTo(
        uid=quote.uid,
        message_id=quote.message_id,
        position=quote.position,
        sender_id=quote.sender_id,
        sender_name=people[quote.sender_id].display_name,
        type=quote.type,
        content=None if quote.content is None else quote.content[:QUOTE_CHARS],
        deleted=quote.deleted_at is not None,
    )


def _time(at_ms: int | None) -> str | None:
    """A time on the wire, or null."""
    return None if at_ms is None else to_wire(at_ms)


def shape_members(snapshot: Snapshot, rows: Sequence[MemberRow], known: Mapping[int, User] = _NOBODY) -> list[Member]:
    """Seats as everybody in the conversation sees them, in the order given."""
    people = _people(snapshot, {row.user_id for row in rows}, known)
    return [_member(row, people) for row in rows]


def _member(row: MemberRow, people: Mapping[int, User]) -> Member:
    """One seat from its row."""
    return Member(
        user=people[row.user_id],
        role=row.role,
        joined_at=to_wire(row.joined_at),
        left_at=_time(row.left_at),
        read_position=row.read_position,
        read_at=_time(row.read_at),
        version=row.version,
    )


def shape_conversations(
    snapshot: Snapshot,
    rows: Sequence[ConversationRow],
    viewer_id: int | None,
    known: Mapping[int, User] = _NOBODY,
) -> list[Conversation]:
    """Conversations with members and last message, in the order given; the viewer's own facts, if there is one."""
    ids = [row.conversation_id for row in rows]
    seats = members.of_conversations(snapshot, ids, MEMBERS_SHOWN)
    people = _people(snapshot, {seat.user_id for of_one in seats.values() for seat in of_one}, known)
    newest = shape_messages(snapshot, messages.last_of(snapshot, ids), people)
    last = {message.conversation_id: message for message in newest}
    pinned = pins.of_conversations(snapshot, ids)
    own = {} if viewer_id is None else shape_own(snapshot, viewer_id, ids)
    return [
        _conversation(
            row,
            [_member(seat, people) for seat in seats.get(row.conversation_id, [])],
            last.get(row.conversation_id),
            pinned.get(row.conversation_id, []),
            own.get(row.conversation_id),
        )
        for row in rows
    ]


def _conversation(
    row: ConversationRow, seats: list[Member], last: Message | None, pinned: list[Pin], own: Own | None
) -> Conversation:
    """One conversation from its row and what was loaded beside it.

    `updated_at` follows the last message too, so that it needs no number of its own.
    """
    return Conversation(
        conversation_id=row.conversation_id,
        kind=row.kind,
        title=row.title,
        user1_id=row.user1_id,
        user2_id=row.user2_id,
        created_at=to_wire(row.created_at),
        updated_at=to_wire(max(row.updated_at, row.last_message_at or 0)),
        last_message_at=_time(row.last_message_at),
        version=row.version,
        head=row.head,
        last_position=row.last_position,
        last_message=last,
        member_count=row.member_count,
        members=seats,
        pins=pinned,
        own=UNSET if own is None else own,
        unread_count=UNSET if own is None else own.unread_count,
    )


def shape_own(snapshot: Snapshot, user_id: int, conversation_ids: Collection[int]) -> dict[int, Own]:
    """What is one user's alone in each of these conversations."""
    rows = own_facts.own_of(snapshot, user_id, conversation_ids)
    starred = stars.of_user(snapshot, user_id, [number for number, row in rows.items() if row.has_stars])
    return {number: _own(row, starred.get(number, [])) for number, row in rows.items()}


def shape_counted(snapshot: Snapshot, user_id: int, conversation_id: int) -> tuple[Own, int]:
    """What is one user's alone in a conversation, and the last position that its counts know of."""
    row = own_facts.own_of(snapshot, user_id, [conversation_id])[conversation_id]
    starred = stars.of_user(snapshot, user_id, [conversation_id]) if row.has_stars else {}
    return _own(row, starred.get(conversation_id, [])), row.last_position


def _own(row: OwnRow, starred: list[int]) -> Own:
    """One viewer's facts from their seat."""
    return Own(
        unread_count=row.unread_count,
        unread_from=row.unread_from,
        pinned=row.pinned,
        muted_until=_time(row.muted_until),
        archived=row.archived,
        role=row.role,
        notify=row.notify,
        mentions=row.mentions,
        draft=_draft(row),
        starred=starred,
        blocked=row.blocked,
        hides_typing=row.hides_typing,
        hides_receipts=row.hides_receipts,
        read_position=row.read_to,
    )


def _draft(row: OwnRow) -> Draft | None:
    """What its owner has begun to write, if it is not forgotten."""
    if row.draft is None or row.draft_written_at is None:
        return None
    return Draft(content=row.draft, reply_to_uid=row.draft_reply_to_uid, written_at=to_wire(row.draft_written_at))


def one_conversation(snapshot: Snapshot, conversation_id: int, viewer_id: int | None) -> Conversation:
    """A conversation that the caller knows to exist."""
    return shape_conversations(snapshot, list(conversations.by_ids(snapshot, [conversation_id]).values()), viewer_id)[0]
