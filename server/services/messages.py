"""Messages: written once, told to every member, read in pages."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from protocol.commands import Page, SendMessage, SentFile
from protocol.ids import new_uid
from protocol.limits import PAGE_DEFAULT, PAGE_MAX, WHOLE_LIST_MAX, Limits
from protocol.shapes import Message, MessageType
from protocol.text import clean_content
from server.services import refusals, sniffing
from server.services.access import Access
from server.services.ports import Actor, Announcement
from server.services.shaping import shape_messages, shape_sent
from server.services.uploads import Uploads
from server.storage import attachments, conversations, messages
from server.storage.members import Seat
from server.storage.messages import MessageRow, NewMessage
from server.storage.unit import Database, Snapshot, Unit


class Posted(Struct, frozen=True, kw_only=True):
    """A sent message; `created` is false when this uid had been sent before."""

    message: Message
    created: bool


class MessagePage(Struct, frozen=True, kw_only=True):
    """Messages ascending, with the conversation's head and first and last position from the same transaction."""

    messages: list[Message]
    head: int
    first_position: int
    last_position: int


class _Draft(Struct, frozen=True, kw_only=True):
    """A send whose own form is in order; whether it may be sent is decided in the transaction."""

    uid: str
    conversation_id: int
    content: str | None
    given_type: MessageType | None
    receiver_id: int | None
    files: tuple[SentFile, ...]
    reply_to_uid: str | None
    mentions: tuple[int, ...]


