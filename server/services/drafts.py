"""Drafts: what somebody has begun to write, kept for all their devices; of two, the one written later stays."""

from __future__ import annotations

import uuid

from protocol.commands import PutDraft
from protocol.limits import Limits
from protocol.shapes import Own
from protocol.text import clean_draft
from protocol.times import from_wire
from server.services import refusals
from server.services.access import Access
from server.services.own_facts import tell_own
from server.services.ports import Actor
from server.services.shaping import shape_own
from server.storage import own_facts
from server.storage.unit import Database, Unit


class Drafts:
    """The only writer of drafts."""

    def __init__(self, database: Database, access: Access, limits: Limits) -> None:
        self._database = database
        self._access = access
        self._limits = limits

    def put(self, actor: Actor, conversation_id: int, command: PutDraft) -> Own:
        """Keep what was begun, or forget it where nothing is left of it; what is the actor's own afterwards.

        What was written before the draft that is kept, or before the last one was forgotten, changes nothing. A time
        to come counts as now, so that a clock that is wrong keeps nobody's other devices from writing. Raises Refused:
        `not_found`, `content_too_long`, `invalid_request`.
        """
        content = clean_draft(command.content)
        if len(content) > self._limits.content_chars:
            raise refusals.content_too_long(self._limits.content_chars, len(content))
        written_at = _written_at(command.written_at)
        reply = None if command.reply_to_uid is None else str(uuid.UUID(command.reply_to_uid))
        text = content if content.strip() else None

        def job(unit: Unit) -> Own:
            self._access.seat(actor, conversation_id, unit.connection)
            known = own_facts.own_of(unit.connection, actor.user_id, [conversation_id])[conversation_id]
            at = min(written_at, unit.now_ms)
            same = known.draft == text and (text is None or known.draft_reply_to_uid == reply)
            if at < (known.draft_written_at or 0) or (same and at == known.draft_written_at):
                return shape_own(unit.connection, actor.user_id, [conversation_id])[conversation_id]
            kept = {"draft": text, "draft_reply_to_uid": None if text is None else reply, "draft_written_at": at}
            return tell_own(unit, conversation_id, actor.user_id, **kept)

        return self._database.write(job)


def _written_at(given: str) -> int:
    """When it was written, in milliseconds since 1970. Raises Refused (`invalid_request`)."""
    try:
        return max(1, from_wire(given))
    except (ValueError, OverflowError):
        message = "'written_at' is no time. Send one such as 2026-11-22T09:41:07.120Z."
        raise refusals.invalid("written_at", message) from None
