"""Conversations over REST, in both documents' paths."""

from __future__ import annotations

from collections.abc import Mapping

from protocol import commands
from server.http.binding import Answer, Call, Endpoint, incoming


def conversations_of(call: Call) -> Answer:
    """One's conversations, newest first."""
    return Answer(value=call.house.conversations.list_for(call.actor, call.path["user_id"]))


def conversations_of_a(call: Call) -> Answer:
    """The same with the person in the query."""
    user_id = call.query(commands.ListOf).user_id or call.actor.user_id
    return Answer(value=call.house.conversations.list_for(call.actor, user_id))


def _take_one(call: Call) -> None:
    """Each change of a group is a message in it, and counts as one. Raises Refused (`rate_limited`)."""
    call.house.sending.take(call.actor.user_id)


def open_conversation(call: Call) -> Answer:
    """Create (201) or get (200) a direct conversation, or make a group, where `kind` says so."""
    values, form = incoming()
    if isinstance(values, dict) and values.get("kind") == "group":
        _take_one(call)
        conversation, made = call.house.groups.make(call.actor, call.decoded(commands.OpenGroup, values, form=form))
    else:
        command = call.decoded(commands.OpenConversation, values, form=form)
        conversation, made = call.house.conversations.open_direct(call.actor, command)
    return Answer(value=conversation, status=201 if made else 200)


def change_conversation(call: Call) -> Answer:
    """Rename a group."""
    _take_one(call)
    command = call.body(commands.PatchConversation)
    return Answer(value=call.house.groups.rename(call.actor, call.path["conversation_id"], command))


def members_of(call: Call) -> Answer:
    """Who has a seat."""
    return Answer(value=call.house.groups.members(call.actor, call.path["conversation_id"]))


def add_members(call: Call) -> Answer:
    """Seat people."""
    _take_one(call)
    command = call.body(commands.AddMembers)
    return Answer(value=call.house.groups.add(call.actor, call.path["conversation_id"], command))


def change_member(call: Call) -> Answer:
    """Another role."""
    _take_one(call)
    command, path = call.body(commands.PatchMember), call.path
    return Answer(value=call.house.groups.set_role(call.actor, path["conversation_id"], path["user_id"], command))


def remove_member(call: Call) -> Answer:
    """Take a seat away, or leave."""
    _take_one(call)
    path = call.path
    return Answer(value=call.house.groups.remove(call.actor, path["conversation_id"], path["user_id"]))


def change_own(call: Call) -> Answer:
    """What is one's own."""
    command = call.body(commands.PatchOwn)
    return Answer(value=call.house.own_facts.patch(call.actor, call.path["conversation_id"], command))


def put_draft(call: Call) -> Answer:
    """Keep a draft."""
    command = call.body(commands.PutDraft)
    return Answer(value=call.house.drafts.put(call.actor, call.path["conversation_id"], command))


ENDPOINTS: Mapping[str, Endpoint] = {
    "conversations_of": conversations_of,
    "conversations_of_a": conversations_of_a,
    "open_conversation": open_conversation,
    "change_conversation": change_conversation,
    "members_of": members_of,
    "add_members": add_members,
    "change_member": change_member,
    "remove_member": remove_member,
    "change_own": change_own,
    "put_draft": put_draft,
}
