"""What a FakeServer finds: the contract's meaning of a search, by looking at every message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.core.search_words import understood
from protocol.commands import SearchQuery
from protocol.shapes import Message
from protocol.signals import Found

if TYPE_CHECKING:
    from tests.desktop.doubles import FakeServer

LIMIT = 50


def search(server: FakeServer, user_id: int, query: SearchQuery) -> Found:
    """The newest messages of a user's conversations that answer."""
    server.calls.append(("search", query))
    places = [one for one in server.conversations.values() if user_id in one.members]
    found = [message for place in places for message in place.messages if _answers(server, message, query)]
    found.sort(key=lambda message: (message.created_at, message.message_id), reverse=True)
    limit = query.limit or LIMIT
    return Found(messages=found[:limit], complete=len(found) <= limit)


def _answers(server: FakeServer, message: Message, query: SearchQuery) -> bool:
    """Whether a message is what the query says."""
    text, day = (message.content or "").casefold(), message.created_at[:10]
    if message.deleted_at is not None or message.type == "system":
        return False
    return (
        all(term.casefold() in text for term in understood(query.q).terms)
        and query.in_ in {None, message.conversation_id}
        and query.from_ in {None, server.users[message.sender_id].username}
        and (query.before is None or day < query.before)
        and (query.after is None or day >= query.after)
        and (query.has is None or _has(message, query.has))
    )


def _has(message: Message, kind: str) -> bool:
    """Whether a message has a file of this kind, or a link."""
    if kind == "link":
        return "http" in (message.content or "")
    return any(kind == "file" or file.file_type.startswith(kind) for file in message.attachments)
