"""Messages that change: edited by their writers, deleted for everybody; what quotes them changes with them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from protocol.commands import DeleteMessage, EditMessage
from protocol.shapes import Edit, Message
from protocol.text import clean_content
from protocol.times import to_wire
from server.services import refusals
from server.services.links import first_link
from server.services.own_facts import tell_own
from server.services.ports import Actor, Announcement, Said
from server.services.shaping import QUOTE_CHARS, named_in, shape_messages
from server.services.telling import tell_conversation
from server.storage import edits, mentions, messages, pins, reactions, receipts, stars
from server.storage.members import Seat
from server.storage.messages import MessageRow

if TYPE_CHECKING:
    from protocol.limits import Limits
    from server.services.access import Access
    from server.services.uploads import Uploads
    from server.storage.unit import Database, Unit

QUOTES_TOLD_MAX = 100
"""Where more messages quote a changed one, only its own push goes out: the gap before it makes desktops ask `sync`."""
TOLD_MEMBERS_MAX = 50
"""In larger conversations nobody is told anew how many messages are unread; the next news of their own says it."""


class Changes:
    """The only writer of edits and tombstones."""

    def __init__(
        self, database: Database, access: Access, uploads: Uploads, limits: Limits, said: Said | None = None
    ) -> None:
        """`said` is told what a message says from now on, after the commit."""
        self._database = database
        self._access = access
        self._uploads = uploads
        self._limits = limits
        self._said = said

    def edit(self, actor: Actor, command: EditMessage) -> Message:
        """Change the text of one's own message; the text and the mentions that it has already change nothing.

        Raises Refused: `not_found`, `forbidden`, `empty_content`, `content_too_long`.
        """
        content = clean_content(command.content)
        if len(content) > self._limits.content_chars:
            raise refusals.content_too_long(self._limits.content_chars, len(content))
        return self._database.write(lambda unit: self._edit(unit, actor, command, content or None))

    def _edit(self, unit: Unit, actor: Actor, command: EditMessage, content: str | None) -> Message:
        """In the writing transaction: what it said before is kept."""
        row, seat = self._access.message(actor, command.message_id, unit.connection)
        _refuse_uneditable(row, actor)
        self._access.check_may_write(seat, unit.connection)
        if content is None and row.type == "text":
            raise refusals.empty_content()
        member_ids = self._access.member_ids(row.conversation_id, unit.connection)
        named = mentions.among(command.mentions, member_ids)
        if content == row.content and named == named_in(row):
            return shape_messages(unit.connection, [row])[0]
        at = max(unit.now_ms, (row.edited_at or 0) + 1)
        edits.add(unit.connection, row.message_id, row.content, at)
        _name(unit, row, named)
        values: dict[str, Any] = {"content": content, "mentions": _json(named), "edited_at": at}
        if first_link(content) != first_link(row.content):
            values["preview"] = None
            self._uploads.forget_sent(unit, row.message_id, purpose="preview")
            if self._said is not None:
                unit.after_commit(partial(self._said, row.message_id, content))
        message = _renew(unit, seat, replace(row, **values), row, member_ids)
        _tell_named(unit, row, set(named).symmetric_difference(named_in(row)))
        return message

    def delete(self, actor: Actor, command: DeleteMessage) -> Message:
        """Leave a tombstone where a message was: one's own, or anybody's for the admins of a group.

        Deleting again changes nothing. Raises Refused: `not_found`, `forbidden`.
        """
        return self._database.write(lambda unit: self._delete(unit, actor, command.message_id))

    def _delete(self, unit: Unit, actor: Actor, message_id: int) -> Message:
        """In the writing transaction: everything but the place, the sender and the time goes."""
        row, seat = self._access.message(actor, message_id, unit.connection)
        if row.deleted_at is not None:
            return shape_messages(unit.connection, [row])[0]
        _refuse_undeletable(row, seat)
        member_ids = self._access.member_ids(row.conversation_id, unit.connection)
        _name(unit, row, [])
        for forget in (edits.clear, reactions.clear):
            forget(unit.connection, message_id)
        self._uploads.forget_sent(unit, message_id)
        values: dict[str, Any] = {**dict.fromkeys(_GONE), "content_hash": "", "deleted_at": unit.now_ms}
        message = _renew(unit, seat, replace(row, **values), row, member_ids)
        _take_down(unit, row, member_ids)
        return message

    def history(self, actor: Actor, message_id: int) -> list[Edit]:
        """What a message has said, the oldest first. Raises Refused (`not_found`)."""
        with self._database.read() as snapshot:
            self._access.message(actor, message_id, snapshot)
            rows = edits.of_message(snapshot, message_id)
        return [Edit(content=row.content, edited_at=to_wire(row.edited_at)) for row in rows]


_GONE = ("content", "reply_to_uid", "mentions", "forwarded_from", "preview", "edited_at")
"""What a tombstone has no more. Its content's hash goes too: short texts could be guessed from it."""