class Messages:
    """Sends and reads messages. `post` is the only writer of new ones."""

    def __init__(self, database: Database, access: Access, uploads: Uploads, limits: Limits) -> None:
        self._database = database
        self._access = access
        self._uploads = uploads
        self._limits = limits

    def post(self, actor: Actor, command: SendMessage) -> Posted:
        """Send; returns once the message is on disk. The same uid with the same content answers the same again.

        Raises Refused: `not_yourself`, `empty_content`, `content_too_long`, `too_many_attachments`, `type_mismatch`,
        `not_found`, `wrong_receiver`, `file_not_uploaded`, `idempotency_conflict`.
        """
        refusals.not_yourself_if(actor.user_id, command.sender_id, "sender_id")
        draft = self._draft(command)
        return self._database.write(lambda unit: self._post(unit, actor, draft))

    def _draft(self, command: SendMessage) -> _Draft:
        """Check and clean what the command says by itself."""
        content = clean_content(command.content or "")
        files = _files(command)
        if not content and not files:
            raise refusals.empty_content()
        if len(content) > self._limits.content_chars:
            raise refusals.content_too_long(self._limits.content_chars, len(content))
        if len(files) > self._limits.attachments_per_message:
            raise refusals.too_many_attachments(self._limits.attachments_per_message)
        return _Draft(
            uid=_normal(command.uid) or new_uid(),
            conversation_id=command.conversation_id,
            content=content or None,
            given_type=command.type,
            receiver_id=command.receiver_id,
            files=files,
            reply_to_uid=_normal(command.reply_to_uid),
            mentions=tuple(sorted(set(command.mentions))),
        )

    def _post(self, unit: Unit, actor: Actor, draft: _Draft) -> Posted:
        """In the writing transaction: answer a known uid again, or write and announce a new message."""
        known = messages.by_uid(unit.connection, draft.uid)
        if known is not None:
            # Before the seat is looked at: a retry is answered also to somebody removed meanwhile.
            return _again(unit.connection, actor, draft, known)
        seat = self._access.seat(actor, draft.conversation_id, unit.connection)
        if draft.receiver_id is not None and draft.receiver_id != seat.other_id:
            raise refusals.wrong_receiver()
        message = self._write(unit, actor, draft, seat)
        return Posted(message=message, created=True)

    def _write(self, unit: Unit, actor: Actor, draft: _Draft, seat: Seat) -> Message:
        """Insert at the next place, bind the files, tell the members."""
        on = unit.connection
        named = [self._uploads.named(on, actor, file) for file in draft.files]
        kind = _type(draft, [file.file_type for file in named])
        member_ids = self._access.member_ids(seat.conversation_id, on)
        new = NewMessage(
            uid=draft.uid,
            conversation_id=seat.conversation_id,
            sender_id=actor.user_id,
            type=kind,
            content=draft.content,
            content_hash=_content_hash(draft, kind, [file.blob_hash for file in named]),
            reply_to_uid=draft.reply_to_uid,
            mentions=_mentions(draft, member_ids),
        )
        place = conversations.take_place(on, seat.conversation_id, unit.now_ms)
        row = messages.add(on, new, seat, place, unit.now_ms)
        files = self._uploads.bind(unit, actor, row.message_id, draft.files) if draft.files else []
        message = shape_sent(on, row, files)
        unit.announce(Announcement(event="new_message", payload=message, user_ids=member_ids))
        return message

    def get(self, actor: Actor, message_id: int) -> Message:
        """One message. Raises Refused (`not_found`)."""
        with self._database.read() as snapshot:
            row, _ = self._access.message(actor, message_id, snapshot)
            return shape_messages(snapshot, [row])[0]

    def page(self, actor: Actor, conversation_id: int, page: Page) -> MessagePage:
        """Part of a conversation, ascending; without any limit the newest 10,000.

        Raises Refused (`not_found`; `invalid_request` for more than one of before, after, around).
        """
        find = _pager(page)
        with self._database.read() as snapshot:
            seat = self._access.seat(actor, conversation_id, snapshot)
            rows = find(snapshot, conversation_id)
            return MessagePage(
                messages=shape_messages(snapshot, rows),
                head=seat.head,
                first_position=1,
                last_position=seat.last_position,
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


def _type(draft: _Draft, file_types: list[str]) -> MessageType:
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


def _content_hash(draft: _Draft, kind: str, blob_hashes: Sequence[str | None]) -> str:
    """What makes two sends the same: type, text, reply and the files' bytes."""
    said = msgspec.json.encode([kind, draft.content, draft.reply_to_uid, list(blob_hashes)])
    return hashlib.sha256(said).hexdigest()


def _again(snapshot: Snapshot, actor: Actor, draft: _Draft, known: MessageRow) -> Posted:
    """The stored message for its own sender's repeated send; `idempotency_conflict` for anything else."""
    keys = [attachments.key_of(file.file_url) or "" for file in draft.files]
    named = [attachments.by_key(snapshot, key) for key in keys]
    same = known.sender_id == actor.user_id and known.conversation_id == draft.conversation_id
    if same:
        kind = draft.given_type or known.type
        same = known.content_hash == _content_hash(
            draft, kind, [None if file is None else file.blob_hash for file in named]
        )
    if not same:
        raise refusals.idempotency_conflict()
    return Posted(message=shape_messages(snapshot, [known])[0], created=False)


def _mentions(draft: _Draft, member_ids: tuple[int, ...]) -> str | None:
    """The mentioned who are members, as JSON; null for none."""
    mentioned = [user_id for user_id in draft.mentions if user_id in member_ids]
    return msgspec.json.encode(mentioned).decode() if mentioned else None


_Find = Callable[[Snapshot, int], list[MessageRow]]


def _pager(page: Page) -> _Find:
    """How to find what a page asks for. Raises Refused (`invalid_request`)."""
    given = [name for name in ("before", "after", "around") if getattr(page, name) is not None]
    if len(given) > 1:
        raise refusals.invalid(given[1], f"Give only one of {' and '.join(given)}.")
    limit = min(page.limit or PAGE_DEFAULT, PAGE_MAX)
    before, after, around = page.before, page.after, page.around
    if around is not None:
        return lambda on, conversation_id: _around(on, conversation_id, around, limit)
    if after is not None:
        return lambda on, conversation_id: messages.oldest_after(on, conversation_id, after, limit)
    most = WHOLE_LIST_MAX if page.limit is None and before is None else limit
    return lambda on, conversation_id: messages.newest(on, conversation_id, most, before=before)


def _around(snapshot: Snapshot, conversation_id: int, position: int, limit: int) -> list[MessageRow]:
    """As many on either side of a position, itself among the later half; a short side leaves room to the other."""
    later = messages.oldest_after(snapshot, conversation_id, position - 1, limit)
    earlier = messages.newest(snapshot, conversation_id, limit, before=position)
    half = limit // 2
    kept_later = min(len(later), max(limit - half, limit - len(earlier)))
    kept_earlier = min(len(earlier), limit - kept_later)
    return earlier[len(earlier) - kept_earlier :] + later[:kept_later]
