"""Writing messages: what a send says is checked at once, whether it may be sent is decided in the transaction.

Sends of plain text that wait together are written together: one look each for known uids, conversations with their
seats, and senders; places counted in memory; one insert. 200 of them cost what ten cost alone (decision 0017).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec
from msgspec import Struct

from protocol.commands import SendMessage, SentFile
from protocol.errors import Refused
from protocol.ids import new_uid
from protocol.limits import Limits
from protocol.shapes import Message, MessageType
from protocol.text import clean_content
from server.services import forwarding, refusals, sniffing
from server.services.access import Access, refuse_blocked
from server.services.early_answers import retell
from server.services.own_facts import bring_back
from server.services.ports import Actor, Announcement, Said
from server.services.shaping import named_by_others, shape_messages, shape_new, shape_sent
from server.services.uploads import Uploads
from server.storage import attachments, conversations, mentions, messages, rooms, users
from server.storage.jobs import Grouped, Run
from server.storage.members import Seat
from server.storage.messages import MessageRow, NewMessage
from server.storage.rooms import Room
from server.storage.unit import Snapshot, Unit


class Posted(Struct, frozen=True, kw_only=True):
    """A sent message; `created` is false when this uid had been sent before."""

    message: Message
    created: bool


class Draft(Struct, frozen=True, kw_only=True):
    """A send whose own form is in order, and whose it is."""

    actor: Actor
    uid: str
    conversation_id: int
    content: str | None
    given_type: MessageType | None
    receiver_id: int | None
    files: tuple[SentFile, ...]
    reply_to_uid: str | None
    mentions: tuple[int, ...]
    forward_of: int | None = None


class _Written(Struct):
    """A message of this batch: its row to be, its conversation and its place."""

    draft: Draft
    new: NewMessage
    room: Room
    place: tuple[int, int]


class Posting:
    """The only writer of new messages; each method runs inside the writing transaction."""

    def __init__(self, access: Access, uploads: Uploads, limits: Limits, said: Said | None = None) -> None:
        """`said` is told what each new message says, after the commit."""
        self._access = access
        self._uploads = uploads
        self._limits = limits
        self._said = said

    def draft(self, actor: Actor, command: SendMessage) -> Draft:
        """Check and clean what the command says by itself; outside of any transaction.

        Raises Refused: `not_yourself`, `empty_content`, `content_too_long`, `too_many_attachments`; `invalid_request`
        where something is said beside a forwarded message.
        """
        refusals.not_yourself_if(actor.user_id, command.sender_id, "sender_id")
        if command.forward_of is not None:
            return _forward(actor, command, command.forward_of)
        content = clean_content(command.content or "")
        files = _files(command)
        if not content and not files:
            raise refusals.empty_content()
        if len(content) > self._limits.content_chars:
            raise refusals.content_too_long(self._limits.content_chars, len(content))
        if len(files) > self._limits.attachments_per_message:
            raise refusals.too_many_attachments(self._limits.attachments_per_message)
        return Draft(
            actor=actor,
            uid=_normal(command.uid) or new_uid(),
            conversation_id=command.conversation_id,
            content=content or None,
            given_type=command.type,
            receiver_id=command.receiver_id,
            files=files,
            reply_to_uid=_normal(command.reply_to_uid),
            mentions=tuple(command.mentions),
        )

    def job(self, draft: Draft) -> Run[Unit, Posted]:
        """The send as a job for the writer; one that names no other rows goes with its neighbours."""
        if draft.files or draft.reply_to_uid is not None or draft.forward_of is not None:
            return lambda unit: self._one(unit, draft)
        return Grouped(self._many, draft)

    def _many(self, unit: Unit, drafts: Sequence[Draft]) -> list[Posted | Exception]:
        """Answer known uids again, refuse what may not be, write the rest and announce it in the order given."""
        known, answers_to = messages.known_and_answering(unit.connection, {draft.uid for draft in drafts})
        places = rooms.load(unit.connection, {draft.conversation_id for draft in drafts}, unit.now_ms)
        written: dict[str, _Written] = {}
        answers: list[Posted | Exception | None] = []
        for draft in drafts:
            try:
                if draft.uid in known:
                    # Before the seat is looked at: a retry is answered also to somebody removed meanwhile.
                    answers.append(_again(unit.connection, draft, known[draft.uid]))
                elif draft.uid in written:
                    _refuse_other(draft, written[draft.uid])
                    answers.append(None)
                else:
                    written[draft.uid] = _placed(draft, places.get(draft.conversation_id))
                    answers.append(None)
            except Refused as refusal:
                answers.append(refusal)
        stored = _stored(unit, written.values())
        rooms.store(unit.connection, places.values(), unit.now_ms)
        self._tell_said(unit, stored.values())
        told = _told(unit, drafts, answers, stored, written)
        if answers_to:
            seats = {uid: (one.room.conversation_id, one.room.member_ids) for uid, one in written.items()}
            retell(unit, answers_to, seats)
        for room in places.values():
            if room.written and room.returning_ids:
                bring_back(unit, room.conversation_id, room.returning_ids)
        return told

    def _one(self, unit: Unit, draft: Draft) -> Posted:
        """Answer a known uid again, or write and announce a new message."""
        actor = draft.actor
        known = messages.by_uid(unit.connection, draft.uid)
        if known is not None:
            # Before the seat is looked at: a retry is answered also to somebody removed meanwhile.
            return _again(unit.connection, draft, known)
        seat = self._access.seat(actor, draft.conversation_id, unit.connection)
        if draft.receiver_id is not None and draft.receiver_id != seat.other_id:
            raise refusals.wrong_receiver()
        self._access.check_may_write(seat, unit.connection)
        member_ids = self._access.member_ids(seat.conversation_id, unit.connection)
        new, files = self._saying(unit.connection, draft, member_ids)
        message = self._write(unit, actor, seat, new, files, member_ids)
        return Posted(message=message, created=True)

    def _saying(
        self, snapshot: Snapshot, draft: Draft, member_ids: tuple[int, ...]
    ) -> tuple[NewMessage, Sequence[SentFile]]:
        """The row to be and its files: those of the send, or those of the message that it forwards."""
        if draft.forward_of is None:
            named = [self._uploads.named(snapshot, draft.actor, file) for file in draft.files]
            kind = _type(draft, [file.file_type for file in named])
            content_hash = _content_hash(draft, kind, [file.blob_hash for file in named])
            return _new(draft, kind, content_hash, member_ids), draft.files
        original, _ = self._access.message(draft.actor, draft.forward_of, snapshot)
        new = _new(draft, original.type, _content_hash(draft, original.type, []), member_ids)
        return forwarding.forwarded(snapshot, new, original), forwarding.files_of(snapshot, original)

    def _write(
        self,
        unit: Unit,
        actor: Actor,
        seat: Seat,
        new: NewMessage,
        sent: Sequence[SentFile],
        member_ids: tuple[int, ...],
    ) -> Message:
        """Insert at the next place, bind the files, tell the members."""
        on = unit.connection
        place = conversations.take_place(on, seat.conversation_id, unit.now_ms)
        row = messages.add(on, new, seat, place, unit.now_ms)
        _name(unit, [row])
        files = self._uploads.bind(unit, actor, row.message_id, sent) if sent else []
        message = shape_sent(on, row, files)
        unit.announce(Announcement(event="new_message", payload=message, user_ids=member_ids))
        retell(unit, messages.answering(on, [new.uid]), {new.uid: (seat.conversation_id, member_ids)})
        self._tell_said(unit, [message])
        bring_back(unit, seat.conversation_id)
        return message

    def _tell_said(self, unit: Unit, written: Iterable[Message]) -> None:
        """Have whoever looks at texts told of these, where there is somebody."""
        if self._said is not None:
            for message in written:
                unit.after_commit(partial(self._said, message.message_id, message.content))


def _new(draft: Draft, kind: MessageType, content_hash: str, member_ids: tuple[int, ...]) -> NewMessage:
    """The row to be, all but its place."""
    return NewMessage(
        uid=draft.uid,
        conversation_id=draft.conversation_id,
        sender_id=draft.actor.user_id,
        type=kind,
        content=draft.content,
        content_hash=content_hash,
        reply_to_uid=draft.reply_to_uid,
        mentions=_mentions(draft, member_ids),
    )


def _placed(draft: Draft, room: Room | None) -> _Written:
    """A plain send at the next place of its conversation.

    Raises Refused: `not_found`, `wrong_receiver`, `type_mismatch`.
    """
    user_id = draft.actor.user_id
    if room is None or not room.seats(user_id):
        raise refusals.not_found("conversation")
    if draft.receiver_id is not None and draft.receiver_id != room.other_id(user_id):
        raise refusals.wrong_receiver()
    refuse_blocked(room.blocker_ids, user_id)
    kind = _type(draft, [])
    new = _new(draft, kind, _content_hash(draft, kind, []), room.member_ids)
    return _Written(draft, new, room, room.take_place())


def _refuse_other(draft: Draft, twin: _Written) -> None:
    """Raise Refused (`idempotency_conflict`) unless a uid that comes twice in one batch is the same send twice."""
    new = twin.new
    same = new.sender_id == draft.actor.user_id and new.conversation_id == draft.conversation_id
    if not same or new.content_hash != _content_hash(draft, draft.given_type or new.type, []):
        raise refusals.idempotency_conflict()


def _stored(unit: Unit, written: Iterable[_Written]) -> dict[str, Message]:
    """Insert the messages of a batch; as they are told, by uid."""
    placed = [(one.new, one.room, one.place) for one in written]
    rows = messages.add_many(unit.connection, placed, unit.now_ms)
    _name(unit, rows)
    people = users.load(unit.connection, {row.sender_id for row in rows})
    return {row.uid: shape_new(row, people) for row in rows}


def _name(unit: Unit, rows: Iterable[MessageRow]) -> None:
    """Keep who is named where."""
    for row in rows:
        if row.mentions is not None:
            mentions.add(unit.connection, row.conversation_id, row.position, named_by_others(row))


def _told(
    unit: Unit,
    drafts: Sequence[Draft],
    answers: Sequence[Posted | Exception | None],
    stored: dict[str, Message],
    written: dict[str, _Written],
) -> list[Posted | Exception]:
    """The answer of every draft; each message is announced once, with its first draft."""
    told: list[Posted | Exception] = []
    for draft, answer in zip(drafts, answers, strict=True):
        if answer is not None:
            told.append(answer)
            continue
        message, first = stored[draft.uid], written[draft.uid]
        told.append(Posted(message=message, created=draft is first.draft))
        if draft is first.draft:
            unit.announce(Announcement(event="new_message", payload=message, user_ids=first.room.member_ids))
    return told


def _forward(actor: Actor, command: SendMessage, forward_of: int) -> Draft:
    """A send of what another message says. Raises Refused (`invalid_request`) where it says something itself."""
    beside = ("content", "type", "file_url", "attachments", "reply_to_uid", "mentions")
    said = [name for name in beside if getattr(command, name)]
    if said:
        raise refusals.invalid(said[0], "A forwarded message says nothing else. Send your own words beside it.")
    return Draft(
        actor=actor,
        uid=_normal(command.uid) or new_uid(),
        conversation_id=command.conversation_id,
        content=None,
        given_type=None,
        receiver_id=command.receiver_id,
        files=(),
        reply_to_uid=None,
        mentions=(),
        forward_of=forward_of,
    )


def _normal(uid: str | None) -> str | None:
    """A uid in the one spelling in which it is stored: lower case."""
    return None if uid is None else str(uuid.UUID(uid))


def _files(command: SendMessage) -> tuple[SentFile, ...]:
    """The files of a send; `file_url` beside the content is one of them (document A)."""
    files = tuple(command.attachments)
    if command.file_url is None or any(file.file_url == command.file_url for file in files):
        return files
    first = SentFile(file_url=command.file_url, file_name=command.file_name, file_type=command.file_type)
    return (first, *files)


def _type(draft: Draft, file_types: list[str]) -> MessageType:
    """The message's type: the one given, where the files bear it out, else the one the first file has.

    Raises Refused (`type_mismatch`).
    """
    given = draft.given_type
    media = sniffing.kind(file_types[0]) if file_types else None
    found: MessageType = media or "text"
    if given is None or given == found:
        return found
    if given == "system":
        raise refusals.type_mismatch(given, "'system' messages are the server's. Leave 'type' out.")
    if given in ("image", "video") or media is None:
        message = f"This is no {given}: its first file is {media or 'missing'}. Leave 'type' out or send another file."
        raise refusals.type_mismatch(given, message)
    return given


def _content_hash(draft: Draft, kind: str, blob_hashes: Sequence[str | None]) -> str:
    """What makes two sends the same: type, text, reply and the files' bytes; or which message is forwarded."""
    if draft.forward_of is not None:
        return hashlib.sha256(b"forward of %d" % draft.forward_of).hexdigest()
    said = msgspec.json.encode([kind, draft.content, draft.reply_to_uid, list(blob_hashes)])
    return hashlib.sha256(said).hexdigest()


def _again(snapshot: Snapshot, draft: Draft, known: MessageRow) -> Posted:
    """The stored message for its own sender's repeated send; `idempotency_conflict` for anything else."""
    same = known.sender_id == draft.actor.user_id and known.conversation_id == draft.conversation_id
    # Of what was deleted nothing is left to compare: whoever repeats its send learns that it was.
    if same and known.deleted_at is None:
        keys = [attachments.key_of(file.file_url) or "" for file in draft.files]
        named = [attachments.by_key(snapshot, key) for key in keys]
        hashes = [None if file is None else file.blob_hash for file in named]
        same = known.content_hash == _content_hash(draft, draft.given_type or known.type, hashes)
    if not same:
        raise refusals.idempotency_conflict()
    return Posted(message=shape_messages(snapshot, [known])[0], created=False)


def _mentions(draft: Draft, member_ids: tuple[int, ...]) -> str | None:
    """The mentioned who are members, as JSON; null for none."""
    mentioned = mentions.among(draft.mentions, member_ids)
    return msgspec.json.encode(mentioned).decode() if mentioned else None