def _refuse_uneditable(row: MessageRow, actor: Actor) -> None:
    """Raise Refused (`forbidden`) where a message is not the actor's to change."""
    if row.sender_id != actor.user_id:
        raise refusals.forbidden("Only who wrote a message can change it. Answer it instead.")
    if row.deleted_at is not None:
        raise refusals.forbidden("This message was deleted. Write a new one.")
    if row.type == "system" or row.forwarded_from is not None:
        raise refusals.forbidden("These are not your words. Write a message of your own.")


def _refuse_undeletable(row: MessageRow, seat: Seat) -> None:
    """Raise Refused (`forbidden`) where a message is not for the owner of this seat to delete."""
    if row.type == "system":
        raise refusals.forbidden("This line tells what happened here, and stays.")
    if row.sender_id != seat.user_id and not may_moderate(seat):
        raise refusals.forbidden("Only who wrote a message can delete it, or in a group its admins. Ask one of them.")


def may_moderate(seat: Seat) -> bool:
    """Whether the owner of a seat looks after a group."""
    return seat.kind == "group" and seat.role in ("owner", "admin")


def _name(unit: Unit, row: MessageRow, named: list[int]) -> None:
    """Have these named in a message, and nobody else."""
    mentions.remove(unit.connection, row.conversation_id, row.position, named_in(row))
    others = [user_id for user_id in named if user_id != row.sender_id]
    mentions.add(unit.connection, row.conversation_id, row.position, others)


def _tell_named(unit: Unit, row: MessageRow, user_ids: set[int]) -> None:
    """Tell those who are named in a message since it was changed, or no more, unless they have read it.

    A desktop that holds only part of a conversation cannot count its mentions.
    """
    if not user_ids:
        return
    unread = receipts.unread_by(unit.connection, row.conversation_id, row.sender_id, row.position)
    concerned = user_ids.intersection(unread)
    if len(concerned) <= TOLD_MEMBERS_MAX:
        for user_id in sorted(concerned):
            tell_own(unit, row.conversation_id, user_id)


def _json(numbers: list[int]) -> str | None:
    """Numbers as a column has them."""
    return msgspec.json.encode(numbers).decode() if numbers else None


_STORED = (*_GONE, "content_hash", "deleted_at")


def _renew(unit: Unit, seat: Seat, row: MessageRow, was: MessageRow, member_ids: tuple[int, ...]) -> Message:
    """Store a changed message at its conversation's next number and tell it, after what quotes it.

    The quotes have lower numbers: who is not told of them sees a gap before this message and asks for what is in it.
    """
    on = unit.connection
    quoting = messages.quoting(on, seat.conversation_id, row.uid) if _brief(row) != _brief(was) else []
    number = unit.next_version(seat.conversation_id, len(quoting) + 1)
    again = messages.renumber(on, quoting, number - len(quoting))
    messages.change(on, row.message_id, number, {name: getattr(row, name) for name in _STORED})
    told = [*(again if len(again) <= QUOTES_TOLD_MAX else []), replace(row, version=number)]
    return tell_updated(unit, told, member_ids)


def tell_updated(unit: Unit, rows: list[MessageRow], member_ids: tuple[int, ...]) -> Message:
    """Tell the members these messages as they are now; the last one."""
    shaped = shape_messages(unit.connection, rows)
    for message in shaped:
        unit.announce(Announcement(event="message_updated", payload=message, user_ids=member_ids))
    return shaped[-1]


def _brief(row: MessageRow) -> tuple[str | None, bool]:
    """What a quote shows of a message that can change."""
    return (None if row.content is None else row.content[:QUOTE_CHARS]), row.deleted_at is not None


def _take_down(unit: Unit, row: MessageRow, member_ids: tuple[int, ...]) -> None:
    """Forget the pin and the stars of a deleted message, and tell whose own facts it changes."""
    concerned = set(stars.holders(unit.connection, row.message_id))
    stars.clear(unit.connection, row.message_id)
    if len(member_ids) <= TOLD_MEMBERS_MAX:
        concerned |= set(receipts.unread_by(unit.connection, row.conversation_id, row.sender_id, row.position))
    if pins.remove(unit.connection, row.message_id):
        tell_conversation(unit, row.conversation_id, member_ids)
    for user_id in sorted(concerned & set(member_ids)):
        tell_own(unit, row.conversation_id, user_id)
