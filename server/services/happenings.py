"""What happens to a conversation, told in it as messages of the system: for desktops as facts, for others in words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from protocol.ids import new_uid
from protocol.shapes import Happening, MemberRole, Message, User
from server.services.own_facts import bring_back
from server.services.ports import Announcement
from server.services.shaping import shape_messages
from server.storage import conversations, members, messages, users
from server.storage.messages import NewMessage, Seated
from server.storage.unit import Unit

_NAMED_MAX = 10
"""More people than this are told by their number."""
_ROLES: dict[MemberRole, str] = {"owner": "the owner", "admin": "an admin", "member": "an ordinary member"}


def tell_happening(unit: Unit, room: Seated, actor_id: int, happening: Happening) -> Message:
    """Write what somebody has just done as a message at the next place, and tell the members of this moment."""
    on, conversation_id = unit.connection, room.conversation_id
    people = users.load(on, {actor_id, *happening.user_ids})
    told = encoded(happening)
    new = NewMessage(
        uid=new_uid(),
        conversation_id=conversation_id,
        sender_id=actor_id,
        type="system",
        content=in_words(happening, actor_id, people),
        content_hash=hashlib.sha256(told.encode()).hexdigest(),
        reply_to_uid=None,
        mentions=None,
        happening=told,
    )
    place = conversations.take_place(on, conversation_id, unit.now_ms)
    row = messages.add(on, new, room, place, unit.now_ms)
    message = shape_messages(on, [row], people)[0]
    unit.announce(Announcement(event="new_message", payload=message, user_ids=members.ids(on, conversation_id)))
    bring_back(unit, conversation_id)
    return message


def encoded(happening: Happening) -> str:
    """As it is stored."""
    return msgspec.json.encode(happening).decode()


def in_words(happening: Happening, actor_id: int, people: Mapping[int, User]) -> str:
    """One English sentence, for clients that know no happenings."""
    actor = people[actor_id].display_name
    whom = _names([people[user_id].display_name for user_id in happening.user_ids if user_id in people])
    done = {
        "created": f"created the group “{happening.title}”",
        "renamed": f"renamed the group to “{happening.title}”",
        "added": f"added {whom}",
        "removed": f"removed {whom}",
        "left": "left the group",
        "role": f"made {whom} {_ROLES[happening.role or 'member']}",
        "pinned": "pinned a message",
    }
    return f"{actor} {done[happening.kind]}"


def _names(names: list[str]) -> str:
    """Some names in a row."""
    shown, more = names[:_NAMED_MAX], len(names) - _NAMED_MAX
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(", ".join(part) for part in (shown[:-1], shown[-1:]) if part)
