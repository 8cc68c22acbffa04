"""Conversations over REST, in both documents' paths."""

from __future__ import annotations

from collections.abc import Mapping

from protocol import commands
from server.http.binding import Answer, Call, Endpoint


def conversations_of(call: Call) -> Answer:
    """One's conversations, newest first."""
    return Answer(value=call.house.conversations.list_for(call.actor, call.path["user_id"]))


def conversations_of_a(call: Call) -> Answer:
    """The same with the person in the query."""
    user_id = call.query(commands.ListOf).user_id or call.actor.user_id
    return Answer(value=call.house.conversations.list_for(call.actor, user_id))


def open_conversation(call: Call) -> Answer:
    """Create (201) or get (200) a direct conversation."""
    conversation, created = call.house.conversations.open_direct(call.actor, call.body(commands.OpenConversation))
    return Answer(value=conversation, status=201 if created else 200)


ENDPOINTS: Mapping[str, Endpoint] = {
    "conversations_of": conversations_of,
    "conversations_of_a": conversations_of_a,
    "open_conversation": open_conversation,
}
