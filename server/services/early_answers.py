"""Answers that were stored before what they answer.

After a restore each desktop sends again what it still holds, in its own time: an answer may overtake its question.
It is shaped without a quote then, so it is told anew once the question is there (tests/model found this).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.services.changes import tell_updated
from server.storage import messages
from server.storage.messages import MessageRow
from server.storage.unit import Unit


def retell(unit: Unit, answers: Sequence[MessageRow], written: Mapping[str, tuple[int, tuple[int, ...]]]) -> None:
    """Give answers to messages written just now their next numbers, and tell them with their quotes.

    `written`: conversation and members by uid of what was written. An answer from elsewhere quotes nothing.
    """
    early: dict[int, list[MessageRow]] = {}
    for row in answers:
        conversation_id, _ = written.get(row.reply_to_uid or "", (None, ()))
        if row.conversation_id == conversation_id and row.uid not in written:
            early.setdefault(conversation_id, []).append(row)
    members = dict(written.values())
    for conversation_id, rows in early.items():
        number = unit.next_version(conversation_id, len(rows))
        again = messages.renumber(unit.connection, rows, number - len(rows) + 1)
        tell_updated(unit, again, members[conversation_id])
